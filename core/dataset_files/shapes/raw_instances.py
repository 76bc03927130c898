"""`raw-instances`: the published `machine_generated_instances.jsonl`: answers, read by our parser."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, label_in, required, text_of


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    from selfinstruct.core.method import keep_or_drop, parse_input_first, parse_output_first  # noqa: PLC0415 - its patterns take long to compile

    instruction, label = required(fields, "instruction", "instruction"), label_in(fields)
    raw = text_of(fields, "raw_instances")
    if not raw.strip():
        raise RowError("has no instances")
    parse = parse_output_first if label == "classification" else parse_input_first
    cut = _is_cut(fields)
    kept = [one for one in keep_or_drop(parse(raw, task=instruction), cut=cut) if one.state == "kept"]
    if not kept:
        raise RowError("has no instance that can be kept")
    for one in kept:
        yield DataRow(line, instruction, one.input, one.output, label)


def _is_cut(fields: Fields) -> bool:
    metadata = fields.get("instance_metadata")
    if not isinstance(metadata, dict):
        return False
    response = metadata.get("response")
    choices = response.get("choices") if isinstance(response, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return isinstance(first, dict) and first.get("finish_reason") == "length"


RAW_INSTANCES = Shape(
    "raw-instances",
    "the answers of the published Self-Instruct run, read by our parser",
    lambda fields: "instruction" in fields and "raw_instances" in fields,
    _read,
)
