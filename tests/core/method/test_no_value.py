"""What says that there is no input, or stands for an output or a task, is neither of them, in any wording."""

import pytest

from selfinstruct.core.method import parse_proposals
from tests.core.method.test_remarks import TASKS, each
from tests.core.method.test_rows import NAMES, read

NO_INPUT = {
    "en": [
        *("no_input", "<NO_INPUT>", "(No additional information needed)", "∅", "empty_string"),
        *("No further context is necessary", "No input is needed here"),
    ],
    "es": ["La entrada está vacía", "sin_entrada", "(No se necesita información adicional)"],
    "ja": ["該当しない", "入力_なし", "追加の情報は必要ありません", "追加情報は不要です"],
    "ko": ["추가 정보가 필요하지 않습니다", "추가 정보 필요 없음", "입력_없음"],
    "zh": [
        *("無", "該任務無需輸入", "不用输入", "沒有輸入", "不需要任何额外信息", "輸入為空", "不適用", "暫無"),
        *("此任務不需要輸入", "輸入：無"),
    ],
}
INPUTS = {
    "en": ["No input device is attached.", "no_input = True", "None of these", "[]"],
    "es": ["La entrada está cerrada"],
    "ja": ["該当しない項目を選んでください", "無人島"],
    "ko": ["무지개"],
    "zh": ["無法", "不用担心", "不用输入密码的登录方式", "無線電"],
}
PLACEHOLDERS = {
    "en": ["[Your name here]", "[placeholder]", "[Name]", "<placeholder>", "[Company Name]"],
    "es": ["[Nombre]", "[Tu nombre]", "[marcador de posición]", "[Nombre de la empresa]"],
    "ja": ["[名前]", "［お名前］", "【会社名】", "[プレースホルダー]"],
    "ko": ["[이름]", "[당신의 이름]", "[회사명]"],
    "zh": ["[姓名]", "【您的名字】", "[占位符]", "[佔位符]"],
}
OUTPUTS = {
    "en": [
        *(
            "[laughs] That was fun.",
            "See [Smith 2001].",
            "[1, 2, 3]",
            "a = names[name]",
            "[link](http://a.b)",
        ),
        *("[Chorus]\nLa la", "- [ ] Buy milk\n- [x] Call", "SELECT [Name] FROM t", "<b>Name</b>", "[x]"),
        *("`[name]` is the key", "The regex [a-z]+", "[PERSON] John went to [LOCATION] Paris"),
    ],
    "es": ["[risas] Qué bien."],
    "ja": ["【重要】明日は休みです。", "[笑] 楽しい。"],
    "ko": ["[웃음] 좋아요."],
    "zh": ["【重要】明天休息。"],
}
NO_TASKS = {
    "en": [
        *("N/A", "None", "(none)", "TBD", "[Insert task here]", "[Your task here]", "[Task 10]"),
        *("As an AI language model, I cannot continue.", "I'm sorry, but I cannot generate more tasks."),
    ],
    "es": ["Ninguna", "[Inserta la tarea aquí]", "Como modelo de lenguaje, no puedo continuar."],
    "ja": ["なし", "該当なし", "[ここにタスクを挿入]", "AI言語モデルとして、続けることはできません。"],
    "ko": ["없음", "해당 없음", "[여기에 과제를 입력하세요]", "AI 언어 모델로서 계속할 수 없습니다."],
    "zh": ["无", "無", "[在此插入任务]", "作为一个AI语言模型，我无法继续。"],
}


@each(NO_INPUT)
def test_an_input_that_says_that_there_is_none_is_empty(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    assert read(f"{first}: {text}\n{second}: cod", code) == ([("", "cod")], set())


@each(INPUTS)
def test_an_input_with_such_words_stays(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    assert read(f"{first}: {text}\n{second}: cod", code) == ([(text, "cod")], set())


@each(PLACEHOLDERS)
def test_a_slot_to_be_filled_in_is_no_output(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    assert read(f"{first}: cod\n{second}: {text}", code) == ([], {"placeholder"})


@each(OUTPUTS)
def test_brackets_in_an_output_are_part_of_it(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    assert read(f"{first}: cod\n{second}: {text}", code) == ([("cod", text)], set())


@each(NO_TASKS)
def test_an_item_that_stands_for_a_task_is_none(code: str, text: str) -> None:
    task = TASKS[code][0]
    answer = f"9. {task}\n10. {text}"
    assert parse_proposals(answer, cut=False, continues_item=False, language=code) == [task]


@pytest.mark.parametrize(
    "task",
    [
        "As an AI language model, explain why you cannot taste soup.",
        "I cannot access my email, so write a complaint for me.",
        "I don't have access to my account. What should I do?",
        "(Give me a text of at most fifty words for my boss on her fortieth birthday.)",
    ],
)
def test_a_task_that_begins_like_a_refusal_stays(task: str) -> None:
    assert parse_proposals(f"1. {task}\n2. {task}", cut=False, continues_item=False) == [task, task]
