"""Proposed tasks are read as the model meant them, however it decorates the list; nothing is guessed."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.method.parsing import parse_proposals
from tests.core.method.any_text import ANY_TEXT, SENTENCE

FISH = "Name a fish of the North Sea."
SONG = "Sing about rain, briefly."

BOTH = [
    pytest.param(f"9. {FISH}\n10. {SONG}", id="plain"),
    pytest.param(f"Sure! Here are two more tasks:\n\n9. {FISH}\n10. {SONG}", id="greeting"),
    pytest.param(f"Sure! Here are 8 more:\n9. {FISH}\n10. {SONG}", id="greeting without a blank line"),
    pytest.param(f"**9.** {FISH}\n**10.** {SONG}", id="bold numbers"),
    pytest.param(f"**9**. {FISH}\n**10** {SONG}", id="bold numbers, dot outside or missing"),
    pytest.param(f"9. **{FISH}**\n10. __{SONG}__", id="bold items"),
    pytest.param(f"**9. {FISH}**\n__10. {SONG}__", id="bold lines"),
    pytest.param(f"9. **Sea:** {FISH}\n10. **Weather** – {SONG}", id="bold headings"),
    pytest.param(f"**9. Sea:** {FISH}\n**10. Weather:** {SONG}", id="number inside the bold heading"),
    pytest.param(f"- {FISH}\n- {SONG}", id="dashes"),
    pytest.param(f"Here you go:\n* {FISH}\n• {SONG}", id="bullets after a greeting"),
    pytest.param(f"```\n9. {FISH}\n10. {SONG}\n```", id="code fence"),
    pytest.param(f"```markdown\n9. {FISH}\n10. {SONG}", id="code fence that stays open"),
    pytest.param(f"Sure:\n~~~text\n9. {FISH}\n10. {SONG}\n~~~\n\nEnjoy!", id="tilde fence"),
    pytest.param(f"9. {FISH}\n1. {SONG}", id="numbering restarts"),
    pytest.param(f"9) {FISH}\n10) {SONG}", id="brackets"),
    pytest.param(f"9: {FISH}\n10: {SONG}", id="colons"),
    pytest.param(f"9.{FISH}\n10.{SONG}", id="no space"),
    pytest.param(f"Task 9: {FISH}\nTask 10: {SONG}", id="Task 9:"),
    pytest.param(f"Instruction #9. {FISH}\ninstruction 10: {SONG}", id="Instruction #9."),
    pytest.param(f"**Task 9:** {FISH}\n**Task 10**: {SONG}", id="bold Task 9:"),
    pytest.param(f"9. Task: {FISH}\n10. **Instruction:** {SONG}", id="number and field name"),
    pytest.param(f"### 9. {FISH}\n### 10. {SONG}", id="headings"),
    pytest.param(f"### Task 9\n{FISH}\n\n### Task 10\n{SONG}", id="number alone in a heading"),
    pytest.param(f"**Task 9**\n\n{FISH}\n\n**Task 10**\n\n{SONG}", id="number alone in bold type"),
    pytest.param(f"9.\n{FISH}\n10.\n\n{SONG}", id="item below its number"),
    pytest.param(f"> 9. {FISH}\n> 10. {SONG}", id="quoted lines"),
    pytest.param(f" 9. {FISH}\n10. {SONG}", id="numbers aligned to the right"),
    pytest.param(f"9. {FISH}\n\n\n\n10. {SONG}\n\n", id="blank lines between"),
    pytest.param(f"9. {FISH}\n\n10. {SONG}\n\nLet me know if you want more!", id="closing remark"),
    pytest.param(f"9. {FISH}\n---\n10. {SONG}\n***\nEnjoy!", id="rules between"),
    pytest.param(f"9. {FISH}\r\n10. {SONG}\r\n", id="CRLF"),
    pytest.param(f"\t9.\t{FISH}\n\t10.\t{SONG}".replace("a fish", "a\tfish"), id="tabs"),
    pytest.param("9. Name a fish\nof the North Sea.\n10. Sing about rain,\n    briefly.", id="wrapped lines"),
    pytest.param(f"9. \n10. {FISH}\n11. ...\n12. {SONG}", id="items without words"),
    pytest.param(f'9. "{FISH}"\n10. “{SONG}”', id="quotation marks"),
]


@pytest.mark.parametrize("text", BOTH)
def test_a_chat_models_list_is_read_however_it_is_decorated(text: str) -> None:
    assert parse_proposals(text, cut=False, continues_item=False) == [FISH, SONG]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        pytest.param("9. Name three:\n   - cod\n   - eel\n10. Sing.", ["Name three: - cod - eel", "Sing."]),
        pytest.param("9. Do both:\n   1. one\n   2. two\n10. Sing.", ["Do both: 1. one 2. two", "Sing."]),
        pytest.param("9. Do both:\n  a) one\n  b) two", ["Do both: a) one b) two"]),
    ],
)
def test_a_list_inside_an_item_stays_inside(text: str, items: list[str]) -> None:
    assert parse_proposals(text, cut=False, continues_item=False) == items


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("Compare\n3.5 litres with 2.25 kilograms.", id="decimal number"),
        pytest.param("Round\n10:30 to the next hour.", id="time of day"),
        pytest.param("Say what happened in\n1984 and 1985.", id="year"),
        pytest.param("Say what happened in\n1984. Be brief.", id="year that ends a sentence"),
        pytest.param("Convert\n12 inches to centimetres.", id="number without a dot"),
    ],
)
def test_a_line_that_begins_with_a_number_does_not_split_an_item(item: str) -> None:
    text = f"9. {item}\n10. {SONG}"
    assert parse_proposals(text, cut=False, continues_item=False) == [" ".join(item.split()), SONG]


@pytest.mark.parametrize(
    "item",
    [
        "Compute 2**3 and 4**2.",
        "Explain what __init__ does in a class with __slots__.",
        'Choose between "yes" and "no"',
        "'Tis the season: explain the word 'tis",
        "Multiply 2*3*4 in your head.",
        "Classify: is `x` a name?",
    ],
)
def test_what_only_looks_like_decoration_stays(item: str) -> None:
    assert parse_proposals(f"9. {item}", cut=False, continues_item=False) == [item]


def test_bold_words_within_an_item_lose_their_stars() -> None:
    text = "9. Name a **very** big and **old** fish."
    assert parse_proposals(text, cut=False, continues_item=False) == ["Name a very big and old fish."]


@pytest.mark.parametrize("last", ["10. Sing about ra", "10. Si", "10.", "- Sing", "and a bird"])
def test_a_last_item_that_was_cut_is_not_proposed(last: str) -> None:
    text = f"8. {SONG}\n9. {FISH}\n{last}"
    items = parse_proposals(text, cut=True, continues_item=False)
    assert items == ([SONG, FISH] if last.startswith("10.") else [SONG])


@pytest.mark.parametrize(
    "below", ["The first two are only examples: I am not su", "I hope", "Answers:\n1. A her"]
)
def test_a_last_item_with_other_text_below_was_not_cut(below: str) -> None:
    assert parse_proposals(f"8. {SONG}\n9. {FISH}\n\n{below}", cut=True, continues_item=False) == [SONG, FISH]
    open_end = FISH.rstrip(".")
    assert parse_proposals(f"8. {SONG}\n9. {open_end}\n\n{below}", cut=True, continues_item=False) == [SONG]


def test_a_last_item_whose_text_was_cut_is_not_proposed() -> None:
    text = f"8. {SONG}\n9. Translate the following text.\n\nThe sun was low, and"
    assert parse_proposals(text, cut=True, continues_item=False) == [SONG]


def test_a_base_models_text_begins_inside_an_item() -> None:
    text = f" {FISH}\n10. {SONG}\n11. Sing abo"
    assert parse_proposals(text, cut=True, continues_item=True) == [FISH, SONG]
    assert parse_proposals(f"\n{FISH}\n\n10. {SONG}", cut=False, continues_item=True) == [FISH, SONG]
    assert parse_proposals(FISH, cut=False, continues_item=True) == [FISH]


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        (" Sort these by size:\n  1. 300\n  2. 20", ["Sort these by size: 1. 300 2. 20"]),
        (" Here are more:\n1. Name a bird.\n2. Sing.", ["Name a bird.", "Sing."]),
        (" Name a fish.\n1. Name a bird.\n2. Sing.", ["Name a fish.", "Name a bird.", "Sing."]),
    ],
)
def test_a_list_below_a_base_models_first_item_is_what_it_announces_or_what_it_heads(
    text: str, tasks: list[str]
) -> None:
    assert parse_proposals(text, cut=False, continues_item=True) == tasks


def test_bullets_in_a_base_models_first_item_are_part_of_it() -> None:
    text = " Name three:\n- cod\n- eel"
    assert parse_proposals(text, cut=False, continues_item=True) == ["Name three: - cod - eel"]


@pytest.mark.parametrize(
    "text", ["", "   \n\n", "I cannot help with that.", "```\n```", "9.\n10.\n11.", "---"]
)
@pytest.mark.parametrize("cut", [True, False])
def test_a_chat_models_text_without_a_list_proposes_nothing(text: str, cut: bool) -> None:
    assert parse_proposals(text, cut=cut, continues_item=False) == []


@given(ANY_TEXT, st.booleans(), st.booleans())
def test_any_text_gives_proposals_of_one_line_with_words(text: str, cut: bool, continues: bool) -> None:
    for item in parse_proposals(text, cut=cut, continues_item=continues):
        assert item == " ".join(item.split())
        assert any(character.isalnum() or character == "_" for character in item)


@given(ANY_TEXT, st.booleans())
def test_what_the_token_limit_cuts_is_at_most_the_last_item(text: str, continues: bool) -> None:
    whole = parse_proposals(text, cut=False, continues_item=continues)
    rest = parse_proposals(text, cut=True, continues_item=continues)
    assert rest in (whole, whole[:-1])


@given(
    st.lists(SENTENCE, min_size=1, max_size=10),
    st.sampled_from(
        ["{n}. {item}", "{n}) {item}", "**{n}.** {item}", "**{n}. {item}**", "## Task {n}: {item}"]
    ),
    st.sampled_from(["\n", "\n\n", "\r\n"]),
    st.integers(min_value=1, max_value=900),
)
def test_every_item_of_a_list_is_found_in_its_order(
    items: list[str], form: str, gap: str, first: int
) -> None:
    text = gap.join(form.format(n=number, item=item) for number, item in enumerate(items, start=first))
    assert parse_proposals(text, cut=False, continues_item=False) == items


def test_numbers_in_brackets_and_escaped_points_begin_items() -> None:
    text = "(9) Name a sea.\n10\\. Name a lake."
    assert parse_proposals(text, cut=False, continues_item=False) == ["Name a sea.", "Name a lake."]


@pytest.mark.parametrize(
    ("language", "text", "items"),
    [
        pytest.param(
            "ja",
            "１．魚の名前を挙げて。\n２．歌を書いて。",
            ["魚の名前を挙げて。", "歌を書いて。"],
            id="full width",
        ),
        pytest.param(
            "ja",
            "続きです：\n\n9、魚の名前を挙げて。\n10、歌を書いて。",
            ["魚の名前を挙げて。", "歌を書いて。"],
            id="、",
        ),
        pytest.param(
            "ja",
            "・魚の名前を挙げて。\n・歌を書いて。",
            ["魚の名前を挙げて。", "歌を書いて。"],
            id="middle dots",
        ),
        pytest.param(
            "ja",
            "9. 指示文：魚の名前を挙げて。\n10. **指示文:** 歌を書いて。",
            ["魚の名前を挙げて。", "歌を書いて。"],
            id="named",
        ),
        pytest.param(
            "ja",
            "9. 「魚の名前を挙げて。」\n10. 1、2、3を足して。",
            ["魚の名前を挙げて。", "1、2、3を足して。"],
            id="quoted",
        ),
        pytest.param(
            "zh", "（9）说出一种鱼。\n（10）写一首歌。", ["说出一种鱼。", "写一首歌。"], id="brackets"
        ),
        pytest.param(
            "zh",
            "**任务9：** 说出一种鱼。\n**任务10：** 写一首歌。",
            ["说出一种鱼。", "写一首歌。"],
            id="numbered names",
        ),
        pytest.param(
            "ko",
            "9. 물고기 이름을 대라.\n10. Task: 노래를 써라.",
            ["물고기 이름을 대라.", "노래를 써라."],
            id="English name",
        ),
        pytest.param(
            "es",
            "9. Tarea: Nombra un pez.\n10. **Canto**: Escribe una canción.",
            ["Nombra un pez.", "Escribe una canción."],
            id="es",
        ),
    ],
)
def test_a_list_in_another_language_is_read(language: str, text: str, items: list[str]) -> None:
    assert parse_proposals(text, cut=False, continues_item=False, language=language) == items


def test_a_number_within_a_task_begins_another_one_only_from_the_second_on() -> None:
    for text, tasks in (
        (f"- {FISH} 1. {SONG}\n- Write a poem.", [f"{FISH} 1. {SONG}", "Write a poem."]),
        (f"- {FISH} 2. {SONG} 3. Dance.\n- Write a poem.", [FISH, SONG, "Dance.", "Write a poem."]),
    ):
        assert parse_proposals(text, cut=False, continues_item=False) == tasks


def test_a_text_with_a_name_below_each_task_is_part_of_it() -> None:
    text = "1. Name a fish:\nText: The sea is full.\n2. Name a bird\nText: The sky is.\n3. Sing\nText: La la."
    assert parse_proposals(text, cut=False, continues_item=False) == [
        "Name a fish: Text: The sea is full.",
        "Name a bird Text: The sky is.",
        "Sing Text: La la.",
    ]


def test_quotation_marks_around_each_task_are_taken_off_and_those_around_its_words_stay() -> None:
    for items, tasks in (
        (
            ["'Name a fish, don't sing'", "'Name a bird, don't dance'"],
            ["Name a fish, don't sing", "Name a bird, don't dance"],
        ),
        (['"Name a fish" or "name a bird"', '"Sing" or "dance"'], None),
        (["「海」か「空」", "「歌」か「詩」"], None),
    ):
        text = f"9. {items[0]}\n10. {items[1]}"
        assert parse_proposals(text, cut=False, continues_item=False) == (tasks or items)


@pytest.mark.parametrize("heading", ["## Answers", "Answers:", "**Answer:**"])
def test_a_list_ends_at_the_heading_of_its_answers(heading: str) -> None:
    text = f"9. {FISH}\n10. {SONG}\n\n{heading}\n1. Cod\n2. La la"
    assert parse_proposals(text, cut=False, continues_item=False) == [FISH, SONG]


@pytest.mark.parametrize("tag", ["(Sea)", "[Sea life]", "【海】", "**[Sea]**"])
def test_a_title_in_brackets_in_front_of_a_request_is_taken_off(tag: str) -> None:
    assert parse_proposals(f"9. {tag} {FISH}\n10. {SONG}", cut=False, continues_item=False) == [FISH, SONG]


@pytest.mark.parametrize("words", ["[sEA]", "(sea life)"])
def test_words_in_brackets_that_are_no_title_stay(words: str) -> None:
    tasks = [f"{words} {FISH}", SONG]
    text = f"9. {tasks[0]}\n10. {tasks[1]}"
    assert parse_proposals(text, cut=False, continues_item=False) == tasks


@pytest.mark.parametrize("number", [9, 10])
def test_an_answer_with_the_number_of_a_task_is_no_task(number: int) -> None:
    text = f"9. {FISH}\n10. {SONG}\n\n## Answers\n{number}. Cod"
    assert parse_proposals(text, cut=False, continues_item=False) == [FISH, SONG]


def test_a_row_of_a_table_that_was_cut_is_no_task() -> None:
    row = f"| 9 | {FISH} |"
    assert parse_proposals(f"{row}\n| 10 |", cut=True, continues_item=False) == [FISH]
    assert parse_proposals(f"{row}\n| 10 | {SONG} |", cut=False, continues_item=False) == [FISH, SONG]
    assert parse_proposals(row, cut=False, continues_item=False) == [FISH]


def test_a_task_of_the_prompts_form_below_a_list_ends_it() -> None:
    text = f"9. {FISH}\n10. Sum up this text:\n\nTask: Name a tree.\nOutput: Oak"
    assert parse_proposals(text, cut=False, continues_item=False) == [FISH, "Sum up this text:"]


def test_texts_below_tasks_are_answers_unless_most_tasks_announce_them() -> None:
    announced, other = "Sum up the text below.", "Name a bird of the sea."
    two = f"1. {announced}\n\nThe sea is wide.\n\n2. {other}\n\nA gull."
    assert parse_proposals(two, cut=False, continues_item=False) == [announced, other]
    three = f"{two}\n\n3. Rewrite the text below.\n\nA lake is small."
    assert parse_proposals(three, cut=False, continues_item=False)[0] == f"{announced} The sea is wide."


@pytest.mark.parametrize(
    ("header", "is_task"),
    [
        ("| 9 | Name a tree. |", True),
        ("| # | Name a tree. |", True),
        ("| # | Write a task |", False),
        ("| 9 | Sea |", False),
        ("| # | Instruction |", False),
    ],
)
def test_the_first_row_of_a_table_is_a_task_where_it_is_whole_and_asks_for_something(
    header: str, is_task: bool
) -> None:
    text = f"{header}\n|---|---|\n| 10 | {FISH} |\n| 11 | {SONG} |"
    found = parse_proposals(text, cut=False, continues_item=False)
    assert found == ["Name a tree."] * is_task + [FISH, SONG]


@pytest.mark.parametrize("between", ["\n\nTask: Say it.\n\n", "\nUser: Thanks!\n", "\n\nUser: Thanks!\n\n"])
@pytest.mark.parametrize(("number", "goes_on"), [(8, False), (9, False), (10, True), (11, True), (12, False)])
def test_a_list_goes_on_below_something_else_with_its_next_number_or_the_one_after(
    between: str, number: int, goes_on: bool
) -> None:
    text = f"9. {FISH}{between}{number}. {SONG}"
    expected = [FISH, SONG] if goes_on else [FISH]
    assert parse_proposals(text, cut=False, continues_item=False) == expected


def in_han(number: int) -> str:
    digits = "〇一二三四五六七八九"
    tens, ones = divmod(number, 10)
    return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + (digits[ones] if ones else "")


def in_roman(number: int) -> str:
    found = ""
    for value, letters in ((40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        found += letters * (number // value)
        number %= value
    return found


@pytest.mark.parametrize("written", [str, in_han, in_roman])
def test_items_are_in_order_by_the_numbers_that_people_write(written: Callable[[int], str]) -> None:
    for number in range(1, 25):
        for following, goes_on in (
            (number, False),
            (number + 1, True),
            (number + 2, True),
            (number + 3, False),
        ):
            text = f"{written(number)}. {FISH}\n\nTask: Say it.\n\n{written(following)}. {SONG}"
            expected = [FISH, SONG] if goes_on else [FISH]
            assert parse_proposals(text, cut=False, continues_item=False) == expected, text
