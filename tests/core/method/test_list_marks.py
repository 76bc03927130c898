"""The marks around the tasks of a list are no part of them: numbers, titles, kinds, columns, templates."""

import pytest

from selfinstruct.core.method.parsing import parse_output_first, parse_proposals

TASKS = {
    "en": ("Suggest a name for a bakery.", "Write a haiku about rain."),
    "es": ("Propón un nombre para una panadería.", "Escribe un haiku sobre la lluvia."),
    "ja": ("パン屋の名前を考えてください。", "雨の俳句を書いてください。"),
    "ko": ("빵집 이름을 지어 주세요.", "비에 대한 하이쿠를 쓰시오."),
    "zh": ("为一家面包店起一个名字。", "写一首关于雨的俳句。"),
}
TITLES = {
    "en": ("Bakery Names", "Rain"),
    "es": ("Nombres", "Lluvia"),
    "ja": ("パン屋", "雨"),
    "ko": ("빵집", "비"),
    "zh": ("面包店", "雨"),
}
KINDS = {"en": "Classification", "es": "Clasificación", "ja": "分類", "ko": "분류", "zh": "分类"}


def read(text: str, language: str = "en") -> list[str]:
    return parse_proposals(text, cut=False, continues_item=False, language=language)


@pytest.mark.parametrize("code", TASKS)
@pytest.mark.parametrize(
    "form",
    [
        *("№ {n} {task}", "№ {n}. {task}", "№{n} {task}", "「{n}」{task}"),
        *("{n}. [ ] {task}", "{n}. [x] {task}", "{n}. ☐ {task}", "- [ ] {n}. {task}", "- [ ] {task}"),
        *("{n}番目のタスク：{task}", "{n}번째 과제: {task}", "第{n}个任务：{task}", "{n}th task: {task}"),
        *('{n},"{task}"', '{n}, "{task}"', '{n};"{task}"'),
        *("<b>{n}. {title}</b> {task}", "{n}. <b>{title}</b><br>{task}", "{n}. <b>{title}</b> {task}"),
        *("**{n}. {title}** {task}", "**{n}. {title}**<br/>{task}", "<b>{n}.</b> {task}"),
        *("{n}. <strong>{task}</strong>", "{n}. {task} / {kind}", "{n}. {task} ／ {kind}"),
        *("| {n} | {task} |", "| {n} | {task} | {kind} |", "| {title} | {task} |"),
    ],
)
def test_what_stands_around_a_task_is_no_part_of_it(code: str, form: str) -> None:
    each = [
        form.format(n=n, task=task, title=title, kind=KINDS[code])
        for n, (task, title) in enumerate(zip(TASKS[code], TITLES[code], strict=True), 9)
    ]
    for gap in ("\n", "\n\n"):
        assert read(gap.join(each), code) == list(TASKS[code])


def test_spanish_ordinals_number_tasks() -> None:
    first, second = TASKS["es"]
    assert read(f"9.ª tarea: {first}\n10ª tarea: {second}", "es") == [first, second]


@pytest.mark.parametrize("code", TASKS)
@pytest.mark.parametrize(
    "above",
    ["|---|---|\n", "| # | Task |\n", "Here they are:\n\n| # | Task |\n"],
    ids=["delimiter first", "no delimiter", "lead-in"],
)
def test_a_table_gives_the_column_of_its_tasks_without_a_whole_header(code: str, above: str) -> None:
    first, second = TASKS[code]
    assert read(f"{above}| 9 | {first} |\n| 10 | {second} |", code) == [first, second]
    assert read(f"| 9 | {first} |\n|---|---|\n| 10 | {second} |", code) == [first, second]


def test_a_table_without_requests_proposes_nothing() -> None:
    assert read("| 9 | cod |\n| 10 | wren |") == []


@pytest.mark.parametrize(
    "item",
    [
        "**Python** Guido's language: say who made it.",
        "**Describe** Paris in the rain.",
        "Say <b>hi</b> to my aunt.",
        "Is it a bird / fish?",
        "Name a colour [ ] of the sea.",
    ],
)
def test_what_only_looks_like_a_title_or_a_kind_stays(item: str) -> None:
    plain = item.replace("**", "").replace("<b>", "").replace("</b>", "")
    assert read(f"9. {item}\n10. Sing.") == [plain, "Sing."]


@pytest.mark.parametrize("code", TASKS)
@pytest.mark.parametrize(
    "mark",
    [
        *("### Human: 11. Drop", "### Assistant: ok", " ### Instruction: x", "### Human: 11. Drop\n12. No"),
        *("### Response:", "## User: more"),
    ],
)
def test_a_heading_of_a_chat_template_in_the_middle_of_a_line_ends_the_answer(code: str, mark: str) -> None:
    first, second = TASKS[code]
    assert read(f"9. {first}\n10. {second}{mark}", code) == [first, second]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("es", "Usuario"),
        ("es", "Instrucción"),
        ("ja", "ユーザー"),
        ("ja", "指示"),
        ("ko", "사용자"),
        ("zh", "用户"),
    ],
)
def test_templates_have_names_in_other_languages(code: str, name: str) -> None:
    first, second = TASKS[code]
    assert read(f"9. {first}\n10. {second}### {name}：11. x", code) == [first, second]


def test_a_heading_of_a_template_ends_an_input_too() -> None:
    (found,) = parse_output_first("Class label: spam\nInput: Win!### Human: Input: dog")
    assert (found.input, found.output) == ("Win!", "spam")


@pytest.mark.parametrize(
    "output",
    [
        "Bones\n\n### Human anatomy\n\nThe arm.",
        "Write the prompt with `### Human:` before it.",
        "Use the template ### Instruction: {task} ### Response:",
        "Bones ### Human anatomy: the arm",
    ],
)
def test_a_heading_or_a_quotation_is_no_mark_of_a_template(output: str) -> None:
    (found,) = parse_output_first(f"Class label: x\nInput: {output}")
    assert found.input == output
