"""JSON in an answer: whole or cut off, fenced or not, one value or several, with a little prose around."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from selfinstruct.core.method.answer_lines import is_fence

_DECODER = json.JSONDecoder(strict=False)
_SPACE = re.compile(r"[\s,;]*")
_BEGINS = re.compile(r"\[\s*(?:[\[{\"\]]|\Z)|\{\s*(?:\"|\}|\Z)")
_LIST_BEGINS = re.compile(r"(?:\{\s*\"[^\"\n]{1,40}\"\s*:\s*)?\[")
_MEMBER = r"\"[^\"\n]{1,40}\"\s*:\s*(?:\"(?:[^\"\\]|\\.){0,4000}\"|[\d.+-]{1,20}|true|false|null)\s*,\s*"
_WHOLE = re.compile(
    r"\"(?P<name>[^\"\n]{1,40})\"\s*:\s*(?P<value>\"(?:[^\"\\\x00-\x1f]|\\[\"\\/bfnrt]|\\u[0-9a-fA-F]{4})*\"|true|false)"
)
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
    as_asked: bool
    """Whether they are under the name that the schema of the prompt gives them."""


def json_items(text: str, asked: str) -> JsonItems | None:
    """Decode the JSON of an answer; None if it has none that starts a line, or more prose than a remark.

    An object around a single list stands for the items of that list. In a cut answer, the items before the
    cut are whole. Where something is under the name `asked`, any prose may stand before it, and what follows
    after more prose is left out: a base model goes on with another task.
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
                begins = _begins_as_asked(asked).match(text, start)
                found = list(_whole_items(text, start, begins))
                rest = text[found[-1][1] if found else start :].strip(" \n\t,]}`~")
                items = [*_flat(values, asked), *(item for item, _ in found)]
                return JsonItems(items, prose, rest, begins is not None or _has(values, asked))
            values.append(value)
            at = max(at, _end_of(_SPACE, text, at))
            continue
        line = text[start:end]
        if line.strip() and not is_fence(line):
            if _has(values, asked):
                break
            prose.append(line)
        at = end + 1
    as_asked = _has(values, asked)
    if not values or (sum(map(len, prose)) > _MOST_PROSE and not as_asked):
        return None
    return JsonItems(_flat(values, asked), prose, "", as_asked)


def _has(values: list[Any], asked: str) -> bool:
    return any(isinstance(value, dict) and asked in value for value in values)


@cache
def _begins_as_asked(asked: str) -> "re.Pattern[str]":
    """A pattern for the beginning of an object up to the list of this name, after a few other members."""
    return re.compile(rf"\{{\s*(?:{_MEMBER}){{0,5}}\"{re.escape(asked)}\"\s*:\s*\[", re.DOTALL)


def _end_of(pattern: "re.Pattern[str]", text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _flat(values: list[Any], asked: str) -> list[Any]:
    """The items of one list, or of one object around a list; otherwise the values themselves."""
    if _has(values, asked):
        values = [value[asked] for value in values if isinstance(value, dict) and asked in value]
        return [
            item
            for value in values
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


def _whole_items(text: str, at: int, asked: "re.Match[str] | None") -> Iterator[tuple[Any, int]]:
    """The items before the place where decoding fails, each with its end; `asked`: the beginning of them."""
    start = asked or _LIST_BEGINS.match(text, at)
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


def whole_members(text: str) -> dict[str, Any]:
    """The members with a text, true or false of an object that is cut off or wrong, up to that place."""
    return {match["name"]: json.loads(match["value"], strict=False) for match in _WHOLE.finditer(text)}


def as_text(value: Any) -> str:
    """A JSON value as the text of a field; null is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
