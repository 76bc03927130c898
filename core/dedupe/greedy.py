"""Near-duplicates taken out in the paper's greedy order.

A text stays if it scores less than the threshold with every text before it that has stayed.
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
"""About so many pairs within a block are found at once, at most."""


class Block(Protocol):
    """Texts that follow each other."""

    @property
    def ids(self) -> Ints:
        """Their ids, ascending, and higher than those of all blocks before."""

    @property
    def texts(self) -> EncodedTexts:
        """Their tokens."""


SomeBlock = TypeVar("SomeBlock", bound=Block)


@dataclass(frozen=True, slots=True)
class BlockResult:
    """What became of the texts of a block."""

    nearest: Nearest
    """For each text that fell, because of which one: the nearest of those before it that had stayed."""

    @property
    def kept(self) -> Ints:
        """The places of the texts that stay."""
        return np.flatnonzero(self.nearest.ids == NOBODY)


class GreedyDedupe:
    """Decides on one block after the other; what has stayed is in the shards."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self._density = 1.0
        """What share of the pairs within the last block scored enough."""

    def keep(self, block: Block) -> None:
        """Take over texts that stayed when an earlier run decided."""
        self._take(block, np.arange(len(block.texts)))

    def decide(self, blocks: Iterator[SomeBlock]) -> Iterator[tuple[SomeBlock, BlockResult]]:
        """Decide on all blocks; the next one is read while the shards are at work."""
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
        """Let texts of the block fall because of others in it that stay, slice by slice, in order."""
        start, size = 0, len(block.texts)
        while len(still := start + np.flatnonzero(ids[start:] == NOBODY)):
            members = still[: max(1, int(_PAIRS / (size * max(self._density, 1 / size))))]
            shares = [members[part :: self._shards.count] for part in range(self._shards.count)]
            self._shards.send("pairs", [(share,) for share in shares])
            pairs = _together(self._shards.receive())
            self._density = len(pairs.ids) / (len(members) * size)
            _fell(pairs, block.ids, ids, scores)
            start = int(members[-1]) + 1

    def _take(self, block: Block, kept: Ints) -> None:
        count = self._shards.count
        shares = [kept[part::count] for part in range(count)]
        self._shards.send("keep", [(block.ids[share], block.texts.some(share)) for share in shares])
        self._shards.receive()


def _best(answers: list[Nearest]) -> tuple[Ints, Floats]:
    """The best of what all shards have found for each text."""
    ids, scores = answers[0].ids.copy(), answers[0].scores.copy()
    for answer in answers[1:]:
        better = (answer.scores > scores) | ((answer.scores == scores) & (answer.ids < ids))
        ids[better], scores[better] = answer.ids[better], answer.scores[better]
    return ids, scores


def _together(answers: list[Pairs]) -> Pairs:
    """The pairs of all shards, in the order of the earlier text."""
    asked, ids = (np.concatenate([getattr(a, name) for a in answers]) for name in ("asked", "ids"))
    scores = np.concatenate([answer.scores for answer in answers])
    order = np.argsort(ids, kind="stable")
    return Pairs(asked[order], ids[order], scores[order])


def _fell(pairs: Pairs, names: Ints, ids: Ints, scores: Floats) -> None:
    """Take in, in order, those pairs whose earlier text has stayed."""
    earlier, starts, counts = np.unique(pairs.ids, return_index=True, return_counts=True)
    ends = starts + counts
    for place, start, end in zip(earlier.tolist(), starts.tolist(), ends.tolist(), strict=True):
        if ids[place] == NOBODY:
            asked, found = pairs.asked[start:end], pairs.scores[start:end]
            nearer = found > scores[asked]
            ids[asked[nearer]], scores[asked[nearer]] = names[place], found[nearer]
