"""`preference`: rows for DPO, of which the chosen answer is read."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.conversations import conversation, first_asked
from selfinstruct.core.dataset_files.pairs import asked_text, pair
from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, fullest_of

_ASKED = ("messages", "conversations", "instruction", "prompt", "question", "query")
_GIVEN = ("input", "context")
_ANSWERS = (("chosen", "rejected"), ("preferred_output", "non_preferred_output"))


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    named = _named(fields)
    asked = fullest_of(named, _ASKED)
    if "chosen" not in named:
        raise RowError("has no messages in input")
    if asked is not None:
        yield pair(named, line, asked=asked, answered="chosen", given=_GIVEN)
    elif isinstance(named["chosen"], list):
        yield conversation(named["chosen"], named, line)
    else:
        raise RowError("has no prompt")


def _named(fields: Fields) -> Fields:
    """Return the row with its parts by the names that most trainers give them."""
    inside = fields.get("input")
    if "preferred_output" not in fields or not isinstance(inside, dict):
        return fields
    rest = {name: value for name, value in fields.items() if name != "input"}
    return {**rest, **inside, "chosen": fields["preferred_output"]}


def _asked(fields: Fields) -> str | None:
    named = _named(fields)
    asked = fullest_of(named, _ASKED)
    return asked_text(named, asked) if asked is not None else first_asked(named.get("chosen"))


def _fits(fields: Fields) -> bool:
    return any(
        chosen in fields and other in fields and (fields[chosen] is not None or fields[other] is not None)
        for chosen, other in _ANSWERS
    )


PREFERENCE = Shape(
    "preference",
    "preference pairs, of which the chosen answer is read",
    _fits,
    _read,
    _asked,
)
