"""Names that are not the usual ones, or in a form that is not known, do not give the rows of others."""

import pytest

from tests.core.method.test_answer_end import EXAMPLE
from tests.core.method.test_rows import COD, NAMES, WREN, Kept, in_all_languages, read


def check_unreadable(
    kept: Kept, text: str, code: str, *, output_first: bool = False, cut: bool = False
) -> None:
    """These rows are read from a text, and there is a reason for each that is not."""
    rows, reasons = read(text, code, output_first=output_first, cut=cut)
    assert rows == kept, text
    assert reasons, text


OTHERS = {
    "en": ("Input text", "Answer", "Category"),
    "es": ("Texto de entrada", "Respuesta", "Categoría"),
    "ja": ("入力例", "回答", "分類名"),
    "ko": ("예시 입력", "예시 출력", "클래스 이름"),
    "zh": ("输入内容", "输出内容", "输出标签"),
}
"""Names of the fields that are not the usual ones."""


@in_all_languages
@pytest.mark.parametrize(
    "answer",
    [
        "{i2}: cod\n{o2}: fish\n\n{i2}: wren\n{o2}: bird\n\n## {task} 2\nName a tree.\n\n{i}: x",
        "1. A\n🔹 {i2}: cod\n\n🔹 {o2}: fish\n2. B\n🔹 {i2}: wren\n\n🔹 {o2}: bird\n\n{task}: Name.\n{i}: x",
    ],
)
def test_other_names_above_the_usual_ones_of_the_next_task_do_not_give_its_rows(
    answer: str, code: str
) -> None:
    given_name, output_name, _ = NAMES[code]
    given_other, output_other, _ = OTHERS[code]
    text = answer.format(i=given_name, o=output_name, i2=given_other, o2=output_other, task="Task")
    for end in range(len(text) // 2, len(text)):
        rows, _ = read(text[:end], code, cut=True)
        assert all(row in (COD, WREN) for row in rows), text[:end]


@in_all_languages
@pytest.mark.parametrize(
    "second",
    ["<b>{o}:</b> fish", "=== {o} ===\nfish", "{o} -> fish", "{o2} - fish", "1) {o2}: fish", "{o2}~ fish"],
)
@pytest.mark.parametrize("drift", ["---\n\nTask: Name one.\n{o}: z w", "Task: Name one.\n{o}: z w"])
def test_an_output_in_another_form_above_the_next_task_has_not_the_output_of_that(
    second: str, drift: str, code: str
) -> None:
    given_name, output_name, _ = NAMES[code]
    given_other, output_other, _ = OTHERS[code]
    for name in (given_name, given_other):
        text = f"{name}: cod\n{second}\n\n{drift}".format(o=output_name, o2=output_other)
        rows, _ = read(text, code)
        assert rows in ([], [COD]), text


@in_all_languages
@pytest.mark.parametrize("mark", [" | ", " -> ", "; "])
def test_fields_on_one_line_are_not_those_of_the_next_task(mark: str, code: str) -> None:
    given_name, output_name, label = NAMES[code]
    given_other, output_other, _ = OTHERS[code]
    text = f"{given_name}: cod{mark}{output_other}: fish\n\n---\n\nTask: Name one.\n{output_name}: z w"
    assert read(text, code)[0] in ([], [COD])
    for drift in ("Task: Name one.", "10. Write a short haiku."):
        text = f"{label}: fish{mark}{given_other}: cod\n\n{drift}\n{given_name}: z w"
        assert read(text, code, output_first=True)[0] in ([], [COD])


@in_all_languages
@pytest.mark.parametrize("first", ["=== {} ===\nfish", "{} - fish", "<b>{}:</b> fish", "1. {}: fish"])
def test_a_label_in_a_form_that_is_not_known_is_no_introduction(first: str, code: str) -> None:
    given_name, _, label = NAMES[code]
    for name in (label, OTHERS[code][2]):
        for text in (
            "User: Hi!\n\nAssistant: Hello.",
            "Name: cod\nAge: 5",
            "cod\n\nHuman: Hi\nAssistant: Ho",
        ):
            rows, reasons = read(f"(1)\n{first.format(name)}\n{given_name}: {text}", code, output_first=True)
            assert rows in ([], [(text, "fish")]), text
            assert rows or reasons


@in_all_languages
def test_a_name_in_a_tag_is_not_cut_in_two(code: str) -> None:
    given_other, output_other, label = OTHERS[code]
    for name in (output_other, f"x {output_other}"):
        text = f"{given_other}: cod\nswims\n<b>{name}:</b> fish"
        check_unreadable([], text, code)
    check_unreadable([], f"**{label}**: fish\n\n<b>x {given_other}:</b> cod", code, output_first=True)


@in_all_languages
@pytest.mark.parametrize(
    "output", ["User: Hi!\n\nAssistant: Hello.", "User: Hi!\nAssistant: Hello.\n\nUser: Bye!"]
)
def test_a_third_speaker_below_a_dialogue_of_two_may_be_the_next_task(output: str, code: str) -> None:
    first, second, label = NAMES[code]
    more = "Human: Write a haiku.\nAssistant: Old pond"
    check_unreadable([], f"{first}: cod\n{second}: {output}\n\n{more}", code)
    check_unreadable([], f"{label}: fish\n{first}: {output}\n\n{more}", code, output_first=True)


@in_all_languages
def test_a_heading_that_may_be_the_next_item_of_a_list_leaves_the_list_open(code: str) -> None:
    first, second, label = NAMES[code]
    oak = ("oak", "tree")
    for listed, is_open in (("1. fish\n2. food", True), ("- fish\n- food", False)):
        rows = [COD, ("wren", listed), oak]
        text = "\n".join(f"{n}. A\n{first}: {one}\n{second}: {two}" for n, (one, two) in enumerate(rows, 1))
        assert read(text, code)[0] == ([COD, oak] if is_open else rows)
        rows = [COD, (listed, "bird"), oak]
        text = "\n".join(f"{n}. A\n{label}: {two}\n{first}: {one}" for n, (one, two) in enumerate(rows, 1))
        assert read(text, code, output_first=True)[0] == ([COD, oak] if is_open else rows)


@in_all_languages
def test_a_list_that_is_cut_at_a_number_is_not_whole(code: str) -> None:
    first, second, label = NAMES[code]
    for mark in (".", ")", "、"):
        check_unreadable(
            [], f"1.\n**{label}:** fish\n【{first}】\n1{mark} cod\n2{mark}", code, output_first=True, cut=True
        )
        check_unreadable([], f"{first} -> cod\n{second} -> 1{mark} fish\n\n2{mark}", code, cut=True)


@in_all_languages
def test_a_label_is_not_whole_without_the_input_below_it(code: str) -> None:
    example, label = EXAMPLE[code], NAMES[code][2]
    for ending in (example, f"{example} 2", "2."):
        check_unreadable([], f"{example} 1\n{label}: fish\n\n{ending}", code, output_first=True, cut=True)


@in_all_languages
def test_an_input_below_its_name_that_begins_with_an_output_is_none(code: str) -> None:
    given_other, output_other, _ = OTHERS[code]
    check_unreadable([], f"{given_other}:\n<b>{output_other}:</b> cod\n{output_other}: fish", code)


@in_all_languages
def test_a_heading_without_its_number_ends_a_row_if_it_begins_as_the_first_one(code: str) -> None:
    first, second, _ = NAMES[code]
    example = EXAMPLE[code]
    assert read(f"{example} 1\n{first}: cod\n{second}: fish\n{example}", code, cut=True) == ([COD], set())
    check_unreadable([], f"1. Fish\n{first}: cod\n{second}: fish\n{example}", code, cut=True)


@in_all_languages
def test_an_output_without_an_input_among_others_is_unreadable(code: str) -> None:
    first, second, _ = NAMES[code]
    text = f"{second}: fish\n\n{first}: wren\n{second}: bird"
    check_unreadable([WREN], text, code)


@in_all_languages
def test_a_name_of_the_first_part_directly_above_other_fields_leaves_the_output_open(code: str) -> None:
    first, second, _ = NAMES[code]
    output = "Prompt: Write.\n\nPrompt: Describe."
    for style in ("{}: {}", "[{}]\n{}", "> {}: {}"):
        text = f"{style.format(first, 'cod')}\n{style.format(second, output)}"
        drift = f"Prompt: Name a bird.\n{first}: x\n{second}: y"
        check_unreadable([], f"{text}\n\n{drift}", code)


@in_all_languages
def test_a_fence_behind_a_name_in_a_tag_hides_no_field(code: str) -> None:
    first, second, _ = NAMES[code]
    text = f"(1)\n<b>{first}:</b> ```python\nx = 1\n```\n{second}: fish"
    check_unreadable([], text, code)
    check_unreadable([], f"1. A\n{text}\n\n10. Write a short haiku.\n{first}: x y\n{second}: z w", code)


@in_all_languages
def test_numbered_titles_in_a_fence_are_read_as_without_it(code: str) -> None:
    first, second, _ = NAMES[code]
    text = f"1. Fish\na) {first}: cod\na) {second}: fish\n2. Birds\na) {first}: wren\na) {second}: bird"
    assert read(text, code) == ([COD, WREN], set())
    for wrapper in ("```", "~~~", "````markdown"):
        fenced = f"{wrapper}\n{text}\n{wrapper.removesuffix('markdown')}"
        assert read(fenced, code) == ([COD, WREN], set())
        assert read(f"Sure! Here they are:\n{fenced}", code) == ([COD, WREN], set())


def test_fields_below_json_in_a_fence_are_no_part_of_it() -> None:
    names = '{"example_1": {"Input sentence": "cod", "Output list": "fish"}}'
    for marks in ("````markdown", "```"):
        closing = marks.removesuffix("markdown")
        text = f"{marks}\n```json\n{names}\n```\n\n---\n\nTask: Name a bird.\nOutput: z w\n{closing}"
        assert all(row == COD for row in read(text)[0])


ANSWER = {"en": "Answer", "es": "Respuesta", "ja": "回答", "ko": "답변", "zh": "回答"}


@pytest.mark.parametrize("code", NAMES)
def test_a_name_without_a_value_above_the_fields_is_no_part_of_them(code: str) -> None:
    first, second, label = NAMES[code]
    name = ANSWER[code]
    for above in (f"{name}:\n\n", f"{name}\n\n", f"{name}:\n"):
        assert read(f"{above}{first}: a b\n{second}: c d", code) == ([("a b", "c d")], set())
        given = read(f"{above}{label}: A\n{first}: x y", code, output_first=True)
        assert given == ([("x y", "A")], set())
    both = [("a b", "c d"), ("e f", "g h")]
    rows = (f"{name} {number}:\n{first}: {one}\n{second}: {two}" for number, (one, two) in enumerate(both, 1))
    assert read("\n\n".join(rows), code) == (both, set())


@pytest.mark.parametrize("code", NAMES)
def test_a_name_with_a_value_above_the_fields_leaves_open_what_belongs_together(code: str) -> None:
    first, second, _ = NAMES[code]
    assert read(f"{ANSWER[code]}: x\n\n{first}: a b\n{second}: c d", code) == ([], {"unreadable"})


def test_a_dialogue_of_a_model_may_begin_with_the_system() -> None:
    text = "System: Be nice.\n\nUser: Hi!\n\nAssistant: Hello."
    assert read(f"Output: {text}") == ([("", text)], set())
    assert read(text) == ([("", text)], set())


def test_a_field_with_a_title_above_the_fields_is_not_mistaken_for_a_heading() -> None:
    rows = (f"Example output {number}: Weather\nInput: a b\nOutput: c d" for number in (1, 2))
    assert read("\n\n".join(rows)) == ([], {"unreadable"})


def test_an_output_keeps_its_own_examples_above_the_heading_of_the_next_instance() -> None:
    text = "Example 1\nInput: a b\nOutput: c d\nExample 2: dog.\nExample 3: owl.\n\nExample 2\n"
    own = "c d\nExample 2: dog.\nExample 3: owl."
    assert read(text) == ([("a b", own)], set())
    assert read(f"{text}Input: e f\nOutput: g h") == ([("a b", own), ("e f", "g h")], set())
