"""Whether an answer names a task above its first field, and it is not the one that was asked about."""

import re

from selfinstruct.core.language.unicode_tokens import fold, words
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import field_head
from selfinstruct.core.method.instance_bounds import FIELDS
from selfinstruct.core.method.next_task import names_task
from selfinstruct.core.method.vocabulary import Vocabulary

_HIRAGANA = re.compile("[\u3041-\u309f]+")
_MOST_LINES = 20
"""Lines of an answer that are looked at."""
_LEAST_SHARED = 0.5
"""Share of the shorter wording's words that a repetition or a paraphrase of a task has in common with it."""


def names_another_task(text: str, task: str, vocabulary: Vocabulary) -> bool:
    """Whether a request behind `Task:` has little in common with the task that was asked about.

    A title such as `Task: Sentiment Analysis` is no request.
    """
    lines = [line for line in text.split("\n") if line.strip()][:_MOST_LINES]
    for number, line in enumerate(lines):
        head = field_head(Line(line), number, vocabulary)
        if head is None:
            continue
        if head.kind in FIELDS:
            return False
        if head.kind in {"task", "preface"} and names_task(head, vocabulary):
            said = head.text.strip() or "".join(lines[number + 1 : number + 2]).strip()
            return vocabulary.is_request(said) and not _are_alike(said, task)
    return False


def _are_alike(one: str, other: str) -> bool:
    # Hiragana is mostly endings and particles, which any two requests share.
    first, second = (
        {word for word in words(fold(text)) if not _HIRAGANA.fullmatch(word)} for text in (one, other)
    )
    return len(first & second) >= _LEAST_SHARED * min(len(first), len(second))
