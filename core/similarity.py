"""ROUGE-L against a whole pool.

ROUGE-L (Lin 2004) is the F-measure of the longest common subsequence of two token lists. Over token
sequences it equals the normalized Indel similarity, 2 LCS / (m + n), which RapidFuzz computes with
bit-parallel arithmetic. Each distinct token becomes one code point, so that a text is a short string.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Indel, LCSseq
from rouge_score.tokenize import tokenize

_FIRST_SURROGATE, _SURROGATES = 0xD800, 0x800
_UNKNOWN = chr(0x10FFFF)
"""Stands for all tokens of a query that no text of the index has: they match nothing anyway."""
_TOKEN = re.compile("[a-z0-9]+")
_DIGITS = 12
"""Scores are rounded to these, so that 0.68 is 0.68, and not less by what 1 - 0.32 loses in binary."""

_Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
_Ids = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A task of the index and its ROUGE-L F-measure, 0 to 1, against the text asked about."""

    id: int
    score: float


def tokens(text: str) -> list[str]:
    """The tokens of `text` as `rouge_score` takes them: lower-cased runs of a-z and 0-9."""
    found: list[str] = tokenize(text, None)
    return found


class RougeIndex:
    """Texts by id, and the nearest of them to any text by ROUGE-L F-measure.

    The scores are those of `rouge_score`'s rougeL. A text without tokens scores 0 with every other.
    """

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self._codes: dict[str, str] = {}
        self._ids: list[int] = []
        self._texts: list[str] = []
        self._rows: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, task_id: int) -> bool:
        return task_id in self._rows

    def add(self, task_id: int, text: str) -> None:
        """Add a text.

        Raises:
            ValueError: the id is there already.
        """
        if task_id in self._rows:
            raise ValueError(f"task {task_id} is in the index already")
        self._rows[task_id] = len(self._ids)
        self._ids.append(task_id)
        self._texts.append(self._encode(text))

    def remove(self, task_id: int) -> None:
        """Take a text out.

        Raises:
            KeyError: the id is not there.
        """
        row = self._rows.pop(task_id)
        last_id, last_text = self._ids.pop(), self._texts.pop()
        if last_id != task_id:
            self._ids[row], self._texts[row], self._rows[last_id] = last_id, last_text, row

    def replace(self, task_id: int, text: str) -> None:
        """Give an id another text, whether or not it was there."""
        if task_id in self._rows:
            self._texts[self._rows[task_id]] = self._encode(text)
        else:
            self.add(task_id, text)

    def nearest(self, text: str, k: int = 10) -> list[Neighbour]:
        """The `k` nearest tasks, best first, ties by id."""
        return self.nearest_many([text], k)[0]

    def nearest_many(self, texts: Sequence[str], k: int = 10) -> list[list[Neighbour]]:
        """The `k` nearest tasks of each text, best first, ties by id."""
        if not self._ids or not texts or k < 1:
            return [[] for _ in texts]
        encoded = ["".join(self._codes.get(token, _UNKNOWN) for token in tokens(text)) for text in texts]
        ids = np.asarray(self._ids, dtype=np.int64)
        scores = process.cdist(encoded, self._texts, scorer=Indel.normalized_similarity, dtype=np.float64)
        return [
            _best(row.round(_DIGITS) if query else np.zeros_like(row), ids, k)
            for query, row in zip(encoded, scores, strict=True)
        ]

    def above(self, text: str, threshold: float) -> list[Neighbour]:
        """All tasks that score `threshold` or more, best first, ties by id."""
        return [neighbour for neighbour in self.nearest(text, len(self)) if neighbour.score >= threshold]

    def _encode(self, text: str) -> str:
        return "".join(self._code(token) for token in tokens(text))

    def _code(self, token: str) -> str:
        code = self._codes.get(token)
        if code is None:
            number = len(self._codes)
            code = chr(number if number < _FIRST_SURROGATE else number + _SURROGATES)
            self._codes[token] = code
        return code


def _best(scores: _Floats, ids: _Ids, k: int) -> list[Neighbour]:
    rows = np.arange(len(ids))
    if k < len(ids):
        worst = np.partition(scores, len(ids) - k)[len(ids) - k]
        rows = np.flatnonzero(scores >= worst)
    order = rows[np.lexsort((ids[rows], -scores[rows]))][:k]
    return [Neighbour(int(ids[row]), float(scores[row])) for row in order]


def shared_spans(text: str, other: str) -> list[tuple[int, int]]:
    """Where in `text` the words stand that it shares, in order, with `other`: the common subsequence.

    Returns (start, end) offsets in characters.
    """
    lowered = text.lower()
    if len(lowered) != len(text):
        return []  # lower-casing moved the offsets, as it does for a few letters such as İ
    words = list(_TOKEN.finditer(lowered))
    opcodes = LCSseq.opcodes([word.group() for word in words], tokens(other))
    shared = [row for op in opcodes if op.tag == "equal" for row in range(op.src_start, op.src_end)]
    return [words[row].span() for row in shared]
