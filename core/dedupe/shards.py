"""A sharded similarity index: shards live in this process, in other processes or on other machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from selfinstruct.core.similarity.encoded_texts import EncodedTexts, Pairs
from selfinstruct.core.similarity.scoring import Floats
from selfinstruct.core.similarity.threshold_join import ThresholdJoin
from selfinstruct.core.similarity.token_store import Ints

NOBODY = -1
"""Sentinel id: no text."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each query, the best match that reaches the threshold (lowest id on ties), or `NOBODY` and 0."""

    ids: Ints
    scores: Floats

    @classmethod
    def of(cls, count: int, pairs: Pairs) -> "Nearest":
        """Reduce the pairs of `count` queries to the best match of each."""
        ids, scores = np.full(count, NOBODY, dtype=np.int64), np.zeros(count)
        order = np.lexsort((pairs.ids, -pairs.scores, pairs.asked))
        asked, first = np.unique(pairs.asked[order], return_index=True)
        ids[asked], scores[asked] = pairs.ids[order[first]], pairs.scores[order[first]]
        return cls(ids, scores)


class Shard:
    """One shard: a subset of the kept texts.

    Every shard matches a new block against its own texts (`nearest`), finds the pairs within the block for a
    subset of its texts (`pairs`), and indexes a subset of those that are kept (`keep`).
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._kept = ThresholdJoin()
        self._block = EncodedTexts(np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.int64))

    def nearest(self, block: EncodedTexts) -> Nearest:
        """The best match in this shard for each text of a new block."""
        self._block = block
        return Nearest.of(len(block), self._kept.above(block, self._threshold))

    def pairs(self, members: Ints) -> Pairs:
        """All pairs of a text of the block and an earlier member, as positions in the block."""
        some = ThresholdJoin()
        some.add(members, self._block.some(members))
        return some.above(self._block, self._threshold, before=np.arange(len(self._block)))

    def keep(self, ids: Ints, texts: EncodedTexts) -> None:
        """Index kept texts."""
        self._kept.add(ids, texts)


class Shards(Protocol):
    """All shards, called in parallel. Calls are served in order, and each answer is received once."""

    count: int

    def send(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> None:
        """Call a method of `Shard` on every shard, with its own arguments."""

    def receive(self) -> list[Any]:
        """The answers of all shards to the oldest pending call.

        Raises:
            DedupeError: a shard is gone.
        """

    def close(self) -> None:
        """Shut the shards down."""


class OneShard:
    """The whole index as one shard in this process."""

    count = 1

    def __init__(self, threshold: float) -> None:
        self._shard = Shard(threshold)
        self._answers: list[list[Any]] = []

    def send(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> None:
        """Call a method synchronously."""
        self._answers.append([getattr(self._shard, method)(*arguments[0])])

    def receive(self) -> list[Any]:
        """The oldest answer."""
        return self._answers.pop(0)

    def close(self) -> None:
        """Nothing to release."""
