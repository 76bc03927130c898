"""`alpaca`: an instruction with input and output, and pairs of a question and an answer by any usual name."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.conversations import row_of
from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.shapes.prompt_completion import asked_and_answered
from selfinstruct.core.dataset_files.values import (
    Fields,
    first_of,
    label_in,
    required,
    split_thoughts,
    text_of,
)
from selfinstruct.db.records import Conversation

_ASKED = ("instruction", "question", "query", "prompt")
_GIVEN = ("input", "context")
_ANSWERED = ("output", "answer", "response", "completion", "target")


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    asked, answered = first_of(fields, _ASKED), first_of(fields, _ANSWERED)
    assert asked is not None
    assert answered is not None
    if isinstance(fields[asked], list) or isinstance(fields[answered], list):
        yield asked_and_answered(fields, line, asked=asked, answered=answered)
        return
    instruction = required(fields, asked, asked)
    given = next((text for name in _GIVEN if (text := text_of(fields, name))), "")
    thoughts, output = split_thoughts(required(fields, answered, answered), fields)
    if not output.strip():
        raise RowError(f"has no {answered}")
    system = text_of(fields, "system")
    if fields.get("history"):
        yield _with_history(fields, line, f"{instruction}\n{given}" if given else instruction, output, system)
        return
    yield DataRow(
        line,
        instruction,
        given,
        output,
        label_in(fields),
        Conversation(system) if system else None,
        thoughts,
        text_of(fields, "id") if isinstance(fields.get("id"), str) else "",
    )


def _with_history(fields: Fields, line: int, instruction: str, output: str, system: str) -> DataRow:
    """Read a row with earlier turns, as LLaMA-Factory has them; the input goes below the instruction."""
    said: list[tuple[str, str]] = []
    history = fields["history"]
    if not isinstance(history, list):
        raise RowError("has no list in history")
    for pair in history:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)):
            raise RowError("has a part of its history that is not a pair of texts")
        said += [("user", pair[0]), ("assistant", pair[1])]
    said += [("user", instruction), ("assistant", output)]
    return row_of(said, fields, line, system=system, fields=fields)


ALPACA = Shape(
    "alpaca",
    "instructions with outputs",
    lambda fields: first_of(fields, _ASKED) is not None and first_of(fields, _ANSWERED) is not None,
    _read,
)
