"""The language of the filter line: words, and fields such as `label:clf` or `score>0.6`."""

import difflib
import re
from dataclasses import replace
from typing import Any, get_args

from selfinstruct.core.answers import storable_text
from selfinstruct.core.errors import SelfInstructError
from selfinstruct.db.rows import Label, Origin, State, TaskFilter

_SHORT = {
    "clf": "classification",
    "class": "classification",
    "gen": "generation",
    "unclear": "unknown",
    "undecided": "pending",
}
_TOO = {"similar": "too_similar", "short": "too_short", "long": "too_long", "meaning": "same_meaning"}
_VALUES: dict[str, tuple[str, ...]] = {
    "origin": get_args(Origin),
    "state": get_args(State),
    "label": get_args(Label),
}
_SCORE = re.compile(r"score\s*(?P<sign>[<>])\s*(?P<bound>\d*\.?\d+)$")
_DIGITS = 15
_WORD = re.compile(r'"([^"]*)"|(\S+)')


class FilterError(SelfInstructError):
    """A filter line that cannot be understood; the message says what was meant perhaps."""


def parse_filter(line: str) -> TaskFilter:
    """Read a filter line, such as `label:clf verdict:too_similar score>0.6 origin:model haiku "old town"`.

    Raises:
        FilterError: a field has a value that it cannot have.
    """
    wanted = TaskFilter()
    words: list[str] = []
    for quoted, plain in _WORD.findall(storable_text(line)):
        score = _SCORE.match(plain)
        name, colon, value = plain.partition(":")
        if score:
            bound = "more_than" if score["sign"] == ">" else "less_than"
            wanted = _with(wanted, bound, float(score["bound"]))
        elif colon and (name in _VALUES or name == "verdict"):
            wanted = _with(wanted, name, _value(name, value))
        elif colon and name in {"batch", "id"}:
            wanted = _with(wanted, name, _number(name, value))
        elif colon and value and name.isidentifier() and not value.startswith("/"):
            raise FilterError(_unknown(name, plain))
        elif quoted or plain:
            words.append(quoted or plain)
    return replace(wanted, words=tuple(words))


def _with(wanted: TaskFilter, name: str, value: Any) -> TaskFilter:
    return replace(wanted, **{name: value})


def _value(name: str, value: str) -> str:
    if name == "verdict":
        value = value.replace("-", "_")
        return _TOO.get(value, value)
    value = _SHORT.get(value, value)
    known = _VALUES[name]
    if value not in known:
        near = difflib.get_close_matches(value, known, n=1, cutoff=0)[0]
        raise FilterError(f"{name}: is one of {', '.join(known)}; did you mean {name}:{near}?")
    return value


def _number(name: str, value: str) -> int:
    if not value.isdecimal() or len(value) > _DIGITS:
        raise FilterError(f"{name}: wants a number, as in {name}:12.")
    return int(value)


def _unknown(name: str, plain: str) -> str:
    near = difflib.get_close_matches(name, (*_VALUES, "verdict", "batch", "id", "score"), n=1, cutoff=0)[0]
    return f'There is no field {name}. Did you mean {near}? As a word it is written "{plain}".'
