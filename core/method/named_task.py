"""Whether an answer names a task above its first field, and it is not the one that was asked about."""

import re
from itertools import pairwise

from selfinstruct.core.language.unicode_tokens import fold, is_unspaced, words
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
_LONG = 4
"""Letters of a word that carries meaning, rather than joins others."""
_LEAST_WORDS, _LEAST_PAIRS = 0.4, 0.65
"""The Dice coefficient of two wordings of one task, by their longer words, or by pairs of characters."""


def names_another_task(text: str, task: str, vocabulary: Vocabulary) -> bool:
    """Whether the last text behind `Task:` above the fields has little in common with the task asked about.

    A title such as `Task: Sentiment Analysis` is neither a request nor a sentence. An answer without fields
    names no task of its own: `Task:` is part of its text.
    """
    lines = [line for line in text.split("\n") if line.strip()][:_MOST_LINES]
    another = False
    for number, line in enumerate(lines):
        head = field_head(Line(line), number, vocabulary)
        if head is None:
            continue
        if head.kind in FIELDS:
            return another
        if head.kind in {"task", "preface"} and names_task(head, vocabulary):
            said = head.text.strip() or "".join(lines[number + 1 : number + 2]).strip()
            another = _is_task(said, vocabulary) and not _are_alike(said, task)
    return False


def _is_task(text: str, vocabulary: Vocabulary) -> bool:
    return vocabulary.is_request(text) or (len(text) >= _SENTENCE and ENDS.search(text[-20:]) is not None)


def _are_alike(one: str, other: str) -> bool:
    """Whether two wordings share enough of what carries meaning: longer words, or pairs of characters."""
    by_pairs = any(is_unspaced(character) or "가" <= character <= "힣" for character in one + other)
    parts, least = (_pairs, _LEAST_PAIRS) if by_pairs else (_long_words, _LEAST_WORDS)
    first, second = parts(one), parts(other)
    if not first or not second:
        return True
    return 2 * len(first & second) >= least * (len(first) + len(second))


def _long_words(text: str) -> set[str]:
    return {word for word in words(text) if len(word) >= _LONG}


def _pairs(text: str) -> set[str]:
    written = [character for character in fold(text) if character.isalnum()]
    # Hiragana is mostly endings and particles, which any two requests share; what it parts makes no pairs.
    without = [character for character in written if not _HIRAGANA.match(character)]
    return set(without) if len(without) < len(written) else {"".join(pair) for pair in pairwise(written)}
