"""What looks like the next task, or another turn, inside a value stays in it; rows below are not cut off."""

import tracemalloc

import pytest

from selfinstruct.core.method.parsing import parse_input_first
from tests.core.method.answers import Row
from tests.core.method.test_rows import NAMES, read

LAST = ("heron", "bird")
LAYOUTS = [
    "{i}: {given}\n{o}: {output}",
    "**{i}:** {given}\n\n**{o}:** {output}",
    "{i}:\n{given}\n\n{o}:\n{output}",
    "### {i}\n{given}\n\n### {o}\n{output}",
    "{e} 1\n{i}: {given}\n{o}: {output}",
]
EXAMPLE = {"en": "Example", "es": "Ejemplo", "ja": "例", "ko": "예시", "zh": "示例"}

FORMS = {
    "en": ("Passage", "Question", "Answer", "Exercise", "Solution"),
    "es": ("Texto", "Pregunta", "Respuesta", "Ejercicio", "Solución"),
    "ja": ("文章", "質問", "回答", "問題", "答え"),
    "ko": ("본문", "질문", "답변", "문제", "답"),
    "zh": ("短文", "问题", "回答", "题目", "答案"),
}


def test_a_task_that_a_model_repeats_without_end_takes_little_memory() -> None:
    text = "Task: Name a bird.\n" * 3000 + "\nInput: a\nOutput: b"
    tracemalloc.start()
    try:
        parse_input_first(text)
        assert tracemalloc.get_traced_memory()[1] < 200 * len(text)
    finally:
        tracemalloc.stop()


def written(layout: str, rows: list[Row], code: str) -> str:
    """Rows in a layout, with the names of a language."""
    first, second, _ = NAMES[code]
    return "\n\n".join(
        layout.replace(" 1", f" {n}").format(i=first, o=second, e=EXAMPLE[code], given=one, output=two)
        for n, (one, two) in enumerate(rows, start=1)
    )


def check(row: Row, code: str, layouts: list[str] = LAYOUTS) -> None:
    """A row is read whole, alone, above another one and below it."""
    for layout in layouts:
        for rows in ([row], [row, LAST], [LAST, row]):
            assert read(written(layout, rows, code), code) == (rows, set()), (layout, rows)


in_all_forms = pytest.mark.parametrize("code", FORMS)


@in_all_forms
def test_a_question_or_a_task_inside_an_input_is_part_of_it(code: str) -> None:
    passage, question, *_ = FORMS[code]
    check((f"{passage}: A cod swims.\n\n{question}: What swims?", "A cod."), code)
    check((f"{passage}: A cod swims.\n\n{question}:\nWhat swims?", "A cod."), code)
    check(("Summarize the review.\nText: Great phone.\n\nTask: Is it positive?", "Yes"), code)
    check(("A cod swims.\n\nPrompt: What swims?", "A cod."), code)


@in_all_forms
def test_a_question_inside_an_input_below_its_label_is_part_of_it(code: str) -> None:
    first, _, label = NAMES[code]
    passage, question, *_ = FORMS[code]
    given = f"{passage}: A cod swims.\n\n{question}: Does it swim?"
    for form in ("{c}: {o}\n{i}: {g}", "**{c}:** {o}\n**{i}:** {g}", "{c}: {o}\n{g}"):
        rows = [(given, "yes"), LAST]
        text = "\n\n".join(form.format(c=label, i=first, g=one, o=two) for one, two in rows)
        assert read(text, code, output_first=True) == (rows, set())


@in_all_forms
def test_questions_with_answers_and_exercises_are_a_whole_output(code: str) -> None:
    _, question, answer, exercise, solution = FORMS[code]
    check(("bakery", f"{question}: Open?\n{answer}: At 9.\n\n{question}: Closed?\n{answer}: At 5."), code)
    check(("a quiz", f"{question} 1: Open?\n{answer}: At 9.\n\n{question} 2: Closed?\n{answer}: At 5."), code)
    check(
        ("maths", f"{exercise} 1: Add 2 and 3.\n{solution}: 5\n\n{exercise} 2: Add 1.\n{solution}: 6"), code
    )
    bold = f"**{question}:** Open?\n**{answer}:** At 9.\n\n**{question}:** Closed?\n**{answer}:** At 5."
    check(("bakery", bold), code, [layout for layout in LAYOUTS if "**" not in layout])


@in_all_forms
def test_prompts_exercises_and_numbered_tasks_are_a_whole_output(code: str) -> None:
    *_, exercise, _ = FORMS[code]
    check(("writing", "Prompt: Write about a fox.\n\nPrompt: Describe your first day at school."), code)
    check(("maths", f"{exercise} 1: Add 2 and 3.\n\n{exercise} 2: Multiply 4 by 5."), code)
    check(("plan", "Task 1: Write the report\n\nTask 2: Call the bank\n\nTask 3: Rest"), code)
    check(("plan", "1. Welcome the guests\n\n2. Review the budget of the year"), code)
    first, second, _ = NAMES[code]
    text = f"{first}: plan\n{second}: 1. Welcome\n\n2. Review the budget\n{first}: a\n{second}: b"
    assert read(text, code) == ([("plan", "1. Welcome\n\n2. Review the budget"), ("a", "b")], set())


@in_all_forms
def test_a_dialogue_with_blank_lines_is_a_whole_input_or_output(code: str) -> None:
    chat = "User: How do I log in?\n\nAssistant: With your name.\n\nUser: Thanks!"
    check((chat, "about logging in"), code)
    check(("logging in", chat), code)
    check(("logging in", "User: Will it rain?\n\nBot: At noon.\n\nUser: Thanks!\n\nBot: Bye!"), code)


@pytest.mark.parametrize(
    ("code", "request_"),
    [
        ("en", "Find out who can repair it."),
        ("es", "Escribe un correo al técnico."),
        ("ja", "修理業者にメールを書いてください。"),
        ("ko", "수리 기사에게 메일을 써 주세요."),
        ("zh", "请写一封邮件给维修人员。"),
    ],
)
def test_a_paragraph_of_an_input_may_be_a_request(code: str, request_: str) -> None:
    check((f"The printer is broken again.\n\n{request_}", "Ask Bob."), code)


def test_rows_below_a_dialogue_that_may_not_be_part_of_an_output_are_read() -> None:
    output = "The two met.\n\nHuman: What do we cook?\nAI: Soup."
    text = f"Input: a kitchen\nOutput: {output}\n\nInput: heron\nOutput: bird"
    assert read(text) == ([LAST], {"unreadable"})
    assert read(f"Input: a kitchen\nOutput: {output}") == ([], {"unreadable"})
    more = "Human: More!\nAssistant: Here they are:\n\nInput: heron\nOutput: bird"
    assert read(f"Input: cod\nOutput: fish\n\n{more}") == ([], {"unreadable"})


@in_all_forms
def test_a_name_above_an_input_and_below_an_output_leaves_both_unreadable(code: str) -> None:
    first, second, _ = NAMES[code]
    above, below = f"{first}: cod\n{second}: fish", f"{first}: heron\n{second}: bird"
    assert read(f"{above}\n\nContext: It flies.\n{below}", code) == ([], {"unreadable"})
    more = f"{first}: oak\n{second}: tree"
    assert read(f"{more}\n\n{above}\n\nContext: It flies.\n{below}", code)[0] == [("oak", "tree")]
    topics = f"Topic: fish\n{above}\n\nTopic: birds\n{below}"
    assert read(topics, code) == ([], {"unreadable"})
    listed = "Ann: 3\n\nBo: 4\n\nAnn: 5"
    assert read(f"{first}: points\n{second}: {listed}\n{below}", code) == ([("points", listed), LAST], set())


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("en", ("Note", "Reason")),
        ("es", ("Nota", "Motivo")),
        ("ja", ("注意", "理由")),
        ("ko", ("참고", "이유")),
        ("zh", ("备注", "原因")),
    ],
)
def test_a_note_or_a_reason_at_the_end_of_an_input_is_part_of_it(code: str, names: tuple[str, str]) -> None:
    for name in names:
        for gap in ("\n", "\n\n"):
            rows = [
                (f"{one}{gap}{name}: {more}", two) for one, more, two in (("a", "b", "c"), ("d", "e", "f"))
            ]
            check(rows[0], code)
            for layout in LAYOUTS:
                assert read(written(layout, rows, code), code) == (rows, set())


@pytest.mark.parametrize(
    "output",
    [
        "def add(a, b):\n    return a + b\n\n# Input: 1, 2\n# Output: 3",
        "Test case 1: add(1, 2) -> 3\nTest case 2: add(0, 0) -> 0",
    ],
)
def test_comments_and_test_cases_of_code_are_an_output_without_fields(output: str) -> None:
    assert read(output) == ([("", output)], set())


def test_a_row_that_is_named_an_example_is_no_introduction_of_the_next_task() -> None:
    text = "入力例: cod | 回答: fish\n\n指示文: Name a bird.\n入力: x y\n出力: z w"
    kept, _ = read(text, "ja")
    assert kept == []


TASK = {"en": "Task", "es": "Tarea", "ja": "タスク", "ko": "과제", "zh": "任务"}
OTHER_TASK = {
    "en": "Name a colour.",
    "es": "Nombra un color.",
    "ja": "色の名前を一つ挙げてください。",
    "ko": "색깔 이름을 하나 말하세요.",
    "zh": "说出一种颜色。",
}


@in_all_forms
@pytest.mark.parametrize("above", ["", "Prompt:\n"])
def test_an_output_without_input_ends_above_another_task_with_its_instance(code: str, above: str) -> None:
    first, second, _ = NAMES[code]
    task = f"{TASK[code]}: {OTHER_TASK[code]}"
    answer = f"{second}: heron\n\n{above}{task}\n{first}: red\n{second}: yes"
    assert read(answer, code) == ([("", "heron")], set())


@in_all_forms
def test_a_title_that_could_be_an_output_stands_above_the_fields(code: str) -> None:
    first, second, _ = NAMES[code]
    for title in ("## {}", "**{}**", "**{}:**", "{}:"):
        for gap in ("\n", "\n\n"):
            answer = f"{title.format(FORMS[code][2])}{gap}{first}: 3 + 4\n{second}: 7"
            assert read(answer, code) == ([("3 + 4", "7")], set()), answer


def test_a_form_to_be_filled_in_does_not_announce_the_turn_below_it() -> None:
    for line in ("Age: ____", "Age: __________", "**Age:** ____"):
        rows, reasons = read(f"Output: Name: ____\n{line}\n\nHuman: Thanks!\nAssistant: With pleasure.", "en")
        assert (rows, reasons) == ([], {"unreadable"}), line


@in_all_forms
def test_an_input_below_a_label_and_another_task_may_be_that_tasks(code: str) -> None:
    first, _, label = NAMES[code]
    task = f"{TASK[code]}: {OTHER_TASK[code]}"
    other = f"{label}: spam\n\n{task}\n{first}: red"
    assert read(other, code, output_first=True) == ([], {"unreadable"})
    repeated = [
        f"{label}: {name}\n{task}\n{first}: {given}" for given, name in (("red", "spam"), ("blue", "ham"))
    ]
    assert read("\n\n".join(repeated), code, output_first=True) == ([("red", "spam"), ("blue", "ham")], set())


@in_all_forms
def test_an_empty_label_above_all_others_may_be_a_title_that_shifts_them(code: str) -> None:
    first, second, _ = NAMES[code]
    answer = f"{second}:\n\n{first}: 3 + 4\n{second}: 7\n\n{first}: 4 + 4\n{second}: 8"
    assert read(answer, code, output_first=True) == ([], {"unreadable"})
    assert read(answer, code) == ([("3 + 4", "7"), ("4 + 4", "8")], set())


NUMBERED = {
    "en": ("10. Explain how gravity works to a child.", "10. Explain gravity."),
    "es": ("10. Explica la gravedad a un niño.", "10. Explica la gravedad."),
    "ja": ("10. 重力を子どもに説明してください。", "10. 重力を説明しなさい。"),
    "ko": ("10. 아이에게 중력을 설명하세요.", "10. 중력을 설명하세요."),
    "zh": ("10. 向孩子解释重力的原理。", "10. 解释重力。"),
}


@in_all_forms
@pytest.mark.parametrize("below", ["\n", "\n\n"])
def test_a_numbered_task_above_other_fields_ends_the_answer(code: str, below: str) -> None:
    first, second, label = NAMES[code]
    for task in NUMBERED[code]:
        other = f"\n\n{task}{below}{first}: x\n{second}: y"
        assert read(f"{first}: cat\n{second}: animal{other}", code) == ([("cat", "animal")], set())
        rows, _ = read(f"{label}: spam\n{first}: Win!{other}", code, output_first=True)
        assert rows in ([("Win!", "spam")], [])
        assert read(f"{first}: cat\n{second}: animal\n{task}{below}{first}: x\n{second}: y", code)[0] in (
            [("cat", "animal")],
            [],
        )


@in_all_forms
def test_a_numbered_step_of_a_list_is_part_of_the_value_above_it(code: str) -> None:
    first, second, _ = NAMES[code]
    steps = "\n".join(f"{n}. {OTHER_TASK[code]}" for n in range(1, 4))
    answer = f"{first}: cat\n{second}: {steps}\n\n{first}: dog\n{second}: hound"
    assert read(answer, code)[0] == [("cat", steps), ("dog", "hound")]


@in_all_forms
def test_another_task_without_fields_is_part_of_no_output(code: str) -> None:
    first, second, _ = NAMES[code]
    task = f"{TASK[code]}: {OTHER_TASK[code]}"
    assert read(f"{first}: cat\n{second}: animal\n\n{task}", code) == ([("cat", "animal")], set())
    assert read(f"{first}: cat\n{second}: animal\n\n{task}\nRed.", code) == ([], {"unreadable"})


def test_a_question_below_an_output_without_fields_leaves_its_end_open() -> None:
    assert read("A violin is an instrument.\n\nQ: What is gravity?\nA: It pulls.") == ([], {"unreadable"})


def test_quoted_inputs_with_arrows_are_no_output() -> None:
    for arrow in (" -> ", " => ", " → ", ": "):
        text = f'"The soup was cold."{arrow}negative\n"I loved the show!"{arrow}positive'
        assert read(text) == ([], {"unreadable"})


@pytest.mark.parametrize(
    ("code", "names", "request_"),
    [
        ("ja", ("入力", "出力"), "冬の海についての短い詩を書いてください。"),
        ("zh", ("输入", "输出"), "请写一首关于冬天大海的短诗。"),
        ("ko", ("입력", "출력"), "겨울 바다에 대한 짧은 시를 써 주세요."),
        ("es", ("Entrada", "Salida"), "Escribe un poema breve sobre el mar."),
    ],
)
def test_a_request_above_an_instance_leaves_open_whose_it_is(
    code: str, names: tuple[str, str], request_: str
) -> None:
    first, second = (
        f"{names[0]}: {given}\n{names[1]}: {output}" for given, output in (("1", "2"), ("3", "4"))
    )
    kept = [one for one in parse_input_first(f"{first}\n\n{request_}\n{second}", code) if one.fault is None]
    assert kept == []
    assert len(parse_input_first(f"{first}\n\n{second}", code)) == 2


def test_a_list_of_requests_is_a_whole_output_also_above_another_instance() -> None:
    tasks = "1. Write a poem about it.\n\n2. Name a fish of the sea.\n\n3. Describe a lake in winter."
    text = f"Input: cod\n\nOutput: {tasks}\nInput: {LAST[0]}\n\nOutput: {LAST[1]}"
    assert read(text) == ([("cod", tasks), LAST], set())
