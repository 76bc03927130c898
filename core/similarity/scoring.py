"""Exact scoring of a query against many texts, and the running top k."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from selfinstruct.core.language.tokens import Codes
from selfinstruct.core.similarity.overlap_bounds import Sums, Words
from selfinstruct.core.similarity.token_store import Ints

Floats = npt.NDArray[np.float64]

_DIGITS = 12
"""Decimal digits that scores are rounded to, so that binary rounding cannot move one across a threshold."""
_SLACK = 1e-9
"""Subtracted from bounds, to absorb rounding."""
_START, _LOWER, _HIGHER = 0.6, (0.5, 0.4, 0.3, 0.2, 0.1, 0.0), (0.7, 0.8, 0.9)
"""The upper bounds that a search may begin with, the most usual one first."""
_ENOUGH = 2
"""Texts that the first bound should admit, per neighbour wanted: with fewer, another round is likely."""
_MANY = 200
"""With so many texts more than enough it is worth trying a higher bound."""


@dataclass(frozen=True, slots=True)
class ExactQuery:
    """A query, prepared for exact scoring."""

    length: int
    marks: Codes
    """Maps vocabulary numbers to the query's own alphabet: 1 and up for its tokens, 0 for all others."""
    marked: bytes | str
    """The query in its own alphabet, without tokens that no indexed text has."""

    @classmethod
    def of(cls, codes: list[int], length: int, vocabulary: int) -> "ExactQuery":
        """Prepare a query from its known tokens and its full length."""
        own = np.array(list(dict.fromkeys(codes)), dtype=np.int64)
        marks: Codes = np.zeros(vocabulary, dtype=np.uint8 if len(own) < 256 else np.uint32)
        marks[own] = np.arange(1, len(own) + 1)
        return cls(length, marks, _as_text(marks[codes]))

    def scores(self, codes: Codes, lengths: Ints) -> Floats:
        """ROUGE-L F-measure with each of a batch of texts, given as concatenated token numbers."""
        marked = _as_text(self.marks.take(codes))
        ends = lengths.cumsum().tolist()
        others = [marked[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        shared = process.cdist([self.marked], others, scorer=LCSseq.similarity, dtype=np.int64)[0]
        return f_measure(shared, lengths + self.length)


@dataclass(frozen=True, slots=True)
class Query:
    """A query with upper bounds on its scores, which save most of the exact ones."""

    exact: ExactQuery
    sums: Sums
    """The upper bound on the token overlap with each row."""

    @property
    def length(self) -> int:
        """The number of its tokens."""
        return self.exact.length

    def reaching(self, threshold: float) -> Words:
        """Mark the rows whose overlap may suffice for a score of `threshold`, and is 1 or more.

        Returns one bit per row.
        """
        shared = (self.sums.floors + self.length) * (max(threshold - _SLACK, _SLACK) / 2)
        return self.sums.at_least(np.ceil(shared).astype(np.int64))

    def most_promising(self, k: int) -> tuple[float, Words]:
        """The bound at which to look for the top `k` first, and marks on the rows that may reach it."""
        enough = _ENOUGH * k
        level, marks = _START, self.reaching(_START)
        count = _count(marks)
        if count < enough:
            for level in _LOWER:
                marks = self.reaching(level)
                if _count(marks) >= enough:
                    break
            return level, marks
        for higher in _HIGHER:
            if count <= _MANY + enough:
                break
            fewer = self.reaching(higher)
            count = _count(fewer)
            if count < enough:
                break
            level, marks = higher, fewer
        return level, marks


class Best:
    """The running top `k` of positive scores: best first, ties broken by id."""

    def __init__(self, k: int) -> None:
        self._k = k
        self.ids: Ints = np.zeros(0, dtype=np.int64)
        self.scores: Floats = np.zeros(0)
        self.worst = 0.0
        """The score that a newcomer has to reach: the k-th best, or 0 while there are fewer than k."""

    def welcomes(self, scores: Floats, ids: Ints) -> npt.NDArray[np.bool]:
        """A mask of the entries that would enter the top k."""
        welcome = scores > self.worst
        if self.worst:
            welcome |= (scores == self.worst) & (ids < self.ids[-1])
        return welcome

    def add(self, scores: Floats, ids: Ints) -> None:
        """Merge scores into the top k."""
        welcome = self.welcomes(scores, ids)
        ids, scores = ids[welcome], scores[welcome]
        if len(self.ids):
            ids, scores = np.concatenate((self.ids, ids)), np.concatenate((self.scores, scores))
        order = np.lexsort((ids, -scores))[: self._k]
        self.ids, self.scores = ids[order], scores[order]
        if len(order) == self._k:
            self.worst = float(self.scores[-1])


def _count(marks: Words) -> int:
    return int(np.bitwise_count(marks).sum())


def _as_text(marks: Codes) -> bytes | str:
    """The representation that RapidFuzz compares fastest: bytes, or a string of code points."""
    return (
        marks.tobytes() if marks.dtype == np.uint8 else marks.tobytes().decode("utf-32-le", "surrogatepass")
    )


def f_measure(shared: Ints, sizes: Ints) -> Floats:
    """ROUGE-L F-measure, 2 LCS / (m + n); `shared` is the LCS length, `sizes` is m + n."""
    return (1 - (sizes - 2 * shared) / sizes).round(_DIGITS)
