"""The texts of a row's fields."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from selfinstruct.core.dataset_files.row import RowError
from selfinstruct.core.util.storable_text import is_storable
from selfinstruct.db.records import Label

Fields = Mapping[str, Any]
"""A row: JSON values by name."""

_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0"}
_ASKED = ("instruction", "prompt", "question", "query", "messages", "conversations", "conversation")
_SYSTEM = ("system", "system_prompt")
_MOST_LISTED = 12
_LABELS: tuple[Label, ...] = ("classification", "generation")


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


def holds(fields: Fields, name: str) -> bool:
    """Whether a row has this field, and not only as the null that a table has for rows of another shape."""
    if name not in fields:
        return False
    return fields[name] is not None or all(fields.get(asked) is None for asked in _ASKED)


def fullest_of(fields: Fields, names: Iterable[str]) -> str | None:
    """Return the first of these names that has a value, else the first that is there; None if none is."""
    first: str | None = None
    for name in names:
        if name in fields:
            value = fields[name]
            if value is not None and str(value).strip():
                return name
            first = first or name
    return first


def system_in(fields: Fields) -> str:
    """Return the system prompt that a row has in a field of its own; empty if there is none.

    Raises:
        RowError: there are two.
    """
    return only_one(fields, _SYSTEM, "two system prompts")


def only_one(fields: Fields, names: Iterable[str], what: str) -> str:
    """Return the text that one of these fields has; empty if none has any.

    Raises:
        RowError: they have different texts, of which only one can be kept; `what` names them.
    """
    texts = {text: name for name in names if name in fields and (text := text_of(fields, name))}
    if len(texts) > 1 and len(full := [text for text in texts if text.strip()]) > 1:
        raise RowError(f"has {what} ({' and '.join(texts[text] for text in full)})")
    return next(filter(str.strip, texts), next(iter(texts), ""))


def label_in(fields: Fields) -> Label | None:
    """Return the label that `is_classification` or `label` gives; None without one.

    A text is read as the answer of a model.

    Raises:
        RowError: `is_classification` is neither yes nor no.
    """
    value = fields.get("is_classification")
    if value is None and "label" not in fields:
        return None
    said = "" if value is None else str(value).strip().lower()
    if not said:
        return next((label for label in _LABELS if fields.get("label") == label), None)
    if said in _YES:
        return "classification"
    if said in _NO:
        return "generation"
    if isinstance(value, str):
        from selfinstruct.core.method import parse_label  # noqa: PLC0415 - its patterns take long to compile

        if (label := parse_label(value)) != "unknown":
            return label
    raise RowError("has neither true nor false in is_classification")


def listed(fields: Fields) -> str:
    """Return the names of the fields of a row, for a message."""
    names = [str(name) for name in fields]
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(names[:_MOST_LISTED]) + more if names else "none"
