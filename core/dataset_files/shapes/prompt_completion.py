"""`prompt-completion`: a prompt and its completion, as strings or as messages."""

import re
from collections.abc import Iterator
from dataclasses import replace

from selfinstruct.core.dataset_files.pairs import asked_text, pair
from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields

_END = "<|endoftext|>"
_TASK = "Task: "
_OUTPUT = re.compile(r"(?: |(?P<gap>\n\n?))Output:\Z")
_INPUT = re.compile(r"(?<!\n)(\n\n?)Input: ")


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    row = pair(fields, line, asked="prompt", answered="completion")
    completion = fields["completion"]
    if isinstance(completion, str) and completion.endswith(_END):
        row = _of_paper(row, completion.removesuffix(_END))
    yield row


def _of_paper(row: DataRow, completion: str) -> DataRow:
    """Read a row in one of the paper's layouts; where its parts have no names, the prompt stays whole."""
    if not completion.strip():
        raise RowError("has no completion")
    prompt = row.instruction.removeprefix(_TASK)
    named = _OUTPUT.search(prompt)
    if named is None:
        return replace(row, instruction=prompt.rstrip("\n"), output=completion)
    prompt = prompt[: named.start()]
    parts = _INPUT.split(prompt)
    # The layouts have the same line breaks above both names; other line breaks belong to a text.
    is_named = len(parts) == 3 and parts[1] == named["gap"]
    instruction, given = (parts[0], parts[2]) if is_named else (prompt, "")
    return replace(row, instruction=instruction, input=given, output=completion.removeprefix(" "))


PROMPT_COMPLETION = Shape(
    "prompt-completion",
    "prompts with completions",
    lambda fields: "prompt" in fields and "completion" in fields and "instruction" not in fields,
    _read,
    lambda fields: asked_text(fields, "prompt"),
)
