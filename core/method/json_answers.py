"""JSON in an answer: whole or cut off, fenced or not, with prose around it or none."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_FENCED = re.compile(
    r"(?:```|~~~)[ \t]*(?:json[lc5]?|jsonl|JSON)?[ \t]*\n(?P<body>\s*[\[{].*?)(?:\n\s*(?:```|~~~)|\Z)",
    re.DOTALL,
)
_DECODER = json.JSONDecoder(strict=False)
_SPACE = re.compile(r"[\s,]*")
_MOST_PROSE = 400
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class JsonItems:
    """The items of the list, or of several objects, in an answer."""

    items: list[Any]
    rest: str
    """What could not be decoded, if the JSON is cut off or wrong; usually empty."""


def json_items(text: str) -> JsonItems | None:
    """Decode the JSON of an answer; None if it is not JSON, apart from a little prose before and after it.

    An object that holds a single list stands for the items of that list. In a cut answer, the items before the
    cut are whole.
    """
    fenced = _FENCED.search(text)
    if fenced and len(text[: fenced.start()].strip()) <= _MOST_PROSE:
        return _decoded(fenced["body"].strip())
    start = re.match(r"\s*(?:[^\n\[{]{0,200}[:：.!。！]\s*\n\s*)?(?=[\[{])", text)
    return _decoded(text[start.end() :].strip()) if start else None


def _decoded(body: str) -> JsonItems | None:
    if not re.match(r"\[\s*(?:[\[{\"\]]|\Z)|\{\s*(?:\"|\}|\Z)", body):
        return None
    if body.count("[") + body.count("{") > 10_000:
        return None
    values: list[Any] = []
    at = 0
    while at < len(body) and body[at] in "[{":
        try:
            value, at = _DECODER.raw_decode(body, at)
        except (ValueError, RecursionError):
            found = list(_whole_items(body, at)) if not values or body[at] == "[" else []
            items = [item for item, _ in found]
            end = found[-1][1] if found else at
            rest = _SPACE.sub("", body[end:], count=1)
            return JsonItems([*_flat(values), *items], rest if rest.strip("]} \n`") else "")
        values.append(value)
        at = _SPACE.match(body, at).end()  # type: ignore[union-attr] - it matches everywhere
    return JsonItems(_flat(values), "")


def _flat(values: list[Any]) -> list[Any]:
    """The items of one list or of one object around a list; otherwise the values themselves."""
    if len(values) != 1:
        return values
    (value,) = values
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        if len(lists) == 1 and len(value) <= 2 and lists[0] and isinstance(lists[0][0], dict | str):
            scalars = [inner for inner in value.values() if not isinstance(inner, list)]
            if isinstance(lists[0][0], dict) or not scalars:
                return lists[0]
    return values


def _whole_items(body: str, at: int) -> Iterator[tuple[Any, int]]:
    """The items before the place where decoding fails, each with its end."""
    opening = re.compile(r"(?:\s*\{\s*\"[^\"\n]{1,40}\"\s*:)?\s*\[")
    start = opening.match(body, at)
    if start is None:
        yield from _members(body, at)
        return
    at = start.end()
    while True:
        at = _SPACE.match(body, at).end()  # type: ignore[union-attr]
        try:
            value, at = _DECODER.raw_decode(body, at)
        except (ValueError, RecursionError):
            return
        yield value, at


def _members(body: str, at: int) -> Iterator[tuple[Any, int]]:
    """The whole members of an object that is cut off, such as {"9": "Name three ..., each as an object."""
    at += 1
    while True:
        at = _SPACE.match(body, at).end()  # type: ignore[union-attr]
        try:
            name, at = _DECODER.raw_decode(body, at)
            colon = re.compile(r"\s*:\s*").match(body, at)
            if colon is None or not isinstance(name, str) or not name.isdecimal():
                return
            value, at = _DECODER.raw_decode(body, colon.end())
        except (ValueError, RecursionError):
            return
        yield {name: value}, at


def as_text(value: Any) -> str:
    """A JSON value as the text of a field; null is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
