"""The judge: every filter, and the distance to the pool as it is now."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from selfinstruct.core.filters import objections
from selfinstruct.core.languages import Language
from selfinstruct.core.settings import FilterSettings
from selfinstruct.db.rows import PASS, Reason, Standing
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.pool import Pool
    from selfinstruct.core.similarity import Neighbour, RougeIndex

IN_CONTEXT_SEEDS, IN_CONTEXT_MODEL = 6, 2
"""A propose prompt lists 8 instructions: 6 seeds and 2 of the model's own (section 2.2)."""

IN_CONTEXT = IN_CONTEXT_SEEDS + IN_CONTEXT_MODEL

TOO_SIMILAR = "too_similar"
"""The code of the reason that a task of the pool is too close."""

_QUOTED_LENGTH = 60
_CLASSIFICATION_TRIES = 64


@dataclass(frozen=True, slots=True)
class Judgement:
    """All reasons against an instruction, and its nearest neighbour."""

    reasons: tuple[Reason, ...]
    nearest: "Neighbour | None"

    @property
    def verdict(self) -> str:
        """`pass`, or the code of the first reason."""
        return self.reasons[0].code if self.reasons else PASS


class Judge:
    """Holds the pool in memory: what candidates are compared with and prompts are sampled from.

    The workspace may change under other programs' hands: `catch_up` takes in every decision made by
    anyone since the last time. It is right only inside a transaction that then judges and decides.
    """

    def __init__(self, workspace: Workspace, filters: FilterSettings, language: Language) -> None:
        self._workspace = workspace
        self.filters = filters
        """What it objects to; what has been judged by others is to be judged again."""
        self.language = language
        self.is_ready = False
        """Whether the pool has been read; whoever needs it before reads it all at once."""
        self.forget()

    def forget(self) -> None:
        """Drop the image of the pool; `catch_up` builds it again. For after a transaction that failed."""
        self._read: Pool | None = None

    @property
    def _pool(self) -> "Pool":
        if self._read is None:
            # NumPy and RapidFuzz come with it: whoever opens a screen first is not to wait for them.
            from selfinstruct.core.pool import Pool  # noqa: PLC0415

            self._read = Pool(self._workspace, self.language.code)
        return self._read

    @property
    def index(self) -> "RougeIndex":
        """The pool."""
        return self._pool.accepted

    @property
    def accepted_of_model(self) -> int:
        """How many of the model's own tasks are in the pool, which a target counts."""
        return self._pool.accepted_of_model

    def catch_up(self) -> None:
        """Take in the decisions made since the last time."""
        self._pool.catch_up()
        self.is_ready = True

    def read_some(self) -> bool:
        """Read a part of the pool, for a few milliseconds; returns whether there is more.

        For a program that has other things to do while it reads a large pool.
        """
        if self._pool.read_some():
            return True
        self.catch_up()
        return False

    def keep(self) -> None:
        """Store what was costly to read in the workspace, if that is worth the while."""
        if self.is_ready and self._pool.is_worth_keeping and not self._workspace.read_only:
            with self.step():
                self._pool.keep()

    @property
    def pool_size(self) -> tuple[int, int]:
        """How many tasks of the pool are seeds, and how many have come since; of what has been read."""
        if self._read is None:
            return 0, 0
        return len(self._pool.seed_ids), len(self._pool.other_ids)

    @contextmanager
    def step(self) -> Iterator[None]:
        """A transaction that begins with everybody's decisions taken in."""
        known = None
        try:
            with self._workspace.transaction():
                self.catch_up()
                known = self._taken_in()
                yield
        except BaseException:
            if known != self._taken_in():
                self.forget()  # it holds what has been rolled back
            raise

    def _taken_in(self) -> tuple[int, int]:
        return self._pool.last_decision, self._pool.last_task

    def judge(self, instruction: str) -> Judgement:
        """Judge an instruction that is not in the pool (section 2.2, filtering and postprocessing)."""
        reasons = objections(instruction, self.filters, self.language)
        nearest = next(iter(self.index.nearest(instruction, 1)), None)
        if nearest is not None and nearest.score >= self.filters.rouge_l:
            reasons.append(self._too_similar(nearest))
        return Judgement(tuple(reasons), nearest)

    def judge_task(self, task_id: int, instruction: str) -> Judgement:
        """Judge a candidate and store its verdict."""
        judgement = self.judge(instruction)
        nearest = judgement.nearest
        self._workspace.tasks.judge(
            task_id, judgement.verdict, judgement.reasons, (nearest.id, nearest.score) if nearest else None
        )
        return judgement

    def judge_around(self, task_id: int, before: Standing, after: Standing) -> set[int]:
        """Judge again what a decision on a task concerns: itself, and the candidates close to it.

        Returns the candidates whose verdict is another now.
        """
        concerned: set[int] = set()
        if after.state == "pending":
            concerned.add(task_id)
        if after.state == "accepted":
            concerned |= {
                near.id for near in self._pool.waiting.above(after.instruction, self.filters.rouge_l)
            }
        if before.state == "accepted":
            concerned |= set(self._workspace.tasks.waiting_near(task_id))
        return {
            task.id
            for task in self._workspace.tasks.get_many(sorted(concerned))
            if self.judge_task(task.id, task.instruction).verdict != task.verdict
        }

    def neighbours(self, instruction: str, *, but: int, k: int = 10) -> "list[Neighbour]":
        """The nearest tasks of the pool other than `but`, best first."""
        self.catch_up()
        found = [neighbour for neighbour in self.index.nearest(instruction, k + 1) if neighbour.id != but]
        return found[:k]

    def _too_similar(self, nearest: "Neighbour") -> Reason:
        text = self._workspace.tasks.get(nearest.id).instruction
        quoted = text if len(text) <= _QUOTED_LENGTH else text[:_QUOTED_LENGTH].rstrip() + "…"
        return Reason(
            TOO_SIMILAR,
            f'ROUGE-L {nearest.score:.2f} with task {nearest.id}, "{quoted}";'
            f" less than {self.filters.rouge_l:g} is wanted.",
        )

    def sample(self, rng: random.Random, *, classification_only: bool) -> list[tuple[int, str]]:
        """The in-context tasks of a propose prompt, (id, instruction) each: 6 seeds and 2 of the model's.

        More seeds while there are fewer of the model's own (section 2.2). With `classification_only`
        all of them are classification tasks.
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
