"""The text that a JSON row is compared by: what it asks, in any shape that an import knows."""

import json
import re
from collections.abc import Sequence
from typing import Any

from selfinstruct.core.dataset_files.registry import asked_in
from selfinstruct.core.dataset_files.row import RowError
from selfinstruct.core.dataset_files.values import listed
from selfinstruct.core.util.json_problem import json_problem

_FIELDS = ("instruction", "prompt", "text")
_BOTH = (re.compile(rb'"instruction"\s*:\s*"'), re.compile(rb'"input"\s*:\s*"'))


class BadRowError(ValueError):
    """A line that cannot be compared; the message completes the sentence "line N ..."."""


def row_text(line: bytes, fields: Sequence[str] = ()) -> str:
    """The text that a row is compared by.

    Args:
        line: One JSON object in UTF-8.
        fields: Names of fields to join; empty means `instruction`, else `prompt` or `text`, else what a row
            of its shape asks: a question, or the first text of the user in a conversation.

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
    return texts[0] if texts else _asked(row)


def has_input(line: bytes) -> bool:
    """Whether a row compared by its instruction also has an input."""
    row: dict[str, Any] = json.loads(line)
    return (
        isinstance(row.get("instruction"), str) and isinstance(row.get("input"), str) and bool(row["input"])
    )


def has_both(line: bytes) -> bool:
    """Whether a row seems to have both `instruction` and `input`, without parsing it again."""
    return all(has_text.search(line) for has_text in _BOTH)


def _asked(row: dict[str, Any]) -> str:
    try:
        text = asked_in(row)
    except RowError as error:
        raise BadRowError(str(error)) from None
    if text is None:
        raise BadRowError(f"has no text to compare; its fields are {listed(row)} (--field names one)")
    return text
