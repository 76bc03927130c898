"""An answer that names another task than the one that it was asked about gives no row."""

import pytest

from selfinstruct.core.method import keep_or_drop, parse_input_first, parse_output_first
from tests.core.method.test_rows import NAMES

TASK = {
    "en": (
        "Task",
        "Write a poem about the sea.",
        "Write a short poem about the wild sea.",
        "Explain why it rains.",
    ),
    "es": (
        "Tarea",
        "Escribe un poema sobre el mar.",
        "Escribe un poema breve sobre el mar.",
        "Explica la lluvia.",
    ),
    "ja": (
        "タスク",
        "海についての詩を書いてください。",
        "海についての短い詩を書いてください。",
        "雨の理由を説明してください。",
    ),
    "ko": (
        "과제",
        "바다에 대한 시를 쓰세요.",
        "바다에 대한 짧은 시를 쓰세요.",
        "비가 오는 이유를 설명하세요.",
    ),
    "zh": ("任务", "写一首关于大海的诗。", "写一首关于大海的短诗。", "解释下雨的原因。"),
}
in_all_languages = pytest.mark.parametrize("code", TASK)


def kept(answer: str, code: str, *, output_first: bool = False) -> list[tuple[str, str]]:
    parse = parse_output_first if output_first else parse_input_first
    made = keep_or_drop(parse(answer, code, task=TASK[code][1]), cut=False)
    return [(one.input, one.output) for one in made if one.state == "kept"]


@in_all_languages
def test_rows_below_another_task_are_dropped(code: str) -> None:
    name, _, _, other = TASK[code]
    first, second, label = NAMES[code]
    for gap in (" ", "\n"):
        assert kept(f"{name}:{gap}{other}\n{first}: a\n{second}: b", code) == []
        assert kept(f"{name}:{gap}{other}\n{label}: a\n{first}: b", code, output_first=True) == []


@in_all_languages
def test_rows_below_the_same_task_in_these_or_other_words_are_kept(code: str) -> None:
    name, asked, reworded, _ = TASK[code]
    first, second, _ = NAMES[code]
    for said in (asked, reworded):
        for mark in ("{}:", "**{}:**"):
            answer = f"{mark.format(name)} {said}\n\n{first}: a\n{second}: b"
            assert kept(answer, code) == [("a", "b")], answer


def test_a_title_and_a_question_are_no_other_task() -> None:
    for above in ("Task: Poetry", "Question: Is it raining?", "Here are some examples for this task:"):
        assert kept(f"{above}\n\nInput: a\nOutput: b", "en") == [("a", "b")], above


def test_a_task_inside_a_value_is_no_other_task() -> None:
    answer = "Input: a\nOutput: b\nTask: Explain why it rains.\n"
    assert kept(f"Input: notes\nTask: Explain why it rains.\nDue: May\nOutput: b\n\n{answer}", "en")


def test_of_several_tasks_above_the_fields_the_last_one_counts() -> None:
    same, other = f"Task: {TASK['en'][1]}", f"Task: {TASK['en'][3]}"
    assert kept(f"{other}\n\n{same}\nInput: a\nOutput: b", "en") == [("a", "b")]
    statement = "Task: For each colour there is a label that belongs to it."
    assert kept(f"{statement}\n\n{other}\nInput: a\nOutput: b", "en") == []
    assert kept(f"{statement}\nInput: a\nOutput: b", "en") == []


OTHERS = [
    ("en", "Write a poem.", "Write a letter to your boss explaining why you are late."),
    ("en", "Classify the sentence to a category.", "Translate the sentence to French."),
    ("en", "What is the capital of France?", "What is the meaning of the word?"),
    ("zh", "写一首关于春天的诗。", "写一封关于请假的信。"),
    ("ko", "사과에 대한 시를 써 주세요.", "책에 대한 편지를 써 주세요."),
]


@pytest.mark.parametrize(("code", "asked", "named"), OTHERS)
def test_words_that_any_two_requests_share_make_no_task_the_same(code: str, asked: str, named: str) -> None:
    first, second, _ = NAMES[code]
    answer = f"{TASK[code][0]}: {named}\n{first}: a\n{second}: b"
    assert {one.state for one in keep_or_drop(parse_input_first(answer, code, task=asked), cut=False)} == {
        "dropped"
    }


def test_a_task_in_an_answer_without_fields_is_part_of_its_text() -> None:
    plan = "Sprint plan\n\nTask: Implement the login form and validate the fields.\nEstimate: 3 days"
    assert kept(plan, "en") == [("", plan)]
