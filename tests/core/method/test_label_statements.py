"""What an answer says of the task besides yes and no is its label, or none, and never the opposite."""

import pytest

from selfinstruct.core.method.parsing import parse_label
from tests.core.method.test_labels import NO, UNKNOWN, YES

Said = dict[str, list[tuple[str, str]]]


def each(said: Said) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("code", "text", "label"),
        [(code, text, label) for code, listed in said.items() for text, label in listed],
    )


NOT_THE_OTHER: Said = {
    "en": [
        ("This is not a generation task; it's classification.", YES),
        ("Not a generation task. It is classification.", YES),
        ("This isn't an open-ended task but a classification task.", YES),
        ("This is classification, not generation.", YES),
        ("It is a classification task rather than a generation task.", YES),
        ("Not a generation task.", UNKNOWN),
        ("Neither a generation nor a classification task.", UNKNOWN),
        ("No, it is not a generation task.", UNKNOWN),
        ("Yes. Not a generation task.", YES),
        ("This is not a classification task; it is a generation task.", NO),
        ("Not classification. It's generation.", NO),
    ],
    "es": [
        ("No es una tarea de generación, sino de clasificación.", YES),
        ("No se trata de una tarea de generación; es de clasificación.", YES),
        ("No es de generación.", UNKNOWN),
        ("No es una tarea de clasificación, sino de generación.", NO),
        ("Sí, no es generación.", YES),
    ],
    "ja": [
        ("生成タスクではなく、分類タスクです。", YES),
        ("生成タスクではなく分類タスクです。", YES),
        ("生成タスクではありません。分類タスクです。", YES),
        ("これは生成タスクではありません。", UNKNOWN),
        ("分類タスクではなく、生成タスクです。", NO),
        ("はい、生成タスクではありません。", YES),
    ],
    "ko": [
        ("생성 과제가 아니라 분류 과제입니다.", YES),
        ("생성 과제가 아닙니다. 분류 과제입니다.", YES),
        ("생성 과제가 아닙니다.", UNKNOWN),
        ("분류 과제가 아니라 생성 과제입니다.", NO),
        ("예, 생성 과제가 아닙니다.", YES),
    ],
    "zh": [
        ("这不是生成任务，而是分类任务。", YES),
        ("并非开放式任务，而是分类任务", YES),
        ("不是开放式生成任务，是分类任务。", YES),
        ("不是生成任务。", UNKNOWN),
        ("这不是分类任务，而是生成任务。", NO),
        ("是，不是生成任务。", YES),
    ],
}


@each(NOT_THE_OTHER)
def test_what_is_not_generation_is_not_thereby_generation(code: str, text: str, label: str) -> None:
    assert parse_label(text, code) == label


TAKEN_BACK: Said = {
    "en": [
        ("No, it's a yes/no question, so it IS classification.", UNKNOWN),
        ("No. It is a classification task.", UNKNOWN),
        ("No. A classification task has a fixed set of labels.", NO),
        ("No, it would be a classification task if labels were given.", NO),
        ("Yes, it is a generation task.", UNKNOWN),
        ("It can be seen as classification, but it is not.", UNKNOWN),
        ("It looks like a classification task, but it isn't.", UNKNOWN),
        ("It is classification: no", UNKNOWN),
        ("The answer is not yes.", UNKNOWN),
        ("Yes, I can help with that! The answer is no.", UNKNOWN),
        ("Yes, I'd be happy to help!\n\nNo", UNKNOWN),
        ("Yes, but no.", UNKNOWN),
        ("No, but the answer is yes.", UNKNOWN),
        ("Yes, but the labels differ.", YES),
        ("Yes, the answer is always Yes or No", YES),
        ("Yes, the answer is yes or no.", YES),
    ],
    "es": [
        ("No. Es de clasificación.", UNKNOWN),
        ("La respuesta no es sí", UNKNOWN),
        ("Es de clasificación: no", UNKNOWN),
        ("Se considera una tarea de clasificación, pero no lo es.", UNKNOWN),
        ("Sí, pero no.", UNKNOWN),
        ("Sí, puedo ayudarte. La respuesta es no.", UNKNOWN),
        ("La respuesta es sí", YES),
        ("No, porque una clasificación necesita etiquetas.", NO),
    ],
    "ja": [
        ("いいえ、分類タスクです。", UNKNOWN),
        ("はい、でも答えはいいえです。", UNKNOWN),
        ("はい、お手伝いします！答えは「いいえ」です。", UNKNOWN),
        ("分類タスクに見えますが、違います。", NO),
        ("はい、生成タスクです。", UNKNOWN),
        ("いいえ、分類タスクには固定のラベルが必要です。", NO),
    ],
    "ko": [
        ("아니요, 분류 과제입니다.", UNKNOWN),
        ("네, 하지만 아니요.", UNKNOWN),
        ("네, 도와드릴게요! 답은 아니요입니다.", UNKNOWN),
        ("네, 생성 과제입니다.", UNKNOWN),
        ("아니요, 분류 과제는 레이블이 필요합니다.", NO),
    ],
    "zh": [
        ("不是。这是分类任务。", UNKNOWN),
        ("是，但不是。", UNKNOWN),
        ("是的，答案是否。", UNKNOWN),
        ("看作分类任务，但其实不是。", UNKNOWN),
        ("是的，这是生成任务。", UNKNOWN),
        ("不是，因为分类任务需要固定的标签。", NO),
    ],
}


@each(TAKEN_BACK)
def test_an_answer_that_takes_itself_back_has_no_label(code: str, text: str, label: str) -> None:
    assert parse_label(text, code) == label


CONDITIONS: Said = {
    "en": [
        ("It would be a classification task if labels were given.", UNKNOWN),
        ("It is a classification task only if there are labels.", UNKNOWN),
        ("It is a classification task because it asks whether or if a review is good.", YES),
        ("Yes, if the labels are fixed.", YES),
    ],
    "es": [
        ("Si hubiera etiquetas, sí.", UNKNOWN),
        ("Si hay etiquetas, es una tarea de clasificación.", UNKNOWN),
        ("Si", YES),
        ("Si, es una tarea de clasificación", YES),
    ],
    "ja": [
        ("もし選択肢があれば、はい。", UNKNOWN),
        ("ラベルがあれば分類タスクです。", UNKNOWN),
        ("分類タスクです。ラベルがあれば選びます。", YES),
    ],
    "ko": [("만약 레이블이 있다면, 예.", UNKNOWN), ("레이블이 있으면 분류 과제입니다.", UNKNOWN)],
    "zh": [
        ("如果有选项，是。", UNKNOWN),
        ("否则是分类", UNKNOWN),
        ("只有给出类别，才是分类任务。", UNKNOWN),
        ("只有两个类别，是分类任务", YES),
    ],
}


@each(CONDITIONS)
def test_an_answer_under_a_condition_has_no_label(code: str, text: str, label: str) -> None:
    assert parse_label(text, code) == label


WORDS: Said = {
    "en": [
        *((word, UNKNOWN) for word in ("Negative", "Positive", "False positive", "True story", "Wrong way")),
        *((word, YES) for word in ("True", "Correct.", "True, it is.", "I think so.", "I believe so")),
        *((word, NO) for word in ("False", "Wrong!", "I don't think so.", "I don’t believe so.")),
    ],
    "es": [
        *((word, UNKNOWN) for word in ("Negativo", "Positivo")),
        *((word, NO) for word in ("No creo.", "No lo creo.", "Creo que no", "Es generación.", "No es así.")),
        *((word, YES) for word in ("Creo que sí.", "Es clasificación.")),
    ],
    "ja": [
        *((word, UNKNOWN) for word in ("正解率", "真実", "偽物", "誤り率", "分類タスクの例")),
        *((word, NO) for word in ("分類タスクでない", "分類ではない", "誤り", "そうは思いません。")),
        *((word, YES) for word in ("正解", "真", "分類タスク", "そう思います。")),
    ],
    "ko": [
        *((word, UNKNOWN) for word in ("거짓말", "참고")),
        *((word, NO) for word in ("아닌 것 같습니다", "아닌 것 같습니다.")),
        *((word, YES) for word in ("그런 것 같습니다.", "맞는 것 같습니다")),
    ],
    "zh": [
        *(
            (word, UNKNOWN)
            for word in ("正确率", "错误分类", "错误率", "假设", "真实", "属于体育", "否定", "是体育")
        ),
        *((word, NO) for word in ("错误", "错误。", "假", "否", "不属于", "并非如此")),
        *((word, YES) for word in ("正确", "对。", "真", "分类任务", "是的", "我觉得是。")),
    ],
}


@each(WORDS)
def test_a_word_that_only_begins_like_a_yes_or_no_is_no_label(code: str, text: str, label: str) -> None:
    assert parse_label(text, code) == label
