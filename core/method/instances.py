"""The instances in an answer: from JSON, a table or fields; a text without any form is one output."""

from collections.abc import Iterator, Sequence

from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead, field_head
from selfinstruct.core.method.instance_fields import (
    INPUT_FIRST,
    OUTPUT_FIRST,
    WITHOUT_LABELS,
    Field,
    Fields,
    read_fields,
)
from selfinstruct.core.method.next_task import before_next_task, only_introduces
from selfinstruct.core.method.parsed_instance import UNREADABLE, Pair, ParsedInstance, finished, unreadable
from selfinstruct.core.method.structured_instances import (
    before_other_instances,
    from_json,
    from_table,
    has_unknown_form,
)
from selfinstruct.core.method.values import value_of, without_lead_in, without_remarks
from selfinstruct.core.method.vocabulary import Vocabulary
from selfinstruct.db.records import Reason

_KINDS = ("input", "output", "label")
_LONGEST_HEADING = 120
_EMPTY_INPUT = Reason("empty_input", "The input of this label is empty, and those of others are not.")


def input_first(text: str, vocabulary: Vocabulary, *, ended: bool) -> list[ParsedInstance]:
    """The instances of an input-first answer; `ended`: a mark of the template shows that it is whole."""
    own = before_other_instances(text, vocabulary)
    text, ended = own or text, ended or own != ""
    found = from_json(text, vocabulary, output_first=False) or from_table(text, vocabulary)
    if found is not None:
        return found
    read = read_fields(text, vocabulary, INPUT_FIRST)
    if read is not None and next((one.kind for one in read.fields if one.kind in _KINDS), "") == "label":
        # A label may stand for an output, but not begin an answer to this prompt.
        read = read_fields(text, vocabulary, WITHOUT_LABELS)
    if read is None:
        return unreadable(own) or _without_fields(text, vocabulary, whole=ended)
    if before := _before_fields(read, vocabulary):
        return unreadable(before)
    fields = _last_trimmed(read.fields, vocabulary)
    if any(one.kind == "input" for one in fields):
        pairs = _input_then_output(fields)
    else:
        pairs = _unnamed_inputs(fields, vocabulary)
    return finished(pairs, vocabulary, whole=ended or read.more)


def output_first(text: str, vocabulary: Vocabulary, *, ended: bool) -> list[ParsedInstance]:
    """The instances of an output-first answer; one that starts with an input is read as input-first."""
    own = before_other_instances(text, vocabulary)
    text, ended = own or text, ended or own != ""
    found = from_json(text, vocabulary, output_first=True) or from_table(text, vocabulary)
    if found is not None:
        return found
    read = read_fields(text, vocabulary, OUTPUT_FIRST)
    if read is None:
        return unreadable(text)
    if before := _before_fields(read, vocabulary):
        return unreadable(before)
    fields = _last_trimmed(read.fields, vocabulary)
    named = [one for one in fields if one.kind not in {"", "example"}]
    if named[0].kind == "input":
        pairs = _input_then_output(fields)
    else:
        pairs = list(_labels_with_inputs(named, vocabulary))
    return finished(pairs, vocabulary, whole=ended or read.more)


def _before_fields(read: Fields, vocabulary: Vocabulary) -> str:
    """The text before a `Task:` that precedes all fields; they then belong to another task."""
    first = read.fields[0]
    return before_next_task(first.value, vocabulary) if first.kind == "" else ""


def _last_trimmed(fields: list[Field], vocabulary: Vocabulary) -> list[Field]:
    """The fields, without the remarks at the end of the last one."""
    last = next((number for number in range(len(fields) - 1, -1, -1) if fields[number].value.strip()), None)
    if last is None or (fields[last].kind in {"", "example"} and last == 0):
        return fields
    one = fields[last]
    trimmed = Field(one.kind, without_remarks(one.value, vocabulary), one.name)
    return [*fields[:last], trimmed, *fields[last + 1 :]]


def _input_then_output(fields: Sequence[Field]) -> list[Pair]:
    found: list[Pair] = []
    given: str | None = None
    for one in fields:
        if one.kind in {"", "example"}:
            continue
        if one.kind != "input":
            found.append(Pair(given or "", one.value))
            given = None
            continue
        if given is not None:
            found.append(Pair(given, ""))
        given = one.value
    if given is not None:
        found.append(Pair(given, ""))
    return found


def _labels_with_inputs(fields: Sequence[Field], vocabulary: Vocabulary) -> Iterator[Pair]:
    """Pair each label with the inputs below it: the fields that follow, or else the lines below the label.

    Fields that are all empty are those of a task without inputs; one among others is unfinished.
    """
    has_inputs = any(one.kind == "input" and one.value.strip() for one in fields)
    for number, one in enumerate(fields):
        if one.kind == "input":
            continue
        label, _, rest = value_of(one.value).partition("\n")
        inputs = []
        for after in fields[number + 1 :]:
            if after.kind != "input":
                break
            inputs.append(_without_aside(after.value, vocabulary))
        for given in inputs:
            yield Pair(given, label, None if given.strip() or not has_inputs else _EMPTY_INPUT)
        if not inputs:
            yield Pair(_without_aside(rest, vocabulary), label)


def _without_aside(value: str, vocabulary: Vocabulary) -> str:
    """An input without the explanation of its label below it."""
    lines = value.split("\n")
    for number, text in enumerate(lines):
        head = field_head(Line(text), number, vocabulary) if number else None
        if head is not None and head.kind == "aside" and not head.lower:
            return "\n".join(lines[:number])
    return value


def _unnamed_inputs(fields: Sequence[Field], vocabulary: Vocabulary) -> list[Pair]:
    """Pair outputs with inputs that have own names, such as `Sentence:`, or only a heading above them.

    The names are part of the input: they are the only thing that tells several values of an input apart.
    """
    found: list[Pair] = []
    own: FieldHead | None = None
    given, fault = "", None
    for one in fields:
        if one.kind in {"", "example"}:
            head, text = _own_fields(one.value, vocabulary)
            own = own or head
            given, fault = text, None
            if text and head is None and one.kind == "":
                fault = None if only_introduces(text, vocabulary) else UNREADABLE
                given = given if fault else ""
            continue
        output, after = _split_at(one.value, own, vocabulary)
        found.append(Pair(given, output, fault))
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
            return head, "\n".join(lines[number:])
    return None, text.strip()


def _split_at(value: str, own: FieldHead | None, vocabulary: Vocabulary) -> tuple[str, str]:
    """Split an output where the next input begins with the name that the first one has."""
    lines = value.split("\n")
    if own is not None:
        for number, line in enumerate(lines[1:], start=1):
            head = field_head(Line(line), number, vocabulary)
            if head and head.name == own.name and head.style == own.style and head.indent == own.indent:
                return "\n".join(lines[:number]), "\n".join(lines[number:])
    return value, ""


def _without_fields(text: str, vocabulary: Vocabulary, *, whole: bool) -> list[ParsedInstance]:
    """An answer without fields: one output, or one below each heading; unreadable if it has another form."""
    if not text.strip():
        return []
    text = without_remarks(without_lead_in(text, vocabulary), vocabulary)
    bodies = _below_headings(text, vocabulary)
    if bodies is None and has_unknown_form(text, vocabulary):
        return unreadable(text)
    return finished([Pair("", body) for body in bodies or [text]], vocabulary, whole=whole)


def _below_headings(text: str, vocabulary: Vocabulary) -> list[str] | None:
    """The texts below `Example 1`, `Example 2` ...; None if the answer does not begin with such a heading."""
    lines = text.strip().split("\n")
    starts = []
    for number, line in enumerate(lines):
        match = vocabulary.example.match(line) if len(line) <= _LONGEST_HEADING else None
        if match and match["number"]:
            starts.append(number)
    if not starts or starts[0] != 0:
        return None
    parts = zip(starts, [*starts[1:], len(lines)], strict=True)
    bodies = [value_of("\n".join(lines[start + 1 : end])) for start, end in parts]
    return [body for body in bodies if body] or None
