"""`seed-tasks`: tasks with their instances, as the paper's seed tasks and its 252 user-oriented tasks."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.pairs import asked_text
from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.thought_blocks import split_thoughts
from selfinstruct.core.dataset_files.values import Fields, label_in, required, text_of


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    instruction = required(fields, "instruction", "instruction")
    name, label = text_of(fields, "id") or text_of(fields, "name"), label_in(fields)
    instances = fields["instances"]
    if not isinstance(instances, list):
        raise RowError("has no list in instances")
    if not instances:
        yield DataRow(line, instruction, label=label, name=name)
    read = [_instance(one) for one in instances]
    for given, output, thoughts in read:
        yield DataRow(line, instruction, given, output, label, thoughts=thoughts, name=name)


def _instance(instance: object) -> tuple[str, str, str]:
    if not isinstance(instance, dict):
        raise RowError("has an instance that is not an object")
    thoughts, output = split_thoughts(required(instance, "output", "output in an instance"), instance)
    return text_of(instance, "input"), output, thoughts


SEED_TASKS = Shape(
    "seed-tasks",
    "tasks with instances, like seed tasks",
    lambda fields: "instruction" in fields and "instances" in fields,
    _read,
    lambda fields: asked_text(fields, "instruction"),
)
