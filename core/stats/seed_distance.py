"""Distance of accepted tasks from the seeds: ROUGE-L with the nearest seed (the paper's figure 5)."""

from collections.abc import Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Indel

from selfinstruct.core.language.tokens import tokens
from selfinstruct.core.util.time_slices import Sliced
from selfinstruct.db.records import PoolChange
from selfinstruct.db.workspace import Workspace

BINS = 10

_AT_A_TIME = 24
"""Tasks scored per step, which takes less than a millisecond with 175 seeds."""

_DIGITS = 12
"""Decimal digits that scores are rounded to, so that 1 - 0.7 is 0.3 despite binary rounding errors."""

_Scores = np.ndarray[tuple[int], np.dtype[np.float64]]


class SeedScores:
    """ROUGE-L of every accepted task with its nearest seed, updated incrementally from the decisions.

    The score stored with a task differs: it is against the whole pool at the time of assessment.
    """

    def __init__(self, workspace: Workspace, language: str) -> None:
        self._language = language
        self._workspace = workspace
        self._seeds: _Seeds | None = None
        self._scores: _Scores = np.full(1024, np.nan)
        self._last_decision = 0

    def catch_up(self) -> Sliced[None]:
        """Score the tasks decided since the last call; can be interrupted at any step and resumed."""
        if self._seeds is None:
            self._seeds = _Seeds([seed.instruction for seed in self._workspace.tasks.seeds()], self._language)
        begun_at = self._last_decision
        to_do = max(1, self._workspace.decisions.last_id() - begun_at)
        while changes := self._workspace.decisions.changes_since(self._last_decision, most=_AT_A_TIME):
            self._take_in(self._seeds, [change for change in changes if change.origin != "seed"])
            self._last_decision = changes[-1].decision_id
            yield min(1.0, (self._last_decision - begun_at) / to_do)

    def _take_in(self, seeds: "_Seeds", changes: list[PoolChange]) -> None:
        highest = max((change.task_id for change in changes), default=0)
        if highest >= len(self._scores):
            room = np.full(2 * highest, np.nan)
            room[: len(self._scores)] = self._scores
            self._scores = room
        self._scores[[change.task_id for change in changes]] = np.nan
        accepted = {change.task_id: change.instruction for change in changes if change.state == "accepted"}
        if accepted:
            self._scores[list(accepted)] = seeds.nearest(list(accepted.values()))

    def histogram(self) -> list[int]:
        """Count the accepted tasks in ten equal bins over [0, 1]; 1 itself is in the last bin."""
        return score_bins(self._scores, BINS)


class _Seeds:
    """The seeds, few enough for brute force. Tokens are mapped to characters, so texts are short strings."""

    def __init__(self, instructions: Sequence[str], language: str) -> None:
        self._language = language
        self._characters: dict[str, str] = {}
        self._texts = ["".join(map(self._character, tokens(text, language))) for text in instructions]

    def _character(self, token: str) -> str:
        return self._characters.setdefault(token, chr(len(self._characters) + 1))

    def nearest(self, instructions: Sequence[str]) -> _Scores:
        """Return the highest ROUGE-L F-measure of each instruction with any seed."""
        known = self._characters
        asked = [
            "".join(known.get(token, "\0") for token in tokens(text, self._language)) for text in instructions
        ]
        scores = process.cdist(asked, self._texts, scorer=Indel.normalized_similarity, dtype=np.float64)
        # RapidFuzz considers two texts without tokens identical; ROUGE-L does not.
        highest: _Scores = scores.max(axis=1, initial=0.0) * [bool(text) for text in asked]
        return highest.round(_DIGITS)


def score_bins(scores: _Scores, bins: int) -> list[int]:
    """Count scores in `bins` equal bins over [0, 1]; NaN is not counted."""
    known = scores[~np.isnan(scores)]
    # Scores are fractions: 0.7 * 10 must land in bin 7 despite binary rounding errors.
    rows = np.minimum((known * bins + 1e-9).astype(np.int64), bins - 1)
    return [int(count) for count in np.bincount(rows, minlength=bins)]
