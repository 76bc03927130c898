"""JSON that is cut off or wrong: its complete items and members, never a part of one."""

import json
import re
from collections.abc import Iterator
from typing import Any

DECODER = json.JSONDecoder(strict=False)
SPACE = re.compile(r"[\s,;]*")
_LIST_BEGINS = re.compile(r"(?:\{\s*\"[^\"\n]{1,40}\"\s*:\s*)?\[")
_WHOLE = re.compile(
    r"\"(?P<name>[^\"\n]{1,40})\"\s*:\s*(?P<value>\"(?:[^\"\\\x00-\x1f]|\\[\"\\/bfnrt]|\\u[0-9a-fA-F]{4})*\"|true|false)"
)
_COLON = re.compile(r"\s*:\s*")
# What follows a string that ends there. After anything else, its last quotation mark was one of its text.
_ENDS = re.compile(r"\s*(?:[\]};]|,\s*(?:[\"\[{\]}]|\Z)|\Z)|[ \t]*\n\s*\"")
_ITEM_LINE = re.compile(
    r"\"(?P<text>[^\n]*)\"(?P<end>[ \t]*,[ \t\r]*(?=\n|\Z)|\s*+(?:,\s*+)?\][\]}]*[ \t\r`]*(?=\n|\Z))"
)
_NEXT_ITEM = re.compile(r"\"[ \t,;]+\"")
_BARE_QUOTE = re.compile(r"(?<!\\)\"")


def whole_items(text: str, at: int, asked: "re.Match[str] | None") -> Iterator[tuple[Any, int]]:
    """The whole items of a list that cannot be decoded, each with its end.

    A text with quotation marks that are not escaped is mended where it is the only item of its line, and
    left out where its end is not certain.

    Args:
        text: The answer.
        at: Where the JSON begins.
        asked: The beginning of the object that was asked for, with the group `list` where a list follows.
    """
    start = asked or _LIST_BEGINS.match(text, at)
    if start is None:
        yield from _numbered_members(text, at + 1)
        return
    if asked is not None and asked["list"] is None:
        return
    at = start.end()
    while True:
        at = _end_of(SPACE, text, at)
        try:
            value, end = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            value, end = None, at
        if end > at and (not isinstance(value, str) or _ENDS.match(text, end)):
            yield value, end
        elif line := _ITEM_LINE.match(text, at):
            end = line.end("end")
            if (inside := mended(line["text"])) is not None:
                yield inside, end
        else:
            return
        at = end


def _numbered_members(text: str, at: int) -> Iterator[tuple[Any, int]]:
    """The members of an object whose names are numbers, such as `{"9": "Name three ...`."""
    while True:
        try:
            name, at = DECODER.raw_decode(text, _end_of(SPACE, text, at))
            if not isinstance(name, str) or not name[-1:].isdecimal():
                return
            value, at = DECODER.raw_decode(text, _end_of(_COLON, text, at))
        except (ValueError, RecursionError):
            return
        if isinstance(value, str) and not _ENDS.match(text, at):
            return
        yield {name: value}, at


def _end_of(pattern: "re.Pattern[str]", text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def mended(inside: str) -> str | None:
    """The text between the outer quotation marks of an item; None if it may be several items."""
    if _NEXT_ITEM.search(inside):
        return None
    try:
        text: str = json.loads('"{}"'.format(_BARE_QUOTE.sub(r"\"", inside)), strict=False)
    except ValueError:
        return None
    return text


def whole_members(text: str) -> list[tuple[str, Any]]:
    """The names and values of an object that is cut off or wrong, as far as they are texts, true or false."""
    return [(match["name"], json.loads(match["value"], strict=False)) for match in _WHOLE.finditer(text)]
