"""Mutation operators: a choice of cosmic-ray's, and four of our own for what it leaves alone.

Left out are cosmic-ray's operators whose mutants tell little: `==` for `is`, one arithmetic sign for each of
ten others, decorators taken away.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import parso
from cosmic_ray import plugins
from cosmic_ray.operators.operator import Operator

_OF_COSMIC_RAY = (
    *(
        f"ReplaceComparisonOperator_{pair}"
        for pair in (
            "Eq_NotEq",
            "NotEq_Eq",
            "Lt_LtE",
            "Lt_GtE",
            "LtE_Lt",
            "LtE_Gt",
            "Gt_GtE",
            "Gt_LtE",
            "GtE_Gt",
            "GtE_Lt",
            "Is_IsNot",
            "IsNot_Is",
        )
    ),
    *(
        f"ReplaceBinaryOperator_{pair}"
        for pair in (
            "Add_Sub",
            "Sub_Add",
            "Mul_FloorDiv",
            "Div_Mul",
            "FloorDiv_Mul",
            "BitOr_BitAnd",
            "BitAnd_BitOr",
        )
    ),
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Not",
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "NumberReplacer",
    "ZeroIterationForLoop",
)

Position = tuple[tuple[int, int], tuple[int, int]]


class NegateMembership(Operator):  # type: ignore[misc]
    """Takes `in` for `not in`, and the other way round."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        if node.type == "comparison":
            for operator in node.children[1::2]:
                if _words(operator) in {"in", "not in"}:
                    yield operator.start_pos, operator.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        places = [
            place
            for place, child in enumerate(node.children)
            if place % 2 == 1 and _words(child) in {"in", "not in"}
        ]
        place = places[index]
        other = "in" if _words(node.children[place]) == "not in" else "not in"
        node.children[place] = _parsed(f" {other}")
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class CatchNothing(Operator):  # type: ignore[misc]
    """Lets an error pass that is caught."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        if node.type == "except_clause":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.children[1] = _parsed(" ()")
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class RemoveCall(Operator):  # type: ignore[misc]
    """Takes away a statement that is a call and nothing else."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        if node.type == "expr_stmt" or node.parent is None or node.parent.type != "simple_stmt":
            return
        if node.type in {"atom_expr", "await_expr", "power"} and node.get_last_leaf().value == ")":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return _parsed(f"{node.get_first_leaf().prefix}pass")

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


_STATEMENT = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE|JOIN|ORDER BY)\b")
_OF_SQL = (
    (re.compile(r"\bAND\b"), "OR"),
    (re.compile(r"\bOR\b(?! (?:IGNORE|REPLACE|ABORT)\b)"), "AND"),
    (re.compile(r"\bIS NULL\b"), "IS NOT NULL"),
    (re.compile(r"\bIS NOT NULL\b"), "IS NULL"),
    (re.compile(r"\bNOT (?=EXISTS|IN)\b"), ""),
    (re.compile(r"(?<!NOT )\b(?=EXISTS|IN \()"), "NOT "),
    (re.compile(r"(?<= )!?=(?= )"), "{negated}"),
    (re.compile(r"(?<= )[<>](?= )"), "{0}="),
    (re.compile(r"(?<= )[<>]=(?= )"), "{strict}"),
    (re.compile(r" DESC\b"), ""),
    (re.compile(r"\bDISTINCT "), ""),
    (re.compile(r"\bmax\("), "min("),
    (re.compile(r"\bmin\("), "max("),
    (re.compile(r"(?<= )\+(?= )"), "-"),
)
_CLAUSE = re.compile(r"\b(SET|WHERE|ON|AND|OR|WHEN|SELECT|VALUES|THEN)\b")


class MutateSQL(Operator):  # type: ignore[misc]
    """Changes one word or sign of an SQL statement."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        if node.type in {"string", "fstring_string"} and _is_sql(node):
            for _ in _mutated_sql(node.value):
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.value = list(_mutated_sql(node.value))[index]
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


def _is_sql(node: Any) -> bool:
    parent = node.parent
    if parent is not None and parent.type == "simple_stmt":
        return False  # a docstring
    return _STATEMENT.search(node.value) is not None


def _mutated_sql(text: str) -> Iterator[str]:
    for pattern, other in _OF_SQL:
        for found in pattern.finditer(text):
            sign = found.group()
            if sign == "=" and _clause_of(text, found.start()) == "SET":
                continue  # an assignment
            put = other.format(sign, negated="!=" if sign == "=" else "=", strict=sign[:1])
            yield text[: found.start()] + put + text[found.end() :]


def _clause_of(text: str, place: int) -> str:
    words = _CLAUSE.findall(text, 0, place)
    return str(words[-1]) if words else ""


def _parsed(code: str) -> Any:
    return parso.parse(code)  # type: ignore[no-untyped-call]


def _words(node: Any) -> str:
    return " ".join(node.get_code().split())


@cache
def operators() -> Mapping[str, Operator]:
    """Every mutation operator by its name."""
    chosen: dict[str, Operator] = {name: plugins.get_operator(f"core/{name}")() for name in _OF_COSMIC_RAY}
    own = (NegateMembership(), CatchNothing(), RemoveCall(), MutateSQL())
    return {**chosen, **{type(operator).__name__: operator for operator in own}}
