"""`instructions`: tasks without instances."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.pairs import asked_text
from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, label_in, required


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    yield DataRow(line, required(fields, "instruction", "instruction"), label=label_in(fields))


INSTRUCTIONS = Shape(
    "instructions",
    "instructions without outputs",
    lambda fields: "instruction" in fields,
    _read,
    lambda fields: asked_text(fields, "instruction"),
)
