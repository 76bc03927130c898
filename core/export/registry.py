"""The registry of export formats: the values of `--format`, in the order shown by its help.

To add a format, write a module in `core/export/formats` and add a line here (docs/contributing.md).
"""

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.format_kinds import ExportFormat
from selfinstruct.core.export.formats.alpaca import ALPACA
from selfinstruct.core.export.formats.csv_table import CSV
from selfinstruct.core.export.formats.gpt3 import GPT3
from selfinstruct.core.export.formats.messages import MESSAGES

FORMATS: tuple[ExportFormat, ...] = (
    MESSAGES,
    ALPACA,
    GPT3,
    CSV,
)


def format_of(name: str) -> ExportFormat:
    """The format with this name.

    Raises:
        ExportError: the name is unknown.
    """
    for one in FORMATS:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in FORMATS)
    raise ExportError(f"'{name}' is not an export format. Give one of {names}.")
