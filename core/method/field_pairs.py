"""The pairs of inputs and outputs that the fields of an answer form, in either order."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead, field_head, head_of
from selfinstruct.core.method.instance_fields import Field
from selfinstruct.core.method.next_task import names_task, only_introduces
from selfinstruct.core.method.parsed_instance import OPEN_END, UNREADABLE, Pair, unplaced
from selfinstruct.core.method.unknown_form import holds_output
from selfinstruct.core.method.vocabulary import Vocabulary
from selfinstruct.db.records import Reason

_LACKS_INPUT = Reason(
    "unreadable",
    "This output has no input, though others have: its input may be in an unrecognized format.",
)
_TWO_INPUTS = Reason(
    "unreadable", "An input follows another one: it is not clear which of them the output is for."
)
_UNCLEAR_PAIRS = Reason(
    "unreadable", "Outputs and inputs alternate, and it is not clear which of them belong together."
)
_OUTPUTS = Reason("contradiction", "The answer gives this input different outputs.")
ASIDE = Reason("unreadable", "The end of the input may be an explanation rather than input.")
"""Why an input that ends with an explanation is uncertain."""
LEAST_ASIDES = 2
"""Explanations are a habit of the answer if at least this many inputs all have one."""
_MOST_NAME_WORDS = 3


def input_then_output(fields: Sequence[Field], vocabulary: Vocabulary) -> list[Pair]:
    """Pair each input with the output below it.

    Where inputs and outputs do not take turns, nothing tells which of them belong together. Outputs for the
    same input become pairs that contradict each other.
    """
    named = [one for one in fields if one.kind not in {"", "example"}]
    if len(named) % 2 == 0 and all((one.kind == "input") == bool(n % 2) for n, one in enumerate(named)):
        return _output_then_input(fields)
    found: list[Pair] = []
    given: str | None = None
    answered = False
    fault: Reason | None = None
    open_given: Reason | None = None
    own = 0
    for one in fields:
        if one.kind in {"", "example"}:
            if given is not None and not answered:
                found.append(Pair(given, "", fault))
            given, answered, open_given = None, False, None
            own = len(found)
            fault = _fault_above(one.value, vocabulary)
        elif one.kind != "input":
            aside = ASIDE if given and _has_reasoning(given, vocabulary) else None
            twice = UNREADABLE if holds_output(given or "", one.name, vocabulary) else None
            lacking = _LACKS_INPUT if given is None else None
            found.append(Pair(given or "", one.value, lacking or open_given or fault or aside or twice))
            # Several outputs of one input may as well be parts of one that has names in it.
            several = _OUTPUTS if given and len({pair.output.strip() for pair in found[own:]}) > 1 else None
            if shared := open_end(one) or several:
                open_given = open_given or shared
                found[own:] = [replace(pair, fault=pair.fault or shared) for pair in found[own:]]
            answered = True
        else:
            if given is not None and not answered:
                found.append(Pair(given, "", fault))
                fault = _TWO_INPUTS if given.strip() else fault
            elif answered:
                fault = None
            given, answered, open_given = one.value, False, open_end(one)
            own = len(found)
    if given is not None and not answered:
        found.append(Pair(given, "", fault))
    return found


def open_end(*fields: Field) -> Reason | None:
    """Why the texts of these fields are uncertain; None if each is known to end where it does."""
    return OPEN_END if any(one.open_end for one in fields) else None


def without_reasoning(fields: Sequence[Field], vocabulary: Vocabulary) -> list[Field]:
    """The fields, without the reasoning between each input and its output."""
    inputs = [one for one in fields if one.kind == "input"]
    if len(inputs) < LEAST_ASIDES or not all(_has_reasoning(one.value, vocabulary) for one in inputs):
        return list(fields)
    return [
        replace(one, value=_above_reasoning(one.value, vocabulary)) if one.kind == "input" else one
        for one in fields
    ]


def _has_reasoning(value: str, vocabulary: Vocabulary) -> bool:
    """Whether an input ends with reasoning, and is not a text of several fields, such as a form."""
    above = _above_reasoning(value, vocabulary)
    heads = (head_of(line, vocabulary) for line in above.split("\n"))
    return above != value and not any(heads)


def _above_reasoning(value: str, vocabulary: Vocabulary) -> str:
    """An input without the reasoning below it; a note or a reason may be part of the input."""
    return text_above(value, vocabulary.reasoning, vocabulary)


def _output_then_input(fields: Sequence[Field]) -> list[Pair]:
    """Pair each output with the input below it, if a heading or a blank line sets the pairs apart."""
    # Nothing stands above the first field of an answer in XML.
    above = [Field("", ""), *fields]
    named = [(one, before) for before, one in pairwise(above) if one.kind not in {"", "example"}]
    outputs, inputs = named[::2], named[1::2]
    together = all(before.kind != "example" and not _ends_blank(before.value) for _, before in inputs)
    apart = all(before.kind == "example" or _ends_blank(before.value) for _, before in outputs[1:])
    fault = None if together and apart else _UNCLEAR_PAIRS
    return [
        Pair(given.value, output.value, open_end(output, given) or fault)
        for (output, _), (given, _) in zip(outputs, inputs, strict=True)
    ]


def _ends_blank(value: str) -> bool:
    """Whether a value ends with an empty line, or a rule between such lines."""
    return "\n" in value and not re.search(r"\w", value.rpartition("\n")[2])


def _fault_above(text: str, vocabulary: Vocabulary) -> Reason | None:
    """Why the instance below this text is unreadable: a field with a name of its own may be part of it."""
    for line in text.strip().split("\n"):
        head = head_of(line, vocabulary)
        if head is None or head.kind is not None or head.quoted or not head.text.strip():
            continue
        if names_task(head, vocabulary) or fold(head.name) in vocabulary.under_task:
            continue
        if len(head.name.split()) > _MOST_NAME_WORDS:
            continue
        if not vocabulary.is_lead_in(line):
            return unplaced(head.name)
    return None


def text_above(value: str, names: frozenset[str], vocabulary: Vocabulary) -> str:
    """An input without its explanation, which has one of these names, and what is below that."""
    at = aside_at(value, names, vocabulary)
    return value if at is None else "\n".join(value.split("\n")[:at])


def aside_at(value: str, names: frozenset[str] | None, vocabulary: Vocabulary) -> int | None:
    """The line at which an explanation begins below the text of an input, by its name, or any without one."""
    lines = value.split("\n")
    first = next((number for number, text in enumerate(lines) if text.strip()), len(lines))
    for number in range(first + 1, len(lines)):
        head = field_head(Line(lines[number]), number, vocabulary)
        if head is None or head.lower:
            continue
        if head.kind == "aside" if names is None else fold(head.name) in names:
            return number
    return None


def unnamed_inputs(fields: Sequence[Field], vocabulary: Vocabulary) -> list[Pair]:
    """Pair outputs with inputs that have own names, such as `Sentence:`, or only a heading above them.

    The names are part of the input: they are the only thing that tells several values of an input apart.
    """
    found: list[Pair] = []
    own: FieldHead | None = None
    given, fault, unnamed = "", None, None
    for one in fields:
        if one.kind in {"", "example"}:
            head, text = own_fields(one.value, vocabulary)
            own = own or head
            given, fault = text, None
            if text and head is None and one.kind == "":
                fault = unnamed = None if only_introduces(text, vocabulary) else UNREADABLE
                given = given if fault else ""
            continue
        output, after = _split_at(one.value, own, vocabulary)
        found.append(Pair(given, output, open_end(one) or fault or unnamed))
        given, fault = after, None
    if given.strip() and found and own is not None:
        found.append(Pair(given, ""))
    return found


def own_fields(text: str, vocabulary: Vocabulary) -> tuple[FieldHead | None, str]:
    """The first field with a name of its own, and the text from there on; without one, all of the text.

    Its text is beside its name; only in the first line of all may the text be below it.
    """
    lines = text.strip().split("\n")
    for number, line in enumerate(lines):
        head = field_head(Line(line), number, vocabulary)
        below = number == 0 and len(lines) > 1 and bool(lines[1].strip())
        if head and head.kind is None and not vocabulary.is_lead_in(line) and (head.text.strip() or below):
            return head, _plain_names("\n".join(lines[number:]), vocabulary)
    return None, text.strip()


def _split_at(value: str, own: FieldHead | None, vocabulary: Vocabulary) -> tuple[str, str]:
    """Split an output where the next input begins with the name that the first one has."""
    lines = value.split("\n")
    if own is not None:
        for number, line in enumerate(lines[1:], start=1):
            head = field_head(Line(line), number, vocabulary)
            if head and head.name == own.name and head.style == own.style and head.indent == own.indent:
                return "\n".join(lines[:number]), _plain_names("\n".join(lines[number:]), vocabulary)
    return value, ""


def _plain_names(text: str, vocabulary: Vocabulary) -> str:
    """A text with its bold names in plain type, since they are not part of a document."""
    heads = ((line, head_of(line, vocabulary)) for line in text.split("\n"))
    return "\n".join(
        f"{head.name}: {head.text}".rstrip() if head and head.style == "bold" and head.kind is None else line
        for line, head in heads
    )
