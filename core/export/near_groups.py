"""Groups of near-duplicates: the connected components of the texts whose ROUGE-L reaches a threshold."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from selfinstruct.core.language.tokens import Vocabulary
from selfinstruct.core.similarity.encoded_texts import EncodedTexts, Pairs
from selfinstruct.core.similarity.threshold_join import ThresholdJoin
from selfinstruct.core.similarity.token_store import Ints

_FIRST, _BLOCK = 256, 4096
"""Texts that are compared at once: at first, and at most ..."""
_PAIRS = 1_000_000
"""... unless more pairs than this, roughly, would be in memory at once."""
_MANY = 32
"""A text with so many near-duplicates becomes a hub: those of later texts are found by one comparison."""


def near_groups(texts: Sequence[str], threshold: float, language: str) -> list[int]:
    """Return the group of each text, named after the position of its first member.

    Two texts are in one group if they are equal, if their ROUGE-L F-measure is at least `threshold`, or if a
    chain of such texts connects them. A text without tokens is near its equals only.

    Args:
        texts: The texts: real ones by the ten thousand in seconds. The time is quadratic in texts all alike.
        threshold: Above 0, up to 1.
        language: The code of their language, which decides what a token is.
    """
    distinct = list(dict.fromkeys(texts))
    vocabulary = Vocabulary(language=language)
    encoded = EncodedTexts(*vocabulary.encode(distinct))
    join = ThresholdJoin()
    ids = np.arange(len(distinct))
    for start in range(0, len(distinct), _BLOCK):
        block = ids[start : start + _BLOCK]
        join.add(block, encoded.some(block))
    groups, hubs = _Groups(len(distinct)), ThresholdJoin()
    start, size = 0, _FIRST
    while start < len(distinct):
        block = ids[start : start + size]
        asked = encoded.some(block)
        groups.merge(block, hubs.above(asked, threshold))
        pairs = join.above(asked, threshold, before=block, skip=groups.known(block))
        groups.merge(block, pairs)
        found = np.bincount(pairs.asked, minlength=len(block))
        if found.max() >= _MANY:
            hub = np.array([found.argmax()])
            hubs.add(block[hub], asked.some(hub))
        start += len(block)
        size = max(1, min(2 * len(block), _BLOCK, _PAIRS // (int(found.max()) + 1)))
    group_of = dict(zip(distinct, groups.roots().tolist(), strict=True))
    first: dict[int, int] = {}
    return [first.setdefault(group_of[text], place) for place, text in enumerate(texts)]


class _Groups:
    """A union-find structure; the root of a group is its lowest number."""

    def __init__(self, count: int) -> None:
        self._parents = np.arange(count)

    def roots(self) -> Ints:
        """The root of each number."""
        parents = self._parents
        while not np.array_equal(above := parents[parents], parents):
            parents = above
        self._parents = parents
        return parents

    def known(self, asked: Ints) -> Callable[[Ints, Ints], npt.NDArray[np.bool]]:
        """Return what marks pairs that are in one group already; `asked` are the numbers of the queries."""
        roots = self.roots()
        return lambda places, ids: roots[asked[places]] == roots[ids]

    def merge(self, asked: Ints, pairs: Pairs) -> None:
        """Merge the groups of all pairs; `asked` are the numbers of the queries."""
        roots = self.roots()
        ends = np.stack((roots[asked[pairs.asked]], roots[pairs.ids]), axis=1)
        for one, other in np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0).tolist():
            low, high = sorted((self._root(one), self._root(other)))
            self._parents[high] = low

    def _root(self, number: int) -> int:
        while (above := int(self._parents[number])) != number:
            number = above
        return number
