"""The items of a list with their lines: what continues an item, and what is an answer or a remark."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from selfinstruct.core.language.unicode_tokens import fold, words
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import field_head
from selfinstruct.core.method.item_text import is_title
from selfinstruct.core.method.list_item import COLONS, Item, split_item
from selfinstruct.core.method.list_layout import BULLET, NAME, OPTION, layout
from selfinstruct.core.method.numbering import Marker
from selfinstruct.core.method.vocabulary import Vocabulary
from selfinstruct.core.method.wrapped_lines import WrappedLines

_LETTERED = re.compile(r"^\s*[(（\[]?[A-Za-z][.)）\]:、．]")
_IN_BRACKETS = re.compile(r"^[*_]{0,3}[(（\[].*[)）\]][*_]{0,3}$")
_QUOTATIONS = ('"', "“", "‘", "'", "«", "「", "『", "《", "|", ">")
_LONGEST_NAME = 30
_LEAST_WORDS = 3
HEADING = re.compile(r"^\s*(?:#{1,6}\s+\S.*|\*\*[^*]+\*\*[:：]?|__[^_]+__[:：]?|【[^】]+】)\s*$")


class ListItems:
    """Groups the lines of an answer into items.

    After its first line, an item has the lines that continue its sentence, a list or code in it, and the text
    that it announces ("the story below"). Other lines are answers or remarks, and belong to no item.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        lines: Sequence[Line],
        markers: Sequence[Marker],
        *,
        opened: bool,
        above: int = 0,
    ) -> None:
        """Take the lines of an answer.

        Args:
            vocabulary: The words of the language.
            lines: The lines.
            markers: The items that begin in them.
            opened: Whether the text begins inside an item.
            above: The line breaks before the first line.
        """
        self._vocabulary = vocabulary
        self._lines = lines
        self._markers = {marker.line: marker for marker in markers}
        self._items: list[Item] = [Item(None)] if opened else []
        self._wrapped = WrappedLines(lines, self._markers, vocabulary)
        self._starts = sorted(self._markers)
        self._continues = self._open = opened
        self._drifted = self._ended = self._titled = self._prose = False
        self._all_titled, self._all_answered = layout(lines, self._markers, vocabulary)
        self._counted, self._several, self._all_ask = 0, False, True
        self._first: Item | None = None
        if opened and above and not self._begins_with_task(blank=above > 1):
            self._open, self._drifted, self._prose = False, True, True

    def _begins_with_task(self, *, blank: bool) -> bool:
        """Whether the item that the prompt opened has its text below: a base model may drift at once."""
        first = next((number for number, line in enumerate(self._lines) if not line.blank), None)
        if first is None or first in self._markers:
            return True
        text = self._lines[first].text
        asks = self._vocabulary.is_request(text) and not HEADING.match(text)
        asks = asks and not self._vocabulary.is_remark(text, weak=True)
        goes_on = any(marker.number != 1 for marker in self._markers.values())
        return asks or not blank if goes_on else asks and not blank

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
        return [part for item in self._items for part in split_item(item, known, self._vocabulary)]

    @property
    def last_is_whole(self) -> bool:
        """Whether the last item is complete even in a truncated answer: other text stands below its end."""
        return bool(self._items) and self._items[-1].ends and (self._drifted or self._ended)

    def _is_item(self, marker: Marker) -> bool:
        """After prose that ends the list, only the next number continues it."""
        self._ended = self._ended or self._begins_again(marker) or self._is_prose(marker)
        if self._ended or not self._drifted or marker.number is None:
            return not self._ended
        last = self._items[-1].number if self._items else None
        # The number of an item that the prompt opened is not known, but it is not the first of its list.
        goes_on = marker.number > 1 if last is None else last < marker.number <= last + 2
        self._ended = not goes_on
        return goes_on

    def _is_prose(self, marker: Marker) -> bool:
        """Whether a number is one of what a base model goes on with: what it numbers is no request.

        Only behind prose, or in another form than the tasks above, all of which are requests.
        """
        if not self._continues or not (self._prose or marker.heading) or not self._all_ask:
            return False
        below = " ".join(line.text for line in self._lines[marker.line + 1 : marker.line + 3])
        return not self._vocabulary.is_request(marker.text or below.strip())

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
        self._items.append(Item(marker.number))
        if marker.text:
            self._items[-1].add(marker.text, self._vocabulary)
        self._open, self._drifted, self._prose = True, False, False
        self._titled = marker.heading or marker.text.startswith(("**", "__", "*"))

    def _go_on(self, line: Line, number: int, *, after_blank: bool) -> None:
        item, text = self._items[-1], line.text.strip()
        if line.fence:
            self._open = self._open and item.takes_code
        elif self._open and not item.lines:
            item.add(text, self._vocabulary)
            self._titled = text.startswith(("**", "__", "#"))
        elif self._open and self._is_above_task(item, line, number):
            item.restart(BULLET.sub("", text), self._vocabulary)
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

    def _ends(self, line: Line, item: Item, number: int, *, after_blank: bool) -> bool:
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

    def _goes_on_below(self, item: Item, number: int) -> bool:
        """Whether the next item that begins below a line has the next number."""
        place = bisect_right(self._starts, number)
        if place == len(self._starts):
            return False
        follows = self._markers[self._starts[place]].number
        if follows is None:
            return True
        return follows > 1 if item.number is None else item.number < follows <= item.number + 2

    def _may_be_announced(self, text: str, line: Line, item: Item, number: int) -> bool:
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
        self._prose = self._prose or after_blank
        if after_blank and (not HEADING.match(line.text) or self._is_under_task(line)):
            self._drifted = True

    def _is_above_task(self, item: Item, line: Line, number: int) -> bool:
        """Whether the only line of an item so far is a title, and this one the task below it."""
        text = line.text.strip()
        if item.titled or len(item.lines) > 1 or line.code or self._is_under_task(line):
            return False
        if number and self._wrapped.is_wrapped(number):
            return False
        if self._vocabulary.is_remark(text):
            return False
        if self._all_titled:
            return True
        title = item.lines[0]
        wrapped = text[0].islower() or self._vocabulary.open_end.search(title) is not None
        request = not wrapped and self._vocabulary.is_request(text)
        if self._vocabulary.is_request(title.strip("*_#: ")):
            # A title that is a request itself gives way to a whole one only.
            return request and BULLET.match(line.text) is None and is_title(title, self._vocabulary)
        return (self._titled or request) and is_title(title, self._vocabulary)

    def _belongs(self, line: Line, item: Item, number: int, *, after_blank: bool) -> bool:
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
        own = field_head(line, 0, vocabulary)
        given = self._wrapped.is_given(own, item.lines[-1])
        if given and (not after_blank or self._goes_on_below(item, number)):
            item.has_material = True
            return True
        # A word or a number is rather the answer than the text that was announced.
        if item.announces and (
            item.ends_with_colon
            or len(item.lines) > 1
            or len(words(text)) >= _LEAST_WORDS
            or (not item.ends and len(self._wrapped.below(number)) > 1)
        ):
            return not after_blank or self._may_be_announced(text, line, item, number)
        if after_blank:
            return False
        if text.startswith("|"):
            return True
        if own is not None and fold(own.name) in vocabulary.material_names:
            item.has_material = True
            return True
        if item.has_material and not item.ends and own is None:
            return True
        if OPTION.match(line.text):
            return self._are_options(line, item, number)
        return self._goes_on_with(text, item, number, named=own is not None and not own.lower)

    def _are_options(self, line: Line, item: Item, number: int) -> bool:
        """Whether the list below a task is what it is about: below a statement, it is rather its answer."""
        if self._is_only_bullet(line, item, number):
            return False
        asks = item.lines[-1].rstrip("*_ ").endswith(("?", "？"))
        if asks or len(item.lines) > 1 or _LETTERED.match(line.text):
            return asks or not item.ends or _LETTERED.match(line.text) is not None
        said = item.lines[0]
        if not (item.ends or self._vocabulary.is_request(said) or self._wrapped.is_request_so_far(said)):
            # Without a mark at its end, it may be a question or a statement.
            item.lines.clear()
        return False

    def _goes_on_with(self, text: str, item: Item, number: int, *, named: bool) -> bool:
        """Whether a line directly below a task goes on with it; if that is not clear, the task is dropped."""
        wrapped, said = self._wrapped, item.lines[-1]
        part = "other"
        if not item.ends:
            part = wrapped.part(number, said, item.lines[0])
            part = "other" if part == "unknown" and named else part
        if part == "other" and (item.ends or wrapped.is_request_so_far(said.rstrip("*_ "))):
            part = wrapped.asks(text)
        if part == "unknown":
            item.lines.clear()
        return part == "same"

    def _is_only_bullet(self, line: Line, item: Item, number: int) -> bool:
        """Whether a bullet is the only one below a task: there is no choice, so it is rather the answer."""
        below = number + 1
        more = (
            below < len(self._lines) and below not in self._markers and BULLET.match(self._lines[below].text)
        )
        return len(item.lines) == 1 and BULLET.match(line.text) is not None and not more

    def _is_under_task(self, line: Line) -> bool:
        """Whether a line below a task holds its answer, its kind, or an example of it."""
        head, text = field_head(line, 0, self._vocabulary), line.text.lstrip()
        match = None if head else NAME.match(text)
        name = head.name if head else match["name"] if match else ""
        if not name:
            return text.startswith(("→", "->", "=>", "⇒"))
        meaning = self._vocabulary.meaning(name)
        return fold(name) in self._vocabulary.under_task or (
            meaning is not None and meaning.kind in {"input", "output", "aside"}
        )
