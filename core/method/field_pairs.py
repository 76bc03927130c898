"""The pairs of inputs and outputs that the fields of an answer make, in whichever order they stand."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead, field_head
from selfinstruct.core.method.instance_fields import Field
from selfinstruct.core.method.next_task import names_task, only_introduces
from selfinstruct.core.method.parsed_instance import OPEN_END, UNREADABLE, Pair, unplaced
from selfinstruct.core.method.unknown_form import holds_fields, holds_output
from selfinstruct.core.method.values import value_of
from selfinstruct.core.method.vocabulary import Vocabulary
from selfinstruct.db.records import Reason

_LACKS_INPUT = Reason(
    "unreadable",
    "This output has no input, though others have: its input may be in a form that is not known.",
)
_TWO_INPUTS = Reason(
    "unreadable", "An input follows another one: it is not clear which of them the output is for."
)
_UNCLEAR_PAIRS = Reason(
    "unreadable", "Outputs and inputs alternate, and it is not clear which of them belong together."
)
_OUTPUTS = Reason("contradiction", "The answer gives this input different outputs.")
_NO_INPUT = Reason("unreadable", "This label has no input, though others have: their inputs may be shifted.")
_EMPTY_INPUT = Reason("empty_input", "The input of this label is empty, and those of others are not.")
_ASIDE = Reason("unreadable", "The end of the input may explain the output, and be no part of it.")
_LIST = Reason("unreadable", "The input is a list, which may be one input or several.")
_LEAST_ASIDES = 2
_MOST_NAME_WORDS = 3
_AROUND_LABEL = re.compile(r"(?P<mark>`|\*\*|\*|__)(?P<label>[^`*_\n]+)(?P=mark)")
_LISTED = re.compile(r"^\s*(?:[-*•+]|\(?\d{1,2}[.)])[ \t]+(?=\S)")


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
            aside = _ASIDE if given and _has_reasoning(given, vocabulary) else None
            twice = UNREADABLE if holds_output(given or "", one.name, vocabulary) else None
            lacking = _LACKS_INPUT if given is None else None
            found.append(Pair(given or "", one.value, lacking or open_given or fault or aside or twice))
            # Several outputs of one input may as well be parts of one that has names in it.
            several = _OUTPUTS if given and len({pair.output.strip() for pair in found[own:]}) > 1 else None
            if shared := _open_end(one) or several:
                open_given = open_given or shared
                found[own:] = [replace(pair, fault=pair.fault or shared) for pair in found[own:]]
            answered = True
        else:
            if given is not None and not answered:
                found.append(Pair(given, "", fault))
                fault = _TWO_INPUTS if given.strip() else fault
            elif answered:
                fault = None
            given, answered, open_given = one.value, False, _open_end(one)
            own = len(found)
    if given is not None and not answered:
        found.append(Pair(given, "", fault))
    return found


def _open_end(*fields: Field) -> Reason | None:
    return OPEN_END if any(one.open_end for one in fields) else None


def without_reasoning(fields: Sequence[Field], vocabulary: Vocabulary) -> list[Field]:
    """The fields, without the reasoning that stands between each input and its output."""
    inputs = [one for one in fields if one.kind == "input"]
    if len(inputs) < _LEAST_ASIDES or not all(_has_reasoning(one.value, vocabulary) for one in inputs):
        return list(fields)
    return [
        replace(one, value=_above_reasoning(one.value, vocabulary)) if one.kind == "input" else one
        for one in fields
    ]


def _has_reasoning(value: str, vocabulary: Vocabulary) -> bool:
    """Whether an input ends with reasoning, and is no text of several fields, such as a form."""
    above = _above_reasoning(value, vocabulary)
    heads = (field_head(Line(line), 0, vocabulary) for line in above.split("\n"))
    return above != value and not any(heads)


def _above_reasoning(value: str, vocabulary: Vocabulary) -> str:
    """An input without the reasoning below it; a note or a reason may be part of the input."""
    return _above(value, vocabulary.reasoning, vocabulary)


def _output_then_input(fields: Sequence[Field]) -> list[Pair]:
    """Pair each output with the input below it, if a heading or a blank line sets the pairs apart."""
    named = [(one, before) for before, one in pairwise(fields) if one.kind not in {"", "example"}]
    outputs, inputs = named[::2], named[1::2]
    together = all(before.kind != "example" and not _ends_blank(before.value) for _, before in inputs)
    apart = all(before.kind == "example" or _ends_blank(before.value) for _, before in outputs[1:])
    fault = None if together and apart else _UNCLEAR_PAIRS
    return [
        Pair(given.value, output.value, _open_end(output, given) or fault)
        for (output, _), (given, _) in zip(outputs, inputs, strict=True)
    ]


def _ends_blank(value: str) -> bool:
    """Whether a value ends with an empty line, or a rule between such lines."""
    return "\n" in value and not re.search(r"\w", value.rpartition("\n")[2])


def _fault_above(text: str, vocabulary: Vocabulary) -> Reason | None:
    """Why the instance below this text is unreadable: a field with a name of its own may be part of it."""
    for line in text.strip().split("\n"):
        head = field_head(Line(line), 0, vocabulary)
        if head is None or head.kind is not None or head.quoted or not head.text.strip():
            continue
        if names_task(head, vocabulary) or fold(head.name) in vocabulary.under_task:
            continue
        if len(head.name.split()) > _MOST_NAME_WORDS:
            continue
        if not vocabulary.is_lead_in(line):
            return unplaced(head.name)
    return None


def labels_with_inputs(fields: Sequence[Field], vocabulary: Vocabulary) -> list[Pair]:
    """Pair each label with the inputs below it: the fields that follow, or else the lines below the label.

    Where some labels have no input, the inputs may stand above their labels. Inputs that are all empty are
    those of a task without inputs; one among others is unfinished.
    """
    has_inputs = any(one.kind == "input" and one.value.strip() for one in fields)
    names = _explanations(list(_texts_of_inputs(fields)), vocabulary)
    groups: list[tuple[str, list[Pair]]] = []
    for number, one in enumerate(fields):
        if one.kind in {"", "example"}:
            groups.append((one.value, []))
        elif one.kind != "input":
            label, _, rest = value_of(one.value).partition("\n")
            label = _without_marks(label)
            inputs = _inputs_below(fields[number + 1 :])
            pairs = [
                Pair(
                    given.value,
                    label,
                    _open_end(one, given)
                    or (_EMPTY_INPUT if has_inputs and not given.value.strip() else None)
                    or _fault_of_list(given, vocabulary)
                    or _fault_of_end(given.value, vocabulary),
                )
                for given in (replace(each, value=_above(each.value, names, vocabulary)) for each in inputs)
            ]
            given = _above(rest, names, vocabulary)
            holds = UNREADABLE if holds_fields(given, vocabulary, ("input",)) else None
            fault = holds or (_LIST if _is_list(given) else _fault_of_end(given, vocabulary))
            groups.append(("", pairs or [Pair(given, label, _open_end(one) or fault)]))
    below = [group[0] for _, group in groups if group]
    alone = all(_LISTED.match(pair.given) and pair.fault is None for pair in below)
    if alone and not any(one.kind == "input" for one in fields):
        # Each input is the only item of a list.
        groups = [(text, [_without_bullet(pair) for pair in group]) for text, group in groups]
    return _checked(groups, vocabulary)


def _without_marks(label: str) -> str:
    """A label without the code marks or bold type around it."""
    marked = _AROUND_LABEL.fullmatch(label.strip())
    return marked["label"] if marked else label


def _without_bullet(pair: Pair) -> Pair:
    return replace(pair, given=_LISTED.sub("", pair.given))


def inputs_above_labels(fields: Sequence[Field], vocabulary: Vocabulary) -> list[Pair]:
    """The pairs of labels with inputs above them that have a name of their own; empty if they are none.

    Each label has one, and nothing is below the last label.
    """
    if any(one.kind == "input" for one in fields):
        return []
    if not any(_own_fields(one.value, vocabulary)[0] for one in fields if one.kind in {"", "example"}):
        return []
    pairs = unnamed_inputs(fields, vocabulary)
    labels = sum(one.kind not in {"", "example"} for one in fields)
    are_whole = len(pairs) == labels and all(pair.given.strip() and pair.fault is None for pair in pairs)
    below = value_of(pairs[-1].output).partition("\n")[2]
    return [] if not are_whole or below.strip() else pairs


def _inputs_below(fields: Sequence[Field]) -> Iterator[Field]:
    for one in fields:
        if one.kind != "input":
            return
        yield one


def _checked(groups: Sequence[tuple[str, list[Pair]]], vocabulary: Vocabulary) -> list[Pair]:
    """The pairs of all labels, with a fault where a label without an input shows that they may be shifted."""
    pairs = [group for _, group in groups if group]
    if any(pair.fault == _LIST for group in pairs for pair in group):
        pairs = [
            [replace(pair, fault=_LIST) if _LISTED.match(pair.given) else pair for pair in group]
            for group in pairs
        ]
    missing = [len(group) == 1 and not group[0].given.strip() for group in pairs]
    above = [text for text, group in groups if not group and text.strip()]
    spoken = any(not only_introduces(text, vocabulary) for text in above)
    if missing and missing[-1] and spoken:
        return [replace(pair, fault=_NO_INPUT) for group in pairs for pair in group]
    if all(missing):
        return [pair for group in pairs for pair in group]
    found: list[Pair] = []
    for number, (group, lacks) in enumerate(zip(pairs, missing, strict=True)):
        # The last input may be that of the label after it.
        shifted = number + 1 < len(pairs) and missing[number + 1] and len(group) > 1
        last = len(group) - 1
        found += [
            replace(pair, fault=pair.fault or _NO_INPUT) if lacks or (shifted and place == last) else pair
            for place, pair in enumerate(group)
        ]
    return found


def _fault_of_list(given: Field, vocabulary: Vocabulary) -> Reason | None:
    meaning = vocabulary.meaning(given.name)
    several = meaning is not None and not meaning.usual and fold(given.name).endswith("s")
    return _LIST if several and _is_list(given.value) else None


def _is_list(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and all(map(_LISTED.match, lines))


def _texts_of_inputs(fields: Sequence[Field]) -> Iterator[str]:
    """The inputs of an output-first answer: the fields, or else what is below a label."""
    for one, after in pairwise([*fields, Field("", "")]):
        if one.kind == "input":
            yield one.value
        elif one.kind not in {"", "example"} and after.kind != "input":
            yield value_of(one.value).partition("\n")[2]


def _explanations(texts: Sequence[str], vocabulary: Vocabulary) -> frozenset[str]:
    """The names below inputs that explain their labels; a reason does so where each input has one."""
    names = vocabulary.reasoning | vocabulary.thoughts
    all_have = len(texts) >= _LEAST_ASIDES and all(_above(text, names, vocabulary) != text for text in texts)
    return names if all_have else vocabulary.reasoning


def _fault_of_end(given: str, vocabulary: Vocabulary) -> Reason | None:
    return _ASIDE if _aside_at(given, None, vocabulary) is not None else None


def _above(value: str, names: frozenset[str], vocabulary: Vocabulary) -> str:
    """An input without its explanation, which has one of these names, and what is below that."""
    at = _aside_at(value, names, vocabulary)
    return value if at is None else "\n".join(value.split("\n")[:at])


def _aside_at(value: str, names: frozenset[str] | None, vocabulary: Vocabulary) -> int | None:
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
            head, text = _own_fields(one.value, vocabulary)
            own = own or head
            given, fault = text, None
            if text and head is None and one.kind == "":
                fault = unnamed = None if only_introduces(text, vocabulary) else UNREADABLE
                given = given if fault else ""
            continue
        output, after = _split_at(one.value, own, vocabulary)
        found.append(Pair(given, output, _open_end(one) or fault or unnamed))
        given, fault = after, None
    if given.strip() and found and own is not None:
        found.append(Pair(given, ""))
    return found


def _own_fields(text: str, vocabulary: Vocabulary) -> tuple[FieldHead | None, str]:
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
    """A text whose lines begin with names in plain type, as they are no part of a document."""
    heads = ((line, field_head(Line(line), 0, vocabulary)) for line in text.split("\n"))
    return "\n".join(
        f"{head.name}: {head.text}".rstrip() if head and head.style == "bold" and head.kind is None else line
        for line, head in heads
    )
