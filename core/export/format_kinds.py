"""The kinds of export formats: JSON records, and tables for spreadsheets."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.db.records import TrainingRow

Record = dict[str, str] | dict[str, list[dict[str, str]]]
"""A row as a trainer reads it."""


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """A format that writes each row as one JSON object."""

    name: str
    about: str
    """What a row looks like, for the help of `--format`."""
    encode: Callable[[TrainingRow, random.Random], Record]
    """One row as the trainer takes it; the generator chooses where a format has several layouts."""

    def text(self, rows: Sequence[TrainingRow], path: Path, rng: random.Random) -> str:
        """The file: one array when its name ends in `.json`, else one object a line."""
        lines = [json.dumps(self.encode(row, rng), ensure_ascii=False) for row in rows]
        if path.suffix.lower() != ".json":
            return "".join(f"{line}\n" for line in lines)
        return "[\n" + ",\n".join(f"  {line}" for line in lines) + "\n]\n" if lines else "[]\n"


@dataclass(frozen=True, slots=True)
class SpreadsheetFormat:
    """A format of cells, some of which a spreadsheet may run as formulas."""

    name: str
    about: str
    """What a row looks like, for the help of `--format`."""
    columns: tuple[str, ...]
    cells: Callable[[TrainingRow], tuple[str, ...]]
    """The cells of a row, one for each column."""
    write: Callable[[Sequence[Sequence[str]]], str]
    """The file; given the header and the cells of all rows."""


ExportFormat = JsonFormat | SpreadsheetFormat
"""Any of the kinds."""
