"""The built-in model's grammar: templates with slots, and parsing of texts back into slots."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from selfinstruct.core.language.registry import ENGLISH, read_toml

_SLOT = re.compile(r"\{([a-z][a-z_0-9]*)\}")

_FILE = "grammar.toml"

Slots = dict[str, str]
"""The text of each slot of a template, by name."""


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of task: templates of its instructions and instances."""

    name: str
    classification: bool
    instructions: tuple[str, ...]
    inputs: tuple[str, ...] = ("",)
    outputs: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For classification tasks: input templates by label."""
    patterns: tuple["re.Pattern[str]", ...] = ()

    def readings(self, instruction: str) -> Iterator[Slots]:
        """Yield the slots of an instruction for each template of this family that it matches."""
        for pattern in self.patterns:
            match = pattern.fullmatch(instruction)
            if match:
                yield match.groupdict()


@dataclass(frozen=True, slots=True)
class Table:
    """Phrases that belong together, such as a question and its answer; a row fills several slots."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def matching(self, slots: Slots) -> Sequence[tuple[str, ...]]:
        """Return the rows that agree with the slots filled so far, ignoring case."""
        fixed = [
            (place, slots[column].casefold()) for place, column in enumerate(self.columns) if column in slots
        ]
        if not fixed:
            return self.rows
        return [row for row in self.rows if all(row[place].casefold() == text for place, text in fixed)]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The task families, the phrases that fill their slots, and the typical flaws of a model."""

    phrases: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, Table]
    """Maps a slot to the table that has it as a column, if any."""
    families: tuple[Family, ...]
    flaws: Mapping[str, tuple[str, ...]]
    fallback: Mapping[str, tuple[str, ...]]
    """Templates for instructions that match no family."""
    range: "re.Pattern[str]"
    """Captures the first and last item number that a propose prompt for a chat model asks for."""
    only_classification: "re.Pattern[str]"
    """Matches in propose prompts that ask for classification tasks only."""
    classification: "re.Pattern[str] | None"
    """Matches in most classification tasks that belong to no family."""

    def expand(self, template: str, rng: random.Random, slots: Slots) -> str:
        """Fill a template; slots already in `slots` keep their text, and new ones are added to `slots`."""

        def fill(match: "re.Match[str]") -> str:
            name = match[1]
            if name not in slots:
                if table := self.tables.get(name):
                    row = rng.choice(table.matching(slots))
                    self._enter(dict(zip(table.columns, row, strict=True)), rng, slots)
                else:
                    slots[name] = self._phrase(name, rng)
            return slots[name]

        return _SLOT.sub(fill, template)

    def _enter(self, row: Slots, rng: random.Random, slots: Slots) -> None:
        """Fill the remaining slots of a table row, whose cells are themselves templates."""
        new = [column for column in row if column not in slots]
        slots |= {column: row[column] for column in new}
        for column in new:
            slots[column] = self.expand(row[column], rng, slots)

    def _phrase(self, name: str, rng: random.Random) -> str:
        phrase = rng.choice(self.phrases[name])
        return _SLOT.sub(lambda inner: self._phrase(inner[1], rng), phrase)

    def find(self, instruction: str) -> tuple[Family, Slots] | None:
        """Return the family that an instruction belongs to, with its slots; None if there is none."""
        for family in self.families:
            for slots in family.readings(instruction):
                if all(self.tables[name].matching(slots) for name in slots if name in self.tables):
                    return family, slots
        return None


@cache
def built_in(code: str) -> Grammar:
    """The built-in grammar of a language, with English as the fallback."""
    data = read_toml(code, _FILE) or read_toml(ENGLISH, _FILE)
    reading, tables = data["reading"], _tables(data.get("tables", {}))
    return Grammar(
        phrases=_tuples(data["phrases"]),
        tables=tables,
        families=tuple(_family(entry, tables) for entry in data["families"]),
        flaws=_tuples(data["flaws"]),
        fallback=_tuples(data["fallback"]),
        range=re.compile(reading["range"]),
        only_classification=re.compile(reading["only_classification"]),
        classification=re.compile(found, re.IGNORECASE) if (found := reading.get("classification")) else None,
    )


def _tuples(lists: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(phrases) for name, phrases in lists.items()}


def _tables(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Table]:
    tables = [
        Table(tuple(entry["columns"]), tuple(tuple(row) for row in entry["rows"]))
        for entry in entries.values()
    ]
    return {column: table for table in tables for column in table.columns}


def _family(entry: Mapping[str, Any], tables: Mapping[str, Table]) -> Family:
    return Family(
        name=entry["name"],
        classification=entry["classification"],
        instructions=tuple(entry["instructions"]),
        inputs=tuple(entry.get("inputs", [""])),
        outputs=tuple(entry.get("outputs", [])),
        labels=_tuples(entry.get("labels", {})),
        patterns=tuple(_pattern(template, tables) for template in entry["instructions"]),
    )


def _pattern(template: str, tables: Mapping[str, Table]) -> "re.Pattern[str]":
    """Compile a template to a pattern with a named group for each slot.

    If only a space separates two slots, the first is matched by the cells of its table, since no text marks
    where it ends.
    """
    parts = _SLOT.split(" ".join(template.split()))
    found = [re.escape(parts[0])]
    for name, after in zip(parts[1::2], parts[2::2], strict=True):
        alike = _cells(tables[name], name) if after == " " and name in tables else ".+?"
        found.append(f"(?P<{name}>{alike}){re.escape(after)}")
    return re.compile("".join(found), re.IGNORECASE)


def _cells(table: Table, column: str) -> str:
    place = table.columns.index(column)
    return "|".join(re.escape(cell) for cell in sorted({row[place] for row in table.rows}))
