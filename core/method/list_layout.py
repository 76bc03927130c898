"""What the first lines of all items of a list are: titles, or tasks with an answer below each."""

import re
from collections.abc import Mapping, Sequence

from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.list_item import announces, is_short
from selfinstruct.core.method.numbering import Marker
from selfinstruct.core.method.vocabulary import Vocabulary

BULLET = re.compile(r"^\s*[-*•–·・][ \t]+")
OPTION = re.compile(
    r"^\s*(?:[-*•–·・][ \t]+|[(（\[]?(?:[A-Za-z]|\d{1,2}|[ivx]{1,4})[.)）\]:][ \t]"
    r"|[(（\[]?[A-Ha-h][.)）\]、．]|[①-⑳])"
)
NAME = re.compile(r"(?:[-*•>]\s+)?[(\[*_（]*(?P<name>[^\W\d_][\w .-]{0,30}?)[*_]*\s*[:：]")


def layout(lines: Sequence[Line], markers: Mapping[int, Marker], vocabulary: Vocabulary) -> tuple[bool, bool]:
    """Whether the first line of all items is a title, and whether an answer follows it in all of them.

    What a single item leaves open, the items of a list show together.
    """
    firsts: list[str] = []
    seconds: list[str] = []
    starts = sorted(markers)
    if len(starts) < 2:
        return False, False
    apart = bullets = True
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        below = [line for line in lines[start + 1 : end] if not line.blank and not line.rule]
        first = markers[start].text
        if not below or below[0].code or not first:
            return False, False
        firsts.append(first)
        seconds.append(below[0].text.strip())
        apart = apart and lines[start + 1].blank
        bullets = bullets and len(below) == 1 and BULLET.match(below[0].text) is not None
    # A line that only goes on with a sentence has no blank line above it, and is no bullet of its own.
    if not apart and not bullets and sum(map(_goes_on_above, seconds)) > len(seconds) / 3:
        return False, False
    asked = sum(map(vocabulary.is_request, firsts))
    asked_below = sum(map(vocabulary.is_request, seconds))
    titled = all(is_short(first) for first in firsts) and asked < len(firsts) / 2 <= asked_below
    announced = sum(announces(first, vocabulary) for first in firsts)
    answered = not titled and asked_below <= len(firsts) / 2 and announced <= len(firsts) / 2
    return titled, answered


def _goes_on_above(text: str) -> bool:
    """Whether a line goes on with the sentence above it, is an option, or has a name."""
    return bool(text[0].islower() or OPTION.match(text) or NAME.match(text) or not text[0].isascii())
