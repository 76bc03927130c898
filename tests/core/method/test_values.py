"""What the text of a field says: that there is no input, that it stands for one, that the model refuses."""

import pytest

from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import ParsedInstance, parse_input_first, parse_output_first

FIELDS = {
    "en": ("Input", "Output"),
    "es": ("Entrada", "Salida"),
    "ja": ("入力", "出力"),
    "ko": ("입력", "출력"),
    "zh": ("输入", "输出"),
}


def read(language: str, given: str | None, output: str) -> ParsedInstance:
    """The only instance of an answer with these texts; without an input, the answer has an output alone."""
    name_in, name_out = FIELDS[language]
    above = "" if given is None else f"{name_in}: {given}\n"
    (one,) = parse_input_first(f"{above}{name_out}: {output}", language)
    return one


def reason(one: ParsedInstance) -> str | None:
    (assessed,) = keep_or_drop([one], cut=False)
    return assessed.reason.code if assessed.reason else None


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "None, the task is open-ended"),
        ("en", "None - this is a general question"),
        ("en", "Not applicable (the task is self-contained)"),
        ("en", "No input is needed since this is a creative task."),
        ("en", "No Input Required: the task is self-contained."),
        ("en", "*None (no input needed)*"),
        ("en", "_None_"),
        ("zh", "无特定输入"),
        ("zh", "无（该任务不需要输入）"),
        ("ja", "なし（このタスクは入力を必要としません）"),
        ("ja", "入力は特にありません。"),
        ("ko", "(빈 입력)"),
        ("ko", "별도의 입력 없음"),
        ("ko", "없음 (자유 과제)"),
        ("es", "Ninguna entrada requerida"),
        ("es", "N/D"),
        ("es", "No hace falta entrada"),
        ("es", "Ninguna (la tarea es autónoma)"),
    ],
)
def test_an_input_that_says_why_there_is_none_is_empty(language: str, said: str) -> None:
    assert read(language, said, "Hello!") == ParsedInstance("", "Hello!")


@pytest.mark.parametrize(
    ("language", "given"),
    [
        ("en", "None of the above"),
        ("en", "Nothing, really. How are you?"),
        ("en", "Null hypothesis"),
        ("en", "Empty the input buffer"),
        ("en", "No data for the last request"),
        ("en", "{}"),
        ("en", "[]"),
        ("zh", "无声的世界"),
        ("zh", "没有，我没有问题。"),
        ("ja", "なしの礫"),
        ("ko", "없음과 있음의 차이"),
        ("es", "Ninguna persona es una isla"),
    ],
)
def test_an_input_that_only_begins_like_none_stays(language: str, given: str) -> None:
    assert read(language, given, "Hello!") == ParsedInstance(given, "Hello!")


@pytest.mark.parametrize(
    ("language", "output"),
    [
        ("en", "(insert translation)"),
        ("en", "Insert your text here"),
        ("en", "[Name of the city]"),
        ("en", "**[A 200-word story about a dog]**"),
        ("en", "[Poem about the sea]"),
        ("en", "[Screenshot of the website]"),
        ("en", "<image attached>"),
        ("en", "null"),
        ("en", "<nooutput>"),
        ("en", "(no output)"),
        ("en", "<No output, cannot draw>"),
        ("en", "Output not available"),
        ("en", "The output will vary."),
        ("en", "(Answers will vary.)"),
        ("en", "Answers may vary depending on the reader."),
        ("zh", "[请填写]"),
        ("zh", "省略"),
        ("zh", "[城市的名字]"),
        ("zh", "【一首关于大海的诗】"),
        ("zh", "[图片：一只狗]"),
        ("zh", "答案因人而异。"),
        ("ja", "（省略）"),
        ("ja", "[犬についての物語]"),
        ("ja", "［画像］"),
        ("ja", "回答は人それぞれです。"),
        ("ko", "(내용 입력)"),
        ("ko", "[바다에 대한 시]"),
        ("ko", "[사진: 강아지]"),
        ("ko", "답변은 달라질 수 있습니다."),
        ("es", "(a completar)"),
        ("es", "[Nombre de la ciudad]"),
        ("es", "[Un cuento sobre un perro]"),
        ("es", "Las respuestas pueden variar."),
    ],
)
def test_an_output_that_stands_for_one_is_dropped(language: str, output: str) -> None:
    assert reason(read(language, "abc", output)) == "placeholder"


@pytest.mark.parametrize("given", ["[Article about the sea]", "<link to photo>", "(insert article)"])
def test_an_input_that_stands_for_one_is_dropped(given: str) -> None:
    assert reason(read("en", given, "It is about the sea.")) == "placeholder"


@pytest.mark.parametrize(
    ("language", "output"),
    [("en", "None"), ("en", "(none)"), ("zh", "无"), ("ja", "なし"), ("ko", "없음"), ("es", "Ninguno.")],
)
def test_none_is_an_answer_about_an_input_and_nothing_without_one(language: str, output: str) -> None:
    assert reason(read(language, "4, 6, 8: which are prime?", output)) is None
    assert reason(read(language, None, output)) == "placeholder"


@pytest.mark.parametrize(
    ("language", "output"),
    [
        ("en", "I'm unable to access external links."),
        ("en", "As an AI, I cannot taste soup."),
        ("en", "As an AI language model trained by others, I don't have feelings."),
        ("en", "As an AI to assist you, I cannot do that."),
        ("zh", "作为人工智能助手，我不能品尝汤。"),
        ("ja", "すみませんが、その画像を見ることができません。"),
        ("ko", "죄송합니다. 링크에 접근할 수 없습니다."),
        ("es", "Lo lamento, no me es posible acceder al enlace."),
    ],
)
def test_a_refusal_is_dropped(language: str, output: str) -> None:
    assert reason(read(language, "abc", output)) == "refusal"


@pytest.mark.parametrize(
    ("language", "output"),
    [
        ("en", "As an AI researcher, I cannot stress enough how vital data is."),
        ("en", "As an AI safety engineer I can't ignore it."),
        ("en", "I'm unable to attend on Friday."),
        ("en", "Dear [Name],\nthank you for your order."),
        ("en", "[1, 2, 3]"),
        ("en", '["a list", "of words"]'),
        ("en", "[x for x in names if x]"),
        ("en", "<title>Story</title>"),
        ("en", "N/A is short for not applicable."),
        ("en", "Answers vary by region, but most people say soda. In the South it is coke."),
        ("zh", "作为人工智能研究员，我不能不强调数据的重要。"),
        ("zh", "省略号用来表示话没说完。"),
        ("ja", "なしは秋の果物です。"),
        ("ko", "죄송합니다. 오늘은 갈 수 없습니다."),
        ("es", "Ninguno de los dos llegó a tiempo."),
    ],
)
def test_an_output_that_only_looks_like_one_of_these_stays(language: str, output: str) -> None:
    assert read(language, "abc", output) == ParsedInstance("abc", output)
    assert reason(read(language, "abc", output)) is None


def test_an_empty_field_beside_inputs_of_other_labels_is_dropped() -> None:
    found = parse_output_first("Class label: spam\nInput: Win!\n\nClass label: ham\nInput:")
    assert [reason(one) for one in found] == [None, "empty_input"]


@pytest.mark.parametrize("below", ["", "\nInput:", "\nInput: None"])
def test_a_label_of_a_task_without_inputs_stays(below: str) -> None:
    (one,) = parse_output_first(f"Class label: A bird{below}")
    assert (one, reason(one)) == (ParsedInstance("", "A bird"), None)
