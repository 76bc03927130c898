"""JSON values of a file: one on each line, the items of an array, or one after the other."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from selfinstruct.core.dataset_files.bytes_reader import BytesReader
from selfinstruct.core.dataset_files.json_cursor import JsonCursor, TooLongError
from selfinstruct.core.dataset_files.row import BadRow
from selfinstruct.core.util.json_problem import json_problem

_BETWEEN = re.compile(r"[\s,]*")
_SHOWN = 200
_LISTS = ("data", "rows", "train", "examples", "items")
"""Keys of an object around a list of rows."""
_OF_ROWS = {"instruction", "prompt", "question", "query", "messages", "conversations"}
"""Keys that make an object a row, whatever list is in it."""


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value, with its text."""

    line: int
    value: Any
    text: str


def json_lines(reader: BytesReader) -> Iterator[Value | BadRow]:
    """Yield the value on each line that is not blank."""
    for number, (data, text) in enumerate(reader.lines(), start=1):
        if text is None:
            yield BadRow(
                number, f"is not UTF-8 ({_first_bad(data)})", data.decode("utf-8", "backslashreplace")
            )
        elif text.strip():
            try:
                yield Value(number, json.loads(text), text)
            except (ValueError, RecursionError) as error:
                yield BadRow(number, f"is not JSON ({json_problem(error, of_line=True)})", text)


def json_array(reader: BytesReader) -> Iterator[Value | BadRow]:
    """Yield the items of an array, or the objects that stand one after the other on several lines.

    Where the JSON is invalid, a bad row says so and ends it: what follows cannot be told apart.
    """
    cursor = JsonCursor(reader.chunks())
    if cursor.peek() == "[":
        cursor.step()
        yield from _items(cursor, within="array")
    else:
        yield from _items(cursor)


def json_list_within(reader: BytesReader) -> Iterator[Value | BadRow]:
    """Yield the items of the list that an object consists of, such as `{"data": [...]}`.

    What is not read, such as a second list of objects, is told in a bad row.
    """
    cursor, number, found = JsonCursor(reader.chunks()), 0, ""
    try:
        for name in _members(cursor):
            if cursor.peek() != "[":
                cursor.value()
            elif found or name not in _LISTS:
                if _skip_list(cursor):
                    yield BadRow(number + 1, f"is in the list {name}, which is not read beside {found}", "")
                    return
            else:
                found = name
                cursor.step()
                for item in _items(cursor, within="list"):
                    number = item.line
                    yield item
                if cursor.peek() != "]":
                    return
                cursor.step()
        cursor.step()
        if cursor.peek():
            yield BadRow(number + 1, "is behind the object with the list, and is not read", "")
    except (ValueError, RecursionError) as error:
        yield _lost(cursor, number + 1, error)


def list_in(beginning: str) -> str | None:
    """Return the key of the list of rows that an object consists of, besides other values; None without one.

    Args:
        beginning: The text that a file begins with.
    """
    whole, _, rest = beginning.strip().partition("\n")
    cursor = JsonCursor(iter([beginning]))
    try:
        if rest and isinstance(json.loads(whole), dict):
            return None
    except (ValueError, RecursionError):
        pass
    try:
        for name in _members(cursor):
            if name in _OF_ROWS:
                return None
            if name in _LISTS and cursor.peek() == "[":
                cursor.step()
                return name if cursor.peek() == "{" else None
            cursor.value()
    except (ValueError, RecursionError):
        pass
    return None


def _members(cursor: JsonCursor) -> Iterator[str]:
    """Yield the keys of an object, with the position at their values; whoever iterates reads these.

    Raises:
        ValueError: it is not an object.
    """
    if cursor.peek() != "{":
        raise ValueError("not an object")
    cursor.step()
    while cursor.peek(_BETWEEN) != "}":
        name, _ = cursor.value()
        if cursor.peek() != ":":
            raise ValueError("a key without a value")
        cursor.step()
        cursor.peek()
        yield name


def _skip_list(cursor: JsonCursor) -> bool:
    """Go beyond a list; returns whether it is one of objects, and then stays in it."""
    cursor.step()
    if cursor.peek() == "{":
        return True
    while cursor.peek(_BETWEEN) != "]":
        cursor.value()
    cursor.step()
    return False


def _items(cursor: JsonCursor, *, within: str = "") -> Iterator[Value | BadRow]:
    """Yield values up to the bracket that ends them, or to the end."""
    number = 0
    while (next_ := cursor.peek(_BETWEEN)) and not (within and next_ == "]"):
        number += 1
        try:
            yield Value(number, *cursor.value())
        except (ValueError, RecursionError) as error:
            yield _lost(cursor, number, error)
            return
    if within and not next_:
        yield BadRow(number + 1, f"is missing: the {within} does not end", "")


def _lost(cursor: JsonCursor, number: int, error: ValueError | RecursionError) -> BadRow:
    problem = str(error) if isinstance(error, TooLongError) else json_problem(error, of_line=False)
    return BadRow(number, f"is not JSON, and what follows it is lost ({problem})", cursor.shown(_SHOWN))


def _first_bad(data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"byte {error.start + 1} of the line"
    raise AssertionError("the line is UTF-8")
