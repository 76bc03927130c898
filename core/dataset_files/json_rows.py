"""JSON values of a file: one on each line, the items of an array, or one after the other."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from selfinstruct.core.dataset_files.bytes_reader import BytesReader
from selfinstruct.core.dataset_files.row import BadRow
from selfinstruct.core.util.json_problem import json_problem

_BLANK = re.compile(r"\s*")
_BETWEEN = re.compile(r"[\s,]*")
_CUT_OFF = 32
"""Characters before the end of what is read within which a value may simply go on."""
_SHOWN = 200
_LISTS = ("data", "rows", "train", "examples", "items")
"""Keys of an object around a list of rows."""


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
            yield BadRow(number, "is not UTF-8", data.decode("utf-8", "backslashreplace"))
        elif text.strip():
            try:
                yield Value(number, json.loads(text), text)
            except (ValueError, RecursionError) as error:
                yield BadRow(number, f"is not JSON ({json_problem(error, of_line=True)})", text)


def json_array(reader: BytesReader) -> Iterator[Value | BadRow]:
    """Yield the items of an array, or the objects that stand one after the other on several lines.

    Where the JSON is invalid, a bad row says so and ends it: what follows cannot be told apart.
    """
    decoder = json.JSONDecoder()
    chunks = reader.chunks()
    buffer, at, number, is_end = "", 0, 0, False
    is_array: bool | None = None
    while True:
        skipped = _BETWEEN.match(buffer, at) if is_array is not None else _BLANK.match(buffer, at)
        assert skipped is not None
        at = skipped.end()
        if at >= len(buffer) and not is_end:
            buffer, at = next(chunks, ""), 0
            is_end = not buffer
            continue
        if is_array is None:
            is_array = buffer[at : at + 1] == "["
            at += is_array
            continue
        if at >= len(buffer) or (is_array and buffer[at] == "]"):
            if is_array and at >= len(buffer):
                yield BadRow(number + 1, "is missing: the array does not end", "")
            return
        try:
            value, end = decoder.raw_decode(buffer, at)
        except (ValueError, RecursionError) as error:
            if not is_end and _may_go_on(error, len(buffer)):
                more = next(chunks, "")
                buffer, at, is_end = buffer[at:] + more, 0, not more
                continue
            problem = json_problem(error, of_line=False)
            yield BadRow(
                number + 1, f"is not JSON, and what follows it is lost ({problem})", buffer[at : at + _SHOWN]
            )
            return
        number += 1
        yield Value(number, value, buffer[at:end])
        at = end


def _may_go_on(error: Exception, length: int) -> bool:
    """Whether a value may be cut off by the end of what is read."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= length - _CUT_OFF


def list_within(value: Any) -> list[Any] | None:
    """Return the list of rows that an object consists of, such as `{"data": [...]}`; None if it does not."""
    if not isinstance(value, dict):
        return None
    found = [value[key] for key in _LISTS if isinstance(value.get(key), list)]
    is_only = (
        len(found) == 1 and all(isinstance(one, dict) for one in found[0]) and "instruction" not in value
    )
    return found[0] if is_only else None
