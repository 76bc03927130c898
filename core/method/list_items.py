"""The items of a list with their lines: what continues an item, and what is an answer or a remark."""

import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import islice

from selfinstruct.core.language.unicode_tokens import fold, words
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import field_head
from selfinstruct.core.method.item_text import ENDS, is_title
from selfinstruct.core.method.numbering import Marker
from selfinstruct.core.method.vocabulary import Vocabulary

_LETTERED = re.compile(r"^\s*[(（\[]?[A-Za-z][.)）\]:、．]")
_BULLET = re.compile(r"^\s*[-*•–·・][ \t]+")
_IN_BRACKETS = re.compile(r"^[*_]{0,3}[(（\[].*[)）\]][*_]{0,3}$")
_QUOTATIONS = ('"', "“", "‘", "'", "«", "「", "『", "《", "|", ">")
_LONGEST_NAME = 30
_NEXT_NUMBER = re.compile(r"(?<=[.?!;。？！；\"”]) (?P<number>\d{1,3})[.)] (?=\S)")
_MOST_NUMBERS = 5
_LEAST_WORDS = 3
_WRAPPED, _SMALL_WORD = 60, 3
COLONS = (":", "：")
_OPTION = re.compile(
    r"^\s*(?:[-*•–·・][ \t]+|[(（\[]?(?:[A-Za-z]|\d{1,2}|[ivx]{1,4})[.)）\]:][ \t]"
    r"|[(（\[]?[A-Ha-h][.)）\]、．]|[①-⑳])"
)
HEADING = re.compile(r"^\s*(?:#{1,6}\s+\S.*|\*\*[^*]+\*\*[:：]?|__[^_]+__[:：]?|【[^】]+】)\s*$")
_NAME = re.compile(r"(?:[-*•>]\s+)?[(\[*_（]*(?P<name>[^\W\d_][\w .-]{0,30}?)[*_]*\s*[:：]")


class ListItems:
    """Groups the lines of an answer into items.

    After its first line, an item has the lines that continue its sentence, a list or code in it, and the text
    that it announces ("the story below"). Other lines are answers or remarks, and belong to no item.
    """

    def __init__(
        self, vocabulary: Vocabulary, lines: Sequence[Line], markers: Sequence[Marker], *, opened: bool
    ) -> None:
        self._vocabulary = vocabulary
        self._lines = lines
        self._markers = {marker.line: marker for marker in markers}
        self._items: list[_Item] = [_Item(None)] if opened else []
        self._starts = sorted(self._markers)
        self._continues = self._open = opened
        self._drifted = self._ended = self._titled = False
        self._all_titled, self._all_answered = self._layout()
        self._counted, self._several, self._all_ask = 0, False, True
        self._first: _Item | None = None

    def _layout(self) -> tuple[bool, bool]:
        """Whether the first line of all items is a title, and whether an answer follows it in all of them.

        What a single item leaves open, the items of a list show together.
        """
        firsts: list[str] = []
        seconds: list[str] = []
        starts = self._starts
        if len(starts) < 2:
            return False, False
        apart = bullets = True
        for start, end in zip(starts, [*starts[1:], len(self._lines)], strict=True):
            below = [line for line in self._lines[start + 1 : end] if not line.blank and not line.rule]
            first = self._markers[start].text
            if not below or below[0].code or not first:
                return False, False
            firsts.append(first)
            seconds.append(below[0].text.strip())
            apart = apart and self._lines[start + 1].blank
            bullets = bullets and len(below) == 1 and _BULLET.match(below[0].text) is not None
        # A line that only goes on with a sentence has no blank line above it, and is no bullet of its own.
        if not apart and not bullets and sum(map(self._goes_on_above, seconds)) > len(seconds) / 3:
            return False, False
        asked = sum(map(self._vocabulary.is_request, firsts))
        asked_below = sum(map(self._vocabulary.is_request, seconds))
        titled = all(_is_short(first) for first in firsts) and asked < len(firsts) / 2 <= asked_below
        announced = sum(_announces(first, self._vocabulary) for first in firsts)
        answered = not titled and asked_below <= len(firsts) / 2 and announced <= len(firsts) / 2
        return titled, answered

    def _goes_on_above(self, text: str) -> bool:
        """Whether a line goes on with the sentence above it, is an option, or has a name."""
        return bool(text[0].islower() or _OPTION.match(text) or _NAME.match(text) or not text[0].isascii())

    def read(self) -> list[str]:
        """The text of each item, on one line."""
        after_blank = False
        for number, line in enumerate(self._lines):
            marker = self._markers.get(number)
            if marker is not None and self._is_item(marker):
                self._begin(marker)
            elif line.blank or line.rule:
                after_blank = True
                continue
            elif self._items:
                self._go_on(line, number, after_blank=after_blank)
            after_blank = False
        known = {marker.number for marker in self._markers.values()}
        return [part for item in self._items for part in _split(item, known, self._vocabulary)]

    @property
    def last_is_whole(self) -> bool:
        """Whether the last item is complete even in a truncated answer: other text stands below its end."""
        return bool(self._items) and self._items[-1].ends and (self._drifted or self._ended)

    def _is_item(self, marker: Marker) -> bool:
        """After prose that ends the list, only the next number continues it."""
        self._ended = self._ended or self._begins_again(marker)
        if self._ended or not self._drifted or marker.number is None:
            return not self._ended
        last = self._items[-1].number if self._items else None
        # The number of an item that the prompt opened is not known, but it is not the first of its list.
        goes_on = marker.number > 1 if last is None else last < marker.number <= last + 2
        self._ended = not goes_on
        return goes_on

    def _begins_again(self, marker: Marker) -> bool:
        """Whether the numbers begin again with what are no tasks: the answers to the tasks above."""
        # Each is looked at once: a model that repeats itself writes thousands.
        for item in self._items[self._counted :]:
            if item.lines:
                self._first, self._several = self._first or item, self._first is not None
                self._all_ask = self._all_ask and self._vocabulary.is_request(item.lines[0])
        self._counted = len(self._items)
        return (
            self._first is not None
            and self._several
            and self._all_ask
            and marker.number is not None
            and marker.number == self._first.number
            and not self._vocabulary.is_request(marker.text)
        )

    def _begin(self, marker: Marker) -> None:
        self._items.append(_Item(marker.number))
        if marker.text:
            self._items[-1].add(marker.text, self._vocabulary)
        self._open, self._drifted = True, False
        self._titled = marker.heading or marker.text.startswith(("**", "__", "*"))

    def _go_on(self, line: Line, number: int, *, after_blank: bool) -> None:
        item, text = self._items[-1], line.text.strip()
        if line.fence:
            self._open = self._open and item.takes_code
        elif self._open and not item.lines:
            item.add(text, self._vocabulary)
            self._titled = text.startswith(("**", "__", "#"))
        elif self._open and self._is_above_task(item, line):
            item.restart(_BULLET.sub("", text), self._vocabulary)
            item.titled = True
            self._titled = False
        elif self._ended or self._ends(line, item, number, after_blank=after_blank):
            self._ended, self._open = True, False
        elif not self._open:
            self._drift(line, after_blank=after_blank)
        elif self._belongs(line, item, number, after_blank=after_blank):
            item.add(text, self._vocabulary)
        else:
            self._open = False
            self._drift(line, after_blank=after_blank)

    def _ends(self, line: Line, item: "_Item", number: int, *, after_blank: bool) -> bool:
        """Whether something other than the list begins: a dialogue, a task of the prompt's form, answers."""
        # The number of an item that the prompt opened is not known: any list may seem to go on with it.
        if line.code or (item.number is not None and self._goes_on_below(item, number)):
            return False
        head = field_head(line, number, self._vocabulary)
        if head is not None:
            speaks = fold(head.name) in self._vocabulary.speakers
            if speaks and not item.ends_with_colon and (after_blank or not item.announces):
                return True
            if head.kind == "task" and head.text.strip() and after_blank:
                return True
        return self._begins_answers(line, number)

    def _begins_answers(self, line: Line, number: int) -> bool:
        """Whether a line is the heading of answers: the numbers of the tasks come again below it."""
        name = fold(line.text.strip(" \t#*_:：【】[]"))
        if len(name) > _LONGEST_NAME or not (
            HEADING.match(line.text) or line.text.rstrip(" *_").endswith(COLONS)
        ):
            return False
        known = (name, name.removesuffix("s"), name.removesuffix("es"))
        meanings = [meaning for form in known if (meaning := self._vocabulary.meaning(form))]
        if (
            not any(meaning.kind == "output" for meaning in meanings)
            and name not in self._vocabulary.under_task
        ):
            return False
        below = number + 1
        while below < len(self._lines) and (self._lines[below].blank or self._lines[below].rule):
            below += 1
        again, last = self._markers.get(below), self._items[-1].number
        return again is not None and again.number is not None and (last is None or again.number <= last)

    def _goes_on_below(self, item: "_Item", number: int) -> bool:
        """Whether the next item that begins below a line has the next number."""
        place = bisect_right(self._starts, number)
        if place == len(self._starts):
            return False
        follows = self._markers[self._starts[place]].number
        if follows is None:
            return True
        return follows > 1 if item.number is None else item.number < follows <= item.number + 2

    def _may_be_announced(self, text: str, line: Line, item: "_Item", number: int) -> bool:
        """Whether a paragraph may be the text that the item above announces.

        Where a base model goes on with anything after its last item, only a quotation, a table, or a name
        such as "Text:" shows that it is; an item that cannot do without its text is dropped then.
        """
        if self._goes_on_below(item, number):
            return True
        if _IN_BRACKETS.match(text):
            return False
        head = field_head(line, number, self._vocabulary)
        named = head is not None and fold(head.name) in self._vocabulary.material_names
        if not self._continues or named or text.startswith(_QUOTATIONS):
            return True
        if item.ends_with_colon:
            item.lines.clear()
        return False

    def _drift(self, line: Line, *, after_blank: bool) -> None:
        """Note that the list may have ended: prose after a blank line, or the heading of an answer."""
        if after_blank and (not HEADING.match(line.text) or self._is_under_task(line)):
            self._drifted = True

    def _is_above_task(self, item: "_Item", line: Line) -> bool:
        """Whether the only line of an item so far is a title, and this one the task below it."""
        text = line.text.strip()
        if item.titled or len(item.lines) > 1 or line.code or self._is_under_task(line):
            return False
        if self._vocabulary.is_remark(text):
            return False
        if self._all_titled:
            return True
        request = self._vocabulary.is_request(text)
        return (self._titled or request) and is_title(item.lines[0], self._vocabulary)

    def _belongs(self, line: Line, item: "_Item", number: int, *, after_blank: bool) -> bool:
        """Whether a line is part of the task above it."""
        text, vocabulary = line.text.strip(), self._vocabulary
        if line.code:
            return True
        if self._all_answered and not item.ends_with_colon:
            return False
        speaks = item.ends_with_colon and re.match(r"\w\s*[:：]", text) is not None
        if (self._is_under_task(line) and not speaks) or vocabulary.is_remark(text, weak=True):
            return False
        if HEADING.match(line.text) and (after_blank or number + 1 in self._markers):
            return False
        # A word or a number is rather the answer than the text that was announced.
        if item.announces and (
            item.ends_with_colon or len(item.lines) > 1 or len(words(text)) >= _LEAST_WORDS
        ):
            return not after_blank or self._may_be_announced(text, line, item, number)
        if after_blank:
            return False
        if text.startswith("|"):
            return True
        if not item.ends:
            return not (item.may_end and text[0].isupper() and vocabulary.is_request(item.lines[0]))
        if _OPTION.match(line.text):
            if self._is_only_bullet(line, item, number):
                return False
            # Below a statement, a list is its answer, unless its items are lettered.
            return (
                item.lines[-1].rstrip("*_ ").endswith(("?", "？")) or _LETTERED.match(line.text) is not None
            )
        own = field_head(line, 0, vocabulary)
        named = own is not None and fold(own.name) in vocabulary.material_names
        return named or vocabulary.is_request(text)

    def _is_only_bullet(self, line: Line, item: "_Item", number: int) -> bool:
        """Whether a bullet is the only one below a task: there is no choice, so it is rather the answer."""
        below = number + 1
        more = (
            below < len(self._lines) and below not in self._markers and _BULLET.match(self._lines[below].text)
        )
        return len(item.lines) == 1 and _BULLET.match(line.text) is not None and not more

    def _is_under_task(self, line: Line) -> bool:
        """Whether a line below a task holds its answer, its kind, or an example of it."""
        head, text = field_head(line, 0, self._vocabulary), line.text.lstrip()
        match = None if head else _NAME.match(text)
        name = head.name if head else match["name"] if match else ""
        if not name:
            return text.startswith(("→", "->", "=>", "⇒"))
        meaning = self._vocabulary.meaning(name)
        return fold(name) in self._vocabulary.under_task or (
            meaning is not None and meaning.kind in {"input", "output", "aside"}
        )


class _Item:
    """An item as far as it has been read."""

    def __init__(self, number: int | None) -> None:
        self.number = number
        self.titled = False
        """Whether a title above it was taken off."""
        self.restart("", None)

    def restart(self, line: str, vocabulary: Vocabulary | None) -> None:
        """Begin it again, with this line."""
        self.lines: list[str] = []
        self.ends = self.ends_with_colon = self.announces = False
        if vocabulary is not None:
            self.add(line, vocabulary)

    def add(self, line: str, vocabulary: Vocabulary) -> None:
        """Add a line that is part of it."""
        self.lines.append(line)
        self.ends = ENDS.search(line[-20:]) is not None
        self.ends_with_colon = line.rstrip("*_ ").endswith(COLONS)
        self.announces = self.announces or _announces(line, vocabulary)

    @property
    def may_end(self) -> bool:
        """Whether it may be complete without a full stop: it is short, and ends with no small word."""
        line = self.lines[-1]
        return len(line) < _WRAPPED and len(line.split()) > 2 and len(line.split()[-1]) > _SMALL_WORD

    @property
    def takes_code(self) -> bool:
        """Whether code below it is what it is about, and not an answer."""
        return not self.ends or self.announces


def _announces(line: str, vocabulary: Vocabulary) -> bool:
    """Whether a line says that what it is about follows."""
    return line.rstrip("*_ ").endswith(COLONS) or vocabulary.material.search(line[-200:]) is not None


def _is_short(line: str) -> bool:
    """Whether a line may be a title."""
    return len(line.split()) <= 6 and len(line) <= 60 and not ENDS.search(line)


def _split(item: _Item, known: Collection[int | None], vocabulary: Vocabulary) -> list[str]:
    """Split an item in whose line the next numbers follow, unless these are items already."""
    text, number, parts = " ".join(" ".join(item.lines).split()), item.number, []
    if number is None and (first := _first_number(text, known, vocabulary)) is not None:
        number = first - 1
    while number is not None and number + 1 not in known:
        after = re.search(rf"(?<=[.?!;。？！；\"”]) ?[;；]? {number + 1}\\?[.):）] (?=\S)", text)
        if after is None:
            break
        parts.append(text[: after.start()])
        text, number = text[after.end() :], number + 1
    return [*parts, text]


def _first_number(text: str, known: Collection[int | None], vocabulary: Vocabulary) -> int | None:
    """The first number between two requests in the line of an item whose own number is not known."""
    for match in islice(_NEXT_NUMBER.finditer(text), _MOST_NUMBERS):
        number = int(match["number"])
        if (
            number > 1
            and number not in known
            and vocabulary.is_request(text[: match.start()])
            and vocabulary.is_request(_NEXT_NUMBER.split(text[match.end() :], maxsplit=1)[0])
        ):
            return number
    return None
