"""The texts of a row's fields."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from selfinstruct.core.dataset_files.row import RowError
from selfinstruct.core.util.storable_text import is_storable
from selfinstruct.db.records import Label

Fields = Mapping[str, Any]
"""A row: JSON values by name."""

_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0"}
_THOUGHTS = re.compile(
    r"\A\s*<(?P<tag>think|thinking|thought|thoughts|reasoning)>(?P<thoughts>.*?)</(?P=tag)>\s*",
    re.DOTALL | re.IGNORECASE,
)
_OPEN_THOUGHTS = re.compile(r"\A\s*<(?:think|thinking|thought|thoughts|reasoning)>", re.IGNORECASE)
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking", "thoughts")
"""Fields beside an output that hold the reasoning that led to it."""


def text_of(fields: Fields, name: str) -> str:
    """Return the text of a field; empty if it is missing, null or NaN. A number is its JSON text.

    Raises:
        RowError: it is an object or a list, or cannot be stored.
    """
    value = fields.get(name)
    if value is None or value != value:  # noqa: PLR0124 - NaN, which tables have for what is missing
        return ""
    if isinstance(value, str):
        if not is_storable(value):
            raise RowError(f"has a character in {name} that cannot be stored (NUL or an unpaired surrogate)")
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise RowError(f"has no text in {name}")


def required(fields: Fields, name: str, what: str) -> str:
    """Return the text of a field that must not be blank.

    Raises:
        RowError: it is.
    """
    text = text_of(fields, name)
    if not text.strip():
        raise RowError(f"has no {what}")
    return text


def first_of(fields: Fields, names: Iterable[str]) -> str | None:
    """Return the first of these names that is a field of a row; None if none is."""
    return next((name for name in names if name in fields), None)


def label_in(fields: Fields) -> Label | None:
    """Return the label that `is_classification` gives; None without it.

    Raises:
        RowError: its value is neither yes nor no.
    """
    value = fields.get("is_classification")
    if value is None:
        return None
    said = str(value).strip().lower()
    if said in _YES:
        return "classification"
    if said in _NO:
        return "generation"
    raise RowError("has neither true nor false in is_classification")


def split_thoughts(output: str, fields: Fields) -> tuple[str, str]:
    """Return the thoughts of an output, from a block at its start or a field beside it, and the rest.

    Raises:
        RowError: the block does not end, or both are there.
    """
    name = next((name for name in _THOUGHT_FIELDS if isinstance(fields.get(name), str)), None)
    beside = text_of(fields, name) if name else ""
    block = _THOUGHTS.match(output)
    if block is None:
        if _OPEN_THOUGHTS.match(output):
            raise RowError("begins its output with thoughts that do not end")
        return beside, output
    if beside.strip() and block["thoughts"].strip():
        raise RowError(f"has thoughts both in its output and in {name}")
    return block["thoughts"].strip() or beside, output[block.end() :]
