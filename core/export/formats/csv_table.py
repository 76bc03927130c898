"""`csv`: a table with a header, all cells quoted (RFC 4180, except that lines end in LF)."""

import csv
import io
from collections.abc import Sequence

from selfinstruct.core.export.format_kinds import SpreadsheetFormat


def _write(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    # All cells are quoted, since readers treat an unquoted carriage return as the end of a line.
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue()


CSV = SpreadsheetFormat(
    "csv",
    "a table of instruction, input, output",
    columns=("instruction", "input", "output"),
    cells=lambda row: (row.instruction, row.input, row.output),
    write=_write,
)
