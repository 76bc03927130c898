"""The assessor: runs all filters on a candidate against the current pool."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from selfinstruct.core.filtering.candidate import Candidate, Closest
from selfinstruct.core.filtering.filters.similarity import COSINE, ROUGE_L
from selfinstruct.core.filtering.registry import check_candidate
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.language.registry import Language
from selfinstruct.core.method.paper import IN_CONTEXT, IN_CONTEXT_MODEL
from selfinstruct.core.util.lru_cache import LRUCache
from selfinstruct.core.util.time_slices import Sliced, when_free
from selfinstruct.db.records import PASS, Label, Origin, PoolChange, Reason, Standing
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.pool.pool import Pool
    from selfinstruct.core.pool.vectors import PoolVectors
    from selfinstruct.core.similarity.rouge_index import Neighbour, RougeIndex
    from selfinstruct.core.similarity.vector_index import Near

_QUOTED_LENGTH = 60
_SHARES_A_WORD, _SHARES_MANY = 1e-9, 0.3
"""ROUGE-L floors: below the score of any two texts with a common word, and of texts with much in common."""

_MANY_WAITING = 2000
"""Undecided candidates up to which the lower floor applies when a task enters the pool."""

_CACHED_CHARACTERS = 500_000
"""Capacity of the neighbour cache, in characters of the texts looked up."""
_CLASSIFICATION_TRIES = 64


@dataclass(frozen=True, slots=True)
class Assessment:
    """All reasons to reject an instruction, and its nearest neighbours."""

    reasons: tuple[Reason, ...]
    nearest: "Neighbour | None"
    means: "Near | None" = None
    """The nearest neighbour by embeddings; None without a vector."""
    awaited: bool = False
    """Whether it cannot pass yet, because its own vector or some of the pool's are missing."""

    @property
    def verdict(self) -> str:
        """`pass`, or the code of the first reason."""
        return self.reasons[0].code if self.reasons else PASS

    @property
    def nearest_pair(self) -> tuple[int, float] | None:
        """The id and the ROUGE-L of the nearest neighbour; None without one."""
        return (self.nearest.id, self.nearest.score) if self.nearest else None


class Assessor:
    """Assesses candidates against the pool in memory, which prompts are also sampled from.

    Other programs may change the workspace: `catch_up` applies all decisions since the last call. The pool
    is guaranteed to be current only inside a transaction, so assess and decide in the same one.
    """

    def __init__(self, workspace: Workspace, filters: FilterSettings, language: Language) -> None:
        self._workspace = workspace
        self.filters = filters
        """The filter settings in force."""
        self.language = language
        self._meaning: PoolVectors | None = None
        self.forget()

    def forget(self) -> None:
        """Drop the in-memory pool after a failed transaction; `catch_up` rebuilds it."""
        self.is_ready = False
        """Whether the whole pool has been read; `catch_up` reads the rest at once."""
        self._read: Pool | None = None
        self._found: LRUCache[tuple[str, int], list[Neighbour]] = LRUCache(_CACHED_CHARACTERS)
        self._found_at = 0
        if self._meaning is not None:
            self._meaning.forget()

    def assess_by(self, filters: FilterSettings, meaning: "PoolVectors | None") -> None:
        """Change the filters; the caller must reassess earlier candidates.

        Args:
            filters: The new filter settings.
            meaning: The vectors to compare by meaning with; None compares by words only.
        """
        self.is_ready = self.is_ready and (meaning is None or meaning is self._meaning)
        self.filters, self._meaning = filters, meaning

    @property
    def _pool(self) -> "Pool":
        if self._read is None:
            # Imports NumPy and RapidFuzz, which the first screen must not wait for.
            from selfinstruct.core.pool.pool import Pool  # noqa: PLC0415

            self._read = Pool(self._workspace, self.language.code)
        return self._read

    @property
    def index(self) -> "RougeIndex":
        """The index of the pool."""
        return self._pool.accepted

    @property
    def accepted_of_model(self) -> int:
        """The number of model tasks in the pool, which a target counts."""
        return self._pool.accepted_of_model

    def suppose(self, task_id: int, instruction: str | None) -> None:
        """Reword a task of the pool, or remove it (None), in memory alone, for a plan; `forget` ends that."""
        if instruction is not None:
            self.index.replace(task_id, instruction)
        elif task_id in self.index:
            self.index.remove(task_id)
        self._found.clear()

    def catch_up(self) -> None:
        """Apply the decisions made since the last call."""
        self._pool.catch_up()
        if self._meaning is not None:
            self._meaning.catch_up()
        self.is_ready = True

    def apply(self, change: PoolChange) -> None:
        """Apply a decision that was just made, inside a `step`, without reading it again."""
        self._pool.apply(change)
        if self._meaning is not None:
            self._meaning.catch_up()

    def read_some(self) -> bool:
        """Read part of the pool, for a few milliseconds; returns whether there is more.

        Keeps a program responsive while it reads a large pool.
        """
        if self._pool.read_some() or (self._meaning is not None and self._meaning.read_some()):
            return True
        self.catch_up()
        return False

    def keep(self) -> None:
        """Store a snapshot of the pool in the workspace, if it saves enough time."""
        if self.is_ready and self._pool.is_worth_keeping and not self._workspace.read_only:
            with self.step():
                self._pool.keep()

    @property
    def pool_size(self) -> tuple[int, int]:
        """The number of seeds and of other tasks in the pool, as far as it has been read."""
        if self._read is None:
            return 0, 0
        return len(self._pool.seed_ids), len(self._pool.other_ids)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Open a transaction, or a part of one, in which all earlier decisions are applied."""
        with self._workspace.savepoint():
            self.catch_up()
            known = self._taken_in()
            self._workspace.if_undone(lambda: self._forget_later_than(known))
            yield

    def _forget_later_than(self, known: tuple[int, ...]) -> None:
        if self._taken_in() != known:
            self.forget()

    def step_when_free(self) -> Sliced[ExitStack]:
        """A step that has begun, as soon as no other program locks the workspace; it ends with the stack."""

        def begin() -> ExitStack:
            stack = ExitStack()
            stack.enter_context(self.step())
            return stack

        return when_free(self._workspace, begin)

    def _taken_in(self) -> tuple[int, ...]:
        of_meaning = (0, 0) if self._meaning is None else self._meaning.taken_in
        return self._pool.last_decision, self._pool.last_task, *of_meaning

    def look_up(self, instruction: str, k: int = 1) -> "list[Neighbour]":
        """Return the `k` nearest tasks of the pool as of the last `catch_up`, best first.

        Results are cached until the next decision, so that prefetched lookups return at once.
        """
        if self._found_at != self._pool.last_decision:
            self._found.clear()
            self._found_at = self._pool.last_decision
        found = self._found.get((instruction, k))
        if found is None:
            found = self.index.nearest(instruction, k)
            self._found.put((instruction, k), found, weight=len(instruction) + 1)
        return found

    def assess(self, instruction: str, *, but: int | None = None) -> Assessment:
        """Assess an instruction against the pool except task `but` (section 2.2, filtering)."""
        nearest = self._nearest(instruction, but)
        return Assessment(self._reasons(instruction, nearest), nearest)

    def _nearest(self, instruction: str, but: int | None) -> "Neighbour | None":
        found = self.look_up(instruction, 2 if but is not None and but in self.index else 1)
        return next((one for one in found if one.id != but), None)

    def assess_task(self, task_id: int, instruction: str) -> Assessment:
        """Assess a task by ROUGE-L and, if its vector is known, by cosine; store the verdict."""
        if self._meaning is None:
            assessment = self.assess(instruction, but=task_id)
        else:
            assessment = self._assess_with_meaning(task_id, instruction, self._meaning)
        self._workspace.tasks.assess(task_id, assessment.verdict, assessment.reasons, assessment.nearest_pair)
        return assessment

    def add_candidate(
        self,
        instruction: str,
        *,
        at: str,
        origin: Origin = "model",
        name: str | None = None,
        label: Label | None = None,
        batch: int | None = None,
        request_id: int | None = None,
        held: bool,
    ) -> tuple[int, Assessment]:
        """Store a candidate with its verdict; returns its id and the assessment."""
        tasks, meaning = self._workspace.tasks, self._meaning
        assessed = None
        if meaning is None:
            assessment = self.assess(instruction)
            assessed = assessment.verdict, assessment.reasons, assessment.nearest_pair
        task_id = tasks.add(
            instruction,
            origin=origin,
            at=at,
            name=name,
            label=label,
            batch=batch,
            request_id=request_id,
            held=held,
            assessed=assessed,
        )
        if meaning is not None:
            assessment = self.assess_task(task_id, instruction)
        return task_id, assessment

    def _assess_with_meaning(self, task_id: int, instruction: str, meaning: "PoolVectors") -> Assessment:
        nearest = self._nearest(instruction, task_id)
        found = meaning.nearest(task_id)
        if found is None:
            refusal = self._workspace.vectors.refusal(task_id)
            reasons = self._reasons(instruction, nearest, refusal=refusal)
            return Assessment(reasons, nearest, awaited=refusal is None)
        near = next(iter(found), None)
        self._workspace.vectors.assessed(task_id, (near.id, near.cosine) if near else None)
        reasons = self._reasons(instruction, nearest, near)
        return Assessment(reasons, nearest, near, awaited=bool(self.lacking_vectors))

    def _reasons(
        self,
        instruction: str,
        nearest: "Neighbour | None",
        near: "Near | None" = None,
        *,
        refusal: int | None = None,
    ) -> tuple[Reason, ...]:
        candidate = Candidate(
            instruction,
            self.language,
            nearest=Closest(nearest.score, partial(self._named, nearest.id)) if nearest else None,
            nearest_by_meaning=Closest(near.cosine, partial(self._named, near.id)) if near else None,
            refusal=refusal,
        )
        return tuple(check_candidate(candidate, self.filters))

    @property
    def unusable(self) -> str | None:
        """Why comparison by meaning is enabled but impossible, as of the last `catch_up`; else None."""
        return None if self._meaning is None else self._meaning.unusable

    @property
    def lacking_vectors(self) -> int:
        """The number of tasks in the pool whose vectors are still missing, as of the last `catch_up`.

        0 without embeddings.
        """
        if self._meaning is None:
            return 0
        lacking = len(self.index) - self._meaning.pool_size
        return max(0, lacking and lacking - self._workspace.vectors.refused_in_pool())

    def assess_around(self, task_id: int, before: Standing, after: Standing) -> set[int]:
        """Reassess what a decision on a task affects: the task itself, and the candidates close to it.

        Returns the ids of the candidates whose verdicts changed.
        """
        concerned: set[int] = set()
        reworded = before.instruction != after.instruction
        if after.state == "pending" or (after.state == before.state == "accepted" and reworded):
            concerned.add(task_id)
        if after.state == "accepted":
            waiting = self._pool.waiting
            floor = _SHARES_A_WORD if len(waiting) <= _MANY_WAITING else _SHARES_MANY
            threshold = ROUGE_L.of(self.filters)
            near = waiting.above(after.instruction, min(floor, threshold))
            concerned |= {one.id for one in near if one.score >= threshold}
            self._workspace.tasks.come_nearer(task_id, [(one.id, one.score) for one in near])
        if before.state == "accepted":
            concerned |= set(self._workspace.tasks.waiting_near(task_id))
        if "accepted" in {before.state, after.state}:
            concerned |= self.waiting_in_meaning(task_id)
        return {
            task.id
            for task in self._workspace.tasks.get_many(sorted(concerned))
            if self.assess_task(task.id, task.instruction).verdict != task.verdict
        }

    def neighbours(self, instruction: str, *, but: int, k: int = 10) -> "list[Neighbour]":
        """Return the nearest tasks of the pool except `but`, best first."""
        self.catch_up()
        found = [neighbour for neighbour in self.look_up(instruction, k + 1) if neighbour.id != but]
        return found[:k]

    def near_in_meaning(self, task_id: int, *, k: int = 10) -> "list[Near] | None":
        """Return the nearest tasks of the pool by embeddings, best first.

        None without embeddings, or while the task has no vector.
        """
        if self._meaning is None:
            return None
        self.catch_up()
        return self._meaning.nearest(task_id, k)

    def waiting_in_meaning(self, task_id: int) -> set[int]:
        """Return the undecided candidates whose cosine with a task reaches the threshold."""
        return (
            set() if self._meaning is None else set(self._meaning.waiting(task_id, COSINE.of(self.filters)))
        )

    def too_close(self, task_id: int, instruction: str) -> list[int]:
        """Return the tasks of the pool that a task is too close to, by ROUGE-L or by cosine."""
        found = [near.id for near in self.index.above(instruction, ROUGE_L.of(self.filters))]
        if self._meaning is not None:
            found += self._meaning.of_pool(task_id, COSINE.of(self.filters))
        return list(dict.fromkeys(found))

    def _named(self, task_id: int) -> str:
        text = self._workspace.tasks.get(task_id).instruction
        quoted = text if len(text) <= _QUOTED_LENGTH else text[:_QUOTED_LENGTH].rstrip() + "…"
        return f'task {task_id}, "{quoted}"'

    def sample(self, rng: random.Random, *, classification_only: bool) -> list[tuple[int, str]]:
        """Sample the in-context tasks of a propose prompt: 6 seeds and 2 model tasks (section 2.2).

        Seeds fill in while there are fewer model tasks. With `classification_only`, all of them are
        classification tasks. Returns (id, instruction) pairs.
        """
        tasks = self._workspace.tasks
        if classification_only:
            drawn = rng.sample(self._pool.other_ids, min(len(self._pool.other_ids), _CLASSIFICATION_TRIES))
            seeds = [task for task in tasks.seeds() if task.label == "classification"]
            fitting = [task for task in tasks.get_many(drawn) if task.label == "classification"]
            chosen = fitting[:IN_CONTEXT_MODEL]
            chosen += rng.sample(seeds, min(len(seeds), IN_CONTEXT - len(chosen)))
        else:
            ids = rng.sample(self._pool.other_ids, min(len(self._pool.other_ids), IN_CONTEXT_MODEL))
            ids += rng.sample(self._pool.seed_ids, min(len(self._pool.seed_ids), IN_CONTEXT - len(ids)))
            chosen = tasks.get_many(ids)
        rng.shuffle(chosen)
        return [(task.id, task.instruction) for task in chosen]
