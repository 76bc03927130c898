"""A label is read from a clear yes or no, in any language, and never guessed."""

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.reading_forms import LANGUAGES, MARKS, THOUGHT_TAGS, words
from selfinstruct.core.language.registry import language
from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.method.parsing import parse_label
from tests.core.method.any_text import ANY_TEXT


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Yes", "classification"),
        (" yes.", "classification"),
        ("**Yes**", "classification"),
        ("YES!", "classification"),
        ("\n\n Classification task: Yes\n", "classification"),
        ("```\nYes\n```", "classification"),
        ("Yes, the answer is one of two labels.\nThough no one is sure.", "classification"),
        ("No", "generation"),
        ("*no*", "generation"),
        ("Answer: No.", "generation"),
        ("", "unknown"),
        ("...", "unknown"),
        ("Yes and no.", "unknown"),
        ("Yes/No", "unknown"),
        ("It depends.", "unknown"),
        ("Maybe.\nYes.", "unknown"),
        ("Notably, nobody knows yesterday's noun.", "unknown"),
        ("はい", "unknown"),
    ],
)
def test_a_label_is_yes_or_no_or_else_unknown(text: str, label: str) -> None:
    assert parse_label(text) == label


@given(ANY_TEXT)
@example("Y\x1e0")
@example("N\nbecause of 1")
def test_a_label_is_never_guessed(text: str) -> None:
    label = parse_label(text)
    lowered = text.lower()
    said = {
        "classification": ("yes", "true", "correct"),
        "generation": ("no", "false", "wrong"),
        "unknown": ("",),
    }
    # A letter alone is an answer on a line of its own; what follows may explain it.
    first = next((line for line in text.splitlines() if re.search(r"\w", line)), "")
    letter = re.sub(r"[\W_]+", "", fold(first))
    alone = {"classification": "y", "generation": "n", "unknown": ""}
    assert letter == alone[label] or any(word in lowered for word in said[label])


@pytest.mark.parametrize(
    ("language", "text", "label"),
    [
        ("ja", "はい", "classification"),
        ("ja", "**いいえ**、これは作文です。", "generation"),
        ("ja", "分類タスクか：はい。", "classification"),
        ("ja", "「いいえ」", "generation"),
        ("ja", "どちらとも言えません。", "unknown"),
        ("ja", "Yes", "classification"),
        ("zh", "是的，这是分类任务。", "classification"),
        ("zh", "不是。", "generation"),
        ("zh", "否，这是开放式的任务。", "generation"),
        ("zh", "是否为分类任务：否", "generation"),
        ("zh", "这是一道题。", "unknown"),
        ("ko", "예, 분류 과제입니다.", "classification"),
        ("ko", "아니요.", "generation"),
        ("ko", "예를 들면 그렇습니다.", "unknown"),
        ("es", "Sí.", "classification"),
        ("es", "si\u0301, claro", "classification"),
        ("es", "No, no lo es.", "generation"),
        ("es", "Noche y día", "unknown"),
    ],
)
def test_yes_and_no_are_read_in_the_language(language: str, text: str, label: str) -> None:
    assert parse_label(text, language) == label


YES, NO, UNKNOWN = "classification", "generation", "unknown"

SAID = {
    "en": [
        ("Task: Sort.\nClassification? No", NO),
        ("Is it a classification task? Well, yes.", YES),
        ("Is it a classification task?\nNo", NO),
        ("Is it a classification task?", UNKNOWN),
        ("I don't think this is a classification task.", NO),
        ("This does not seem to be a classification task", NO),
        ("This cannot be considered a classification task.", NO),
        ("This is anything but a classification task.", UNKNOWN),
        ("I doubt this is a classification task.", UNKNOWN),
        ("It might be a classification task.", UNKNOWN),
        ("If it has labels, it is a classification task.", UNKNOWN),
        ("It isn't hard to see that this is a classification task.", UNKNOWN),
        ("No problem! Here is the answer: Yes", YES),
        ("No worries. Yes.", YES),
        ("No input was given.", UNKNOWN),
        ("No one knows.", UNKNOWN),
        ("No labels are given, so no.", NO),
        ("No, wait. Yes.", UNKNOWN),
        ("Right, no.", NO),
        ("Right.", YES),
        ("Yes, it asks for a list, so it is not a classification task.", UNKNOWN),
        ("Yes, the labels are yes and no.", YES),
        ("Yes? No.", UNKNOWN),
        ("<label>no</label>", NO),
        ("Y", YES),
        ("N", NO),
        ("Definitely not.", NO),
        ("Of course not.", NO),
        ("I think yes", YES),
        ("Sure!\nNo", NO),
        ("The final answer is: $\\boxed{Yes}$", YES),
        ("### Reasoning\nYes would need labels.\n\n### Answer\nNo", NO),
        ("Reasoning: labels are fixed.\nAnswer: Yes", YES),
        ("Binary classification", YES),
        ("Open-ended generation", NO),
        ("It is a generation task rather than a classification task.", NO),
    ],
    "es": [
        ("¿Es de clasificación? No", NO),
        ("No es una tarea de clasificación.", NO),
        ("No creo que sea una tarea de clasificación.", UNKNOWN),
        ("No hay etiquetas fijas.", UNKNOWN),
        ("Tampoco es una tarea de clasificación.", UNKNOWN),
        ("Pues no", NO),
        ("En absoluto", NO),
        ("Clasificación", YES),
        ("Generación", NO),
        ("Sí. No.", UNKNOWN),
        ("Razonamiento: hay etiquetas.\nRespuesta: Sí", YES),
    ],
    "ja": [
        ("分類タスクですか？ はい", YES),
        ("これは分類タスクですか？いいえ", NO),
        ("分類タスクとは言えません。", NO),
        ("分類タスクに該当しない。", NO),
        ("分類タスクだとは思いません。", UNKNOWN),
        ("分類タスクであるとは限りません。", UNKNOWN),
        ("該当しません", NO),
        ("分類課題である", YES),
        ("分類", YES),
        ("生成", NO),
        ("そう", YES),
        ("はい。いいえ。", UNKNOWN),
        ("理由：ラベルがある。\n答え：はい", YES),
    ],
    "ko": [
        ("분류 과제인가요? 아니요.", NO),
        ("분류 과제에 해당하지 않습니다.", NO),
        ("분류 과제라고 할 수 없습니다.", NO),
        ("분류 과제로 보기 어렵습니다.", NO),
        ("해당하지 않습니다.", NO),
        ("해당합니다", YES),
        ("분류", YES),
        ("생성", NO),
        ("네. 아니요.", UNKNOWN),
        ("네, 하지만 분류 과제가 아닙니다.", UNKNOWN),
        ("이유: 레이블이 있다.\n정답: 예", YES),
    ],
    "zh": [
        ("是分类任务吗？不是。", NO),
        ("这是分类任务吗？是的。", YES),
        ("这是分类任务吗？\n不是。", NO),
        ("这不能算是分类任务。", UNKNOWN),
        ("很难说这是分类任务", UNKNOWN),
        ("不完全是。", UNKNOWN),
        ("没有输入。", UNKNOWN),
        ("我认为不是。", NO),
        ("对", YES),
        ("對", YES),
        ("生成", NO),
        ("是。不是。", UNKNOWN),
        ("思考：类别固定。\n答案：是", YES),
    ],
}


@pytest.mark.parametrize(
    ("code", "text", "label"), [(code, text, label) for code, said in SAID.items() for text, label in said]
)
def test_an_answer_says_one_label_or_none(code: str, text: str, label: str) -> None:
    assert parse_label(text, code) == label


# What stands before and behind a yes or no without changing it; some of it speaks of the other one.
AFTER = {
    "en": [
        "",
        ".",
        "!",
        ", because the task says so.",
        ". The labels are yes and no.",
        ", although some would disagree.",
        ". Why? It is clear.",
        "\n\nThe reason is simple.",
        ": see above",
        " — clearly.",
    ],
    "es": [
        "",
        ".",
        ", porque lo dice la tarea.",
        ". Las etiquetas son sí y no.",
        ", aunque alguien dudaría.",
        ". ¿Por qué? Está claro.",
        "\n\nEl motivo es sencillo.",
    ],
    "ja": [
        "",
        "。",
        "、そう書いてあります。",
        "。ラベルは「はい」と「いいえ」です。",
        "。なぜですか？明らかです。",
        "\n\n理由は簡単です。",
    ],
    "ko": [
        "",
        ".",
        ", 그렇게 쓰여 있습니다.",
        ". 레이블은 예와 아니요입니다.",
        ". 왜냐고요? 분명합니다.",
        "\n\n이유는 간단합니다.",
    ],
    "zh": [
        "",
        "。",
        "，题目就是这么说的。",
        "。类别只有“是”和“否”。",
        "。为什么？很清楚。",
        "\n\n原因很简单。",
    ],
}
BEFORE = {
    "en": [
        "",
        "Well, ",
        "Sure! ",
        "Sure!\n",
        "Answer: ",
        "The answer is: ",
        "Is it a classification task? ",
        "**Answer:** ",
        "I think: ",
        "Oh, ",
    ],
    "es": [
        "",
        "Pues ",
        "Bueno, ",
        "Respuesta: ",
        "La respuesta es: ",
        "¿Es una tarea de clasificación? ",
        "**Respuesta:** ",
        "¡Claro!\n",
    ],
    "ja": ["", "答え：", "回答は：", "これは分類タスクですか？", "**答え：** ", "まあ、"],
    "ko": ["", "정답: ", "답변: ", "분류 과제인가요? ", "**정답:** ", "음, "],
    "zh": ["", "答案：", "回答：", "这是分类任务吗？", "**答案：** ", "嗯，"],
}
WRAPPED = (
    *("{}", "**{}**", "*{}*", '"{}"', "“{}”", "「{}」", "`{}`", "({})", "[{}]", "<answer>{}</answer>"),
    *("<label>{}</label>", "\\boxed{{{}}}", "```\n{}\n```", "> {}", "- {}", "# {}"),
)


@given(
    code=st.sampled_from(LANGUAGES),
    yes=st.booleans(),
    word=st.integers(0, 100),
    before=st.integers(0, 100),
    after=st.integers(0, 100),
    wrapped=st.sampled_from(WRAPPED),
    around=st.sampled_from(("nothing", "thought", "mark", "JSON", "question", "lines")),
    choice=st.integers(0, 100),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_label_in_any_wording_is_never_read_as_its_opposite(
    code: str, yes: bool, word: int, before: int, after: int, wrapped: str, around: str, choice: int
) -> None:
    names = language(code).answers
    known = names.yes if yes else names.no
    bare = wrapped.format(known[word % len(known)])
    begun = BEFORE[code][before % len(BEFORE[code])]
    text = f"{begun}{bare}{AFTER[code][after % len(AFTER[code])]}"
    tag, other = THOUGHT_TAGS[choice % len(THOUGHT_TAGS)], (names.no if yes else names.yes)[0]
    text = {
        "nothing": text,
        "thought": f"<{tag}>\n{other}. {other}?\n</{tag}>\n{text}",
        "mark": text + MARKS[choice % len(MARKS)],
        "JSON": json.dumps({"reason": AFTER[code][-1], "classification": known[0]}, ensure_ascii=False),
        "question": f"{names.question[0]}: {bare}",
        "lines": f"\n\n{text}\n\n\n",
    }[around]
    wanted = YES if yes else NO
    assert parse_label(text, code) in {wanted, UNKNOWN}, text
    plain = not begun and not AFTER[code][after % len(AFTER[code])]
    if (plain and wrapped == "{}") or around == "JSON":
        assert parse_label(text, code) == wanted, text


@given(code=st.sampled_from(LANGUAGES), said=st.integers(0, 100), around=st.integers(0, 100))
def test_what_is_no_answer_stays_unknown(code: str, said: int, around: int) -> None:
    unclear = words(code)["unclear"]
    text = unclear[said % len(unclear)] + MARKS[around % len(MARKS)] * (around % 2)
    assert parse_label(text, code) == UNKNOWN, text
