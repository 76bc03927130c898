"""A label is read from a clear yes or no, in any language, and never guessed."""

import pytest
from hypothesis import given

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
def test_a_label_is_never_guessed(text: str) -> None:
    label = parse_label(text)
    lowered = text.lower()
    said = {
        "classification": ("yes", "true", "correct"),
        "generation": ("no", "false", "wrong"),
        "unknown": ("",),
    }
    assert any(word in lowered for word in said[label])


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
