"""Where a model goes on with another task: what stands before belongs to the task that was asked about."""

import re
from collections.abc import Iterator

from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead, field_head
from selfinstruct.core.method.values import input_of
from selfinstruct.core.method.vocabulary import Vocabulary

_MOST_INTRODUCING = 3


def texts_before_tasks(text: str, vocabulary: Vocabulary) -> Iterator[str]:
    """The text before each line that names a task, such as `Task:`, unless it is empty."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        head = field_head(Line(line), number, vocabulary)
        if _names_task(head, vocabulary) and (before := "\n".join(lines[:number]).strip()):
            yield before


def before_next_task(text: str, vocabulary: Vocabulary) -> str:
    """The text before another task; "" if there is none, or nothing but an introduction before it."""
    texts = texts_before_tasks(text, vocabulary)
    return next((before for before in texts if not only_introduces(before, vocabulary)), "")


def only_introduces(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a text before the first field only introduces the instances, or repeats the task."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > _MOST_INTRODUCING:
        return False
    if not input_of(text.strip(), vocabulary):
        return True

    def ends(line: str) -> bool:
        return line.rstrip(" *").endswith((":", "：", "!", "！"))

    def introduces(line: str) -> bool:
        head = field_head(Line(line), 0, vocabulary)
        preface = head is not None and head.kind == "preface"
        return preface or _names_task(head, vocabulary) or vocabulary.is_lead_in(line) or ends(line)

    return all(map(introduces, lines))


def _names_task(head: FieldHead | None, vocabulary: Vocabulary) -> bool:
    return head is not None and (
        head.kind == "task" or re.fullmatch(vocabulary.item, head.name, re.IGNORECASE) is not None
    )
