"""The pool in memory: read from the workspace once, then updated incrementally from the decisions."""

import bisect
from array import array
from collections.abc import Generator, Mapping

import numpy as np

from selfinstruct.core.pool.snapshot import pack, unpack
from selfinstruct.core.similarity.rouge_index import RougeIndex
from selfinstruct.core.similarity.token_store import Ints
from selfinstruct.db.records import Origin, PoolChange
from selfinstruct.db.workspace import Workspace

_AT_ONCE = 1000
"""Texts read per step, which takes a few milliseconds."""
_CHANGES_AT_ONCE = 100
_WORTH_KEEPING = 2000
"""Changed texts after which a new snapshot is stored."""
_TOO_OLD = 5000
"""Decisions after which reading all tasks is faster than updating an old snapshot."""


class Pool:
    """The accepted tasks that candidates are compared with, and the undecided candidates.

    The first `catch_up` reads them from the workspace; `read_some` reads them in parts before that.
    """

    def __init__(self, workspace: Workspace, language: str) -> None:
        self._workspace = workspace
        self._language = language
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._reading = self._read()
        self._clear()

    def _clear(self) -> None:
        self.accepted = RougeIndex(self._language)
        self.waiting = RougeIndex(self._language)
        self.seed_ids = array("q")
        self.other_ids = array("q")
        """The ids of the tasks in the pool that are not seeds, sorted."""
        self.accepted_of_model = 0
        self.last_decision = 0
        self.last_task = 0
        """The last decision and the last proposed task that are applied."""
        self._unkept = 0

    def read_some(self) -> bool:
        """Read one part; returns whether there is more.

        After an error, reading restarts: a generator that has raised is exhausted, and would look as if it
        had read everything.
        """
        try:
            return next((True for _ in self._reading), False)
        except BaseException:
            self._begin_anew()
            raise

    def catch_up(self) -> None:
        """Apply the decisions and proposals since the last call."""
        while self.read_some():
            pass
        for change in self._workspace.decisions.changes_since(self.last_decision):
            self._apply(change)
        self._add_waiting()

    def apply(self, change: PoolChange) -> None:
        """Apply a decision that was just made, in a transaction that all earlier ones were applied in."""
        self._apply(change)
        self._add_waiting()

    def _add_waiting(self) -> None:
        found = self._workspace.tasks.waiting_since(self.last_task)
        if not found:
            return
        self._unkept += len(found)
        self.last_task = found[-1][0]
        new: list[tuple[int, str]] = []
        for task_id, instruction in found:
            if task_id in self.waiting:
                self.waiting.replace(task_id, instruction)
            else:
                new.append((task_id, instruction))
        self.waiting.add_many([task_id for task_id, _ in new], [text for _, text in new])

    @property
    def is_worth_keeping(self) -> bool:
        """Whether a new snapshot would save the next program noticeable time."""
        return self._unkept >= _WORTH_KEEPING

    def keep(self) -> None:
        """Store a snapshot in the workspace; call inside a transaction, after `catch_up`."""
        self._workspace.similarity.write(
            pack(name, index, last_decision=self.last_decision, last_task=self.last_task)
            for name, index in (("pool", self.accepted), ("waiting", self.waiting))
        )
        self._unkept = 0

    def _apply(self, change: PoolChange) -> None:
        was_there = change.task_id in self.accepted
        self._place(change)
        is_there = change.task_id in self.accepted
        ids = self.seed_ids if change.origin == "seed" else self.other_ids
        if is_there and not was_there:
            bisect.insort(ids, change.task_id)
        elif was_there and not is_there:
            ids.pop(bisect.bisect_left(ids, change.task_id))
        self.accepted_of_model += (is_there - was_there) * (change.origin == "model")

    def _place(self, change: PoolChange) -> None:
        self.last_decision = change.decision_id
        self._unkept += 1
        for state, index in (("accepted", self.accepted), ("pending", self.waiting)):
            if change.state == state:
                index.replace(change.task_id, change.instruction)
            elif change.task_id in index:
                index.remove(change.task_id)

    def _read(self) -> Generator[None]:
        is_right = yield from self._read_image()
        if not is_right:
            self._clear()
            yield from self._read_tasks()

    def _read_image(self) -> Generator[None, None, bool]:
        """Read the snapshot and the decisions since; returns whether it can be trusted."""
        stored = self._workspace.similarity.read()
        pool, waiting = (unpack(stored.get(name), self._language) for name in ("pool", "waiting"))
        if pool is None or waiting is None or pool.last_decision != waiting.last_decision:
            return False
        if not 0 <= self._workspace.decisions.last_id() - pool.last_decision <= _TOO_OLD:
            return False
        self.accepted = RougeIndex(self._language, pool.words)
        self.waiting = RougeIndex(self._language, waiting.words)
        for index, image in ((self.accepted, pool), (self.waiting, waiting)):
            for part in image.parts(_AT_ONCE):
                index.add_coded(*part)
                yield
        self.last_task = pool.last_task
        changes = self._workspace.decisions.changes_since(pool.last_decision)
        self.last_decision = pool.last_decision
        for number, change in enumerate(changes, start=1):
            self._place(change)
            if number % _CHANGES_AT_ONCE == 0:
                yield
        return self._sort_out()

    def _sort_out(self) -> bool:
        """Separate seeds from other tasks; returns whether the snapshot matches the workspace."""
        everything = self._workspace.tasks.last_id()
        accepted = self._workspace.tasks.tally("accepted", up_to=everything)
        pending = self._workspace.tasks.tally("pending", up_to=self.last_task)
        ids = self.accepted.ids()
        is_seed = np.isin(ids, [seed.id for seed in self._workspace.tasks.seeds()])
        self.seed_ids = array("q", ids[is_seed].tobytes())
        self.other_ids = array("q", ids[~is_seed].tobytes())
        self.accepted_of_model, _ = accepted.get("model", (0, 0))
        return _sums(accepted) == _sums_of(ids) and _sums(pending) == _sums_of(self.waiting.ids())

    def _read_tasks(self) -> Generator[None]:
        # Read these first: `catch_up` then reapplies whatever changes while the tasks are read.
        self.last_decision = self._workspace.decisions.last_id()
        self.last_task = self._workspace.tasks.last_id()
        read_to = 0
        while tasks := self._workspace.tasks.standing(read_to, self.last_task, most=_AT_ONCE):
            read_to = tasks[-1].id
            accepted = [task for task in tasks if task.state == "accepted"]
            pending = [task for task in tasks if task.state == "pending"]
            for index, found in ((self.accepted, accepted), (self.waiting, pending)):
                index.add_many([task.id for task in found], [task.instruction for task in found])
            self.seed_ids.extend(task.id for task in accepted if task.origin == "seed")
            self.other_ids.extend(task.id for task in accepted if task.origin != "seed")
            self.accepted_of_model += sum(task.origin == "model" for task in accepted)
            self._unkept += len(tasks)
            yield


def _sums(tally: Mapping[Origin, tuple[int, int]]) -> tuple[int, int]:
    return sum(count for count, _ in tally.values()), sum(total for _, total in tally.values())


def _sums_of(ids: Ints) -> tuple[int, int]:
    return len(ids), int(ids.sum())
