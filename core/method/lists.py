"""The list of tasks in an answer: numbered, with bullets, in a table, in JSON, or one task a line."""

import re
from collections.abc import Sequence
from typing import Any

from selfinstruct.core.method.answer_lines import Line, answer_lines
from selfinstruct.core.method.field_heads import field_head
from selfinstruct.core.method.item_text import ENDS, is_title, number_again, plain_item
from selfinstruct.core.method.json_answers import JsonItems, json_items
from selfinstruct.core.method.numbering import (
    Marker,
    bullet_marker,
    named_marker,
    number_marker,
    numbered_by_space,
    top_level,
)
from selfinstruct.core.method.tables import column, only_table
from selfinstruct.core.method.vocabulary import Vocabulary
from selfinstruct.core.language.unicode_tokens import fold

_COLONS = (":", "：")
_OPTION = re.compile(
    r"^\s*(?:[-*•–·・][ \t]+|[(（\[]?(?:[A-Za-z]|\d{1,2}|[ivx]{1,4})[.)）\]:][ \t]|[(（\[]?[A-Ha-h][.)）\]、．]|[①-⑳])"
)
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+\S.*|\*\*[^*]+\*\*[:：]?|__[^_]+__[:：]?|【[^】]+】)\s*$")
_ELEMENT = re.compile(r"<(?P<name>[^\W\d][\w -]{0,20})(?:\s[^<>]*)?>(?P<text>[^<>]+)</(?P=name)>")
_EMPHASIZED = re.compile(r"<(?P<name>b|strong|i|em|u|p)>(?P<text>[^<\n]*)</(?P=name)>", re.IGNORECASE)
_MOST_LINES = 200


def proposed(text: str, vocabulary: Vocabulary, *, cut: bool, opened: bool) -> list[str]:
    """The tasks of a list, each on one line.

    Args:
        text: The answer, without thoughts.
        vocabulary: The words of the language.
        cut: Whether the last item may be incomplete; it is dropped.
        opened: Whether the text begins inside an item.
    """
    if not opened and len(elements := _elements(text, vocabulary)) > 1:
        return [plain for item in elements if (plain := plain_item(item, vocabulary))]
    text = _EMPHASIZED.sub(r"\g<text>", text)
    found = json_items(text)
    if found is not None and (items := _from_json(found, vocabulary)) is not None:
        return [plain for item in items if (plain := plain_item(item, vocabulary))]
    table = None if opened else _from_table(text, vocabulary)
    if table is not None:
        items = table
        if cut and text.rstrip()[-1:] != "|":
            items = items[:-1] if text.rstrip().split("\n")[-1].count("|") > 1 and len(items) > 1 else items
    else:
        items = _from_lines(text, vocabulary, opened=opened)
        if cut and items:
            items.pop()
    items = _without_second_numbers(items)
    return [plain for item in items if (plain := plain_item(item, vocabulary))]


def _from_lines(text: str, vocabulary: Vocabulary, *, opened: bool) -> list[str]:
    def begins(line: str) -> bool:
        return (
            number_marker(Line(line), 0, vocabulary.item) is not None
            or named_marker(Line(line), 0, vocabulary.item) is not None
            or bullet_marker(Line(line), 0) is not None
            or (not opened and vocabulary.is_request(line))
        )

    lines = answer_lines(text, begins)
    markers = [found for at, line in enumerate(lines) if (found := number_marker(line, at, vocabulary.item))]
    if markers:
        kept = top_level(markers, opened=opened, colons=_after_colons(lines, markers))
    elif not opened:
        named = [found for at, line in enumerate(lines) if (found := named_marker(line, at, vocabulary.item))]
        bullets = named or [found for at, line in enumerate(lines) if (found := bullet_marker(line, at))]
        outer = min((marker.indent for marker in bullets), default=0)
        kept = [marker for marker in bullets if marker.indent < outer + 2]
        if not kept:
            return _one_a_line(lines, vocabulary)
    else:
        kept = []
    if not opened and len(kept) == 1 and markers and _is_in_prose(lines, kept[0], vocabulary):
        return []
    return _Items(vocabulary, lines, kept, opened=opened).read()


def _is_in_prose(lines: Sequence[Line], marker: Marker, vocabulary: Vocabulary) -> bool:
    return (
        marker.style.startswith("plain")
        and not marker.text
        and not any(line.text.strip() for line in lines[marker.line + 1 :])
    )


def _after_colons(lines: Sequence[Line], markers: Sequence[Marker]) -> list[bool]:
    """For each marker, whether the last text before it ends with a colon, also across a list inside an item."""
    texts = {marker.line: marker.text for marker in markers}
    found: list[bool] = []
    last = ""
    at = 0
    for marker in markers:
        for number in range(at, marker.line):
            if lines[number].text.strip():
                last = texts.get(number, lines[number].text)
        found.append(last.rstrip(" *_").endswith(_COLONS))
        at = marker.line
    return found


class _Items:
    """Groups the lines of an answer into items.

    After its first line, an item has the lines that continue its sentence, a list or code in it, and the text that
    it announces ("the story below"). Other lines are answers or remarks, and belong to no item.
    """

    def __init__(
        self, vocabulary: Vocabulary, lines: Sequence[Line], markers: Sequence[Marker], *, opened: bool
    ) -> None:
        self._vocabulary = vocabulary
        self._lines = lines
        self._markers = {marker.line: marker for marker in markers}
        self._items: list[list[str]] = [[]] if opened else []
        self._open = opened
        self._drifted = False
        self._ended = False
        self._last_number: int | None = None
        self._titled = False

    def read(self) -> list[str]:
        blank = False
        for number, line in enumerate(self._lines):
            marker = self._markers.get(number)
            if marker is not None and self._is_item(marker):
                self._begin(marker)
                blank = False
                continue
            if line.blank or line.rule:
                blank = blank or line.blank or line.rule
                continue
            self._go_on(line, number, after_blank=blank)
            blank = False
        return [part for item in self._items for part in self._split(" ".join(item))]

    def _is_item(self, marker: Marker) -> bool:
        """After prose that ends the list, only the next number continues it."""
        if self._ended or not self._drifted or marker.number is None:
            return not self._ended
        last = self._last_number
        # The number of an item that the prompt opened is not known, but it is not the first of its list.
        goes_on = marker.number > 1 if last is None else last < marker.number <= last + 2
        self._ended = not goes_on
        return goes_on

    def _begin(self, marker: Marker) -> None:
        self._items.append([marker.text] if marker.text else [])
        self._open, self._drifted = True, False
        self._last_number = marker.number
        self._titled = marker.heading or marker.text.startswith(("**", "__", "*"))

    def _go_on(self, line: Line, number: int, *, after_blank: bool) -> None:
        if not self._items:
            return
        item = self._items[-1]
        text = line.text.strip()
        if line.fence:
            if not self._open or not self._takes_code(item):
                self._open = False
            return
        if not self._open:
            self._drift(line, after_blank=after_blank)
            return
        if not item:
            item.append(text)
            self._titled = text.startswith(("**", "__", "#"))
            return
        if self._belongs(line, item, number, after_blank=after_blank):
            item.append(text)
        elif len(item) == 1 and self._is_above_task(item[0], line):
            item[:] = [text]
            self._titled = False
        else:
            self._open = False
            self._drift(line, after_blank=after_blank)

    def _drift(self, line: Line, *, after_blank: bool) -> None:
        """Note that the list may have ended: prose after a blank line, or the heading of an answer."""
        if after_blank and (not _HEADING.match(line.text) or self._is_under_task(line)):
            self._drifted = True

    def _is_above_task(self, first: str, line: Line) -> bool:
        """Whether the first line of an item is a title, and this one the task below it."""
        text = line.text.strip()
        if self._is_under_task(line) or not is_title(first, self._vocabulary):
            return False
        return self._titled or self._vocabulary.is_request(text)

    def _takes_code(self, item: Sequence[str]) -> bool:
        so_far = " ".join(item)
        return not so_far or not ENDS.search(so_far) or self._vocabulary.material.search(so_far) is not None

    def _belongs(self, line: Line, item: Sequence[str], number: int, *, after_blank: bool) -> bool:
        text, so_far = line.text.strip(), " ".join(item)
        vocabulary = self._vocabulary
        if line.code:
            return True
        speaks = so_far.endswith(_COLONS) and re.match(r"\s*\w\s*[:：]", line.text) is not None
        if (self._is_under_task(line) and not speaks) or vocabulary.is_remark(text, weak=True):
            return False
        if _HEADING.match(line.text) and (after_blank or self._markers.get(number + 1)):
            return False
        if len(item) == 1 and self._is_above_task(item[0], line):
            return False
        announced = so_far.rstrip("*_ ").endswith(_COLONS) or any(
            part.rstrip("*_ ").endswith(_COLONS) or vocabulary.material.search(part) for part in item
        )
        if announced:
            return True
        if after_blank:
            return False
        if _OPTION.match(line.text):
            return True
        if not ENDS.search(so_far):
            return True
        own = field_head(line, 0, vocabulary)
        if own is not None and own.kind is None and own.text.strip():
            return True
        return vocabulary.is_request(text)

    def _is_under_task(self, line: Line) -> bool:
        """Whether a line below a task holds its answer, its kind, or an example of it."""
        head = field_head(line, 0, self._vocabulary)
        if head is None:
            match = re.match(
                r"^\s*(?:[-*•>]\s+)?[(\[*_（]*(?P<name>[^\W\d_][\w .-]{0,30}?)[*_]*\s*[:：]", line.text
            )
            name = match["name"] if match else ""
        else:
            name = head.name
        if not name:
            return line.text.lstrip().startswith(("→", "->", "=>", "⇒"))
        return fold(name) in self._vocabulary.under_task or (
            (meaning := self._vocabulary.meaning(name)) is not None
            and meaning.kind in {"input", "output", "aside"}
        )

    def _split(self, item: str) -> list[str]:
        """Split an item in whose line the next numbers follow."""
        known = {marker.number for marker in self._markers.values()}
        number, parts = self._number_of(item), []
        while number is not None and number + 1 not in known:
            after = re.search(rf"(?<=[.?!;。？！；\"”])\s*[;；]?\s+{number + 1}\\?[.):）]\s+(?=\S)", item)
            if after is None:
                break
            parts.append(item[: after.start()])
            item, number = item[after.end() :], number + 1
        return [*parts, item]

    def _number_of(self, item: str) -> int | None:
        for marker in self._markers.values():
            if marker.number is not None and marker.text and item.startswith(marker.text):
                return marker.number
        return None


def _one_a_line(lines: Sequence[Line], vocabulary: Vocabulary) -> list[str]:
    """The tasks of an answer that has neither numbers nor bullets: one a line, most of them requests."""
    texts = [line.text.strip() for line in lines if not line.blank and not line.rule and not line.fence]
    while texts and vocabulary.is_lead_in(texts[0]):
        texts.pop(0)
    while texts and vocabulary.is_remark(texts[-1], weak=len(texts) > 1):
        texts.pop()
    if (numbered := numbered_by_space(texts)) is not None:
        return numbered
    if len(texts) < 2 or len(texts) > _MOST_LINES or any(line.code for line in lines):
        return []
    requests = sum(vocabulary.is_request(text) for text in texts)
    return texts if requests >= 0.75 * len(texts) else []


def _without_second_numbers(items: list[str]) -> list[str]:
    """Items without the numbers that they have twice, if all of them do."""
    again = [number_again(item) for item in items if item.strip()]
    if len(again) < 2 or not all(again):
        return items
    return [found[1] if (found := number_again(item)) else item for item in items]


def _elements(text: str, vocabulary: Vocabulary) -> list[str]:
    """The tasks in XML or HTML elements; one that is cut off is left out."""
    return [
        match["text"].strip()
        for match in _ELEMENT.finditer(text)
        if match.start() == 0 or text[match.start() - 1] in "\n>" or not text[: match.start()].strip()
        if match["name"].lower() == "li" or _is_task_name(match["name"], vocabulary)
    ]


def _from_json(found: JsonItems, vocabulary: Vocabulary) -> list[str] | None:
    """The instructions of a JSON list or of numbered members; None if it holds something else."""
    items: list[str] = []
    for value in found.items:
        if isinstance(value, str):
            items.append(value)
        elif isinstance(value, dict):
            items += _instructions(value, vocabulary)
    return items if items or not found.items else None


def _instructions(value: dict[str, Any], vocabulary: Vocabulary) -> list[str]:
    named = [
        inner for name, inner in value.items() if isinstance(inner, str) and _is_task_name(name, vocabulary)
    ]
    if named:
        return named[:1]
    numbered = re.compile(rf"(?:(?:{vocabulary.item})[\s_#-]*)?\d+", re.IGNORECASE)
    if value and all(numbered.fullmatch(name) for name in value):
        inner = list(value.values())
        return [
            text
            for one in inner
            for text in (
                [one]
                if isinstance(one, str)
                else _instructions(one, vocabulary)
                if isinstance(one, dict)
                else []
            )
        ]
    if len(value) == 1:
        (only,) = value.values()
        return [only] if isinstance(only, str) and len(only.split()) > 1 else []
    return []


def _is_task_name(name: str, vocabulary: Vocabulary) -> bool:
    return (
        re.fullmatch(
            rf"(?:{vocabulary.item}|text|content|description)",
            name.replace("_", " ").strip("*_ "),
            re.IGNORECASE,
        )
        is not None
    )


def _from_table(text: str, vocabulary: Vocabulary) -> list[str] | None:
    """The instructions in a table; None if the answer is no table."""
    table = only_table(text)
    if table is None or not table.rows:
        return None
    names = [_is_task_name(cell, vocabulary) for cell in table.header]
    lengths = [sum(len(row[place]) for row in table.rows) for place in range(len(table.header))]
    place = column(table, names)
    if place is None or (
        names.count(True) == 1 and all(row[place].strip(" .#").isdecimal() for row in table.rows)
    ):
        place = max(range(len(lengths)), key=lambda number: lengths[number])
    return [row[place] for row in table.rows if row[place]]
