"""The instances in an answer: from JSON, a table or fields; a text without any form is one output."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead, field_head
from selfinstruct.core.method.instance_fields import (
    INPUT_FIRST,
    OUTPUT_FIRST,
    WITHOUT_LABELS,
    Field,
    read_fields,
)
from selfinstruct.core.method.json_answers import as_text, json_items
from selfinstruct.core.method.tables import column, only_table
from selfinstruct.core.method.values import fault_of, input_of, value_of, without_lead_in, without_remarks
from selfinstruct.core.method.vocabulary import Kind, Vocabulary
from selfinstruct.db.records import Reason

_KINDS = ("input", "output", "label")
_LONGEST_HEADING = 120
UNREADABLE = Reason("unreadable", "The answer has no form in which an input and an output can be told apart.")


@dataclass(frozen=True, slots=True)
class ParsedInstance:
    """An input, which may be empty, and an output, as the model wrote them."""

    input: str
    output: str
    fault: Reason | None = field(default=None, compare=False)
    """Why it is dropped whatever the others are: unreadable, a placeholder, a refusal."""
    whole: bool = field(default=False, compare=False)
    """Whether it is known to be complete even if the token limit cut the answer."""


def input_first(text: str, vocabulary: Vocabulary, *, ended: bool) -> list[ParsedInstance]:
    """The instances of an input-first answer; `ended`: a mark of the template shows that it is whole."""
    found = _from_json(text, vocabulary, output_first=False) or _from_table(text, vocabulary)
    if found is not None:
        return found
    read = read_fields(text, vocabulary, INPUT_FIRST)
    if read is not None and next((one.kind for one in read.fields if one.kind in _KINDS), "") == "label":
        # A label may stand for an output, but not begin an answer to this prompt.
        read = read_fields(text, vocabulary, WITHOUT_LABELS)
    if read is None:
        return _without_fields(text, vocabulary, whole=ended)
    if before := _before_next_task(read.fields[0].value, vocabulary):
        return _unreadable(before)
    fields = _last_trimmed(read.fields, vocabulary)
    if any(one.kind == "input" for one in fields):
        pairs = _input_then_output(fields)
    else:
        pairs = _unnamed_inputs(fields, vocabulary)
    return _finished(pairs, vocabulary, whole=ended or read.more)


def output_first(text: str, vocabulary: Vocabulary, *, ended: bool) -> list[ParsedInstance]:
    """The instances of an output-first answer; one that starts with an input is read as input-first."""
    found = _from_json(text, vocabulary, output_first=True) or _from_table(text, vocabulary)
    if found is not None:
        return found
    read = read_fields(text, vocabulary, OUTPUT_FIRST)
    if read is None:
        return _unreadable(text)
    fields = _last_trimmed(read.fields, vocabulary)
    named = [one for one in fields if one.kind not in {"", "example"}]
    if named[0].kind == "input":
        pairs = _input_then_output(fields)
    else:
        pairs = list(_labels_with_inputs(named, vocabulary))
    return _finished(pairs, vocabulary, whole=ended or read.more)


@dataclass(frozen=True, slots=True)
class _Pair:
    given: str
    output: str
    fault: Reason | None = None


def _finished(pairs: Sequence[_Pair], vocabulary: Vocabulary, *, whole: bool) -> list[ParsedInstance]:
    found = []
    for pair in pairs:
        given, output = input_of(value_of(pair.given), vocabulary), value_of(pair.output)
        fault = pair.fault or fault_of(given, output, vocabulary)
        found.append(ParsedInstance(given, output, fault, whole))
    return found


def _unreadable(text: str) -> list[ParsedInstance]:
    return [ParsedInstance("", value_of(text), UNREADABLE)] if text.strip() else []


def _before_next_task(preface: str, vocabulary: Vocabulary) -> str:
    """The text before a `Task:` that precedes all fields; they then belong to another task."""
    lines = preface.split("\n")
    for number, line in enumerate(lines):
        head = field_head(Line(line), number, vocabulary)
        if head is not None and head.kind == "task":
            before = "\n".join(lines[:number])
            return "" if _is_said_before(before, vocabulary) else before.strip()
    return ""


def _last_trimmed(fields: list[Field], vocabulary: Vocabulary) -> list[Field]:
    """The fields, without the remarks at the end of the last one."""
    last = next((number for number in range(len(fields) - 1, -1, -1) if fields[number].value.strip()), None)
    if last is None or (fields[last].kind in {"", "example"} and last == 0):
        return fields
    one = fields[last]
    trimmed = Field(one.kind, without_remarks(one.value, vocabulary), one.name)
    return [*fields[:last], trimmed, *fields[last + 1 :]]


def _input_then_output(fields: Sequence[Field]) -> list[_Pair]:
    found: list[_Pair] = []
    given: str | None = None
    for one in fields:
        if one.kind in {"", "example"}:
            continue
        if one.kind != "input":
            found.append(_Pair(given or "", one.value))
            given = None
            continue
        if given is not None:
            found.append(_Pair(given, ""))
        given = one.value
    if given is not None:
        found.append(_Pair(given, ""))
    return found


def _labels_with_inputs(fields: Sequence[Field], vocabulary: Vocabulary) -> Iterator[_Pair]:
    """Pair each label with the inputs below it: the fields that follow, or else the lines below the label."""
    for number, one in enumerate(fields):
        if one.kind == "input":
            continue
        label, _, rest = value_of(one.value).partition("\n")
        inputs = []
        for after in fields[number + 1 :]:
            if after.kind != "input":
                break
            inputs.append(_without_aside(after.value, vocabulary))
        if not inputs:
            inputs = [_without_aside(rest, vocabulary)]
        for given in inputs:
            yield _Pair(given, label)


def _without_aside(value: str, vocabulary: Vocabulary) -> str:
    """An input without the explanation of its label below it."""
    lines = value.split("\n")
    for number, text in enumerate(lines):
        head = field_head(Line(text), number, vocabulary) if number else None
        if head is not None and head.kind == "aside" and not head.lower:
            return "\n".join(lines[:number])
    return value


def _unnamed_inputs(fields: Sequence[Field], vocabulary: Vocabulary) -> list[_Pair]:
    """Pair outputs with inputs that have own names, such as `Sentence:`, or only a heading above them.

    The names are part of the input: they are the only thing that tells several values of an input apart.
    """
    found: list[_Pair] = []
    own: FieldHead | None = None
    given, fault = "", None
    for one in fields:
        if one.kind in {"", "example"}:
            head, text = _own_fields(one.value, vocabulary)
            own = own or head
            given, fault = text, None
            if text and head is None and one.kind == "":
                fault = None if _is_said_before(text, vocabulary) else UNREADABLE
                given = given if fault else ""
            continue
        output, after = _split_at(one.value, own, vocabulary)
        found.append(_Pair(given, output, fault))
        given, fault = after, None
    if given.strip() and found and own is not None:
        found.append(_Pair(given, ""))
    return found


def _own_fields(text: str, vocabulary: Vocabulary) -> tuple[FieldHead | None, str]:
    """The first field with a name of its own, and the text from there on; without one, all of the text."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        head = field_head(Line(line), number, vocabulary)
        if (
            head
            and head.kind is None
            and not vocabulary.is_lead_in(line)
            and (head.text.strip() or number + 1 < len(lines))
        ):
            return head, "\n".join(lines[number:]).strip()
    return None, text.strip()


def _is_said_before(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a text before the first field only introduces the instances, or repeats the task."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 3:
        return False

    def introduces(line: str) -> bool:
        head = field_head(Line(line), 0, vocabulary)
        named = head is not None and head.kind in {"task", "preface"}
        return named or vocabulary.is_lead_in(line) or line.rstrip(" *").endswith((":", "：", "!", "！"))

    return all(map(introduces, lines))


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
    if bodies is None and _has_unknown_form(text, vocabulary):
        return _unreadable(text)
    return _finished([_Pair("", body) for body in bodies or [text]], vocabulary, whole=whole)


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


def _has_unknown_form(text: str, vocabulary: Vocabulary) -> bool:
    """Whether an answer seems to hold an input as well, in a form that is not known.

    Its first field comes again later, as the fields of a list of instances do, or it speaks of fields by
    name.
    """
    stripped = text.strip()
    first = field_head(Line(stripped.split("\n", 1)[0]), 0, vocabulary)
    if first and re.fullmatch(vocabulary.item, first.name, re.IGNORECASE):
        return True
    if first and first.text.strip():
        heads = (field_head(Line(line), 0, vocabulary) for line in stripped.split("\n"))
        named = [head.name for head in heads if head]
        if named.count(first.name) > 1 and len(set(named)) > 1:
            return True
    names = {
        meaning.kind
        for name in re.findall(r"[\"'<]([^\W\d][\w -]{0,30})[\"'>]", stripped[:2000])
        if (meaning := vocabulary.meaning(name)) and meaning.usual
    }
    return stripped[0] in "[{<|" and bool(names & {"input", "output", "label"})


def _from_json(text: str, vocabulary: Vocabulary, *, output_first: bool) -> list[ParsedInstance] | None:
    """The instances of a JSON answer; None if it is no JSON with the names of fields."""
    read = json_items(text)
    if read is None:
        return None
    if _has_fields(read.prose, vocabulary):
        return None
    found = []
    for item in read.items:
        pair = _from_object(item, vocabulary) if isinstance(item, dict) else None
        if pair is not None:
            found.append(pair)
        elif found:
            found.append(_Pair("", as_text(item), UNREADABLE))
    if not found:
        if not read.rest or not _has_unknown_form(text, vocabulary):
            return _unreadable(text) if output_first else None
        return _unreadable(text)
    parsed = _finished(found, vocabulary, whole=True)
    if read.rest.strip():
        parsed.append(ParsedInstance("", read.rest.strip(), UNREADABLE))
    return parsed


def _has_fields(prose: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether the lines around a table or JSON hold fields; it is then only the value of one of them."""
    heads = (field_head(Line(line), 0, vocabulary) for line in prose)
    return any(head is not None and head.kind in {"input", "output", "label"} for head in heads)


def _from_object(item: dict[str, Any], vocabulary: Vocabulary) -> _Pair | None:
    values: dict[Kind, str] = {}
    others: list[str] = []
    for name, value in item.items():
        meaning = vocabulary.meaning(str(name))
        if meaning is None:
            if value not in (None, "") and str(name).lower() not in {"id", "number", "index", "no"}:
                others.append(f"{name}: {as_text(value)}")
        elif meaning.kind not in values or meaning.usual:
            values[meaning.kind] = as_text(value)
    output = values.get("output", values.get("label"))
    if output is None:
        return _Pair(values["input"], "") if "input" in values else None
    if "input" not in values and "label" in values and "output" in values:
        return _Pair(values["output"], values["label"])
    return _Pair(values.get("input", "\n".join(others)), output)


def _from_table(text: str, vocabulary: Vocabulary) -> list[ParsedInstance] | None:
    """The instances of a table with the names of fields in its header; None if there is none."""
    table = only_table(text)
    if table is None or _has_fields(table.prose, vocabulary):
        return None
    meanings = [vocabulary.meaning(cell.strip("*_ ")) for cell in table.header]

    def of_kind(*kinds: Kind) -> int | None:
        usual = [meaning is not None and meaning.kind in kinds and meaning.usual for meaning in meanings]
        return column(
            table,
            usual if any(usual) else [meaning is not None and meaning.kind in kinds for meaning in meanings],
        )

    given, output = of_kind("input"), of_kind("output", "label")
    if output is None or (given is None and len(table.header) != 2):
        return None
    if given is None:
        given = 1 - output
        numbers = all(row[given].strip(" .#").isdecimal() for row in table.rows)
        return _finished(
            [_Pair("" if numbers else row[given], row[output]) for row in table.rows], vocabulary, whole=False
        )
    return _finished([_Pair(row[given], row[output]) for row in table.rows], vocabulary, whole=False)
