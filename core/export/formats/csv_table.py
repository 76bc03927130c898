"""`csv`: a table with a header, every cell in quotes (RFC 4180 but for its line ends)."""

import csv
import io
from collections.abc import Sequence

from selfinstruct.core.export.format_kinds import SpreadsheetFormat


def _write(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    # Quotes around every cell, since readers take a lone carriage return outside of them for a line end.
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue()


CSV = SpreadsheetFormat(
    "csv",
    "a table of instruction, input, output",
    columns=("instruction", "input", "output"),
    cells=lambda row: (row.instruction, row.input, row.output),
    write=_write,
)
