"""Which known name somebody may have meant."""

import difflib
from collections.abc import Iterable

_NEAR = 0.78
"""The least likeness of a name that is suggested: that of a slip. Less leads astray, as from exit to edit."""
_BEGINNING = 3
"""So many letters are enough for the beginning of a name."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that is really near a word, or that begins with it; None when there is none."""
    names = list(known)
    if swapped := [name for name in names if _is_swapped(word, name)]:
        return swapped[0]
    if near := difflib.get_close_matches(word, names, n=1, cutoff=_NEAR):
        return near[0]
    begun = [name for name in names if len(word) >= _BEGINNING and name.startswith(word)]
    return min(begun, key=len, default=None)


def _is_swapped(word: str, name: str) -> bool:
    """Whether two neighbouring letters have changed places, which is a slip in a short name, too."""
    return any(
        word == name[:place] + name[place + 1] + name[place] + name[place + 2 :]
        for place in range(len(name) - 1)
    )
