"""JSON in an answer: whole or cut off, fenced or not, one value or several, with prose around."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from selfinstruct.core.answer_schemas import INSTANCES, INSTRUCTIONS
from selfinstruct.core.method.answer_lines import is_fence
from selfinstruct.core.method.broken_json import DECODER, SPACE, whole_items

_BEGINS = re.compile(r"\[\s*(?:[\[{\"\]]|\Z)|\{\s*(?:\"|\}|\Z)")
_MARK = re.compile(r"[-*•>][ \t]+|[(\[]?\d{1,3}[.):\]][ \t]+|`{1,2}")
_MARKED = re.compile(rf"(?:{_MARK.pattern})(?=\{{\s*\")")
_LINE_ENDS = re.compile(r"[ \t,;`]*(?:\n|\Z)")
_MEMBER = (
    r"\"[^\"\n]{1,40}\"\s*:\s*"
    r"(?:\"(?:[^\"\\]|\\.){0,4000}\"|\[[^\[\]{}]{0,1000}\]|[\d.+-]{1,20}|true|false|null)\s*,\s*"
)
_QUOTE = r"\\?[\"'“”‘’]?"
_OURS = re.compile(
    rf"\{{\s*{_QUOTE}(?:{INSTRUCTIONS}|{INSTANCES}){_QUOTE}\s*[:：]\s*[\[{{]"
    # Without the brace, or as YAML.
    rf"|(?<!\w){INSTANCES}{_QUOTE}\s*[:：][ \t]*(?:\[\s*\{{|\n\s*-\s*{_QUOTE}(?:in|out)put)",
    re.IGNORECASE,
)
_ROW = re.compile(
    r"[\s\[]*\{\s*\"(?:input\"\s*:.*\"output|output\"\s*:.*\"input)\"\s*:", re.IGNORECASE | re.DOTALL
)
_MOST_PARTS = 10_000
_MOST_PROSE = 400


@dataclass(frozen=True, slots=True)
class JsonItems:
    """The items of the list, or of several objects, in an answer."""

    items: list[Any]
    prose: list[str]
    """The other lines with text."""
    rest: str
    """What could not be decoded, if the JSON is cut off or wrong; usually empty."""
    as_asked: bool
    """Whether they are under the name that the schema of the prompt gives them."""
    start: int
    """Where the JSON begins: what is under that name, else the last value."""


def json_items(text: str, asked: str, *, may_follow: Callable[[str], bool] | None = None) -> JsonItems | None:
    """Decode the JSON of an answer; None if it has none that starts a line, or more prose than a remark.

    An object around a single list stands for the items of that list. In a cut answer, the items before the
    cut are whole. Where something is under the name `asked`, any prose may stand before it, also on the same
    line, and what follows after more prose is left out: a base model goes on with another task.

    Args:
        text: The answer, without thoughts.
        asked: The member of the object that the schema of the prompt describes.
        may_follow: Whether an object with that member may follow this text on the same line; by default it
            always may.
    """
    if text.count("[") + text.count("{") > _MOST_PARTS:
        return None
    return _Reader(text, asked, may_follow).read()


class _Reader:
    """Reads the JSON values of one answer, line by line."""

    def __init__(self, text: str, asked: str, may_follow: Callable[[str], bool] | None) -> None:
        self._text = text
        self._asked = asked
        self._may_follow = may_follow
        self._as_asked = _begins_as_asked(asked)
        self._next = self._as_asked.search(text)

    def read(self) -> JsonItems | None:
        """All values, up to the first that is broken."""
        text, asked = self._text, self._asked
        values: list[Any] = []
        prose: list[str] = []
        at = place = 0
        while at < len(text):
            start = at + len(text[at : at + 1000]) - len(text[at : at + 1000].lstrip())
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            begin = self._begin_in(start, end)
            if begin is not None:
                before = _lines_of(text[start:begin])
                if before and _has(values, asked):
                    break
                prose += before
                try:
                    value, at = DECODER.raw_decode(text, begin)
                except (ValueError, RecursionError):
                    broken = self._as_asked.match(text, begin)
                    if broken is not None or self._asked_after(begin) is None:
                        return self._broken(values, prose, begin, broken)
                    start = begin
                else:
                    place = begin
                    values.append(_inner(value, asked))
                    space = SPACE.match(text, at)
                    at = space.end() if space else at
                    continue
            if lines := _lines_of(text[start:end]):
                if _has(values, asked):
                    break
                prose += lines
            at = end + 1
        as_asked = _has(values, asked)
        if not values or (sum(map(len, prose)) > _MOST_PROSE and not as_asked):
            return None
        return JsonItems(_flat(values, asked), prose, "", as_asked, place)

    def _asked_after(self, at: int) -> int | None:
        """Where the next object with the asked member begins, at this place or later."""
        while self._next is not None and self._next.start() < at:
            self._next = self._as_asked.search(self._text, at)
        return None if self._next is None else self._next.start()

    def _begin_in(self, start: int, end: int) -> int | None:
        """Where JSON begins in a line: at its start, behind a bullet or a number, or where it is as asked."""
        text, asked = self._text, self._asked_after(start)
        if _BEGINS.match(text, start):
            return start
        may_follow = self._may_follow or bool
        if asked is not None and asked < end and may_follow(text[start:asked]):
            return asked
        marked = _MARKED.match(text, start)
        return marked.end() if marked and _fills_lines(text, marked.end()) else None

    def _broken(
        self, values: list[Any], prose: list[str], begin: int, asked: "re.Match[str] | None"
    ) -> JsonItems:
        """The complete parts where decoding fails."""
        found = list(whole_items(self._text, begin, asked))
        rest = self._text[found[-1][1] if found else begin :].strip(" \n\t,]}`~")
        items = [*_flat(values, self._asked), *(item for item, _ in found)]
        return JsonItems(items, prose, rest, asked is not None or _has(values, self._asked), begin)


def _lines_of(text: str) -> list[str]:
    """A line of prose, if it is one, and not only a bullet or a number."""
    return [text] if text.strip() and not is_fence(text) and not _MARK.fullmatch(text) else []


def _fills_lines(text: str, at: int) -> bool:
    """Whether an object begins here, and nothing follows it on its last line."""
    try:
        _, end = DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return False
    return _LINE_ENDS.match(text, end) is not None


@cache
def _member_name(asked: str) -> str:
    """A pattern for the name of the asked member, as models vary it: "Instances", "is_classification"."""
    return rf"(?:is[ _-]?)?(?:an?[ _-])?{re.escape(asked)}(?:[ _-]?task)?"


@cache
def _begins_as_asked(asked: str) -> "re.Pattern[str]":
    """A pattern for the beginning of an object up to the asked member, after a few other members."""
    return re.compile(
        rf"\{{\s*(?:{_MEMBER}){{0,5}}\"{_member_name(asked)}\"\s*:\s*(?P<list>\[)?", re.DOTALL | re.IGNORECASE
    )


def under_name(members: Iterable[tuple[str, Any]], asked: str) -> list[Any]:
    """The values of the members with the asked name."""
    return [value for name, value in members if re.fullmatch(_member_name(asked), name, re.IGNORECASE)]


def _under(value: Any, asked: str) -> list[Any]:
    return under_name(value.items(), asked) if isinstance(value, dict) else []


def _has(values: Sequence[Any], asked: str) -> bool:
    return any(_under(value, asked) for value in values)


def _inner(value: Any, asked: str) -> Any:
    """The object with the asked member, out of the objects and lists with nothing else that enclose it."""
    inner = value
    while not _under(inner, asked):
        if not isinstance(inner, dict | list) or len(inner) != 1:
            return value
        (inner,) = inner.values() if isinstance(inner, dict) else inner
    return inner


def _flat(values: list[Any], asked: str) -> list[Any]:
    """The items of one list, or of one object around a list; otherwise the values themselves."""
    if named := [inner for value in values for inner in _under(value, asked)]:
        return [
            item
            for value in named
            if value is not None
            for item in (value if isinstance(value, list) else [value])
        ]
    if len(values) != 1:
        return [item for value in values for item in (value if isinstance(value, list) else [value])]
    (value,) = values
    if isinstance(value, dict):
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        if len(lists) == 1 and lists[0] and isinstance(lists[0][0], dict if len(value) > 1 else dict | str):
            return lists[0]
    return value if isinstance(value, list) else values


def holds_an_answer(text: str) -> bool:
    """Whether a text contains instructions or instances in the prompts' JSON, and so is not its own text."""
    return _OURS.search(text) is not None


def holds_a_row(text: str) -> bool:
    """Whether a text is JSON with an input and an output, by the names of the prompts."""
    return _ROW.match(text) is not None


def as_text(value: Any) -> str:
    """A JSON value as the text of a field; null is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
