"""Mutants: copies of a module that differ from it in one place."""

import ast
import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from tests.mutation.operators import operators

_EQUIVALENT = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operator can put a fault."""

    module: str
    """Its path from the root of the repository."""
    lines: range
    """Counted from 1."""
    operator: str
    occurrence: int
    """Which one of the operator's places in the module, as cosmic-ray counts them."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one small fault in it."""

    place: Place
    code: str
    """The whole module."""
    before: str
    """The lines that differ, as they are, each without the blanks around it."""
    after: str
    """The same lines with the fault."""

    def __str__(self) -> str:
        gone, come = self.before.splitlines(), self.after.splitlines()
        diff = [*(f"    - {line}" for line in gone), *(f"    + {line}" for line in come)]
        return "\n".join([f"{self.place.module}:{self.place.lines.start} {self.place.operator}", *diff])


def places_of(root: Path, module: str) -> list[Place]:
    """Every place of a module that a mutant can be made of, in the order of its lines."""
    nodes = list(ast_nodes(get_ast((root / module).read_text(encoding="utf-8"))))
    found = [
        Place(module, lines, name, occurrence)
        for name, operator in operators().items()
        for occurrence, lines in enumerate(_lines(nodes, operator))
        if lines
    ]
    return sorted(found, key=lambda place: (place.lines.start, place.operator, place.occurrence))


def mutant_at(root: Path, place: Place) -> Mutant | None:
    """The mutant of a place; None when the fault makes no other program of the module."""
    source = (root / place.module).read_text(encoding="utf-8")
    code = mutate_code(source, operators()[place.operator], place.occurrence)
    if code is None or not _is_other(source, code):
        return None
    gone, come, lines, others = [], [], source.splitlines(), code.splitlines()
    for tag, start, end, other_start, other_end in difflib.SequenceMatcher(
        None, lines, others, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            gone += [text.strip() for text in lines[start:end]]
            come += [text.strip() for text in others[other_start:other_end]]
    return Mutant(place, code, "\n".join(gone), "\n".join(come))


def equivalents() -> Mapping[tuple[str, str, str], str]:
    """Mutants that behave as the module does: (module, line before, line after) with the reason."""
    rows = tomllib.loads(_EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    return {(row["module"], row["before"], row["after"]): row["reason"] for row in rows}


def _lines(nodes: list[Any], operator: Any) -> Iterator[range]:
    """The lines of each mutation, in the order that cosmic-ray counts in; none where it means nothing."""
    for node in nodes:
        for (first, _), (last, _) in operator.mutation_positions(node):
            yield range(first, first if _means_nothing(node) else last + 1)


def _means_nothing(node: Any) -> bool:
    """Whether it is for the type checker only, how a data class is laid out, or how much and not what."""
    inner, outer, in_definition = node, node.parent, False
    if node.type == "assert_stmt" or _is_for_types(node):
        return True
    while outer is not None:
        is_annotation = (
            outer.type == "tfpdef"
            or (outer.type == "annassign" and outer.children[1] is inner)
            or (outer.type == "funcdef" and outer.annotation is inner)
        )
        if is_annotation or outer.type in {"assert_stmt", "decorator"} or _is_for_types(outer):
            return True
        in_definition = in_definition or outer.type in {"funcdef", "classdef"}
        inner, outer = outer, outer.parent
    return not in_definition and node.type in {"number", "operator"}


def _is_for_types(node: Any) -> bool:
    return bool(node.type == "if_stmt" and node.children[1].get_code().strip() == "TYPE_CHECKING")


def _is_other(source: str, code: str) -> bool:
    try:
        return ast.dump(ast.parse(code)) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False
