"""The kinds of export formats: JSON records, and tables for spreadsheets."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from selfinstruct.db.records import TrainingRow

Record = dict[str, str] | dict[str, list[dict[str, str]]]
"""A row of a training file."""
Encode = Callable[[TrainingRow, random.Random], Record]
"""Converts a row; the random generator picks among layouts, if there are several."""


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """A format that writes each row as a JSON object."""

    name: str
    about: str
    """A short description of a row, for the help of `--format`."""
    encode: Encode
    layouts: tuple[tuple[str, Encode], ...] = ()
    """Sets of layouts to choose from by name, where there are several; `encode` is one of them."""

    def in_layouts(self, name: str) -> "JsonFormat":
        """Return the format with another set of layouts.

        Raises:
            KeyError: it has no set of that name.
        """
        return replace(self, encode=dict(self.layouts)[name])

    def text(self, rows: Sequence[TrainingRow], path: Path, rng: random.Random) -> str:
        """Return the content of the file: an array if its name ends in `.json`, otherwise JSON Lines."""
        lines = [json.dumps(self.encode(row, rng), ensure_ascii=False) for row in rows]
        if path.suffix.lower() != ".json":
            return "".join(f"{line}\n" for line in lines)
        return "[\n" + ",\n".join(f"  {line}" for line in lines) + "\n]\n" if lines else "[]\n"


@dataclass(frozen=True, slots=True)
class SpreadsheetFormat:
    """A table format, whose cells a spreadsheet could evaluate as formulas."""

    name: str
    about: str
    """A short description of a row, for the help of `--format`."""
    columns: tuple[str, ...]
    cells: Callable[[TrainingRow], tuple[str, ...]]
    """Converts a row to cells, one for each column."""
    write: Callable[[Sequence[Sequence[str]]], str]
    """Given the header and the cells of all rows, returns the content of the file."""


ExportFormat = JsonFormat | SpreadsheetFormat
"""An export format of any kind."""
