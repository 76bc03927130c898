"""`raw-instances`: the published `machine_generated_instances.jsonl`: answers, read by our parser."""

import json
import re
from collections.abc import Iterator

from selfinstruct.core.dataset_files.pairs import asked_text
from selfinstruct.core.dataset_files.row import BadRow, DataRow, RowError
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.shapes.raw_proposals import choice_of
from selfinstruct.core.dataset_files.values import Fields, label_in, required, text_of

_LABEL = "Class label:"
_BEGINS_WITH_A_NAME = re.compile(r"\s*[^\W\d_][\w ]{0,30}:")


def _read(fields: Fields, line: int) -> Iterator[DataRow | BadRow]:
    from selfinstruct.core.method import keep_or_drop, parse_input_first, parse_output_first  # noqa: PLC0415 - its patterns take long to compile

    instruction, label = required(fields, "instruction", "instruction"), label_in(fields)
    raw = text_of(fields, "raw_instances")
    if not raw.strip():
        raise RowError("has no instances")
    if label == "classification" or (label is None and raw.lstrip().startswith(_LABEL)):
        # Where the prompt ends with these words, the answer goes on behind them.
        whole = raw if _BEGINS_WITH_A_NAME.match(raw) else f"{_LABEL}{raw}"
        parsed = parse_output_first(whole, task=instruction)
    else:
        parsed = parse_input_first(raw, task=instruction)
    if not parsed:
        raise RowError("has no instances")
    for one in keep_or_drop(parsed, cut=_is_cut(fields)):
        if one.reason is None:
            yield DataRow(line, instruction, one.input, one.output, label)
        else:
            text = json.dumps({"input": one.input, "output": one.output}, ensure_ascii=False)
            yield BadRow(line, f"has an instance that is dropped: {one.reason.sentence}", text)


def _is_cut(fields: Fields) -> bool:
    choice = choice_of(fields.get("instance_metadata"))
    return choice is not None and choice.get("finish_reason") == "length"


RAW_INSTANCES = Shape(
    "raw-instances",
    "the answers of the published Self-Instruct run, read by our parser",
    lambda fields: "instruction" in fields and "raw_instances" in fields,
    _read,
    lambda fields: asked_text(fields, "instruction"),
)
