"""Matches the texts of two readings of one answer. Pure."""

from collections import defaultdict, deque
from collections.abc import Collection, Sequence

from rapidfuzz.distance import Indel

_ALIKE = 0.5
"""Normalized Indel similarity from which two texts count as readings of the same passage."""
_CONTAINED = 0.75
"""The score of a text that contains the other, such as a task with the answer below it."""
_COMPARED = 5000
"""Characters of a text that are compared; the rest of an overlong one makes no difference."""
_LEAST_CONTAINED = 8
"""Characters; shorter texts are contained in others by chance."""


def match(before: Sequence[str], after: Sequence[str], *, exact_only: Collection[int] = ()) -> dict[int, int]:
    """Match each text of one reading with at most one of another: equal ones first, then the most similar.

    What is matched does not depend on the other pairs, so texts that are gone because an earlier match was
    applied change nothing for the rest.

    Args:
        before: The texts of the earlier reading.
        after: The texts of the later reading.
        exact_only: Indexes into `before` of texts that match only equal ones, after all others.

    Returns:
        Indexes into `after` by those into `before`.
    """
    places: defaultdict[str, deque[int]] = defaultdict(deque)
    for index, text in enumerate(after):
        places[text].append(index)
    in_order = sorted(range(len(before)), key=lambda index: index in exact_only)
    matched = {index: places[before[index]].popleft() for index in in_order if places.get(before[index])}
    left = [index for index in range(len(before)) if index not in matched and index not in exact_only]
    taken = set(matched.values())
    free = [index for index in range(len(after)) if index not in taken]
    pairs = [
        (-score, old, new) for old in left for new in free if (score := _likeness(before[old], after[new]))
    ]
    for _, old, new in sorted(pairs):
        if old not in matched and new not in taken:
            matched[old] = new
            taken.add(new)
    return matched


def _likeness(one: str, other: str) -> float:
    """Return how similar two texts are, from 0 to 1; 0 if they are not alike."""
    short, long = sorted((one.casefold(), other.casefold()), key=len)
    score = Indel.normalized_similarity(short[:_COMPARED], long[:_COMPARED], score_cutoff=_ALIKE)
    if len(short) >= _LEAST_CONTAINED and short in long:
        score = max(score, _CONTAINED)
    return score
