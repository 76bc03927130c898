"""The language of the filter line: words, and fields such as `label:clf` or `score>0.6`."""

import difflib
import re
from dataclasses import replace
from typing import Any, get_args

from selfinstruct.core.errors import SelfInstructError
from selfinstruct.db.rows import Label, Origin, State, TaskFilter

_SHORT = {"clf": "classification", "class": "classification", "gen": "generation", "unclear": "unknown"}
_VALUES: dict[str, tuple[str, ...]] = {
    "origin": get_args(Origin),
    "state": get_args(State),
    "label": get_args(Label),
}
_SCORE = re.compile(r"score\s*(?P<sign>[<>])\s*(?P<bound>\d*\.?\d+)$")
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
    for quoted, plain in _WORD.findall(line):
        score = _SCORE.match(plain)
        name, colon, value = plain.partition(":")
        if score:
            bound = "more_than" if score["sign"] == ">" else "less_than"
            wanted = _with(wanted, bound, float(score["bound"]))
        elif colon and (name in _VALUES or name == "verdict"):
            wanted = _with(wanted, name, _value(name, value))
        elif quoted or plain:
            words.append(quoted or plain)
    return replace(wanted, words=tuple(words))


def _with(wanted: TaskFilter, name: str, value: Any) -> TaskFilter:
    return replace(wanted, **{name: value})


def _value(name: str, value: str) -> str:
    if name == "verdict":
        return value.replace("-", "_")
    value = _SHORT.get(value, value)
    known = _VALUES[name]
    if value not in known:
        near = difflib.get_close_matches(value, known, n=1, cutoff=0)[0]
        raise FilterError(f"{name}: is one of {', '.join(known)}; did you mean {name}:{near}?")
    return value
