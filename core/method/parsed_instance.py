"""Instances as read: pairs of texts, cleaned, with a reason for each that cannot be kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from selfinstruct.core.method.answer_lines import leaves_fence_open
from selfinstruct.core.method.json_answers import holds_a_row, holds_an_answer
from selfinstruct.core.method.values import fault_of, input_of, value_of, without_empty_edges
from selfinstruct.core.method.vocabulary import Vocabulary
from selfinstruct.core.method.yaml_blocks import BLOCK_MARK
from selfinstruct.db.records import Reason

UNREADABLE = Reason("unreadable", "The answer has no format that tells input and output apart.")
OPEN_END = Reason("unreadable", "It is not clear where this text ends and something else begins.")
OTHER_TASK = Reason("unreadable", "The answer names another task than the one that it was asked about.")
_SHOWN = 60
"""Characters of a part that its reason quotes."""
_OPEN_FENCE = Reason("unreadable", "A code fence is not closed, so the end of its text is unknown.")


@dataclass(frozen=True, slots=True)
class ParsedInstance:
    """An input, which may be empty, and an output, as the model wrote them."""

    input: str
    output: str
    fault: Reason | None = field(default=None, compare=False)
    """Why it is dropped regardless of the others: unreadable, a placeholder, a refusal."""
    whole: bool = field(default=False, compare=False)
    """Whether it is known to be complete even if the token limit cut the answer."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An input and an output as written in an answer."""

    given: str
    output: str
    fault: Reason | None = None


def finished(
    pairs: Sequence[Pair], vocabulary: Vocabulary, *, whole: bool, exact: bool = False
) -> list[ParsedInstance]:
    """Clean the texts of an answer's instances.

    Args:
        pairs: The texts as they stand in the answer.
        vocabulary: The words of the language.
        whole: Whether they are complete even if the answer was cut.
        exact: Whether nothing but a text itself can be in its place, as in JSON with a schema.
    """
    trimmed = without_empty_edges if exact else value_of
    found = []
    for pair in pairs:
        given, output = input_of(trimmed(pair.given), vocabulary), trimmed(pair.output)
        fault = pair.fault
        is_json_row = not exact and not given and holds_a_row(output)
        if fault is None and (is_json_row or holds_an_answer(given) or holds_an_answer(output)):
            fault = UNREADABLE
        if fault is None and not exact and any(map(BLOCK_MARK.match, (given, output))):
            fault = UNREADABLE
        fault = fault or fault_of(given, output, vocabulary)
        if fault is None and (leaves_fence_open(given) or leaves_fence_open(output)):
            fault = _OPEN_FENCE
        found.append(ParsedInstance(given, output, fault, whole))
    return found


def unplaced(part: str) -> Reason:
    """Why an instance with a part besides its input and its output is unreadable."""
    line = " ".join(part.split())
    shown = line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
    return Reason(
        "unreadable", f"It is not clear whether this belongs to the input, the output or neither: {shown}"
    )


def unreadable(text: str) -> list[ParsedInstance]:
    """An answer that cannot be read, as one instance that keeps its text."""
    return [ParsedInstance("", value_of(text), UNREADABLE)] if text.strip() else []
