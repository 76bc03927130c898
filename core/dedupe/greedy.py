"""Greedy near-duplicate removal, in the paper's order.

A text is kept if it scores below the threshold with every text kept before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from selfinstruct.core.dedupe.shards import NOBODY, Nearest, Shards
from selfinstruct.core.similarity.encoded_texts import EncodedTexts, Pairs
from selfinstruct.core.similarity.scoring import Floats
from selfinstruct.core.similarity.token_store import Ints

_PAIRS = 4_000_000
"""Upper limit, roughly, on the pairs within a block that are materialized at once."""


class Block(Protocol):
    """A run of consecutive texts."""

    @property
    def ids(self) -> Ints:
        """Ascending ids, higher than those of all earlier blocks."""

    @property
    def texts(self) -> EncodedTexts:
        """The tokenized texts, in the same order."""


SomeBlock = TypeVar("SomeBlock", bound=Block)


@dataclass(frozen=True, slots=True)
class BlockResult:
    """The outcome for each text of a block."""

    nearest: Nearest
    """For each duplicate, the nearest text kept before it; `NOBODY` for a text that is kept."""

    @property
    def kept(self) -> Ints:
        """Positions of the texts that are kept."""
        return np.flatnonzero(self.nearest.ids == NOBODY)


class GreedyDedupe:
    """Decides block by block; the shards index what was kept."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self._density = 1.0
        """Share of the pairs within the last block that reached the threshold; sizes the next slice."""

    def keep(self, block: Block) -> None:
        """Index texts that an earlier run kept."""
        self._take(block, np.arange(len(block.texts)))

    def decide(self, blocks: Iterator[SomeBlock]) -> Iterator[tuple[SomeBlock, BlockResult]]:
        """Decide on all blocks; the next one is read while the shards work."""
        block = next(blocks, None)
        while block is not None:
            self._shards.send("nearest", [(block.texts,)] * self._shards.count)
            following = next(blocks, None)
            ids, scores = _best(self._shards.receive())
            self._within(block, ids, scores)
            decided = BlockResult(Nearest(ids, scores))
            self._take(block, decided.kept)
            yield block, decided
            block = following

    def _within(self, block: Block, ids: Ints, scores: Floats) -> None:
        """Drop texts of the block that duplicate a kept text of the same block, slice by slice, in order."""
        start, size = 0, len(block.texts)
        while len(still := start + np.flatnonzero(ids[start:] == NOBODY)):
            members = still[: max(1, int(_PAIRS / (size * max(self._density, 1 / size))))]
            shares = [members[part :: self._shards.count] for part in range(self._shards.count)]
            self._shards.send("pairs", [(share,) for share in shares])
            pairs = _merged(self._shards.receive())
            self._density = len(pairs.ids) / (len(members) * size)
            _fell(pairs, block.ids, ids, scores)
            start = int(members[-1]) + 1

    def _take(self, block: Block, kept: Ints) -> None:
        count = self._shards.count
        shares = [kept[part::count] for part in range(count)]
        self._shards.send("keep", [(block.ids[share], block.texts.some(share)) for share in shares])
        self._shards.receive()


def _best(answers: list[Nearest]) -> tuple[Ints, Floats]:
    """The nearest text over all shards, for each text of the block."""
    ids, scores = answers[0].ids.copy(), answers[0].scores.copy()
    for answer in answers[1:]:
        better = (answer.scores > scores) | ((answer.scores == scores) & (answer.ids < ids))
        ids[better], scores[better] = answer.ids[better], answer.scores[better]
    return ids, scores


def _merged(answers: list[Pairs]) -> Pairs:
    """The pairs of all shards, sorted by the earlier text."""
    asked, ids = (np.concatenate([getattr(a, name) for a in answers]) for name in ("asked", "ids"))
    scores = np.concatenate([answer.scores for answer in answers])
    order = np.argsort(ids, kind="stable")
    return Pairs(asked[order], ids[order], scores[order])


def _fell(pairs: Pairs, names: Ints, ids: Ints, scores: Floats) -> None:
    """Apply pairs in order, skipping those whose earlier text was dropped itself."""
    earlier, starts, counts = np.unique(pairs.ids, return_index=True, return_counts=True)
    ends = starts + counts
    for place, start, end in zip(earlier.tolist(), starts.tolist(), ends.tolist(), strict=True):
        if ids[place] == NOBODY:
            asked, found = pairs.asked[start:end], pairs.scores[start:end]
            nearer = found > scores[asked]
            ids[asked[nearer]], scores[asked[nearer]] = names[place], found[nearer]
