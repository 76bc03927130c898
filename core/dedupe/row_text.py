"""The text that a JSON row is compared by, in the row shapes of common training files."""

import json
import re
from collections.abc import Sequence
from typing import Any

from selfinstruct.core.dataset_files.registry import shape_of
from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.util.json_problem import json_problem

_FIELDS = ("instruction", "prompt", "text")
_BOTH = (re.compile(rb'"instruction"\s*:\s*"'), re.compile(rb'"input"\s*:\s*"'))


class BadRowError(ValueError):
    """A line that cannot be compared; the message completes the sentence "line N ..."."""


def row_text(line: bytes, fields: Sequence[str] = ()) -> str:
    """The text that a row is compared by.

    Args:
        line: One JSON object in UTF-8.
        fields: Names of fields to join; empty means `instruction`, else `prompt`, `text` or the first user
            message, in any shape of rows that can be imported.

    Raises:
        BadRowError: the line is not a JSON object or has no such text.
    """
    try:
        row: Any = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadRowError("is not UTF-8") from None
    except RecursionError:
        raise BadRowError("is nested too deep") from None
    except ValueError as error:
        raise BadRowError(f"is not JSON ({json_problem(error, of_line=True)})") from None
    if not isinstance(row, dict):
        raise BadRowError("is not a JSON object")
    for name in fields:
        if not isinstance(row.get(name), str):
            raise BadRowError(f"has no text in the field {name}")
    if fields:
        return "\n".join(row[name] for name in fields)
    texts = [row[name] for name in _FIELDS if isinstance(row.get(name), str)]
    text = texts[0] if texts else _asked(row.get("messages"))
    if text is None:
        text = _of_other_shape(row)
    if text is None:
        raise BadRowError("has no text in instruction, prompt, text or messages (--field names another)")
    return text


def _of_other_shape(row: dict[str, Any]) -> str | None:
    """The instruction of a row of another shape that `selfinstruct import` knows; None if it has none."""
    shape = shape_of(row)
    if shape is None:
        return None
    try:
        return next((one.instruction for one in shape.read(row, 0) if isinstance(one, DataRow)), None)
    except RowError:
        return None


def has_input(line: bytes) -> bool:
    """Whether a row compared by its instruction also has an input."""
    row: dict[str, Any] = json.loads(line)
    return (
        isinstance(row.get("instruction"), str) and isinstance(row.get("input"), str) and bool(row["input"])
    )


def has_both(line: bytes) -> bool:
    """Whether a row seems to have both `instruction` and `input`, without parsing it again."""
    return all(has_text.search(line) for has_text in _BOTH)


def _asked(messages: Any) -> str | None:
    """The content of the first user message."""
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, list):  # content parts; non-text parts are skipped
                parts = [part.get("text") for part in content if isinstance(part, dict)]
                content = "\n".join(part for part in parts if isinstance(part, str)) if parts else None
            return content if isinstance(content, str) else None
    return None
