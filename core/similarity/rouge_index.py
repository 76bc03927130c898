"""Exact ROUGE-L nearest neighbours in a pool.

ROUGE-L (Lin 2004) is the F-measure 2 LCS / (m + n) of the longest common subsequence of two token lists.
Token overlap, regardless of order, is an upper bound on the LCS. `OverlapBounds` computes that bound for the
whole pool cheaply; RapidFuzz computes the LCS only for texts whose bound can still make the top k. See
docs/similarity.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from rapidfuzz.distance import LCSseq

from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.language.tokens import Codes, Vocabulary, token_spans, tokens
from selfinstruct.core.similarity.id_rows import IdRows
from selfinstruct.core.similarity.overlap_bounds import OverlapBounds, rows_of
from selfinstruct.core.similarity.scoring import Best, ExactQuery, Floats, Query, f_measure
from selfinstruct.core.similarity.token_store import Ints, TokenStore

_FIRST = 64
"""Size of the first batch of exact scores; the k-th best of them prunes the rest."""
_BAND = 0.1
"""By so much the bound is lowered at a time while the k-th best score is below it."""

FEW = 512
"""So many texts are scored in less time than bounds on their scores take."""
_CHUNK = 8192
"""Texts tokenized at once by `add_many`; bounds peak memory."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A task of the index and its ROUGE-L F-measure with the query, from 0 to 1."""

    id: int
    score: float


class RougeIndex:
    """Mutable nearest-neighbour index over texts, by ROUGE-L F-measure.

    Scores equal `rouge_score`'s rougeL over the tokens of the language. A text without tokens scores 0 with
    every other text.
    """

    def __init__(self, language: str = ENGLISH, words: Iterable[str] = (), *, few: int = FEW) -> None:
        """Create an empty index whose vocabulary starts with `words`, numbered from 1 (see `add_coded`).

        Up to `few` texts are all scored; of more, only those whose bounds promise enough.
        """
        self.language = language
        self._few = few
        self._vocabulary = Vocabulary(words, language)
        self._overlap = OverlapBounds()
        self._store = TokenStore()
        self._places = IdRows()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, task_id: int) -> bool:
        return self._places.get(task_id) is not None

    def add(self, task_id: int, text: str) -> None:
        """Add a text.

        Raises:
            ValueError: the id is in the index already.
        """
        if task_id in self:
            raise ValueError(f"task {task_id} is in the index already")
        codes, lengths = self._vocabulary.encode([text])
        self._enter([task_id], np.array([self._overlap.add(codes)]), codes, lengths)

    def add_many(self, task_ids: Sequence[int], texts: Sequence[str]) -> None:
        """Add a batch of texts, much faster than one at a time.

        Raises:
            ValueError: an id is in the index already or occurs twice; nothing is added.
        """
        if len(set(task_ids)) < len(task_ids):
            raise ValueError("the same task comes twice")
        for task_id in task_ids:
            if task_id in self:
                raise ValueError(f"task {task_id} is in the index already")
        for start in range(0, len(texts), _CHUNK):
            coded = self._vocabulary.encode(texts[start : start + _CHUNK])
            self.add_coded(task_ids[start : start + _CHUNK], *coded)

    def add_coded(self, task_ids: Sequence[int], codes: Codes, lengths: Ints) -> None:
        """Add a batch of new texts in the encoding of `coded`."""
        self._enter(task_ids, self._overlap.add_many(codes, lengths), codes, lengths)

    def coded(self) -> tuple[list[str], Ints, Codes, Ints]:
        """Export the index.

        Returns the vocabulary (its first word has the number 1), the ids, the concatenated token numbers of
        all texts, and the token count of each text.
        """
        rows = self._store.taken()
        return self._vocabulary.words(), self._store.ids[rows], *self._store.get(rows)

    def ids(self) -> Ints:
        """All ids, ascending."""
        return np.sort(self._store.ids[self._store.taken()])

    def _enter(self, task_ids: Sequence[int], rows: Ints, codes: Codes, lengths: Ints) -> None:
        self._store.put(rows, np.asarray(task_ids, dtype=np.int64), codes, lengths)
        for task_id, row in zip(task_ids, rows.tolist(), strict=True):
            self._places.set(task_id, row)

    def remove(self, task_id: int) -> None:
        """Remove a text.

        Raises:
            KeyError: the id is not in the index.
        """
        row = self._places.pop(task_id)
        self._overlap.remove(row, int(self._store.lengths[row]))
        self._store.drop(row)

    def replace(self, task_id: int, text: str) -> None:
        """Add a text, replacing the one that the id may have."""
        if task_id in self:
            self.remove(task_id)
        self.add(task_id, text)

    def nearest(self, text: str, k: int = 10) -> list[Neighbour]:
        """The top `k` tasks by score, best first, ties broken by id."""
        k = min(k, len(self))
        if k < 1:
            return []
        best = Best(k)
        if len(self) <= self._few:
            query, rows = self._exactly(text), self._store.taken()
            if query.length:
                best.add(query.scores(*self._store.get(rows)), self._store.ids[rows])
            return _neighbours(best) + self._others(best, k)
        bounded = self._ask(text)
        level, marks = bounded.most_promising(k)
        self._score(bounded, best, rows_of(marks))
        while best.worst < level:
            level = max(best.worst, level - _BAND)
            wider = bounded.reaching(level)
            self._score(bounded, best, rows_of(wider & ~marks))
            marks = wider
        return _neighbours(best) + self._others(best, k)

    def above(self, text: str, threshold: float) -> list[Neighbour]:
        """All tasks that score at least `threshold`, best first, ties broken by id."""
        if not len(self):
            return []
        best = Best(len(self))
        query = self._ask(text)
        rows = rows_of(query.reaching(threshold))
        rows = rows[self._bounds(query, rows) >= threshold]
        scores = self._scores(query, rows)
        best.add(scores[scores >= threshold], self._store.ids[rows[scores >= threshold]])
        return _neighbours(best) + (self._others(best, len(self)) if threshold <= 0 else [])

    def _exactly(self, text: str) -> ExactQuery:
        codes, length = self._vocabulary.find(text)
        return ExactQuery.of(codes, length, len(self._vocabulary))

    def _ask(self, text: str) -> Query:
        codes, length = self._vocabulary.find(text)
        sums = self._overlap.sums(self._overlap.columns(codes))
        return Query(ExactQuery.of(codes, length, len(self._vocabulary)), sums)

    def _score(self, query: Query, best: Best, rows: Ints) -> None:
        """Score rows exactly, best bound first, until no remaining bound beats the k-th best score."""
        bounds, ids = self._bounds(query, rows), self._store.ids[rows]
        if len(rows) > _FIRST:
            order = np.argsort(-bounds)
            rows, bounds, ids = rows[order], bounds[order], ids[order]
        size = _FIRST
        while len(rows):
            best.add(self._scores(query, rows[:size]), ids[:size])
            left = best.welcomes(bounds[size:], ids[size:])
            rows, bounds, ids = rows[size:][left], bounds[size:][left], ids[size:][left]
            size *= 4

    def _bounds(self, query: Query, rows: Ints) -> Floats:
        """What the scores of rows cannot exceed."""
        lengths = self._store.lengths[rows]
        return f_measure(query.sums.bounds(rows, lengths), lengths + query.length)

    def _scores(self, query: Query, rows: Ints) -> Floats:
        return query.exact.scores(*self._store.get(rows))

    def _others(self, best: Best, k: int) -> list[Neighbour]:
        """Fill up the top `k` with texts that score 0, lowest ids first."""
        missing = k - len(best.ids)
        if missing == 0:
            return []
        ids = self._store.ids[self._store.taken()]
        if k < len(ids):
            ids = np.partition(ids, k - 1)[:k]
        found = set(best.ids.tolist())
        others = (task_id for task_id in sorted(ids.tolist()) if task_id not in found)
        return [Neighbour(task_id, 0.0) for task_id in islice(others, missing)]


def _neighbours(best: Best) -> list[Neighbour]:
    pairs = zip(best.ids.tolist(), best.scores.tolist(), strict=True)
    return [Neighbour(task_id, score) for task_id, score in pairs]


def shared_spans(text: str, other: str, language: str) -> list[tuple[int, int]]:
    """Character spans of the longest common subsequence of `text` with `other`, for highlighting.

    Returns (start, end) offsets in `text`; words adjacent in both texts form one span.
    """
    words, spans = token_spans(text, language)
    opcodes = LCSseq.opcodes(words, tokens(other, language))
    runs = [(op.src_start, op.src_end - 1) for op in opcodes if op.tag == "equal"]
    return [(spans[first][0], spans[last][1]) for first, last in runs]
