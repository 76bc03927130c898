"""An index in parts, each of which answers for its own: here, in other processes or on other machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from selfinstruct.core.similarity.encoded_texts import EncodedTexts, Pairs
from selfinstruct.core.similarity.scoring import Floats
from selfinstruct.core.similarity.threshold_join import ThresholdJoin
from selfinstruct.core.similarity.token_store import Ints

NOBODY = -1
"""Stands for the id of a text where there is none."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each text asked about, the nearest that scores enough, the first of several, or `NOBODY` and 0."""

    ids: Ints
    scores: Floats

    @classmethod
    def of(cls, count: int, pairs: Pairs) -> "Nearest":
        """The best of each text's pairs."""
        ids, scores = np.full(count, NOBODY, dtype=np.int64), np.zeros(count)
        order = np.lexsort((pairs.ids, -pairs.scores, pairs.asked))
        asked, first = np.unique(pairs.asked[order], return_index=True)
        ids[asked], scores[asked] = pairs.ids[order[first]], pairs.scores[order[first]]
        return cls(ids, scores)


class Shard:
    """One part: some of the texts that are kept.

    A block of texts goes to all parts (`nearest`); each then finds the pairs within the block for some of its
    texts (`pairs`), and takes over some of those that are kept (`keep`).
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._kept = ThresholdJoin()
        self._block = EncodedTexts(np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.int64))

    def nearest(self, block: EncodedTexts) -> Nearest:
        """The nearest texts of this part for each text of a new block."""
        self._block = block
        return Nearest.of(len(block), self._kept.above(block, self._threshold))

    def pairs(self, members: Ints) -> Pairs:
        """All pairs of a text of the block with a member that comes before it, by their places."""
        some = ThresholdJoin()
        some.add(members, self._block.some(members))
        return some.above(self._block, self._threshold, before=np.arange(len(self._block)))

    def keep(self, ids: Ints, texts: EncodedTexts) -> None:
        """Take texts over."""
        self._kept.add(ids, texts)


class Shards(Protocol):
    """All the parts. What is sent is worked off in order; each answer is received once."""

    count: int

    def send(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> None:
        """Call a method of `Shard` in each part, with its own arguments."""

    def receive(self) -> list[Any]:
        """The answers of all parts to the call that has waited longest.

        Raises:
            DedupeError: a part is gone.
        """

    def close(self) -> None:
        """End them."""


class OneShard:
    """The whole index in this process."""

    count = 1

    def __init__(self, threshold: float) -> None:
        self._shard = Shard(threshold)
        self._answers: list[list[Any]] = []

    def send(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> None:
        """Call a method at once."""
        self._answers.append([getattr(self._shard, method)(*arguments[0])])

    def receive(self) -> list[Any]:
        """The oldest answer."""
        return self._answers.pop(0)

    def close(self) -> None:
        """Do nothing."""
