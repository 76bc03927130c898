"""Reasoning without tags: a section below a name such as "Reasoning:", before that of the answer."""

import re
from collections.abc import Callable

from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead, field_head
from selfinstruct.core.method.vocabulary import Vocabulary

_OPENING = re.compile(r"\W*(?P<name>[^\W\d_][^\n:：*#]{0,30}?)[*_】 ]*(?:[:：]|$)")


def after_reasoning(
    text: str, vocabulary: Vocabulary, is_answer: Callable[[FieldHead, str], bool] | None = None
) -> str:
    """The answer below a section of reasoning that the text begins with; the text itself without one.

    Args:
        text: The answer, without thoughts in tags.
        vocabulary: The words of the language.
        is_answer: Whether a line with this name, and with this text below it, begins the answer; any does by
            default.
    """
    lines = text.strip().split("\n")
    opening = _OPENING.match(lines[0])
    if opening is None or fold(opening["name"].strip()) not in vocabulary.thoughts:
        return text
    for number, line in enumerate(lines[1:], 1):
        head = field_head(Line(line), number, vocabulary)
        if head is None or head.kind != "output":
            continue
        below = "\n".join(lines[number + 1 :])
        if is_answer is None or is_answer(head, below):
            return f"{head.text}\n{below}"
    return text
