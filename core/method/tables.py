"""Markdown tables in an answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_DELIMITER = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_CELL_END = re.compile(r"(?<!\\)\|")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the cells of its header and of each whole row."""

    header: list[str]
    rows: list[list[str]]
    prose: list[str]
    """The lines before and after it."""
    start: int
    """The number of lines before it."""


def only_table(text: str) -> Table | None:
    """The table in an answer, with the prose before and after it; None unless there is exactly one."""
    lines = text.split("\n")
    delimiters = [
        number
        for number, line in enumerate(lines)
        if number and "|" in line and _DELIMITER.match(line) and "|" in lines[number - 1]
    ]
    if len(delimiters) != 1:
        return None
    (delimiter,) = delimiters
    header = _cells(lines[delimiter - 1])
    end = next((n for n in range(delimiter + 1, len(lines)) if "|" not in lines[n]), len(lines))
    rows = [_cells(line) for line in lines[delimiter + 1 : end]]
    prose = [*lines[: delimiter - 1], *lines[end:]]
    return Table(header, [row for row in rows if len(row) == len(header)], prose, delimiter - 1)


def bare_table(text: str) -> Table | None:
    """The table without a delimiter below its header in an answer, as rows; None if there is none."""
    lines = text.split("\n")
    begun = [number for number, line in enumerate(lines) if line.lstrip().startswith("|")]
    if not begun:
        return None
    inside = [line for line in lines[begun[0] : begun[-1] + 1] if line.strip() and not _DELIMITER.match(line)]
    rows = [_cells(line) for line in inside]
    width = len(rows[0]) if rows else 0
    # A row that was cut off has fewer cells.
    whole = rows[:-1] if len(rows) > 1 and len(rows[-1]) < width else rows
    if width < 2 or any(not line.lstrip().startswith("|") for line in inside):
        return None
    if any(len(row) != width for row in whole):
        return None
    return Table([], whole, [*lines[: begun[0]], *lines[begun[-1] + 1 :]], begun[0])


def column(table: Table, wanted: Sequence[bool]) -> int | None:
    """The only column that is wanted; None if there is none or more than one."""
    found = [number for number, is_wanted in enumerate(wanted) if is_wanted]
    return found[0] if len(found) == 1 and table.rows else None


def _cells(line: str) -> list[str]:
    cells = _CELL_END.split(line.strip().removeprefix("|"))
    if cells and not cells[-1].strip():
        cells.pop()
    return [_BREAK.sub("\n", cell.replace("\\|", "|")).strip() for cell in cells]
