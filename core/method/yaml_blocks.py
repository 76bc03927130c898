"""Answers in YAML whose texts are blocks: `input: |`, with the text indented below it."""

import json
import re
from collections.abc import Callable
from textwrap import dedent
from typing import Any

from selfinstruct.core.method.answer_lines import is_fence

_KEY = re.compile(
    r"[ ]{0,40}(?P<dash>-[ ]{1,4})?(?P<name>[\"']?[^\W\d_][\w \-]{0,40}[\"']?)[ ]?[:：]"
    r"(?:[ ]+(?P<value>\S.*)|[ ]*)"
)
_MARK_OF_BLOCK = r"[|>][+-]?[1-9]?[+-]?"
_MARK = re.compile(_MARK_OF_BLOCK)
_HAS_BLOCK = re.compile(rf"[:：][ ]*{_MARK_OF_BLOCK}[ ]*$", re.MULTILINE)
_RULE = re.compile(r"---+|\.\.\.")
BLOCK_MARK = re.compile(rf"\s*{_MARK_OF_BLOCK}[ \t]*(?:\n|\Z)")
"""The mark of a block where a text should begin."""


class YamlItems:
    """The mappings of such an answer, in order, and what else it says."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = [{}]
        self.before: list[str] = []
        """Lines above the first mapping."""
        self.after: list[str] = []
        """Lines below one, that are part of none."""
        self.is_broken = False
        """Whether a text is not indented as a block, so that its end is not known."""


def yaml_items(text: str, is_field: Callable[[str], bool], is_end: Callable[[str], bool]) -> YamlItems | None:
    """Read an answer with blocks; None if no field is one.

    Args:
        text: The answer, without thoughts.
        is_field: Whether a name is that of a field.
        is_end: Whether a name begins another task.
    """
    if not _HAS_BLOCK.search(text):
        return None
    lines = _without_wrapper(text.rstrip().split("\n"))
    first = next((key for line in lines if (key := _KEY.fullmatch(line)) and is_field(_name(key))), None)
    heads = [key for line in lines if (key := _KEY.fullmatch(line)) and is_field(_name(key)) and _mark(key)]
    if first is None or not heads or (not _mark(first) and first["value"] is None):
        return None
    found, at = YamlItems(), 0
    while at < len(lines):
        line = lines[at]
        key = _KEY.fullmatch(line)
        at += 1
        if key is None or (not is_field(_name(key)) and not found.items[-1] and key["value"] is not None):
            if line.strip() and not _RULE.fullmatch(line.strip()):
                (found.after if found.items[-1] else found.before).append(line)
            continue
        name = _name(key)
        if is_end(name):
            if found.items[-1]:
                break
            continue
        if not is_field(name) and key["value"] is None:
            found.items.append({})  # what encloses the mappings, or is above one
            continue
        end = _end_of_block(lines, at, key.start("name"))
        if key["dash"] or name in found.items[-1]:
            found.items.append({})
        body, mark, value = lines[at:end], _mark(key), key["value"]
        if mark and not body:
            found.is_broken |= at < len(lines) and lines[at].strip() != ""
        elif value is not None and not mark:
            found.is_broken |= bool(body)
        found.items[-1][name] = _block(body, mark) if mark or value is None else _plain(value)
        at = end
    found.items = [item for item in found.items if item]
    return found


def _name(key: "re.Match[str]") -> str:
    return key["name"].strip("\"' ")


def _mark(key: "re.Match[str]") -> str:
    value = (key["value"] or "").strip()
    return value if _MARK.fullmatch(value) else ""


def _without_wrapper(lines: list[str]) -> list[str]:
    """The lines without the fence around all of them, if there is one."""
    marks = [number for number, line in enumerate(lines) if is_fence(line)]
    if len(marks) == 2 and not lines[marks[0]].startswith(" "):
        return [line for number, line in enumerate(lines) if number not in marks]
    return lines


def _end_of_block(lines: list[str], at: int, column: int) -> int:
    """Where the lines end that are indented deeper than a name."""
    end = at
    for number in range(at, len(lines)):
        line = lines[number]
        if line.strip():
            if len(line) - len(line.lstrip(" ")) <= column:
                break
            end = number + 1
    return end


def _block(lines: list[str], mark: str) -> str:
    text = dedent("\n".join(lines)).strip("\n")
    if not mark.startswith(">"):
        return text
    # Lines of a folded block are one; an empty line ends it, and what is indented stays as it is.
    folded = re.sub(r"(?<=\S)\n(?=\S)", " ", text)
    return re.sub(r"(?<=\S)\n\n(?=\S)", "\n", folded)


def _plain(value: str) -> str:
    """A value on the line of its name, without its quotation marks."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        try:
            read = json.loads(value)
        except ValueError:
            return value
        return str(read)
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    return value
