"""`prompt-completion`: a prompt and its completion, as strings or as messages."""

import re
from collections.abc import Iterator

from selfinstruct.core.dataset_files.conversations import conversation
from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, label_in, required, split_thoughts

_END = "<|endoftext|>"
_TASK = "Task: "
_OUTPUT = re.compile(r"(?: |\n\n?)Output:\Z")
_INPUT = re.compile(r"(\n\n?)Input: ")


def asked_and_answered(fields: Fields, line: int, *, asked: str, answered: str) -> DataRow:
    """Read two fields that are both texts or both lists of messages.

    Raises:
        RowError: they are neither, or cannot be kept whole.
    """
    prompt, answer = fields[asked], fields[answered]
    if isinstance(prompt, list) or isinstance(answer, list):
        before = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
        after = answer if isinstance(answer, list) else [{"role": "assistant", "content": answer}]
        return conversation([*before, *after], fields, line, role=("role",), content=("content",))
    instruction = required(fields, asked, asked)
    thoughts, output = split_thoughts(required(fields, answered, answered), fields)
    if not output.strip():
        raise RowError("has no output")
    return DataRow(line, instruction, output=output, label=label_in(fields), thoughts=thoughts)


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    row = asked_and_answered(fields, line, asked="prompt", answered="completion")
    completion = fields["completion"]
    if isinstance(completion, str) and completion.endswith(_END):
        row = _of_paper(row, completion.removesuffix(_END))
    yield row


def _of_paper(row: DataRow, completion: str) -> DataRow:
    """Read a row in one of the paper's layouts; where its parts have no names, the prompt stays whole."""
    prompt = row.instruction.removeprefix(_TASK)
    named = _OUTPUT.search(prompt)
    if named is None:
        return DataRow(row.line, prompt.rstrip("\n"), output=_some(completion), label=row.label)
    prompt = prompt[: named.start()]
    parts = _INPUT.split(prompt)
    instruction, given = (parts[0], parts[2]) if len(parts) == 3 else (prompt, "")
    return DataRow(row.line, instruction, given, _some(completion.removeprefix(" ")), row.label)


def _some(completion: str) -> str:
    if not completion.strip():
        raise RowError("has no completion")
    return completion


PROMPT_COMPLETION = Shape(
    "prompt-completion",
    "prompts with completions",
    lambda fields: "prompt" in fields and "completion" in fields,
    _read,
)
