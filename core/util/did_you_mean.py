"""Did-you-mean suggestions for misspelt names."""

import difflib
from collections.abc import Iterable

NEAR = 0.78
"""Minimum `difflib` ratio of a suggestion. A lower one suggests unrelated names, such as edit for exit."""
NEAR_IN_TABLE = 0.7
"""The same among the few names of a table, where the closest is hardly ever unrelated."""
_BEGINNING = 3
"""Minimum length of a prefix, in letters."""


def nearest(word: str, known: Iterable[str], *, least: float = NEAR) -> str | None:
    """The known name that is closest to a word, or that starts with it; None if nothing is close.

    Args:
        word: The misspelt name.
        known: The names that there are.
        least: Minimum `difflib` ratio.
    """
    names = list(known)
    if swapped := [name for name in names if _is_swapped(word, name)]:
        return swapped[0]
    if near := difflib.get_close_matches(word, names, n=1, cutoff=least):
        return near[0]
    begun = [name for name in names if len(word) >= _BEGINNING and name.startswith(word)]
    return min(begun, key=len, default=None)


def _is_swapped(word: str, name: str) -> bool:
    """Whether a word is a name with two adjacent letters swapped; in short names, `difflib` misses that."""
    return any(
        word == name[:place] + name[place + 1] + name[place] + name[place + 2 :]
        for place in range(len(name) - 1)
    )
