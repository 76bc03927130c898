"""`csv`: a table with a header, all cells quoted (RFC 4180, except that lines end in LF)."""

from selfinstruct.core.export.format_kinds import SpreadsheetFormat

CSV = SpreadsheetFormat(
    "csv",
    "a table of instruction, input, output",
    columns=("instruction", "input", "output"),
    cells=lambda row: (row.instruction, row.input, row.output),
)
