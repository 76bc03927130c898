"""Instances in JSON and in tables."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from selfinstruct.core.answer_schemas import INSTANCES
from selfinstruct.core.method.field_heads import head_of
from selfinstruct.core.method.json_answers import as_text, json_items
from selfinstruct.core.method.next_task import before_next_task
from selfinstruct.core.method.no_instance import holds_no_instance
from selfinstruct.core.method.parsed_instance import (
    UNREADABLE,
    Pair,
    ParsedInstance,
    finished,
    unplaced,
    unreadable,
)
from selfinstruct.core.method.remarks import without_remarks
from selfinstruct.core.method.tables import column, only_table
from selfinstruct.core.method.unknown_form import has_unknown_form
from selfinstruct.core.method.vocabulary import FieldName, Kind, Vocabulary
from selfinstruct.core.method.yaml_blocks import yaml_items
from selfinstruct.db.records import Reason

_NUMBERS = {"id", "number", "index", "no", "#"}
_LISTS = Reason("unreadable", "The inputs are in one list and the outputs in another.")


def from_json(text: str, vocabulary: Vocabulary, *, output_first: bool) -> list[ParsedInstance] | None:
    """The instances of a JSON answer; None if it is not JSON with the names of fields."""
    read = json_items(text, INSTANCES)
    if read is None:
        return None
    if not read.as_asked and _has_fields(read.prose, vocabulary):
        return None
    found = []
    for item in _instances_of(read.items, vocabulary):
        pair = _from_object(item, vocabulary) if isinstance(item, dict) else None
        if pair is not None:
            # A label is a word: the spaces around it are no indentation.
            found.append(replace(pair, output=pair.output.strip()) if output_first else pair)
        elif found:
            found.append(Pair("", as_text(item), UNREADABLE))
    if not found:
        if read.as_asked or read.items == [{}]:
            return unreadable(text)
        if not read.rest or not has_unknown_form(text, vocabulary):
            return unreadable(text) if output_first else None
        return unreadable(text)
    parsed = finished(found, vocabulary, whole=True, exact=read.as_asked)
    if read.rest.strip():
        parsed.append(ParsedInstance("", read.rest.strip(), UNREADABLE))
    return parsed


def from_yaml(text: str, vocabulary: Vocabulary, *, output_first: bool) -> list[ParsedInstance] | None:
    """The instances of an answer in YAML with texts as blocks; None if it is none."""

    def is_field(name: str) -> bool:
        meaning = vocabulary.meaning(name)
        return meaning is not None and meaning.kind in {"input", "output", "label"}

    def is_end(name: str) -> bool:
        meaning = vocabulary.meaning(name)
        return meaning is not None and meaning.kind == "task"

    read = yaml_items(text, is_field, is_end)
    if read is None:
        return None
    below = [line for line in read.after if not vocabulary.example.match(line.strip("#* "))]
    if below and without_remarks("\n".join(["…", "", *below]), vocabulary).text.strip() != "…":
        return unreadable(text)
    if read.is_broken or _has_fields(read.before, vocabulary):
        return unreadable(text)
    pairs = [pair for item in read.items if (pair := _from_object(item, vocabulary)) is not None]
    if output_first:
        pairs = [replace(pair, output=pair.output.strip()) for pair in pairs]
    return finished(pairs, vocabulary, whole=False) if pairs else unreadable(text)


def before_other_instances(text: str, vocabulary: Vocabulary) -> str:
    """The text before another task, to which the instances in JSON or in a table belong; else ""."""
    read = json_items(text, INSTANCES)
    if read is not None:
        has_rows = any(isinstance(item, dict) and _from_object(item, vocabulary) for item in read.items)
        return before_next_task(text[: read.start], vocabulary) if has_rows or read.as_asked else ""
    table = only_table(text)
    if table is not None and any(_is_output(vocabulary.meaning_of_column(cell)) for cell in table.header):
        return before_next_task("\n".join(text.split("\n")[: table.start]), vocabulary)
    return ""


def _instances_of(items: Sequence[Any], vocabulary: Vocabulary) -> Sequence[Any]:
    """Its items, or the members of one object that has a name for each: `{"example_1": {...}}`."""
    if len(items) != 1 or not isinstance(items[0], dict) or not items[0]:
        return items
    numbered = all(
        isinstance(value, dict) and vocabulary.example.match(name.replace("_", " "))
        for name, value in items[0].items()
    )
    return list(items[0].values()) if numbered else items


def _is_output(meaning: FieldName | None) -> bool:
    return meaning is not None and meaning.kind in {"output", "label"}


def _has_fields(prose: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether the lines around a table or JSON contain fields; it is then only the value of one of them."""
    heads = (head_of(line, vocabulary) for line in prose)
    return any(head is not None and head.kind in {"input", "output", "label"} for head in heads)


def _from_object(item: dict[str, Any], vocabulary: Vocabulary) -> Pair | None:
    """The input and the output in an object; None if it has neither.

    Members with unknown names are the input where nothing else is. Beside a named input they may be part of
    it, or a remark, or the way to the output: then it is unreadable.
    """
    values: dict[Kind, str] = {}
    lists: set[Kind] = set()
    others: list[str] = []
    repeated: list[str] = []
    for name, value in item.items():
        meaning, text = vocabulary.meaning(name), as_text(value)
        if meaning is None:
            numbered = text.isdecimal() and vocabulary.example.match(name)
            if text.strip() and name.lower() not in _NUMBERS and not numbered:
                others.append(f"{name}: {text}")
        elif meaning.kind not in {"input", "output", "label"}:
            continue
        elif isinstance(value, list) and not meaning.usual:
            lists.add(meaning.kind)
            values[meaning.kind] = text
        elif values.get(meaning.kind, "").strip() in {"", text.strip()}:
            values[meaning.kind] = text
        elif text.strip():
            repeated.append(f"{name}: {text}")
    output = values.get("output", values.get("label"))
    if output is None and "input" not in values:
        return None
    label_of_output = "input" not in values and "label" in values and "output" in values
    given = values["output"] if label_of_output else values.get("input")
    output = values["label"] if label_of_output else output
    if not label_of_output and "output" in values and values.get("label", output) != output:
        repeated.append(f"label: {values['label']}")
    if "input" not in values and _all_empty(item, vocabulary):
        return Pair("", as_text(item), UNREADABLE)
    if len(lists) > 1:
        return Pair("", as_text(item), _LISTS)
    if left := [*repeated, *(others if given is not None else [])]:
        return Pair("", as_text(item), unplaced(left[0]))
    return Pair("\n".join(others) if given is None else given, output or "")


def _all_empty(item: dict[str, Any], vocabulary: Vocabulary) -> bool:
    """Whether the output of an object is a list or an object that holds nothing, or only an error."""
    outputs = [
        value
        for name, value in item.items()
        if (meaning := vocabulary.meaning(name)) is not None and meaning.kind in {"output", "label"}
    ]
    return all(isinstance(value, list | dict) and holds_no_instance(value, vocabulary) for value in outputs)


def from_table(text: str, vocabulary: Vocabulary) -> list[ParsedInstance] | None:
    """The instances of a table with the names of fields in its header; None if there is none."""
    table = only_table(text)
    if table is None or _has_fields(table.prose, vocabulary):
        return None
    meanings = [vocabulary.meaning_of_column(cell.strip("*_ ")) for cell in table.header]

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
        return finished(
            [Pair("" if numbers else row[given], row[output]) for row in table.rows], vocabulary, whole=False
        )
    return finished([Pair(row[given], row[output]) for row in table.rows], vocabulary, whole=False)
