"""The preview: which verdicts other filter settings would turn, before anything is applied.

What the filters need to know of a task is worked out once and held in columns. Any settings are then a
few comparisons of columns, at 100,000 tasks as quick as at 100.
"""

import bisect
from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from selfinstruct.core.engine import Engine
from selfinstruct.core.filtering.assessor import NO_VECTOR, SAME_MEANING, TOO_SIMILAR, VERDICTS
from selfinstruct.core.filtering.filters import NO_WORDS, NOT_LATIN, OTHER_SCRIPT, count_words, objections
from selfinstruct.core.language.registry import Language
from selfinstruct.core.settings.model import FilterSettings
from selfinstruct.core.stats.seed_distance import score_bins
from selfinstruct.core.util.time_slices import Sliced, when_free
from selfinstruct.db.records import PASS, Task

_PAGE = 64
_JUDGED_AT_ONCE = 8
"""Candidates judged in one transaction: its sync to the disk costs as much as judging a few."""
_NO_LIMIT = 10**9

_TEXTUAL = (NO_WORDS, "keyword", "opening", "punctuation", NOT_LATIN, OTHER_SCRIPT)
"""The objections that depend on the text alone."""
_NUMBER = {code: number for number, code in enumerate(VERDICTS)}
_OTHER = -1
"""No verdict yet."""

_Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Flip:
    """A verdict that would be another one."""

    task_id: int
    before: str | None
    """None: not judged yet."""
    after: str
    score: float | None
    """ROUGE-L with the nearest task of the pool; None when the pool is empty."""
    cosine: float | None = None
    """With the task of the pool that is nearest by meaning; None when it is not compared by that."""


@dataclass(frozen=True, slots=True)
class Flips:
    """The tasks whose verdicts would be others, in the order of their ids in each group."""

    would_pass: list[int]
    would_fall: list[int]
    other_reason: list[int]
    """A filter objects to them either way, but another one is the first to do so."""

    @property
    def task_ids(self) -> list[int]:
        """All of them: those that would pass, those that would fall, and the others."""
        return [*self.would_pass, *self.would_fall, *self.other_reason]


class FilterColumns:
    """What the filters need to know of some tasks.

    Args:
        lists: Settings with the keywords and openings that are looked for, also where a filter is off.
        language: The language of the tasks.
    """

    def __init__(self, lists: FilterSettings, language: Language) -> None:
        self.lists = lists
        self._language = language
        self._all_on = lists.model_copy(
            update={"min_words": 0, "max_words": _NO_LIMIT, "punctuation": True, "script": True}
        )
        self._ids = array("q")
        self._verdicts: list[str | None] = []
        self._before = array("b")
        self._words = array("q")
        self._found = array("q")
        self._scores = array("d")
        self._cosines = array("d")
        self._has_no_vector = array("b")

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def last_id(self) -> int:
        """The id of the task that was added last; 0 when there is none."""
        return self._ids[-1] if self._ids else 0

    def add(
        self, task: Task, score: float | None, cosine: float | None = None, *, is_refused: bool = False
    ) -> None:
        """Add a task with a higher id than the one before, and how close its nearest neighbours are.

        `score` is the ROUGE-L, `cosine` by meaning; None where there is none, or no vector. `is_refused`:
        the model makes none.
        """
        self._ids.append(task.id)
        self._verdicts.append(task.verdict)
        self._before.append(_NUMBER.get(task.verdict or "", _OTHER))
        self._words.append(count_words(task.instruction, self._language))
        found = {reason.code for reason in objections(task.instruction, self._all_on, self._language)}
        self._found.append(sum(1 << bit for bit, code in enumerate(_TEXTUAL) if code in found))
        self._scores.append(np.nan if score is None else score)
        self._cosines.append(np.nan if cosine is None else cosine)
        self._has_no_vector.append(is_refused)

    def flips(self, filters: FilterSettings) -> Flips:
        """The tasks whose stored verdict would be another one under `filters`."""
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
        """One task's stored verdict, and the one that it would have under `filters`."""
        row = bisect.bisect_left(self._ids, task_id)
        (after,) = self._assessed(filters, slice(row, row + 1))
        score, cosine = (None if np.isnan(held[row]) else held[row] for held in (self._scores, self._cosines))
        return Flip(task_id, self._verdicts[row], VERDICTS[after], score, cosine)

    def differing(self, filters: FilterSettings, others: FilterSettings) -> int:
        """How many tasks the two settings judge differently."""
        return int((self._assessed(filters) != self._assessed(others)).sum())

    def reaching(self, threshold: float) -> int:
        """How many tasks score `threshold` or more."""
        return int((np.array(self._scores) >= threshold).sum())

    def histogram(self, bins: int) -> list[int]:
        """How many tasks have their score in each of `bins` equal parts of 0 to 1."""
        return score_bins(np.array(self._scores), bins)

    def _assessed(self, filters: FilterSettings, rows: slice = slice(None)) -> _Numbers:
        words, found = np.array(self._words[rows]), np.array(self._found[rows])
        is_on = {
            "keyword": bool(filters.keywords),
            "opening": bool(filters.openings),
            "punctuation": filters.punctuation,
            NOT_LATIN: filters.script,
            OTHER_SCRIPT: filters.script,
        }
        against = {
            "too_short": words < filters.min_words,
            "too_long": words > filters.max_words,
            **{code: found & (1 << bit) != 0 for bit, code in enumerate(_TEXTUAL) if is_on.get(code, True)},
            TOO_SIMILAR: np.array(self._scores[rows]) >= filters.rouge_l,
            SAME_MEANING: np.array(self._cosines[rows]) >= filters.cosine,
            NO_VECTOR: np.array(self._has_no_vector[rows]) != 0,
        }
        verdicts = np.full(len(words), _NUMBER[PASS])
        for code in reversed(VERDICTS):
            if code in against:
                verdicts[against[code]] = _NUMBER[code]
        return verdicts


def with_lists(filters: FilterSettings, language: Language) -> FilterSettings:
    """`filters` with the lists of the language where they have none."""
    usual = language.filters
    return filters.model_copy(
        update={
            "keywords": filters.keywords or usual.keywords,
            "openings": filters.openings or usual.openings,
        }
    )


def look_at_undecided(engine: Engine, columns: FilterColumns) -> Sliced[None]:
    """Add all undecided candidates that come after the last one, each scored against the pool as it is now.

    What has been added is good at every step.
    """
    engine.assessor.catch_up()
    vectors, with_meaning = engine.workspace.vectors, engine.settings.embeddings is not None

    def add(task: Task) -> None:
        near = next(iter(engine.assessor.index.nearest(task.instruction, 1)), None)
        means = next(iter(engine.assessor.near_in_meaning(task.id, k=1) or ()), None)
        is_refused = with_meaning and vectors.refusal(task.id) is not None
        cosine = means.cosine if means else None
        columns.add(task, near.score if near else None, cosine, is_refused=is_refused)

    return _look(columns, engine.workspace.tasks.undecided, add, engine.workspace.tasks.count_undecided())


def look_at_decided(engine: Engine, columns: FilterColumns) -> Sliced[None]:
    """Add all tasks after the last one that were decided on, with the score that they had then."""
    tasks, vectors = engine.workspace.tasks, engine.workspace.vectors
    with_meaning = engine.settings.embeddings is not None

    def add(task: Task) -> None:
        cosine = vectors.cosine(task.id) if with_meaning else None
        is_refused = with_meaning and vectors.refusal(task.id) is not None
        columns.add(task, task.score, cosine, is_refused=is_refused)

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
    """Judge every undecided candidate as the filters now are; returns how many verdicts have turned."""
    turned = done = last = 0
    expected = max(1, engine.workspace.tasks.count_undecided())
    while found := engine.workspace.tasks.undecided(last, _JUDGED_AT_ONCE):
        ids = [task.id for task in found]
        verdicts = yield from when_free(engine.workspace, lambda ids=ids: engine.assess(ids))  # type: ignore[misc]
        turned += sum(verdicts.get(task.id) != task.verdict for task in found)
        done, last = done + len(found), found[-1].id
        yield min(1.0, done / expected)
    return turned
