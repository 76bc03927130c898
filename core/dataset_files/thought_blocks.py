"""Thoughts that come with an output: a block at its start, or a field beside it."""

import re

from selfinstruct.core.dataset_files.row import RowError
from selfinstruct.core.dataset_files.values import Fields, text_of

_TAGS = ("think", "thinking", "thought", "thoughts", "reason", "reasoning", "seed:think", "antthinking")
_BLOCKS = tuple(
    (re.compile(rf"\A\s*{opens}", re.IGNORECASE), re.compile(closes, re.IGNORECASE))
    for opens, closes in (
        *((f"<{tag}>", rf"</{tag}>\s*") for tag in _TAGS),
        (r"\[THINK\]", r"\[/THINK\]\s*"),
        (r"◁think▷", r"◁/think▷\s*"),
        (r"<\|think\|>", r"<\|/think\|>\s*"),
        (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>\s*"),
        (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>\s*"),
    )
)
"""How each spelling of a block begins and ends."""
_MARKS = ("<", "[", "◁")
_FIELDS = ("reasoning_content", "reasoning", "thinking", "thoughts")
"""Fields beside an output that hold the reasoning that led to it."""
_SWITCH = {"", "on", "off"}
"""What such a field says that only tells whether the model was to think."""


def split_thoughts(output: str, *fields: Fields) -> tuple[str, str]:
    """Return the thoughts of an output, from a block at its start or a field beside it, and the rest.

    Args:
        output: The text.
        fields: The message and the row that it is in: the first with thoughts counts.

    Raises:
        RowError: the block does not end, or thoughts are in both places.
    """
    name, beside = next(filter(None, map(thoughts_beside, fields)), ("", ""))
    inside, rest = _block(output)
    if beside and inside:
        raise RowError(f"has thoughts both in its output and in {name}")
    return inside or beside, rest


def thoughts_beside(fields: Fields) -> tuple[str, str] | None:
    """Return the first field with thoughts, its name and text; None if there is none.

    Raises:
        RowError: its value is no text.
    """
    for name in _FIELDS:
        value = fields.get(name)
        if not value or value is True:
            continue
        text = text_of(fields, name)
        if text.strip().lower() not in _SWITCH:
            return name, text
    return None


def _block(output: str) -> tuple[str, str]:
    if output.lstrip()[:1] not in _MARKS:
        return "", output
    for opens, closes in _BLOCKS:
        opened = opens.match(output)
        if opened is None:
            continue
        closed = closes.search(output, opened.end())
        if closed is None:
            raise RowError("begins its output with thoughts that do not end")
        return output[opened.end() : closed.start()].strip(), output[closed.end() :]
    return "", output
