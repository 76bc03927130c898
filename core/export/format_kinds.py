"""The kinds of export formats: JSON records, tables for spreadsheets, and Parquet."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from selfinstruct.core.export.style import Style
from selfinstruct.db.records import TrainingRow

Record = Mapping[str, Any]
"""A row of a training file, as JSON."""
Encode = Callable[[TrainingRow, Style], Record]
"""Converts a row."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters of cells that spreadsheets treat as formulas, or skip before looking for one."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the rows of a file."""

    start: bytes = b""
    between: bytes = b"\n"
    end: bytes = b"\n"
    empty: bytes = b""
    """The content of a file without a row."""

    def around(self, rows: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the content of a file, in pieces."""
        first = next(rows, None)
        if first is None:
            yield self.empty
            return
        yield self.start + first
        for row in rows:
            yield self.between + row
        yield self.end


_LINES = Frame()
_ARRAY = Frame(b"[\n  ", b",\n  ", b"\n]\n", b"[]\n")


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """A format that writes each row as a JSON object."""

    name: str
    about: str
    """A short description of a row, for the help of `--format`."""
    encode: Encode
    holds_conversations: bool = False
    """Whether it has a place for several turns and system prompts."""
    joins: bool = False
    """Whether it makes one text of instruction and input."""
    depends_on_conversations: bool = False
    """Whether its rows look otherwise where one of them has several turns or a system prompt."""
    layouts: tuple[tuple[str, Encode], ...] = ()
    """Sets of layouts to choose from by name, where there are several; `encode` is one of them."""

    def in_layouts(self, name: str) -> "JsonFormat":
        """Return the format with another set of layouts.

        Raises:
            KeyError: it has no set of that name.
        """
        return replace(self, encode=dict(self.layouts)[name])

    def line(self, row: TrainingRow, style: Style) -> bytes:
        """Return a row as UTF-8."""
        return to_json(self.encode(row, style))

    def frame(self, path: Path) -> Frame:
        """Return what makes a file of rows: an array if its name ends in `.json`, otherwise JSON Lines."""
        return _ARRAY if path.suffix.lower() == ".json" else _LINES


@dataclass(frozen=True, slots=True)
class SpreadsheetFormat:
    """A table format, whose cells a spreadsheet could evaluate as formulas."""

    name: str
    about: str
    """A short description of a row, for the help of `--format`."""
    columns: tuple[str, ...]
    cells: Callable[[TrainingRow], tuple[str, ...]]
    """Converts a row to cells, one for each column."""
    guards_formulas: bool = False
    """Whether cells that a spreadsheet would evaluate get an apostrophe."""

    @property
    def holds_conversations(self) -> bool:
        """A cell has no place for turns."""
        return False

    @property
    def joins(self) -> bool:
        """Instruction and input have a column each."""
        return False

    def line(self, row: TrainingRow, _style: Style) -> bytes:
        """Return a row as UTF-8."""
        cells = self.cells(row)
        if self.guards_formulas:
            cells = tuple(f"'{cell}" if is_formula(cell) else cell for cell in cells)
        return _table_row(cells)

    def formulas(self, row: TrainingRow) -> int:
        """Count the cells that a spreadsheet would evaluate."""
        return sum(map(is_formula, self.cells(row)))

    def frame(self, _path: Path) -> Frame:
        """Return what makes a file of rows: the header."""
        header = _table_row(self.columns)
        return Frame(start=header + b"\n", empty=header + b"\n")


@dataclass(frozen=True, slots=True)
class ParquetFormat:
    """A format that writes the messages of each row as a nested column of a Parquet file."""

    name: str
    about: str
    """A short description of a row, for the help of `--format`."""
    is_folder: bool = False
    """Whether the file is laid in a folder, with a card beside it."""

    @property
    def holds_conversations(self) -> bool:
        """Messages have a place for turns and system prompts."""
        return True

    @property
    def joins(self) -> bool:
        """The first message is one text."""
        return True

    def line(self, row: TrainingRow, style: Style) -> bytes:
        """Return the messages of a row as JSON in UTF-8."""
        return to_json(style.messages(row))


ExportFormat = JsonFormat | SpreadsheetFormat | ParquetFormat
"""An export format of any kind."""


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would evaluate a cell."""
    return cell.startswith(_FORMULA_STARTS)


def _table_row(cells: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    # All cells are quoted, since readers treat an unquoted carriage return as the end of a line.
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
    return text.getvalue().encode()
