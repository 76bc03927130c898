"""How far what was accepted is from the seeds (the paper's figure 5): ROUGE-L with the nearest seed."""

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
"""Tasks scored in a step: less than a millisecond's work with 175 seeds."""

_DIGITS = 12
"""Scores are rounded to these, so that 0.3 is 0.3, and not less by what 1 - 0.7 loses in binary."""

_Scores = np.ndarray[tuple[int], np.dtype[np.float64]]


class SeedScores:
    """The highest ROUGE-L of every accepted task with any seed, kept up to date from the decisions.

    The score that is stored with a task is another one: against the whole pool as it was.
    """

    def __init__(self, workspace: Workspace, language: str) -> None:
        self._language = language
        self._workspace = workspace
        self._seeds: _Seeds | None = None
        self._scores: _Scores = np.full(1024, np.nan)
        self._last_decision = 0

    def catch_up(self) -> Sliced[None]:
        """Score what was decided on since the last time; can be left at any step and gone on with."""
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
        """How many accepted tasks there are in each tenth from 0 to 1; 1 itself is in the last one."""
        return score_bins(self._scores, BINS)


class _Seeds:
    """Few enough to be compared with all at once. Each token is a character, and a text a short string."""

    def __init__(self, instructions: Sequence[str], language: str) -> None:
        self._language = language
        self._characters: dict[str, str] = {}
        self._texts = ["".join(map(self._character, tokens(text, language))) for text in instructions]

    def _character(self, token: str) -> str:
        return self._characters.setdefault(token, chr(len(self._characters) + 1))

    def nearest(self, instructions: Sequence[str]) -> _Scores:
        """The highest ROUGE-L F-measure of each instruction with any seed."""
        known = self._characters
        asked = [
            "".join(known.get(token, "\0") for token in tokens(text, self._language)) for text in instructions
        ]
        scores = process.cdist(asked, self._texts, scorer=Indel.normalized_similarity, dtype=np.float64)
        # Two texts without tokens are alike for RapidFuzz, and not for ROUGE-L.
        highest: _Scores = scores.max(axis=1, initial=0.0) * [bool(text) for text in asked]
        return highest.round(_DIGITS)


def score_bins(scores: _Scores, bins: int) -> list[int]:
    """How many scores there are in each of `bins` equal parts of 0 to 1; NaN is in none."""
    known = scores[~np.isnan(scores)]
    # Scores are fractions: 0.7 * 10 has to be 7, and not less by what binary fractions lose.
    rows = np.minimum((known * bins + 1e-9).astype(np.int64), bins - 1)
    return [int(count) for count in np.bincount(rows, minlength=bins)]
