"""How far what was accepted is from the seeds (the paper's figure 5): ROUGE-L with the nearest seed."""

import numpy as np

from selfinstruct.core.similarity import RougeIndex
from selfinstruct.core.slices import Sliced
from selfinstruct.db.rows import PoolChange
from selfinstruct.db.workspace import Workspace

BINS = 10

_AT_A_TIME = 24
"""Tasks scored in a step: about a millisecond's work with 175 seeds."""

_Scores = np.ndarray[tuple[int], np.dtype[np.float64]]


class SeedScores:
    """The highest ROUGE-L of every accepted task with any seed, kept up to date from the decisions.

    The score that is stored with a task is another one: against the whole pool as it was.
    """

    def __init__(self, workspace: Workspace, language: str) -> None:
        self._workspace = workspace
        self._seeds = RougeIndex(language)
        self._scores: _Scores = np.full(1024, np.nan)
        self._last_decision = 0

    def catch_up(self) -> Sliced[None]:
        """Score what was decided on since the last time; can be left at any step and gone on with."""
        if not len(self._seeds):
            for seed in self._workspace.tasks.seeds():
                self._seeds.add(seed.id, seed.instruction)
        begun_at = self._last_decision
        to_do = max(1, self._workspace.decisions.last_id() - begun_at)
        while changes := self._workspace.decisions.changes_since(self._last_decision, most=_AT_A_TIME):
            self._take_in([change for change in changes if change.origin != "seed"])
            self._last_decision = changes[-1].decision_id
            yield min(1.0, (self._last_decision - begun_at) / to_do)

    def _take_in(self, changes: list[PoolChange]) -> None:
        highest = max((change.task_id for change in changes), default=0)
        if highest >= len(self._scores):
            room = np.full(2 * highest, np.nan)
            room[: len(self._scores)] = self._scores
            self._scores = room
        self._scores[[change.task_id for change in changes]] = np.nan
        accepted = [change for change in changes if change.state == "accepted"]
        nearest = self._seeds.nearest_many([change.instruction for change in accepted], 1)
        for change, found in zip(accepted, nearest, strict=True):
            self._scores[change.task_id] = found[0].score if found else 0.0

    def histogram(self) -> list[int]:
        """How many accepted tasks there are in each tenth from 0 to 1; 1 itself is in the last one."""
        return score_bins(self._scores, BINS)


def score_bins(scores: _Scores, bins: int) -> list[int]:
    """How many scores there are in each of `bins` equal parts of 0 to 1; NaN is in none."""
    known = scores[~np.isnan(scores)]
    # Scores are fractions: 0.7 * 10 has to be 7, and not less by what binary fractions lose.
    rows = np.minimum((known * bins + 1e-9).astype(np.int64), bins - 1)
    return [int(count) for count in np.bincount(rows, minlength=bins)]
