"""Bounds of a parameter's value, as messages of servers state them. Pure."""

import re
from typing import Any

Bounds = tuple[float | None, float | None]
"""The least and the greatest allowed value; None for an end without one."""

LEAST_STEP = 0.01
"""How far inside an open interval a value is set."""

_NUMBER = r"(-?\d+(?:,\d{3})*(?:\.\d+)?)"
_LEAST = (
    (
        re.compile(rf"(?:greater|more|larger|higher) than or equal to {_NUMBER}|>= ?{_NUMBER}|≥ ?{_NUMBER}"),
        False,
    ),
    (re.compile(rf"(?:at least|no less than|minimum(?: \w+)?(?: of| is|:)?) {_NUMBER}"), False),
    (re.compile(rf"(?:greater|more|larger|higher) than {_NUMBER}|(?<!\d )> ?{_NUMBER}"), True),
)
_MOST = (
    (re.compile(rf"(?:less|lower|smaller) than or equal to {_NUMBER}|<= ?{_NUMBER}|≤ ?{_NUMBER}"), False),
    (re.compile(rf"(?:at most|no more than|not exceed|up to) {_NUMBER}"), False),
    (re.compile(rf"(?:\bmaximum|\blimit|\bmax)\b(?: [a-z]+){{0,4}}(?: of| is|:)? {_NUMBER}"), False),
    (re.compile(rf"(?:less|lower|smaller) than {_NUMBER}|(?<!\d )< ?{_NUMBER}"), True),
)
_INTERVAL = re.compile(r"([\[(])\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*([\])])")
_BETWEEN = re.compile(
    rf"between {_NUMBER} and {_NUMBER}|(?:from|range:?) {_NUMBER} ?(?:to|\.\.|~|-) ?{_NUMBER}", re.IGNORECASE
)
_POSITIVE = re.compile(r"\b(?:strictly )?positive\b|non-?zero|(?:not|n't) be (?:0|zero)\b", re.IGNORECASE)


def value_bounds(clause: str, value: Any) -> Bounds | None:
    """Read the least and the greatest allowed value; None if the clause names neither.

    Args:
        clause: The part of a message about one parameter.
        value: The value that was sent.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if (interval := _INTERVAL.search(clause)) is not None:
        try:
            least, most = float(interval[2]), float(interval[3])
        except ValueError:
            return None
        return _inside(least, is_open=interval[1] == "(", way=1), _inside(
            most, is_open=interval[4] == ")", way=-1
        )
    if (between := _BETWEEN.search(clause)) is not None:
        least, most = [_number(one) for one in between.groups() if one is not None]
        return least, most
    # "max_tokens: 20000 > 8192"
    compared = re.search(
        rf"{re.escape(f'{value:g}' if isinstance(value, float) else str(value))} ?([<>])=? ?{_NUMBER}", clause
    )
    if compared is not None:
        bound = _number(compared[2])
        return (None, bound) if compared[1] == ">" else (bound, None)
    found_least, found_most = _first(_LEAST, clause, 1), _first(_MOST, clause, -1)
    if found_least is None and _POSITIVE.search(clause):
        found_least = LEAST_STEP
    return None if found_least is None and found_most is None else (found_least, found_most)


def _first(patterns: tuple[tuple["re.Pattern[str]", bool], ...], clause: str, way: int) -> float | None:
    for pattern, is_open in patterns:
        if (found := pattern.search(clause.lower())) is not None:
            return _inside(_number(next(one for one in found.groups() if one)), is_open=is_open, way=way)
    return None


def _number(text: str) -> float:
    number = float(text.replace(",", ""))
    return int(number) if number.is_integer() else number


def _inside(bound: float, *, is_open: bool, way: int) -> float:
    """Move the end of an open interval inside; whole numbers above 2 are limits on tokens."""
    if not is_open:
        return int(bound) if bound == int(bound) else bound
    return round(bound + way * (1 if abs(bound) > 2 else LEAST_STEP), 4)
