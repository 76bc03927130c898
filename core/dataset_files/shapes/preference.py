"""`preference`: rows for DPO, of which the chosen answer is read."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.conversations import conversation
from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.shapes.prompt_completion import asked_and_answered
from selfinstruct.core.dataset_files.values import Fields


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    chosen = fields["chosen"]
    if "prompt" not in fields and isinstance(chosen, list):
        yield conversation(chosen, fields, line, role=("role", "from"), content=("content", "value"))
        return
    asked = "prompt" if "prompt" in fields else "question" if "question" in fields else "instruction"
    yield asked_and_answered(fields, line, asked=asked, answered="chosen")


PREFERENCE = Shape(
    "preference",
    "preference pairs, of which the chosen answer is read",
    lambda fields: "chosen" in fields and "rejected" in fields,
    _read,
)
