"""JSON in an answer: whole or cut off, fenced or not, one value or several, with a little prose around."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from selfinstruct.core.method.answer_lines import is_fence

_DECODER = json.JSONDecoder(strict=False)
_SPACE = re.compile(r"[\s,;]*")
_BEGINS = re.compile(r"\[\s*(?:[\[{\"\]]|\Z)|\{\s*(?:\"|\}|\Z)")
_LIST_BEGINS = re.compile(r"(?:\{\s*\"[^\"\n]{1,40}\"\s*:\s*)?\[")
_COLON = re.compile(r"\s*:\s*")
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


def json_items(text: str) -> JsonItems | None:
    """Decode the JSON of an answer; None if it has none that starts a line, or more prose than a remark.

    An object around a single list stands for the items of that list. In a cut answer, the items before the
    cut are whole.
    """
    if text.count("[") + text.count("{") > _MOST_PARTS:
        return None
    values: list[Any] = []
    prose: list[str] = []
    at, size = 0, len(text)
    while at < size:
        start = at + len(text[at : at + 1000]) - len(text[at : at + 1000].lstrip())
        end = text.find("\n", start)
        end = size if end < 0 else end
        if _BEGINS.match(text, start):
            try:
                value, at = _DECODER.raw_decode(text, start)
            except (ValueError, RecursionError):
                found = list(_whole_items(text, start))
                rest = text[found[-1][1] if found else start :].strip(" \n\t,]}`~")
                return JsonItems([*_flat(values), *(item for item, _ in found)], prose, rest)
            values.append(value)
            at = max(at, _end_of(_SPACE, text, at))
            continue
        line = text[start:end]
        if line.strip() and not is_fence(line):
            prose.append(line)
        at = end + 1
    if not values or sum(map(len, prose)) > _MOST_PROSE:
        return None
    return JsonItems(_flat(values), prose, "")


def _end_of(pattern: "re.Pattern[str]", text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _flat(values: list[Any]) -> list[Any]:
    """The items of one list, or of one object around a list; otherwise the values themselves."""
    if len(values) != 1:
        return [item for value in values for item in (value if isinstance(value, list) else [value])]
    (value,) = values
    if isinstance(value, dict):
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        if len(lists) == 1 and lists[0] and isinstance(lists[0][0], dict if len(value) > 1 else dict | str):
            return lists[0]
    return value if isinstance(value, list) else values


def _whole_items(text: str, at: int) -> Iterator[tuple[Any, int]]:
    """The items before the place where decoding fails, each with its end."""
    start = _LIST_BEGINS.match(text, at)
    at = start.end() if start else at + 1
    while True:
        at = _end_of(_SPACE, text, at)
        try:
            value, at = _DECODER.raw_decode(text, at)
            if start is None:
                # The members of an object whose names are numbers, such as {"9": "Name three ...
                colon = _COLON.match(text, at)
                if colon is None or not isinstance(value, str) or not value[-1:].isdecimal():
                    return
                name = value
                value, at = _DECODER.raw_decode(text, colon.end())
                value = {name: value}
        except (ValueError, RecursionError):
            return
        yield value, at


def as_text(value: Any) -> str:
    """A JSON value as the text of a field; null is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
