"""Instances in JSON and in tables."""

import re
from collections.abc import Sequence
from typing import Any

from selfinstruct.core.answer_schemas import INSTANCES
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import field_head
from selfinstruct.core.method.json_answers import as_text, json_items
from selfinstruct.core.method.parsed_instance import UNREADABLE, Pair, ParsedInstance, finished, unreadable
from selfinstruct.core.method.tables import column, only_table
from selfinstruct.core.method.vocabulary import Kind, Vocabulary


def from_json(text: str, vocabulary: Vocabulary, *, output_first: bool) -> list[ParsedInstance] | None:
    """The instances of a JSON answer; None if it is no JSON with the names of fields."""
    read = json_items(text, INSTANCES)
    if read is None:
        return None
    if not read.as_asked and _has_fields(read.prose, vocabulary):
        return None
    found = []
    for item in read.items:
        pair = _from_object(item, vocabulary) if isinstance(item, dict) else None
        if pair is not None:
            found.append(pair)
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


def _has_fields(prose: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether the lines around a table or JSON hold fields; it is then only the value of one of them."""
    heads = (field_head(Line(line), 0, vocabulary) for line in prose)
    return any(head is not None and head.kind in {"input", "output", "label"} for head in heads)


def _from_object(item: dict[str, Any], vocabulary: Vocabulary) -> Pair | None:
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
        return Pair(values["input"], "") if "input" in values else None
    if "input" not in values and "label" in values and "output" in values:
        return Pair(values["output"], values["label"])
    return Pair(values.get("input", "\n".join(others)), output)


def from_table(text: str, vocabulary: Vocabulary) -> list[ParsedInstance] | None:
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
        return finished(
            [Pair("" if numbers else row[given], row[output]) for row in table.rows], vocabulary, whole=False
        )
    return finished([Pair(row[given], row[output]) for row in table.rows], vocabulary, whole=False)


def has_unknown_form(text: str, vocabulary: Vocabulary) -> bool:
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
