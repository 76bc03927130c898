"""The query language of the filter line: words, and fields such as `label:clf` or `score>0.6`."""

import re
from dataclasses import replace
from typing import Any, get_args

from selfinstruct.core.errors import SelfInstructError
from selfinstruct.core.filtering.registry import VERDICTS
from selfinstruct.core.util.did_you_mean import nearest
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.db.records import Label, Origin, State, SuggestedKind, TaskQuery

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
    "verdict": VERDICTS,
    "suggested": ("yes", "no", *get_args(SuggestedKind)),
}
_ON_SCREENS = {"pending": "undecided", "unknown": "unclear"} | {code: word for word, code in _TOO.items()}
_SCORE = re.compile(r"score\s*(?P<sign>[<>])\s*(?P<bound>\d*\.?\d+)$")
_COMPARED = re.compile(r"([a-z_]+)\s*[<>]|score\s*=")
_DIGITS = 15
_WORD = re.compile(r'"([^"]*)"|([a-z]+:"[^"]*"|score\s*[<>=]+\s*[^\s"]*|\S+)')


class QueryError(SelfInstructError):
    """A filter line that cannot be parsed; the message suggests a correction."""


def parse_filter(line: str) -> TaskQuery:
    """Parse a filter line, such as `label:clf verdict:too_similar score>0.6 origin:model haiku "old town"`.

    Raises:
        QueryError: a field is unknown or its value is invalid, or a quotation mark is not closed.
    """
    wanted = TaskQuery()
    words: list[str] = []
    for quoted, plain in _WORD.findall(storable_text(line)):
        score = _SCORE.match(plain)
        name, colon, value = plain.partition(":")
        if score:
            bound = "more_than" if score["sign"] == ">" else "less_than"
            wanted = _with(wanted, bound, float(score["bound"]))
        elif compared := _COMPARED.match(plain):
            raise QueryError(_not_compared(compared[1] or "score", plain))
        elif colon and name in _VALUES:
            wanted = _with(wanted, name, _value(name, value.strip('"')))
        elif colon and name in {"batch", "id"}:
            wanted = _with(wanted, name, _number(name, value))
        elif colon and name == "by":
            wanted = _with(wanted, name, _name(value))
        elif colon and value and name.isidentifier() and not value.startswith("/"):
            raise QueryError(_unknown(name, plain))
        elif plain.startswith('"'):
            raise QueryError('A quote is not closed: put another " after the last word of the phrase.')
        elif quoted or plain:
            words.append(quoted or plain)
    if wanted.suggested not in {None, "no"} and wanted.state is None:
        # What is suggested is open while nobody has decided; where a state is given, it is history.
        wanted = replace(wanted, state="pending")
    return replace(wanted, words=tuple(words))


def _with(wanted: TaskQuery, name: str, value: Any) -> TaskQuery:
    return replace(wanted, **{name: value})


def _value(name: str, value: str) -> str:
    if name == "verdict":
        value = re.sub(r"[-\s]", "_", value)
        value = _TOO.get(value, value)
    else:
        value = _SHORT.get(value, value)
    if value in _VALUES[name]:
        return value
    known = [_ON_SCREENS.get(code, code).replace("_", "-") for code in _VALUES[name]]
    told = f"{name}: is one of {', '.join(known)}"
    if not value:
        raise QueryError(f"{told}.")
    near = nearest(value, known)
    raise QueryError(f"{told}; did you mean {name}:{near}?" if near else f"{told}.")


def _number(name: str, value: str) -> int:
    if not value.isdecimal() or len(value) > _DIGITS:
        raise QueryError(f"{name}: needs a number, as in {name}:12.")
    return int(value)


def _name(value: str) -> str:
    name = value.strip('"').strip()
    if not name:
        raise QueryError("by: needs a name, as in by:anna.")
    return name


def _not_compared(name: str, plain: str) -> str:
    if name == "score":
        return "score needs < or > and a number, as in score>0.6."
    meant = "Did you mean score?" if nearest(name, ("score",)) else "Only score is compared, as in score>0.6."
    return f'{name} is not a number field. {meant} To search for it as text, write "{plain}".'


def _unknown(name: str, plain: str) -> str:
    fields = (*_VALUES, "by", "batch", "id", "score")
    near = nearest(name, fields)
    meant = f"Did you mean {near}?" if near else f"The fields are {', '.join(fields)}."
    return f'{name} is not a field. {meant} To search for it as text, write "{plain}".'
