"""Whether a line below a task goes on with its sentence, as wrapped text does, or answers it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Literal

from selfinstruct.core.language.unicode_tokens import fold, is_unspaced
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead
from selfinstruct.core.method.item_text import ENDS
from selfinstruct.core.method.numbering import Marker
from selfinstruct.core.method.vocabulary import Vocabulary

Part = Literal["same", "other", "unknown"]
"""A line is part of the sentence above it, something else, or may be either."""

_NARROWEST = 60
"""Nobody wraps text at fewer columns."""
_FEWEST_WORDS, _FEWEST_CHARACTERS = 5, 10
_FEWEST_GOING_ON = 3
_LOOKED_AT = 300
_PARAGRAPH = 5
_OPEN_MARKS = (",", "、", "，", ";", "；", "(", "（", "[", "“", "「", "/", "+", "=", "&", "·")
_PAIRS = (("(", ")"), ("（", "）"), ("“", "”"), ("「", "」"), ("『", "』"), ("«", "»"), ("[", "]"))


class WrappedLines:
    """Tells wrapped text from answers, by a line and by the other lines of its list."""

    def __init__(self, lines: Sequence[Line], markers: Mapping[int, Marker], vocabulary: Vocabulary) -> None:
        self._lines = lines
        self._vocabulary = vocabulary
        self._markers = markers
        first = min(markers, default=0)
        self._widest = max((_width(line.text.rstrip()) for line in lines[first:] if not line.code), default=0)
        alone = [marker.text for at, marker in markers.items() if marker.text and self._is_alone(at)]
        closed = sum(ENDS.search(text[-20:]) is not None for text in alone)
        self._all_closed = closed > len(alone) / 2
        self._all_open = len(alone) > 0 and closed < len(alone) / 2

    def _is_alone(self, number: int) -> bool:
        """Whether an item is one line."""
        below = number + 1
        return (
            below == len(self._lines)
            or below in self._markers
            or self._lines[below].blank
            or self._lines[below].rule
        )

    def below(self, number: int) -> list[str]:
        """The first lines of the paragraph that begins with a line, up to the next item."""
        numbers = range(number, min(number + _PARAGRAPH, len(self._lines)))
        inside = takewhile(lambda at: not self._lines[at].blank and at not in self._markers, numbers)
        return [self._lines[at].text.strip() for at in inside]

    def part(self, number: int, said: str, task: str) -> Part:
        """What a line is to the one directly above it, which does not end as a sentence does.

        Args:
            number: The line.
            said: What the line above says, without the number of an item.
            task: The first line of the item.
        """
        text, vocabulary = self._lines[number].text.strip(), self._vocabulary
        said = said.rstrip("*_ ")[-_LOOKED_AT:]
        if self.is_request_so_far(said):
            return "other"
        # What stands behind a colon may be a sentence to complete: its answer goes on with it.
        quotes = re.search(r"[:：]", said) is not None
        breaks = vocabulary.open_end.search(said) is not None
        if not quotes and (breaks or said.endswith(_OPEN_MARKS) or _is_open(said)):
            return "same"
        ends = any(ENDS.search(line[-20:]) for line in self.below(number))
        if " " not in said and not is_unspaced(said[-1:] or " "):
            return "same" if ends else "unknown"
        begins = vocabulary.opening.match(text) is not None
        if not begins and (ends or _is_long(text)) and self.is_request_so_far(f"{said} {text[-_LOOKED_AT:]}"):
            return "same"
        links = not text[0].isupper() and vocabulary.linking.match(text) is not None
        fills = self._fills_line(number)
        indented = self._lines[number].indent > self._lines[number - 1].indent
        # An answer of several words in small letters is rare, one at the width of the list rarer.
        goes_on = text[0].islower() and not quotes and len(text.split()) >= _FEWEST_GOING_ON
        if goes_on and (indented or links or self.is_wrapped(number)):
            return "same"
        if fills and not quotes and text[0].islower() and (indented or " " in text):
            return "same"
        if breaks or links or fills:
            return "same" if ends and not self._all_open and (fills or not quotes) else "unknown"
        if begins and ends and text[0].islower() and not vocabulary.is_request(task):
            return "same"
        if ends and not self._all_open:
            return "unknown" if self._all_closed or not text[0].isupper() else "other"
        clause = not quotes and text[0].islower() and (indented or len(text.split()) > 2)
        return "unknown" if clause or not vocabulary.is_request(task) else "other"

    def is_request_so_far(self, said: str) -> bool:
        """Whether a text ends as a whole request does, in a language whose requests show it at their end."""
        said = said[-_LOOKED_AT:]
        return any(
            match.end() == len(said) and match.start() > 0
            for match in self._vocabulary.request.finditer(said)
        )

    def is_wrapped(self, number: int) -> bool:
        """Whether the line above is as wide as text is wrapped, so that it is hardly a title."""
        return _width(self._lines[number - 1].text.rstrip()) >= _NARROWEST

    def _fills_line(self, number: int) -> bool:
        """Whether the first word of a line had no room on the line above."""
        above, text = self._lines[number - 1].text.rstrip(), self._lines[number].text.strip()
        first = text[0] if is_unspaced(text[0]) else " " + text.split(maxsplit=1)[0]
        return self.is_wrapped(number) and _width(above) + _width(first) > self._widest

    def asks(self, text: str) -> Part:
        """Whether a line below a finished sentence is another sentence of the task: it asks for something.

        A word or two are rather the answer, though some requests begin or end with the same words.
        """
        vocabulary = self._vocabulary
        if not vocabulary.is_request(text):
            return "other"
        if vocabulary.answering.match(text) and not re.search(r"[?？][\"”’」』»]?$", text[-3:]):
            return "other"
        ends = ENDS.search(text[-20:]) is not None
        alone = " " not in text and (not is_unspaced(text[0]) or len(text) <= _FEWEST_CHARACTERS / 2)
        if alone and not ends:
            return "other"
        if alone:
            return "same" if vocabulary.opening.match(text) else "unknown"
        return "same" if ends or _is_long(text) else "unknown"

    def is_given(self, head: FieldHead | None, task: str) -> bool:
        """Whether a task says that it is about what has this name: "Given the ingredients, ..."."""
        if head is None or not head.name:
            return False
        name, task = fold(head.name), fold(task[-_LOOKED_AT:])
        singular = name if is_unspaced(name[-1]) else name.removesuffix("s")
        if singular not in task:
            return False
        written = re.escape(singular) + ("" if is_unspaced(name[-1]) else "(?:e?s)?")
        return any(re.search(form.replace("NAME", written), task) for form in self._vocabulary.given)


def _is_long(text: str) -> bool:
    return len(text.split()) >= _FEWEST_WORDS or (is_unspaced(text[0]) and len(text) >= _FEWEST_CHARACTERS)


def _is_open(text: str) -> bool:
    """Whether a bracket or a quotation mark has not been closed."""
    return text.count('"') % 2 == 1 or any(text.count(opens) > text.count(closes) for opens, closes in _PAIRS)


def _width(text: str) -> int:
    """The columns that a text takes on a screen."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
