"""Whether an answer names a task above its first field, and it is not the one that was asked about."""

import re

from selfinstruct.core.language.unicode_tokens import fold, words
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import field_head
from selfinstruct.core.method.instance_bounds import FIELDS
from selfinstruct.core.method.item_text import ENDS
from selfinstruct.core.method.next_task import names_task
from selfinstruct.core.method.vocabulary import Vocabulary

_HIRAGANA = re.compile("[\u3041-\u309f]+")
_MOST_LINES = 20
"""Lines of an answer that are looked at."""
_SENTENCE = 40
"""Characters from which on a text with a full stop is more than a title."""
_LEAST_SHARED = 0.5
"""Share of the shorter wording's words that a repetition or a paraphrase of a task has in common with it."""


def names_another_task(text: str, task: str, vocabulary: Vocabulary) -> bool:
    """Whether the last text behind `Task:` above the fields has little in common with the task asked about.

    A title such as `Task: Sentiment Analysis` is neither a request nor a sentence.
    """
    lines = [line for line in text.split("\n") if line.strip()][:_MOST_LINES]
    another = False
    for number, line in enumerate(lines):
        head = field_head(Line(line), number, vocabulary)
        if head is None:
            continue
        if head.kind in FIELDS:
            break
        if head.kind in {"task", "preface"} and names_task(head, vocabulary):
            said = head.text.strip() or "".join(lines[number + 1 : number + 2]).strip()
            another = _is_task(said, vocabulary) and not _are_alike(said, task)
    return another


def _is_task(text: str, vocabulary: Vocabulary) -> bool:
    return vocabulary.is_request(text) or (len(text) >= _SENTENCE and ENDS.search(text[-20:]) is not None)


def _are_alike(one: str, other: str) -> bool:
    # Hiragana is mostly endings and particles, which any two requests share.
    first, second = (
        {word for word in words(fold(text)) if not _HIRAGANA.fullmatch(word)} for text in (one, other)
    )
    return len(first & second) >= _LEAST_SHARED * min(len(first), len(second))
