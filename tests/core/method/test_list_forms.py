"""A list gives its own tasks, whole, however it is written and whatever stands around it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.reading_forms import LANGUAGES, MARKS, THOUGHT_TAGS, words
from benchmarks.reading_lists import Task, base_model, list_forms
from selfinstruct.core.method import parse_proposals
from selfinstruct.core.method.vocabulary import vocabulary
from tests.core.method.test_reading import seconds_to_read

# With quotation marks, colons, brackets, numbers and code, as real tasks have them.
TASKS = {
    "en": [
        "Describe a small harbour in the fog.",
        "Is a penguin a bird or a fish?",
        "Write two lines about bread: one sad, one glad.",
        'Explain what "break a leg" means.',
        "What does `len([1, 2])` return in Python?",
        "Compute 3.5 + 2 * (4 - 1).",
        'Translate "Where is the station?" into French.',
        "Sort these words: pear, fig, plum.",
        'Decide whether the claim is true: "All swans are white."',
        "Rewrite this in the passive voice: 'The cat chased the mouse.'",
        "Which is larger, 1/3 or 0.3?",
        "Convert 10:30 PM to 24-hour time.",
        "Suggest three names for a bakery (no puns).",
        "Given the list [3, 1, 2], return it sorted.",
        "Does the following review recommend the product?",
        "Explain why `x = = 3` is wrong; mend it.",
    ],
    "es": [
        "Describe un puerto pequeño con niebla.",
        "¿El pingüino es un ave o un pez?",
        "Escribe dos versos sobre el pan: uno triste, otro alegre.",
        "Explica qué significa «irse por las ramas».",
        "¿Qué devuelve `len([1, 2])` en Python?",
        "Calcula 3,5 + 2 * (4 - 1).",
        "Traduce al inglés: «¿Dónde está la estación?»",
        "Ordena estas palabras: pera, higo, ciruela.",
        "Decide si la siguiente reseña es positiva.",
        "¿Cuál es mayor, 1/3 o 0,3?",
        "Propón tres nombres para una panadería (sin juegos de palabras).",
        "Explica por qué `x = = 3` está mal; corrígelo.",
    ],
    "zh": [
        "描写一个雾中的小港口。",
        "企鹅是鸟还是鱼？",
        "写两行关于面包的诗：一行悲伤，一行快乐。",
        "解释“画蛇添足”的意思。",
        "在 Python 中，`len([1, 2])` 返回什么？",
        "计算 3.5 + 2 * (4 - 1)。",
        "把“车站在哪里？”翻译成英文。",
        "给这些词排序：梨、无花果、李子。",
        "判断下面的评论是正面还是负面。",
        "1/3 和 0.3 哪个更大？",
        "为一家面包店起三个名字（不要谐音）。",
        "《西游记》里谁的性格最急？",
    ],
    "ja": [
        "霧の中の小さな港を描写してください。",
        "ペンギンは鳥ですか、魚ですか？",
        "パンについて二行書いてください：一行は悲しく、一行は楽しく。",
        "「猫の手も借りたい」の意味を説明してください。",
        "Python で `len([1, 2])` は何を返しますか？",
        "3.5 + 2 * (4 - 1) を計算してください。",
        "「駅はどこですか？」を英語に訳してください。",
        "次の単語を並べ替えてください：梨、いちじく、すもも。",
        "次のレビューは肯定的ですか、否定的ですか。",
        "1/3 と 0.3 はどちらが大きいですか？",
        "パン屋の名前を三つ考えてください（だじゃれは不可）。",
        "『こころ』のあらすじを百字で書いてください。",
    ],
    "ko": [
        "안개 낀 작은 항구를 묘사하세요.",
        "펭귄은 새인가요, 물고기인가요?",
        "빵에 대해 두 줄을 쓰세요: 한 줄은 슬프게, 한 줄은 기쁘게.",
        "‘가는 말이 고와야 오는 말이 곱다’의 뜻을 설명하세요.",
        "Python에서 `len([1, 2])`는 무엇을 돌려주나요?",
        "3.5 + 2 * (4 - 1)을 계산하세요.",
        '"역이 어디예요?"를 영어로 번역하세요.',
        "다음 단어를 정렬하세요: 배, 무화과, 자두.",
        "다음 후기가 긍정적인지 판단하세요.",
        "1/3과 0.3 중 어느 것이 더 큰가요?",
        "빵집 이름을 세 개 지어 주세요 (말장난 없이).",
        "이 코드 `x = = 3`이 왜 틀렸는지 설명하세요.",
    ],
}
# In the order in which they come to be around an answer.
AROUND = ("fence", "remark", "greeting", "late thought", "thought", "spaces", "BOM", "CRLF", "mark")


def known_rows(code: str, picked: list[int]) -> list[Task]:
    """Tasks of a language, with the titles, kinds and answers of others around them."""
    around = [Task(*task) for task in words(code)["tasks"]]
    texts = [TASKS[code][place % len(TASKS[code])] for place in picked]
    return [around[n % len(around)]._replace(text=text) for n, text in enumerate(dict.fromkeys(texts))]


def form_of(rows: list[Task], code: str, form: int) -> str:
    """The tasks in one of the forms."""
    forms = list(list_forms(rows, code))
    kind, text = forms[form % len(forms)]
    if kind != "answer":
        return text
    # Below a task that says "the following", a line may as well be what it is about.
    clear = [row for row in rows if vocabulary(code).material.search(row.text) is None]
    return list(list_forms(clear, code))[form % len(forms)][1]


def decorated(text: str, code: str, around: str, choice: int) -> str:
    own, thought = words(code), "1. Foo bar.\n2. Bar foo.\nInput: x"
    tag = THOUGHT_TAGS[choice % len(THOUGHT_TAGS)]
    remark = own["remarks"][choice % len(own["remarks"])]
    return {
        "greeting": f"{own['greeting']}\n\n{text}",
        "remark": f"{text}\n\n{remark}",
        "thought": f"<{tag}>\n{thought}\n</{tag}>\n{text}",
        "late thought": f"{own['greeting']}\n<think>{thought}</think>\n{text}",
        "mark": text + MARKS[choice % len(MARKS)],
        "CRLF": text.replace("\n", "\r\n"),
        "fence": text if "```" in text else f"```\n{text}\n```",
        "BOM": f"\ufeff{text}",
        "spaces": f"\n \n{text}  \n\n\n",
    }[around]


PICKED = st.lists(st.integers(0, 100), min_size=2, max_size=6)
CODES = st.sampled_from(LANGUAGES)


@given(
    picked=PICKED,
    code=CODES,
    form=st.integers(0, 1000),
    around=st.lists(st.sampled_from(AROUND), max_size=3, unique=True),
    choice=st.integers(0, 100),
    cut=st.none() | st.integers(1, 400),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_each_task_that_is_read_is_one_of_those_written_and_whole(
    picked: list[int], code: str, form: int, around: list[str], choice: int, cut: int | None
) -> None:
    rows = known_rows(code, picked)
    text = form_of(rows, code, form)
    most = len(text) - 1
    for one in sorted(around, key=AROUND.index):
        text = decorated(text, code, one, choice)
    text = text if cut is None else text[: len(text) - min(cut, most)]
    found = parse_proposals(text, cut=cut is not None, continues_item=False, language=code)
    tasks = [row.text for row in rows]
    if len(found) == 1:
        # One item alone does not show that its picture or its title is no part of it.
        found = [task for task in tasks if found[0].endswith(task)]
    assert [task for task in found if task not in tasks] == [], text
    assert found == [task for task in tasks if task in found], text


@given(picked=PICKED, code=CODES, drift=st.integers(0, 100), cut=st.none() | st.integers(1, 200))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_whatever_a_base_model_goes_on_with_its_tasks_are_those_of_the_list(
    picked: list[int], code: str, drift: int, cut: int | None
) -> None:
    tasks = [row.text for row in known_rows(code, picked)]
    texts = list(base_model("\n".join(f"{n}. {task}" for n, task in enumerate(tasks, 9)), code))
    text = texts[drift % len(texts)]
    text = text if cut is None else text[: max(1, len(text) - cut)]
    found = parse_proposals(text, cut=cut is not None, continues_item=True, language=code)
    assert [task for task in found if task not in tasks] == [], text


FISH, SONG = "Name a fish of the North Sea.", "Sing about rain, briefly."
BOTH = [FISH, SONG]
LIST = f"9. {FISH}\n10. {SONG}"


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        pytest.param(f"9/ {FISH}\n10/ {SONG}", BOTH, id="slashes"),
        pytest.param(f"9th: {FISH}\n10th: {SONG}", BOTH, id="ordinals"),
        pytest.param(f"9...{FISH}\n10...{SONG}", BOTH, id="dots"),
        pytest.param(f"a) {FISH}\nb) {SONG}", BOTH, id="letters"),
        pytest.param(f"i. {FISH}\nii. {SONG}", BOTH, id="small Roman numerals"),
        pytest.param(
            "9 - 12 eggs fill how many boxes?\n10 - 3 pears cost what?",
            ["12 eggs fill how many boxes?", "3 pears cost what?"],
            id="dashes before tasks that begin with a number",
        ),
        pytest.param(
            "9. Work these out\n3 - 4\n7 - 9\n10. Sing.", ["Work these out 3 - 4 7 - 9", "Sing."], id="sums"
        ),
        pytest.param("Which is a fish?\na) cod\nb) wren", [], id="options are no tasks"),
        pytest.param(f"🔹 {FISH}\n🔹 {SONG}", BOTH, id="pictures as bullets"),
        pytest.param(f"📝 9. {FISH}\n🎨 10. {SONG}", BOTH, id="pictures before numbers"),
        pytest.param(f"9. 📝 {FISH}\n10. 🎨 {SONG}", BOTH, id="pictures before all tasks"),
        pytest.param(
            "9. 😀 is which feeling?\n10. Sing.", ["😀 is which feeling?", "Sing."], id="one picture"
        ),
        pytest.param(f"### Sea\n{FISH}\n\n### Rain\n{SONG}", BOTH, id="headings without numbers"),
        pytest.param(f"9. Sea: {FISH}\n10. Rain: {SONG}", BOTH, id="plain titles"),
        pytest.param(
            "9. Quiz: Is a cod a fish?\n10. Sing.", ["Quiz: Is a cod a fish?", "Sing."], id="one title"
        ),
        pytest.param(
            "9. True or false: is a cod a fish?\n10. True or false: is it wet?",
            ["True or false: is a cod a fish?", "True or false: is it wet?"],
            id="the same words before all tasks are no titles",
        ),
        pytest.param(f"9. **Sea**\n   - {FISH}\n10. **Rain**\n   - {SONG}", BOTH, id="bullets below titles"),
        pytest.param(
            "9. Is a cod a fish?\n   - Yes\n10. Sing.", ["Is a cod a fish?", "Sing."], id="one bullet"
        ),
        pytest.param(
            "9. Which is a fish?\n   - cod\n   - wren\n10. Sing.",
            ["Which is a fish? - cod - wren", "Sing."],
            id="several bullets are options",
        ),
        pytest.param(f"9. **{FISH}** Cod.\n10. **{SONG}** Drip.", BOTH, id="answers behind bold tasks"),
        pytest.param(f"9. {FISH} *Cod.*\n10. {SONG} *Drip.*", BOTH, id="answers in italics"),
        pytest.param(f"9. {FISH} | Difficulty: easy\n10. {SONG} | Difficulty: hard", BOTH, id="bars"),
        pytest.param(f"{LIST}\n\n**Answers**\n9. Cod\n10. Drip", BOTH, id="answers below a heading"),
        pytest.param(f"{LIST}\n\n9. Cod\n10. Drip", BOTH, id="the numbers again, with answers"),
        pytest.param(f"{LIST}\n\n*(Tasks 9 and 10 differ.)*", BOTH, id="a remark in brackets"),
        pytest.param(f"{LIST}\n\nUser: More!\nAssistant: 1. Run.\n2. Tell a tale.", BOTH, id="a dialogue"),
        pytest.param(f"**Reasoning:**\n1. Vary.\n2. Be short.\n\n**Answer:**\n{LIST}", BOTH, id="reasoning"),
        pytest.param(f"['{FISH}', '{SONG}']", BOTH, id="a list in Python"),
        pytest.param(f'Here you go: ["{FISH}", "{SONG}"]', BOTH, id="JSON behind a lead-in"),
        pytest.param(f'{{"instructions": [["{FISH}"], ["{SONG}"]]}}', BOTH, id="lists in JSON"),
        pytest.param(f'{{"instructions": "9. {FISH}\\n10. {SONG}"}}', BOTH, id="a list in a JSON string"),
        pytest.param(
            '{"instructions": "Do both:\\n1. run\\n2. sing"}',
            ["Do both: 1. run 2. sing"],
            id="a task with a list",
        ),
        pytest.param(
            f'[{{"task": "Sea", "instruction": "{FISH}"}}, {{"task": "Rain", "instruction": "{SONG}"}}]',
            BOTH,
            id="titles in JSON",
        ),
        pytest.param(f"\ufeff9. {FISH}\n\u200b10. {SONG}\u200b", BOTH, id="characters of no width"),
    ],
)
def test_a_list_is_read_as_it_is_meant(text: str, tasks: list[str]) -> None:
    assert parse_proposals(text, cut=False, continues_item=False) == tasks


CHAT_AROUND_A_LIST = [
    ("Sure here are more tasks", ""),
    ("Of course here you go", ""),
    ("Great question!", ""),
    ("Alright then", ""),
    ("No problem at all", ""),
    ("Sure — here they are", ""),
    ("Gladly continuing", ""),
    ("", "Hope that helps!"),
    ("", "I hope this gives you some ideas!"),
    ("", "I hope you found these useful!"),
    ("", "Thank you."),
    ("", "I'm glad to help."),
]


@pytest.mark.parametrize(("before", "after"), CHAT_AROUND_A_LIST)
def test_what_a_model_says_around_a_list_without_numbers_is_no_task(before: str, after: str) -> None:
    tasks = ["Write a poem about the sea.", "List three birds.", "Name a river."]
    text = "\n".join([before, *tasks, after])
    assert parse_proposals(text, cut=False, continues_item=False) == tasks


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        pytest.param(f" {FISH} 10. {SONG} 11. Name a bird.", [*BOTH, "Name a bird."], id="one line"),
        pytest.param(
            " Sum up the following text.\n\nPosted by Jim.\n\n1. Bob says:\nNice!",
            ["Sum up the following text."],
            id="prose is not what was announced",
        ),
        pytest.param(" Compare these two:\n\nPosted by Jim.", [], id="nor is the task whole without it"),
        pytest.param(
            ' Compare these two:\n\n"Look" and "leap".',
            ['Compare these two: "Look" and "leap".'],
            id="a quotation",
        ),
        pytest.param(
            f" Sum up the following text.\n\nThe ferry was late.\n\n10. {SONG}",
            ["Sum up the following text. The ferry was late.", SONG],
            id="a text before the next number",
        ),
        pytest.param(
            f" {FISH}\n10. {SONG}\n\n\nTask: Write a poem.\nOutput: x", BOTH, id="the prompt's format"
        ),
        pytest.param(
            f"{FISH}\nTask 10: {SONG}\n\n# Solutions\n\nTask 9: Cod\nTask 10: Yes", BOTH, id="solutions"
        ),
    ],
)
def test_a_base_models_list_ends_where_it_goes_on_with_something_else(text: str, tasks: list[str]) -> None:
    assert parse_proposals(text, cut=False, continues_item=True) == tasks


@pytest.mark.long
@pytest.mark.parametrize("before", ["", "['a', ", "Reasoning:\n", "9. Sum up the following:\n\n"])
@pytest.mark.parametrize(
    "piece",
    [
        *("<plan>", "```think\n", "9、1\n", "a) Name x.\n", "'a', ", "User: x\n\n", "Answers:\n9. x\n"),
        *(
            "1.\n",
            "1. a\n2. b\n",
            "Is it? ",
            "not ",
            "</answer>",
            "📝 ",
            "### a\nName b.\n",
            "Name a. 10. ",
            "Answers\n\n9. Name a.\n",
        ),
    ],
)
def test_what_a_model_repeats_around_a_list_is_read_in_linear_time(before: str, piece: str) -> None:
    short, long = (
        min(seconds_to_read(before + piece * (length // len(piece))) for _ in range(2))
        for length in (3_000, 24_000)
    )
    assert long < 30 * max(short, 0.002)


def test_a_sentence_goes_on_below_code_in_it() -> None:
    items = [f"Fix the code\n\n```\n{name} = [\n```\nso that it runs." for name in "xy"]
    text = "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=1))
    read = parse_proposals(text, cut=False, continues_item=False)
    assert read == ["Fix the code x = [ so that it runs.", "Fix the code y = [ so that it runs."]
