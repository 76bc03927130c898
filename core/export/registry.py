"""The registry of export formats: the values of `--format`, in the order shown by its help.

To add a format, write a module in `core/export/formats` and add a line here (docs/contributing.md).
"""

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.format_kinds import ExportFormat, JsonFormat, ParquetFormat, SpreadsheetFormat
from selfinstruct.core.export.formats.alpaca import ALPACA
from selfinstruct.core.export.formats.csv_table import CSV
from selfinstruct.core.export.formats.gpt3 import GPT3
from selfinstruct.core.export.formats.messages import MESSAGES
from selfinstruct.core.export.formats.parquet import HUB, PARQUET
from selfinstruct.core.export.formats.prompt_completion import PROMPT_COMPLETION
from selfinstruct.core.export.formats.sharegpt import SHAREGPT
from selfinstruct.core.plugins import plugins

FORMATS: tuple[ExportFormat, ...] = (
    MESSAGES,
    ALPACA,
    SHAREGPT,
    PROMPT_COMPLETION,
    GPT3,
    CSV,
    PARQUET,
    HUB,
)
FORMATS += plugins(
    "selfinstruct.exporters",
    (JsonFormat, SpreadsheetFormat, ParquetFormat),
    named=lambda one: one.name,
    taken={one.name for one in FORMATS},
)

LAYOUTS = {
    one.name: tuple(name for name, _ in one.layouts)
    for one in FORMATS
    if isinstance(one, JsonFormat) and one.layouts
}
"""The names of the sets of layouts, by format; the first of each is the default."""


def format_of(name: str, layouts: str | None = None) -> ExportFormat:
    """The format with this name, with a set of layouts other than its default if one is named.

    Raises:
        ExportError: a name is unknown, or the format has no layouts to choose from.
    """
    for one in FORMATS:
        if one.name == name:
            return one if layouts is None else _in_layouts(one, layouts)
    names = ", ".join(one.name for one in FORMATS)
    raise ExportError(f"'{name}' is not an export format. Give one of {names}.")


def _in_layouts(one: ExportFormat, layouts: str) -> ExportFormat:
    if not isinstance(one, JsonFormat) or not one.layouts:
        names = " or ".join(LAYOUTS)
        raise ExportError(f"{one.name} has one layout. Give --format {names} with --layouts.")
    if layouts not in LAYOUTS[one.name]:
        raise ExportError(f"'{layouts}' is not a set of layouts. Give one of {', '.join(LAYOUTS[one.name])}.")
    return one.in_layouts(layouts)
