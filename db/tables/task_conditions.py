"""The conditions of a search for tasks, as SQL."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from selfinstruct.db.records import TaskQuery

_TRIGRAM = 3
"""Characters; the trigram index cannot find shorter words."""
_WILDCARD, _ESCAPED = re.compile(r"[%_\\]"), r"\\\g<0>"
"""What LIKE does not take literally, and how it is told to."""

_DECIDED = "EXISTS (SELECT 1 FROM decisions WHERE task_id = tasks.id AND person = ? COLLATE NOCASE)"
# What somebody has suggested anew replaces what they suggested before.
_SUGGESTED = """EXISTS (SELECT 1 FROM suggestions AS one WHERE task_id = tasks.id AND decision = ?
    AND NOT EXISTS (SELECT 1 FROM suggestions AS later
        WHERE later.task_id = one.task_id AND later.person = one.person AND later.id > one.id))"""
_SUGGESTED_ANY = "EXISTS (SELECT 1 FROM suggestions WHERE task_id = tasks.id)"


class Conditions(NamedTuple):
    """Conditions on columns of `tasks` with their values, and what to find in the index of words."""

    terms: tuple[str, ...]
    values: tuple[Any, ...]
    phrase: str | None
    """An expression for MATCH on `tasks_text`; None if the query has no word for it."""


def conditions(wanted: TaskQuery) -> Conditions:
    """Return the conditions that a query stands for."""
    terms: list[str] = []
    values: list[Any] = []
    for column in ("origin", "state", "label", "verdict", "batch", "id"):
        value = getattr(wanted, column)
        if value is not None:
            terms.append(f"tasks.{column} = ?")
            values.append(value)
    for comparison, bound in (("score > ?", wanted.more_than), ("score < ?", wanted.less_than)):
        if bound is not None:
            terms.append(comparison)
            values.append(bound)
    if wanted.by is not None:
        terms.append(_DECIDED)
        values.append(wanted.by)
    if wanted.suggested in {"yes", "no"}:
        terms.append(_SUGGESTED_ANY if wanted.suggested == "yes" else f"NOT {_SUGGESTED_ANY}")
    elif wanted.suggested is not None:
        terms.append(_SUGGESTED)
        values.append(wanted.suggested)
    short = [word for word in wanted.words if len(word) < _TRIGRAM]
    terms += ["tasks.instruction LIKE ? ESCAPE '\\'"] * len(short)
    values += (f"%{_WILDCARD.sub(_ESCAPED, word)}%" for word in short)
    phrases = ['"{}"'.format(word.replace('"', '""')) for word in wanted.words if len(word) >= _TRIGRAM]
    return Conditions(tuple(terms), tuple(values), " ".join(phrases) if phrases else None)


def all_of(terms: Sequence[str]) -> str:
    """Join conditions with AND, as a balanced tree: SQLite rejects expressions over 1000 levels deep."""
    if len(terms) <= 2:
        return " AND ".join(terms)
    half = len(terms) // 2
    return f"({all_of(terms[:half])}) AND ({all_of(terms[half:])})"
