"""The filter preview: which verdicts other filter settings would flip, before they are applied.

The features that filters need are computed once per task and kept in columns. Evaluating any settings then
takes a few vectorized comparisons, fast even for 100,000 tasks.
"""

import bisect
from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from selfinstruct.core.engine import Engine
from selfinstruct.core.filtering.candidate import Candidate, Closest
from selfinstruct.core.filtering.filter_kinds import ThresholdFilter
from selfinstruct.core.filtering.filters.similarity import cosine, rouge_l
from selfinstruct.core.filtering.registry import FILTERS, VERDICTS
from selfinstruct.core.filtering.settings import FilterSettings, switched_on
from selfinstruct.core.language.registry import Language
from selfinstruct.core.stats.seed_distance import score_bins
from selfinstruct.core.util.time_slices import Sliced, when_free
from selfinstruct.db.records import PASS, Task

_PAGE = 64
_ASSESSED_AT_ONCE = 8
"""Candidates assessed per transaction, whose disk sync takes as long as a few assessments."""

_NUMBER = {code: number for number, code in enumerate(VERDICTS)}
_OTHER = -1
"""No verdict yet."""

_THRESHOLDS = tuple(one for one in FILTERS if isinstance(one, ThresholdFilter))
_MEASURES = tuple(dict.fromkeys((rouge_l, cosine, *(one.measure for one in _THRESHOLDS))))
"""The measurements of a candidate; filters with the same measurement share a column."""
_OTHERS = tuple(one for one in FILTERS if not isinstance(one, ThresholdFilter))
"""Filters without a threshold, which need one bit each per candidate."""

_Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Flip:
    """A verdict that would change."""

    task_id: int
    before: str | None
    """None if not assessed yet."""
    after: str
    score: float | None
    """ROUGE-L with the nearest task of the pool; None if the pool is empty."""
    cosine: float | None = None
    """Cosine with the nearest task of the pool by embeddings; None if there is none."""


@dataclass(frozen=True, slots=True)
class Flips:
    """The tasks whose verdicts would change, each group in the order of ids."""

    would_pass: list[int]
    would_fall: list[int]
    other_reason: list[int]
    """Tasks that stay filtered, but with a different first reason."""

    @property
    def task_ids(self) -> list[int]:
        """The ids of all groups, in the order of the fields."""
        return [*self.would_pass, *self.would_fall, *self.other_reason]


class FilterColumns:
    """The features of tasks that filters need, in columns.

    Args:
        lists: Settings with the phrases to look for, including those of filters that are off.
        language: The language of the tasks.
    """

    def __init__(self, lists: FilterSettings, language: Language) -> None:
        self._language = language
        self._all_on = switched_on(lists, lists)
        self._ids = array("q")
        self._verdicts: list[str | None] = []
        self._before = array("b")
        self._found = array("q")
        self._measured = {measure: array("d") for measure in _MEASURES}

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def last_id(self) -> int:
        """The id of the last task added; 0 if there is none."""
        return self._ids[-1] if self._ids else 0

    def add(
        self, task: Task, score: float | None, means: float | None = None, *, refusal: int | None = None
    ) -> None:
        """Add a task, in increasing order of ids.

        Args:
            task: The task.
            score: ROUGE-L with its nearest neighbour; None if there is none.
            means: Cosine with its nearest neighbour; None if there is none, or no vector.
            refusal: The id of the request in which the embedding model refused the text.
        """
        candidate = candidate_of(task.instruction, self._language, score, means, refusal=refusal)
        self._ids.append(task.id)
        self._verdicts.append(task.verdict)
        self._before.append(_NUMBER.get(task.verdict or "", _OTHER))
        found = (one.check(candidate, self._all_on) is not None for one in _OTHERS)
        self._found.append(sum(1 << bit for bit, is_found in enumerate(found) if is_found))
        for measure, column in self._measured.items():
            number = measure(candidate)
            column.append(np.nan if number is None else number)

    def flips(self, filters: FilterSettings) -> Flips:
        """Return the tasks whose stored verdict would change under `filters`."""
        before, after, ids = np.array(self._before), self._assessed(filters), np.array(self._ids)
        passing = _NUMBER[PASS]
        turned = before != after
        groups = (
            turned & (after == passing),
            turned & (before == passing),
            turned & (after != passing) & (before != passing),
        )
        return Flips(*(ids[group].tolist() for group in groups))

    def flip(self, task_id: int, filters: FilterSettings) -> Flip:
        """Return a task's stored verdict, and its verdict under `filters`."""
        row = bisect.bisect_left(self._ids, task_id)
        (after,) = self._assessed(filters, slice(row, row + 1))
        score, means = (
            None if np.isnan(number := self._measured[measure][row]) else number
            for measure in (rouge_l, cosine)
        )
        return Flip(task_id, self._verdicts[row], VERDICTS[after], score, means)

    def differing(self, filters: FilterSettings, others: FilterSettings) -> int:
        """Count the tasks whose verdicts differ between two settings."""
        return int((self._assessed(filters) != self._assessed(others)).sum())

    def reaching(self, threshold: float) -> int:
        """Count the tasks with a ROUGE-L of at least `threshold`."""
        return int((np.array(self._measured[rouge_l]) >= threshold).sum())

    def histogram(self, bins: int) -> list[int]:
        """Count the tasks by ROUGE-L in `bins` equal bins over [0, 1]."""
        return score_bins(np.array(self._measured[rouge_l]), bins)

    def _assessed(self, filters: FilterSettings, rows: slice = slice(None)) -> _Numbers:
        found = np.array(self._found[rows])
        measured = {measure: np.array(column[rows]) for measure, column in self._measured.items()}
        verdicts = np.full(len(found), _NUMBER[PASS])
        for one in reversed(FILTERS):
            if one.setting is not None and not one.setting.is_on(filters):
                continue
            if isinstance(one, ThresholdFilter):
                refused = one.refuses(measured[one.measure], one.setting.of(filters))
            else:
                refused = found & (1 << _OTHERS.index(one)) != 0
            verdicts[refused] = _NUMBER[one.code]
        return verdicts


def candidate_of(
    text: str, language: Language, score: float | None, means: float | None, *, refusal: int | None = None
) -> Candidate:
    """A candidate for which only the scores of its nearest neighbours are known, not their ids."""
    return Candidate(
        text,
        language,
        nearest=None if score is None else Closest(score),
        nearest_by_meaning=None if means is None else Closest(means),
        refusal=refusal,
    )


def look_at_undecided(engine: Engine, columns: FilterColumns) -> Sliced[None]:
    """Add all undecided candidates after the last one added, scored against the current pool.

    The columns are consistent after every step.
    """
    engine.assessor.catch_up()
    vectors, with_meaning = engine.workspace.vectors, engine.settings.embeddings is not None

    def add(task: Task) -> None:
        near = next(iter(engine.assessor.index.nearest(task.instruction, 1)), None)
        means = next(iter(engine.assessor.near_in_meaning(task.id, k=1) or ()), None)
        refusal = vectors.refusal(task.id) if with_meaning else None
        columns.add(task, near.score if near else None, means.cosine if means else None, refusal=refusal)

    return _look(columns, engine.workspace.tasks.undecided, add, engine.workspace.tasks.count_undecided())


def look_at_decided(engine: Engine, columns: FilterColumns) -> Sliced[None]:
    """Add all decided tasks after the last one added, with the scores from the time of their decision."""
    tasks, vectors = engine.workspace.tasks, engine.workspace.vectors
    with_meaning = engine.settings.embeddings is not None

    def add(task: Task) -> None:
        means = vectors.cosine(task.id) if with_meaning else None
        columns.add(task, task.score, means, refusal=vectors.refusal(task.id) if with_meaning else None)

    return _look(columns, tasks.decided, add, tasks.count() - tasks.count_undecided())


def _look(
    columns: FilterColumns,
    page: Callable[[int, int], list[Task]],
    add: Callable[[Task], None],
    expected: int,
) -> Sliced[None]:
    while found := page(columns.last_id, _PAGE):
        for task in found:
            add(task)
            yield min(1.0, len(columns) / max(1, expected))


def reassess(engine: Engine) -> Sliced[int]:
    """Assess every undecided candidate again with the current filters; returns the number of flips."""
    turned = done = last = 0
    expected = max(1, engine.workspace.tasks.count_undecided())
    while found := engine.workspace.tasks.undecided(last, _ASSESSED_AT_ONCE):
        ids = [task.id for task in found]
        verdicts = yield from when_free(engine.workspace, lambda ids=ids: engine.assess(ids))  # type: ignore[misc]
        turned += sum(verdicts.get(task.id) != task.verdict for task in found)
        done, last = done + len(found), found[-1].id
        yield min(1.0, done / expected)
    return turned
