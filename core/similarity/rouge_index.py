"""ROUGE-L against a whole pool.

ROUGE-L (Lin 2004) is the F-measure of the longest common subsequence of two token lists: 2 LCS / (m + n).
The tokens that two texts share, in whatever order, give an upper bound. `OverlapBounds` counts them for the
whole pool at little cost; RapidFuzz then finds the LCS where the bound leaves a chance. docs/similarity.md
explains it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from rapidfuzz.distance import LCSseq

from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.language.tokens import Codes, Vocabulary, token_spans, tokens
from selfinstruct.core.similarity.id_rows import IdRows
from selfinstruct.core.similarity.overlap_bounds import OverlapBounds
from selfinstruct.core.similarity.scoring import Best, Floats, Question, f_measure, first, wanted
from selfinstruct.core.similarity.token_store import Ints, TokenStore

_LEVELS = (0.6, 0.45, 0.3, 0.2, 0.1, 0.0)
"""The nearest are looked for among the texts whose bound is at least the first, then the second ..."""
_FIRST = 64
"""So many scores at first; the worst of the best then says which others are worth the while."""

_CHUNK = 8192
"""So many texts are added at once, so that the words of all of them are never in memory together."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A task of the index and its ROUGE-L F-measure, 0 to 1, against the text asked about."""

    id: int
    score: float


class RougeIndex:
    """Texts by id, and the nearest of them to any text by ROUGE-L F-measure.

    The scores are those of `rouge_score`'s rougeL, over the tokens of the language. A text without tokens
    scores 0 with every other.
    """

    def __init__(self, language: str = ENGLISH, words: Iterable[str] = ()) -> None:
        """Make an empty index; `words` have the numbers from 1 on in `add_coded`."""
        self.language = language
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
            ValueError: the id is there already.
        """
        if task_id in self:
            raise ValueError(f"task {task_id} is in the index already")
        codes, lengths = self._vocabulary.encode([text])
        self._enter([task_id], np.array([self._overlap.add(codes)]), codes, lengths)

    def add_many(self, task_ids: Sequence[int], texts: Sequence[str]) -> None:
        """Add texts, which is a good deal quicker than one at a time.

        Raises:
            ValueError: an id is there already, or comes twice; nothing is added then.
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
        """Add texts that are not there, given as in `coded`."""
        self._enter(task_ids, self._overlap.add_many(codes, lengths), codes, lengths)

    def coded(self) -> tuple[list[str], Ints, Codes, Ints]:
        """Everything there is.

        Returns the words, the ids, the numbers of the words of each text, one text's after the
        other's, and how many each has. The first word has the number 1.
        """
        rows = self._store.taken()
        return self._vocabulary.words(), self._store.ids[rows], *self._store.get(rows)

    def ids(self) -> Ints:
        """All ids, in their order."""
        return np.sort(self._store.ids[self._store.taken()])

    def _enter(self, task_ids: Sequence[int], rows: Ints, codes: Codes, lengths: Ints) -> None:
        self._store.put(rows, np.asarray(task_ids, dtype=np.int64), codes, lengths)
        for task_id, row in zip(task_ids, rows.tolist(), strict=True):
            self._places.set(task_id, row)

    def remove(self, task_id: int) -> None:
        """Take a text out.

        Raises:
            KeyError: the id is not there.
        """
        row = self._places.pop(task_id)
        self._overlap.remove(row, int(self._store.lengths[row]))
        self._store.drop(row)

    def replace(self, task_id: int, text: str) -> None:
        """Give an id another text, whether or not it was there."""
        if task_id in self:
            self.remove(task_id)
        self.add(task_id, text)

    def nearest(self, text: str, k: int = 10) -> list[Neighbour]:
        """The `k` nearest tasks, best first, ties by id."""
        k = min(k, len(self))
        if k < 1:
            return []
        question = self._ask(text)
        best = Best(k)
        ceiling = np.inf
        for level in _LEVELS:
            floor = max(level, best.worst)
            self._score(question, best, *self._hopeful(question, floor, ceiling))
            if best.worst >= level:
                break
            ceiling = floor
        return _neighbours(best) + self._others(best, k)

    def nearest_many(self, texts: Sequence[str], k: int = 10) -> list[list[Neighbour]]:
        """The `k` nearest tasks of each text, best first, ties by id."""
        return [self.nearest(text, k) for text in texts]

    def above(self, text: str, threshold: float) -> list[Neighbour]:
        """All tasks that score `threshold` or more, best first, ties by id."""
        if not len(self):
            return []
        best = Best(len(self))
        question = self._ask(text)
        rows, _ = self._hopeful(question, max(threshold, 0.0), np.inf)
        scores = self._scores(question, rows)
        best.add(scores[scores >= threshold], self._store.ids[rows[scores >= threshold]])
        return _neighbours(best) + (self._others(best, len(self)) if threshold <= 0 else [])

    def _ask(self, text: str) -> Question:
        codes, length = self._vocabulary.find(text)
        sums = self._overlap.sums(self._overlap.columns(codes))
        return Question.of(codes, length, sums, len(self._vocabulary))

    def _hopeful(self, question: Question, floor: float, ceiling: float) -> tuple[Ints, Floats]:
        """The texts whose bound is from `floor` to less than `ceiling`, and their bounds."""
        rows = question.sums.at_least(wanted(floor, question.length))
        lengths = self._store.lengths[rows]
        bounds = f_measure(np.minimum(question.sums.of(rows), lengths), lengths + question.length)
        inside = (bounds >= floor) & (bounds < ceiling)
        return rows[inside], bounds[inside]

    def _score(self, question: Question, best: Best, rows: Ints, bounds: Floats) -> None:
        """Find the best of these texts, best bound first, until no bound leaves a chance."""
        ids, count = self._store.ids[rows], _FIRST
        while len(rows):
            chosen = first(count, bounds, ids)
            best.add(self._scores(question, rows[chosen]), ids[chosen])
            left = best.welcomes(bounds, ids)
            left[chosen] = False
            rows, bounds, ids = rows[left], bounds[left], ids[left]
            count *= 4

    def _scores(self, question: Question, rows: Ints) -> Floats:
        return question.scores(*self._store.get(rows))

    def _others(self, best: Best, k: int) -> list[Neighbour]:
        """Those of the `k` nearest that share nothing."""
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
    """Where in `text` the words stand that it shares, in order, with `other`: the common subsequence.

    Returns (start, end) offsets in characters; words that follow each other in both are one span.
    """
    words, spans = token_spans(text, language)
    opcodes = LCSseq.opcodes(words, tokens(other, language))
    runs = [(op.src_start, op.src_end - 1) for op in opcodes if op.tag == "equal"]
    return [(spans[first][0], spans[last][1]) for first, last in runs]
