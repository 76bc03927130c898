"""Scores of one text with many, and the best of them."""

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
"""Scores are rounded to these, so that 0.68 is 0.68, and not less by what 1 - 0.32 loses in binary."""


@dataclass(frozen=True, slots=True)
class Question:
    """A text asked about."""

    length: int
    sums: Sums
    """A bound on the tokens that it shares with each row."""
    marks: Codes
    """For each number of the vocabulary, a number from 1 among the text's own tokens, 0 if it is not one."""
    marked: bytes | str
    """The text's known tokens in these numbers."""

    @classmethod
    def of(cls, codes: list[int], length: int, sums: Sums, vocabulary: int) -> "Question":
        """The question of a text with these known tokens and that length."""
        numbers = {code: number for number, code in enumerate(dict.fromkeys(codes), start=1)}
        marks: Codes = np.zeros(vocabulary, dtype=np.uint8 if len(numbers) < 256 else np.uint32)
        marks[list(numbers)] = list(numbers.values())
        return cls(length, sums, marks, _as_text(marks[codes]))

    def scores(self, codes: Codes, lengths: Ints) -> Floats:
        """ROUGE-L with each of these texts, whose tokens stand one's after the other's."""
        marked = _as_text(self.marks[codes])
        ends = np.cumsum(lengths).tolist()
        others = [marked[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        shared = process.cdist([self.marked], others, scorer=LCSseq.similarity, dtype=np.int64)[0]
        return f_measure(shared, lengths + self.length)


class Best:
    """The best `k` so far that score more than 0: best first, ties by id."""

    def __init__(self, k: int) -> None:
        self._k = k
        self.ids: Ints = np.zeros(0, dtype=np.int64)
        self.scores: Floats = np.zeros(0)

    @property
    def worst(self) -> float:
        """The score that another one has to reach."""
        return float(self.scores[-1]) if 0 < len(self.ids) == self._k else 0.0

    def welcomes(self, scores: Floats, ids: Ints) -> npt.NDArray[np.bool]:
        """Which of these would be among the best."""
        welcome = scores > self.worst
        if self.worst:
            welcome |= (scores == self.worst) & (ids < self.ids[-1])
        return welcome

    def add(self, scores: Floats, ids: Ints) -> None:
        """Take in those that belong here."""
        welcome = self.welcomes(scores, ids)
        ids, scores = np.append(self.ids, ids[welcome]), np.append(self.scores, scores[welcome])
        order = np.lexsort((ids, -scores))[: self._k]
        self.ids, self.scores = ids[order], scores[order]


def first(count: int, bounds: Floats, ids: Ints) -> Ints:
    """Where the `count` best bounds stand, those of the lowest ids where not all of the same are taken."""
    if count >= len(bounds):
        return np.arange(len(bounds))
    last = -np.partition(-bounds, count - 1)[count - 1]
    better, even = np.flatnonzero(bounds > last), np.flatnonzero(bounds == last)
    return np.append(better, even[np.argsort(ids[even], kind="stable")[: count - len(better)]])


def _as_text(marks: Codes) -> bytes | str:
    """Numbers as what RapidFuzz compares fastest."""
    return (
        marks.tobytes() if marks.dtype == np.uint8 else marks.tobytes().decode("utf-32-le", "surrogatepass")
    )


def f_measure(shared: Ints | Ints, sizes: Ints) -> Floats:
    """2 LCS / (m + n); `sizes` are m + n."""
    return np.round(1 - (sizes - 2 * shared) / sizes, _DIGITS)


def wanted(threshold: float, length: int) -> Ints:
    """How many tokens a text of each class must share, at least, for a score of `threshold`."""
    shared = (threshold - 1e-9) * (FLOORS + length) / 2  # a little less, for what rounding takes away
    return np.maximum(np.ceil(shared).astype(np.int64), 1)
