"""`alpaca`: an instruction with input and output, and pairs of a question and an answer by any usual name."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.pairs import asked_text, pair
from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, first_of, fullest_of

_QUESTIONS = ("question", "query")
_ASKED = ("instruction", *_QUESTIONS, "prompt")
_GIVEN = ("input", "context")
_ANSWERED = ("output", "answer", "response", "completion", "target")


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    asked, answered = fullest_of(fields, _ASKED), fullest_of(fields, _ANSWERED)
    assert asked is not None
    assert answered is not None
    # A question below an instruction ("Answer the question.") is what it is about.
    given = (*_GIVEN, *_QUESTIONS) if asked == "instruction" else _GIVEN
    yield pair(fields, line, asked=asked, answered=answered, given=given)


ALPACA = Shape(
    "alpaca",
    "instructions with outputs",
    lambda fields: first_of(fields, _ASKED) is not None and first_of(fields, _ANSWERED) is not None,
    _read,
    lambda fields: asked_text(fields, fullest_of(fields, _ASKED)),
)
