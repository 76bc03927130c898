"""The built-in model's grammar: templates with slots, and the way back from a text to its slots."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from selfinstruct.core.language.registry import ENGLISH, read_toml

_SLOT = re.compile(r"\{([a-z_0-9]+)\}")

_FILE = "grammar.toml"

Slots = dict[str, str]
"""What each slot of a template stands for."""


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of task: how it is worded, and what its instances look like."""

    name: str
    classification: bool
    instructions: tuple[str, ...]
    inputs: tuple[str, ...] = ("",)
    outputs: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a classification task: templates of an input by the label that it earns."""
    patterns: tuple["re.Pattern[str]", ...] = ()

    def read(self, instruction: str) -> Slots | None:
        """The slots of an instruction of this family; None when it is none of its wordings."""
        for pattern in self.patterns:
            match = pattern.fullmatch(instruction)
            if match:
                return match.groupdict()
        return None


@dataclass(frozen=True, slots=True)
class Grammar:
    """All families, the phrases that fill their slots, and the faults of a realistic model."""

    phrases: Mapping[str, tuple[str, ...]]
    families: tuple[Family, ...]
    flaws: Mapping[str, tuple[str, ...]]
    fallback: Mapping[str, tuple[str, ...]]
    """Texts for instructions that no family knows."""
    range: "re.Pattern[str]"
    """Finds the first and the last number that a propose prompt for a chat model asks for."""
    only_classification: "re.Pattern[str]"
    """Found in a propose prompt that asks for classification tasks only."""
    classification: "re.Pattern[str] | None"
    """Found in most classification tasks that no family knows."""

    def expand(self, template: str, rng: random.Random, slots: Slots) -> str:
        """Fill a template; slots already in `slots` keep their text, new ones are added to it."""

        def fill(match: "re.Match[str]") -> str:
            name = match[1]
            if name not in slots:
                slots[name] = self._phrase(name, rng)
            return slots[name]

        return _SLOT.sub(fill, template)

    def _phrase(self, name: str, rng: random.Random) -> str:
        phrase = rng.choice(self.phrases[name])
        return _SLOT.sub(lambda inner: self._phrase(inner[1], rng), phrase)

    def find(self, instruction: str) -> tuple[Family, Slots] | None:
        """The family that an instruction belongs to, with its slots."""
        for family in self.families:
            slots = family.read(instruction)
            if slots is not None:
                return family, slots
        return None


@cache
def built_in(code: str) -> Grammar:
    """The grammar that comes with the program for a language; the English one where it has none."""
    data = read_toml(code, _FILE) or read_toml(ENGLISH, _FILE)
    reading = data["reading"]
    return Grammar(
        phrases=_tuples(data["phrases"]),
        families=tuple(_family(entry) for entry in data["families"]),
        flaws=_tuples(data["flaws"]),
        fallback=_tuples(data["fallback"]),
        range=re.compile(reading["range"]),
        only_classification=re.compile(reading["only_classification"]),
        classification=re.compile(found, re.IGNORECASE) if (found := reading.get("classification")) else None,
    )


def _tuples(lists: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(phrases) for name, phrases in lists.items()}


def _family(entry: Mapping[str, Any]) -> Family:
    return Family(
        name=entry["name"],
        classification=entry["classification"],
        instructions=tuple(entry["instructions"]),
        inputs=tuple(entry.get("inputs", [""])),
        outputs=tuple(entry.get("outputs", [])),
        labels=_tuples(entry.get("labels", {})),
        patterns=tuple(_pattern(template) for template in entry["instructions"]),
    )


def _pattern(template: str) -> "re.Pattern[str]":
    parts = _SLOT.split(" ".join(template.split()))
    for position, part in enumerate(parts):
        is_slot = position % 2
        parts[position] = f"(?P<{part}>.+?)" if is_slot else re.escape(part)
    return re.compile("".join(parts), re.IGNORECASE)
