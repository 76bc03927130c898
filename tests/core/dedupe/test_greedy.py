"""What stays is what the plain way keeps, whatever blocks and shards there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from selfinstruct.core.dedupe import greedy as dedupe
from selfinstruct.core.dedupe.greedy import GreedyDedupe
from selfinstruct.core.dedupe.shards import NOBODY, OneShard, Shard, Shards
from selfinstruct.core.language.tokens import Vocabulary
from selfinstruct.core.similarity.encoded_texts import EncodedTexts
from selfinstruct.core.similarity.token_store import Ints

pytestmark = pytest.mark.long

ROUGE = rouge_scorer.RougeScorer(["rougeL"])
TEXTS = st.lists(st.lists(st.sampled_from([*"abcdef", "the", "猫"]), max_size=9).map(" ".join), max_size=40)


@dataclass(frozen=True)
class Rows:
    ids: Ints
    texts: EncodedTexts


class ManyShards:
    """Several parts in this process."""

    def __init__(self, count: int, threshold: float) -> None:
        self.count = count
        self._parts = [Shard(threshold) for _ in range(count)]
        self._answers: list[list[Any]] = []

    def send(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> None:
        calls = zip(self._parts, arguments, strict=True)
        self._answers.append([getattr(part, method)(*given) for part, given in calls])

    def receive(self) -> list[Any]:
        return self._answers.pop(0)

    def close(self) -> None:
        assert not self._answers


def plainly(texts: list[str], threshold: float) -> list[tuple[int, float]]:
    """Because of which text each one falls, and the score; the paper's way, pair by pair with rouge_score."""
    kept: list[int] = []
    told = []
    for place, text in enumerate(texts):
        scores = [round(ROUGE.score(texts[other], text)["rougeL"].fmeasure, 12) for other in kept]
        best = max(scores, default=0.0)
        if best < threshold:
            kept.append(place)
            told.append((NOBODY, 0.0))
        else:
            told.append((kept[scores.index(best)], best))
    return told


def blocks(texts: list[str], size: int) -> Iterator[Rows]:
    vocabulary = Vocabulary()
    for start in range(0, len(texts), size):
        some = texts[start : start + size]
        yield Rows(np.arange(start, start + len(some)), EncodedTexts(*vocabulary.encode(some)))


def decided(texts: list[str], size: int, shards: Shards) -> list[tuple[int, float]]:
    told: list[tuple[int, float]] = []
    for _, result in GreedyDedupe(shards).decide(blocks(texts, size)):
        told += zip(result.nearest.ids.tolist(), result.nearest.scores.tolist(), strict=True)
    return told


@settings(deadline=None)
@given(TEXTS, st.sampled_from([0.2, 0.5, 0.7, 1.0]), st.integers(1, 50), st.integers(1, 4))
def test_a_row_falls_because_of_the_nearest_that_stayed_before_it(
    texts: list[str], threshold: float, size: int, shards: int
) -> None:
    expected = plainly(texts, threshold)
    assert decided(texts, size, ManyShards(shards, threshold)) == expected
    assert decided(texts, size, OneShard(threshold)) == expected


def test_a_block_full_of_pairs_is_decided_slice_by_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dedupe, "_PAIRS", 200)
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice([*"abcde"], 6)) for _ in range(120)]
    assert decided(texts, 60, ManyShards(2, 0.6)) == plainly(texts, 0.6)
