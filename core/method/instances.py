"""The instances in an answer: from JSON, a table or fields; a text without any form is one output."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from selfinstruct.core.method.answer_lines import is_fence, is_wrapper, without_wrapper
from selfinstruct.core.method.field_heads import head_of
from selfinstruct.core.method.field_pairs import (
    input_then_output,
    unnamed_inputs,
    without_reasoning,
)
from selfinstruct.core.method.instance_bounds import LONGEST_HEADING
from selfinstruct.core.method.instance_fields import (
    INPUT_FIRST,
    OUTPUT_FIRST,
    WITHOUT_LABELS,
    Field,
    Fields,
    read_fields,
)
from selfinstruct.core.method.label_pairs import inputs_above_labels, labels_with_inputs
from selfinstruct.core.method.next_task import before_last_task, before_next_task, dialogue_follows
from selfinstruct.core.method.no_instance import is_without_instance
from selfinstruct.core.method.parsed_instance import (
    OPEN_END,
    UNREADABLE,
    Pair,
    ParsedInstance,
    finished,
    unreadable,
)
from selfinstruct.core.method.remarks import without_lead_in, without_remarks
from selfinstruct.core.method.structured_instances import (
    before_other_instances,
    from_json,
    from_table,
    from_yaml,
)
from selfinstruct.core.method.unknown_form import has_unknown_form, holds_fields
from selfinstruct.core.method.values import value_of
from selfinstruct.core.method.vocabulary import Kind, Vocabulary
from selfinstruct.db.records import Reason

_KINDS: tuple[Kind, ...] = ("input", "output", "label")
_AROUND_NAME = " \t*_#:"


def input_first(text: str, vocabulary: Vocabulary, *, ended: bool) -> list[ParsedInstance]:
    """The instances of an input-first answer; `ended`: a mark of the template shows that it is whole."""
    own = before_other_instances(text, vocabulary)
    text, ended = own or text, ended or own != ""
    found = _structured(text, vocabulary, output_first=False)
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
    fields = without_reasoning(_last_trimmed(read.fields, vocabulary), vocabulary)
    if any(one.kind == "input" for one in fields):
        pairs = input_then_output(fields, vocabulary)
    else:
        pairs = unnamed_inputs(fields, vocabulary)
    return finished(pairs, vocabulary, whole=ended or read.more)


def output_first(text: str, vocabulary: Vocabulary, *, ended: bool) -> list[ParsedInstance]:
    """The instances of an output-first answer; one that starts with an input is read as input-first."""
    own = before_other_instances(text, vocabulary)
    text, ended = own or text, ended or own != ""
    found = _structured(text, vocabulary, output_first=True)
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
        pairs = input_then_output(fields, vocabulary)
    else:
        pairs = inputs_above_labels(fields, vocabulary) or labels_with_inputs(fields, vocabulary)
    # The input of the last label may stand below what begins there.
    return finished(pairs, vocabulary, whole=ended or (read.more and pairs[-1].given.strip() != ""))


def _structured(text: str, vocabulary: Vocabulary, *, output_first: bool) -> list[ParsedInstance] | None:
    return (
        from_json(text, vocabulary, output_first=output_first)
        or from_table(text, vocabulary)
        or from_yaml(text, vocabulary, output_first=output_first)
    )


def _before_fields(read: Fields, vocabulary: Vocabulary) -> str:
    """The text before the fields, if they belong to another task, or if it has fields in an unknown form."""
    leading = list(takewhile(lambda one: one.kind in {"", "example"}, read.fields))
    text = "\n".join(one.value for one in leading)
    fields = read.fields
    if sum(map(is_fence, text.split("\n"))) > 1:
        # The code above the first field may be the output, and the fields a run of it.
        return "\n".join(one.value for one in fields)
    named: tuple[Kind, ...] = _KINDS if any(one.kind == "input" for one in fields) else ("output", "label")
    if _only_names(text, named, vocabulary):
        text, fields = "", fields[len(leading) :]
    before = before_next_task(text, vocabulary, request=True) if text.strip() else ""
    has_fields = holds_fields(text, vocabulary, _KINDS) or _names_field(text, vocabulary)
    if before or not (has_fields or _has_unknown_fields(fields, vocabulary)):
        return before
    return "\n".join(one.value for one in read.fields)


def _names_field(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a line has a usual name with a word before it, such as "Example output"."""
    heads = (head_of(line, vocabulary) for line in text.split("\n"))
    return any(head and head.kind in _KINDS and head.meaning and head.meaning.usual for head in heads)


def _only_names(text: str, kinds: tuple[Kind, ...], vocabulary: Vocabulary) -> bool:
    """Whether a text above the fields is only the name of one without a value, apart from a greeting."""
    lines = [line for line in text.split("\n") if line.strip() and not vocabulary.is_lead_in(line)]
    if len(lines) != 1:
        return False
    name, _, value = lines[0].replace("：", ":").strip(_AROUND_NAME).partition(":")
    meaning = vocabulary.meaning(name.strip(_AROUND_NAME))
    empty = not value.strip(_AROUND_NAME) or vocabulary.is_said("opener", value)
    return meaning is not None and meaning.kind in kinds and empty


def _has_unknown_fields(fields: Sequence[Field], vocabulary: Vocabulary) -> bool:
    """Whether there are fields in an unrecognized format where none should be."""
    lacks_input = not any(one.kind == "input" for one in fields)
    missing: tuple[Kind, ...] = ("input",) if lacks_input else ()
    if any(holds_fields(one.value, vocabulary, missing) for one in fields if one.kind in {"", "example"}):
        return True
    outputs = [one for one in fields if one.kind in {"output", "label"}]
    # Without inputs, an output may hold that of the next one.
    if lacks_input and any(holds_fields(one.value, vocabulary, missing) for one in outputs[:-1]):
        return True
    # An output with a name of its own may be the beginning of one that is named in another form, or above it.
    return (
        bool(outputs)
        and all(vocabulary.meaning(one.name) is None for one in outputs)
        and any(
            holds_fields(one.value, vocabulary, ("output", "label"))
            for one in fields
            if one.kind in {"input", "output", "label"}
        )
    )


def _last_trimmed(fields: list[Field], vocabulary: Vocabulary) -> list[Field]:
    """The fields, without the remarks at the end of the last one."""
    last = next((number for number in range(len(fields) - 1, -1, -1) if fields[number].value.strip()), None)
    if last is None or (fields[last].kind in {"", "example"} and last == 0):
        return fields
    one = fields[last]
    trimmed = without_remarks(one.value, vocabulary)
    ended = replace(one, value=trimmed.text, open_end=one.open_end or trimmed.is_open)
    return [*fields[:last], ended, *fields[last + 1 :]]


def _without_fields(text: str, vocabulary: Vocabulary, *, whole: bool) -> list[ParsedInstance]:
    """An answer without fields: one output, or one below each heading; unreadable if it has another form."""
    if not text.strip():
        return []
    text = without_lead_in(text, vocabulary).strip()
    if is_wrapper(text.split("\n", 1)[0]) and holds_fields(text, vocabulary):
        return unreadable(text)
    text = without_wrapper(text)
    if answered := before_last_task(text, vocabulary):
        text, whole = answered, True
    ended = without_remarks(text, vocabulary)
    # A remark is no text below the last heading.
    bodies = _below_headings(text, vocabulary) if _below_headings(ended.text, vocabulary) else None
    *others, last = bodies or [text]
    ended = without_remarks(last, vocabulary) if bodies else ended
    own = text if bodies else ended.text
    if has_unknown_form(own, vocabulary) or (bodies is None and dialogue_follows(own, vocabulary)):
        return unreadable(own)
    fault = OPEN_END if ended.is_open else None
    pairs = [Pair("", body, _fault_of_json(body, vocabulary)) for body in others]
    pairs.append(Pair("", ended.text, _fault_of_json(last, vocabulary) or fault))
    return finished(pairs, vocabulary, whole=whole)


def _fault_of_json(text: str, vocabulary: Vocabulary) -> Reason | None:
    return UNREADABLE if is_without_instance(text, vocabulary) else None


def _below_headings(text: str, vocabulary: Vocabulary) -> list[str] | None:
    """The texts below `Example 1`, `Example 2` ...; None if the answer does not begin with such a heading."""
    lines = text.strip().split("\n")
    starts = []
    for number, line in enumerate(lines):
        match = vocabulary.example.match(line) if len(line) <= LONGEST_HEADING else None
        if match and match["number"]:
            starts.append(number)
    if not starts or starts[0] != 0:
        return None
    parts = zip(starts, [*starts[1:], len(lines)], strict=True)
    bodies = [value_of("\n".join(lines[start + 1 : end])) for start, end in parts]
    return [body for body in bodies if body] or None
