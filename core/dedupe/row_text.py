"""The instruction in a line of JSON, in the shapes in which training files have it."""

import json
import re
from collections.abc import Sequence
from typing import Any

_FIELDS = ("instruction", "prompt", "text")
_BOTH = (re.compile(rb'"instruction"\s*:\s*"'), re.compile(rb'"input"\s*:\s*"'))


class BadRowError(ValueError):
    """A line is no row that can be compared: why."""


def row_text(line: bytes, fields: Sequence[str] = ()) -> str:
    """The text that a row is compared by.

    Args:
        line: One JSON object, UTF-8.
        fields: Its fields, put together; none takes `instruction`, else `prompt`, `text` or the first message
            of the user.

    Raises:
        BadRowError: it is no JSON object, or has no such text.
    """
    try:
        row: Any = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadRowError("is not UTF-8") from None
    except RecursionError:
        raise BadRowError("is nested too deep") from None
    except json.JSONDecodeError as error:
        raise BadRowError(f"is not JSON ({error.msg} at character {error.colno})") from None
    except ValueError as error:  # a number of thousands of digits
        raise BadRowError(f"is not JSON ({error})") from None
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
        raise BadRowError("has no text in instruction, prompt, text or messages (--field names another)")
    return text


def has_input(line: bytes) -> bool:
    """Whether a row is compared by its instruction while it has an input, too."""
    row: dict[str, Any] = json.loads(line)
    return (
        isinstance(row.get("instruction"), str) and isinstance(row.get("input"), str) and bool(row["input"])
    )


def has_both(line: bytes) -> bool:
    """Whether a row seems to have texts in `instruction` and `input`; it is not read as JSON once more."""
    return all(has_text.search(line) for has_text in _BOTH)


def _asked(messages: Any) -> str | None:
    """What the first message of the user says."""
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, list):  # parts; what is no text is passed over
                parts = [part.get("text") for part in content if isinstance(part, dict)]
                content = "\n".join(part for part in parts if isinstance(part, str)) if parts else None
            return content if isinstance(content, str) else None
    return None
