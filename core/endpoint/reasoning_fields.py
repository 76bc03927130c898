"""A model's thoughts where reasoning parsers file them: in fields and parts of their own. Pure."""

from collections.abc import Iterator
from typing import Any

REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_details")
_REASONING_PARTS = ("thinking", "reasoning")
_TEXTS = ("thinking", "reasoning", "text", "summary", "content")
"""The names under which a part, or a detail, has its text, or a list of such parts."""
_DEEPEST = 4


def holds_reasoning(choice: dict[str, Any]) -> bool:
    """Whether a choice has thoughts in a field or a part of their own."""
    fields = _fields(choice)
    kinds = [part.get("type") for part in _parts(choice)]
    said = any(one.strip() if isinstance(one, str) else isinstance(one, list) and one for one in fields)
    return said or any(kind in _REASONING_PARTS for kind in kinds)


def reasoning_of(choice: dict[str, Any]) -> str:
    """Return the thoughts that a choice has in a field or in parts of their own; empty if there are none.

    Servers repeat the same thoughts in several fields: the first that holds any counts.
    """
    parts = [part for part in _parts(choice) if part.get("type") in _REASONING_PARTS]
    for held in (*_fields(choice), parts):
        if text := "".join(_texts(held, _DEEPEST)).strip():
            return text
    return ""


def _fields(choice: dict[str, Any]) -> list[object]:
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    return [where.get(name) for where in (message, choice) for name in REASONING_FIELDS]


def _parts(choice: dict[str, Any]) -> list[dict[str, Any]]:
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _texts(held: object, deepest: int) -> Iterator[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, list) and deepest:
        for one in held:
            yield from _texts(one, deepest - 1)
    elif isinstance(held, dict) and deepest:
        named = (held.get(name) for name in _TEXTS)
        yield from _texts(next((one for one in named if one), None), deepest - 1)
