"""The pool's vectors in memory, for nearest neighbours by embeddings.

Imported only if embeddings are enabled.
"""

from collections.abc import Generator, Iterable, Sequence

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.similarity.vector_index import (
    IN_MEMORY,
    Near,
    Vector,
    VectorIndex,
    VectorsUnusableError,
    from_bytes,
    require_room,
)
from selfinstruct.db.tables.vectors import StoredVector
from selfinstruct.db.workspace import Workspace

_AT_ONCE = 256
"""Vectors read per step, which takes a few milliseconds."""


class PoolVectors:
    """The vectors of the pool and of undecided candidates, updated incrementally from the decisions.

    Args:
        workspace: The source of the vectors.
        asked: The embedding model's settings, from `Settings.of_embeddings`.

    Raises:
        SettingsError: there are more tasks than can be compared without the optional library. A read-only
            workspace opens anyway, and sets `unusable`.
    """

    def __init__(self, workspace: Workspace, asked: Settings) -> None:
        self._workspace = workspace
        self._too_many = self._why_too_many()
        if not workspace.read_only:
            if self._too_many is not None:
                raise SettingsError(self._too_many)
            workspace.vectors.use(asked.model, asked.address)
        self.forget()

    def _why_too_many(self) -> str | None:
        # Candidates that another filter rejects get no vector, and so need no memory.
        tasks = self._workspace.tasks
        try:
            require_room(max(tasks.count_accepted(), tasks.count_passing()), IN_MEMORY)
        except VectorsUnusableError as error:
            return error.sentence
        return None

    def forget(self) -> None:
        """Drop everything; the next call reads it again."""
        self._reading = self._read()
        self.unusable = self._too_many
        """Why comparison is impossible (too many vectors); nothing is treated as having a vector then."""
        self._accepted: VectorIndex | None = None
        self._waiting: VectorIndex | None = None
        self._last_decision = 0
        self._last_vector = 0

    @property
    def taken_in(self) -> tuple[int, int]:
        """The ids of the last decision and the last vector that are applied."""
        return self._last_decision, self._last_vector

    def read_some(self) -> bool:
        """Read one part, for a few milliseconds; returns whether there is more.

        After an error, reading restarts.
        """
        if self.unusable is not None:
            return False
        try:
            return next((True for _ in self._reading), False)
        except VectorsUnusableError as error:
            self._give_up(error)
            return False
        except BaseException:
            self.forget()
            raise

    def catch_up(self) -> None:
        """Apply the decisions and vectors since the last call."""
        try:
            self._catch_up()
        except VectorsUnusableError as error:
            self._give_up(error)

    def _give_up(self, error: VectorsUnusableError) -> None:
        # A person can continue to decide by ROUGE-L; callers that need vectors check `unusable`.
        self.unusable = error.sentence
        self._accepted = self._waiting = None

    def _catch_up(self) -> None:
        while self.read_some():
            pass
        if self.unusable is not None:
            return
        changes = self._workspace.decisions.changes_since(self._last_decision)
        if changes:
            self._look_again(list(dict.fromkeys(change.task_id for change in changes)))
            self._last_decision = changes[-1].decision_id
        while self._read_page():
            pass

    @property
    def pool_size(self) -> int:
        """The number of tasks in the pool that have vectors."""
        return 0 if self._accepted is None else len(self._accepted)

    def nearest(self, task_id: int, k: int = 1) -> list[Near] | None:
        """Return the nearest tasks of the pool, best first; None while the task has no vector."""
        vector = self._vector(task_id)
        if vector is None or self.unusable is not None:
            return None
        return [] if self._accepted is None else self._accepted.nearest(vector, k, but=task_id)

    def of_pool(self, task_id: int, threshold: float) -> list[int]:
        """Return the tasks of the pool whose cosine with a task is at least `threshold`."""
        return self._above(self._accepted, task_id, threshold)

    def waiting(self, task_id: int, threshold: float) -> list[int]:
        """Return the undecided candidates whose cosine with a task is at least `threshold`."""
        return self._above(self._waiting, task_id, threshold)

    def _above(self, index: VectorIndex | None, task_id: int, threshold: float) -> list[int]:
        vector = self._vector(task_id)
        if vector is None or index is None:
            return []
        return [near.id for near in index.above(vector, threshold, but=task_id)]

    def _vector(self, task_id: int) -> Vector | None:
        stored = self._workspace.vectors.of_tasks([task_id]).get(task_id)
        return None if stored is None else from_bytes(stored.vector)

    def _read(self) -> Generator[None]:
        # Read this first: `catch_up` then reapplies whatever is decided while the vectors are read.
        self._last_decision = self._workspace.decisions.last_id()
        while self._read_page():
            yield

    def _read_page(self) -> bool:
        found = self._workspace.vectors.since(self._last_vector, most=_AT_ONCE)
        if found:
            self._place([one for one in found if one.is_current])
            self._last_vector = found[-1].id
        return bool(found)

    def _look_again(self, task_ids: Sequence[int]) -> None:
        for start in range(0, len(task_ids), _AT_ONCE):
            part = task_ids[start : start + _AT_ONCE]
            found = self._workspace.vectors.of_tasks(part)
            for task_id in part:
                if task_id not in found:
                    self._discard(task_id)
            self._place(found.values())

    def _place(self, vectors: Iterable[StoredVector]) -> None:
        by_state: dict[str, list[StoredVector]] = {"accepted": [], "pending": [], "rejected": []}
        for stored in vectors:
            by_state[stored.state].append(stored)
            self._discard(stored.task_id)
        for found, index in (
            (by_state["accepted"], self._accepted),
            (by_state["pending"], self._waiting),
        ):
            if not found:
                continue
            made = index
            if made is None:
                made = VectorIndex(len(found[0].vector) // 4, self._stored, in_memory=IN_MEMORY)
            made.add_many([one.task_id for one in found], [from_bytes(one.vector) for one in found])
            if found[0].state == "accepted":
                self._accepted = made
            else:
                self._waiting = made

    def _discard(self, task_id: int) -> None:
        for index in (self._accepted, self._waiting):
            if index is not None:
                index.discard(task_id)

    def _stored(self, task_ids: Sequence[int]) -> list[Vector]:
        stored = self._workspace.vectors.of_tasks(task_ids)
        return [from_bytes(stored[task_id].vector) for task_id in task_ids]
