"""Exact scoring of a query against many texts, and the running top k."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from selfinstruct.core.language.tokens import Codes
from selfinstruct.core.similarity.overlap_bounds import FLOORS, Sums
from selfinstruct.core.similarity.token_store import Ints

Floats = npt.NDArray[np.float64]

_DIGITS = 12
"""Decimal digits that scores are rounded to, so that binary rounding cannot move one across a threshold."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query, prepared for exact scoring."""

    length: int
    sums: Sums
    """The upper bound on the token overlap with each row."""
    marks: Codes
    """Maps vocabulary numbers to the query's own alphabet: 1 and up for its tokens, 0 for all others."""
    marked: bytes | str
    """The query in its own alphabet, without tokens that no indexed text has."""

    @classmethod
    def of(cls, codes: list[int], length: int, sums: Sums, vocabulary: int) -> "Query":
        """Prepare a query from its known tokens and its full length."""
        numbers = {code: number for number, code in enumerate(dict.fromkeys(codes), start=1)}
        marks: Codes = np.zeros(vocabulary, dtype=np.uint8 if len(numbers) < 256 else np.uint32)
        marks[list(numbers)] = list(numbers.values())
        return cls(length, sums, marks, _as_text(marks[codes]))

    def scores(self, codes: Codes, lengths: Ints) -> Floats:
        """ROUGE-L F-measure with each of a batch of texts, given as concatenated token numbers."""
        marked = _as_text(self.marks[codes])
        ends = np.cumsum(lengths).tolist()
        others = [marked[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        shared = process.cdist([self.marked], others, scorer=LCSseq.similarity, dtype=np.int64)[0]
        return f_measure(shared, lengths + self.length)


class Best:
    """The running top `k` of positive scores: best first, ties broken by id."""

    def __init__(self, k: int) -> None:
        self._k = k
        self.ids: Ints = np.zeros(0, dtype=np.int64)
        self.scores: Floats = np.zeros(0)

    @property
    def worst(self) -> float:
        """The score that a newcomer has to reach: the k-th best, or 0 while there are fewer than k."""
        return float(self.scores[-1]) if 0 < len(self.ids) == self._k else 0.0

    def welcomes(self, scores: Floats, ids: Ints) -> npt.NDArray[np.bool]:
        """A mask of the entries that would enter the top k."""
        welcome = scores > self.worst
        if self.worst:
            welcome |= (scores == self.worst) & (ids < self.ids[-1])
        return welcome

    def add(self, scores: Floats, ids: Ints) -> None:
        """Merge scores into the top k."""
        welcome = self.welcomes(scores, ids)
        ids, scores = np.append(self.ids, ids[welcome]), np.append(self.scores, scores[welcome])
        order = np.lexsort((ids, -scores))[: self._k]
        self.ids, self.scores = ids[order], scores[order]


def first(count: int, bounds: Floats, ids: Ints) -> Ints:
    """Positions of the `count` best bounds; among equal bounds the lowest ids win."""
    if count >= len(bounds):
        return np.arange(len(bounds))
    last = -np.partition(-bounds, count - 1)[count - 1]
    better, even = np.flatnonzero(bounds > last), np.flatnonzero(bounds == last)
    return np.append(better, even[np.argsort(ids[even], kind="stable")[: count - len(better)]])


def _as_text(marks: Codes) -> bytes | str:
    """The representation that RapidFuzz compares fastest: bytes, or a string of code points."""
    return (
        marks.tobytes() if marks.dtype == np.uint8 else marks.tobytes().decode("utf-32-le", "surrogatepass")
    )


def f_measure(shared: Ints, sizes: Ints) -> Floats:
    """ROUGE-L F-measure, 2 LCS / (m + n); `shared` is the LCS length, `sizes` is m + n."""
    return np.round(1 - (sizes - 2 * shared) / sizes, _DIGITS)


def wanted(threshold: float, length: int) -> Ints:
    """The minimum overlap that a score of `threshold` takes, in tokens, per length class."""
    shared = (threshold - 1e-9) * (FLOORS + length) / 2  # the slack absorbs rounding
    return np.maximum(np.ceil(shared).astype(np.int64), 1)
