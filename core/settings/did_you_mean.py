"""Did-you-mean suggestions for misspelt names."""

import difflib
from collections.abc import Iterable

_NEAR = 0.78
"""Minimum `difflib` ratio of a suggestion. A lower one suggests unrelated names, such as edit for exit."""
_BEGINNING = 3
"""Minimum length of a prefix, in letters."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that is closest to a word, or that starts with it; None if nothing is close."""
    names = list(known)
    if swapped := [name for name in names if _is_swapped(word, name)]:
        return swapped[0]
    if near := difflib.get_close_matches(word, names, n=1, cutoff=_NEAR):
        return near[0]
    begun = [name for name in names if len(word) >= _BEGINNING and name.startswith(word)]
    return min(begun, key=len, default=None)


def _is_swapped(word: str, name: str) -> bool:
    """Whether a word is a name with two adjacent letters swapped; in short names, `difflib` misses that."""
    return any(
        word == name[:place] + name[place + 1] + name[place] + name[place + 2 :]
        for place in range(len(name) - 1)
    )
