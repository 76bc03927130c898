"""Batches of requests for new tasks: what is still out, which ones are complete, and what they brought."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from selfinstruct.db.records import Request, Task
from selfinstruct.db.workspace import Workspace

SATURATED_BATCHES = 20
"""When so many batches in a row bring nothing, more requests are a waste."""


@dataclass(slots=True)
class _Batch:
    size: int
    """How many requests it is to have."""
    planned: set[int] = field(default_factory=set)
    out: set[int] = field(default_factory=set)
    """Those of them that have not been taken in."""

    @property
    def is_half_planned(self) -> bool:
        return len(self.planned) < self.size

    def end_short(self) -> None:
        self.size = len(self.planned)


@dataclass(frozen=True, slots=True)
class CompletedBatch:
    """A batch whose answers are all there, and the vectors of what they brought."""

    number: int
    candidates: int
    brought: int
    """How many of its candidates count."""
    requests: tuple[int, ...]
    """Its requests, in order."""


class BatchTracker:
    """The batches that are being made in this program.

    Args:
        workspace: Where their candidates are.
        counts: Whether a candidate counts as brought.
        awaits_vectors: Whether vectors of a batch's candidates are still waited for.
    """

    def __init__(
        self, workspace: Workspace, *, counts: Callable[[Task], bool], awaits_vectors: Callable[[int], bool]
    ) -> None:
        self._workspace = workspace
        self._counts = counts
        self._awaits_vectors = awaits_vectors
        self._batches: dict[int, _Batch] = {}
        self._fruitless = 0

    # Planning

    @property
    def half_planned(self) -> int | None:
        """The batch that more requests are to be planned for."""
        return next((number for number, batch in self._batches.items() if batch.is_half_planned), None)

    def plan(self, number: int, request_id: int, *, size: int) -> None:
        """A request of a batch has been planned; `size` is how many a new one is to have."""
        batch = self._batches.setdefault(number, _Batch(size))
        batch.planned.add(request_id)
        batch.out.add(request_id)

    def plan_again(self, request: Request) -> None:
        """A request that had failed is sent again, itself or another one in its stead."""
        batch = self._batches.setdefault(request.batch, _Batch(0))
        if not batch.planned & {request.id, request.instead_of}:
            batch.size += 1
        batch.planned.discard(request.instead_of or 0)
        self.plan(request.batch, request.id, size=batch.size)

    def end_short(self, number: int) -> None:
        """Leave a batch at the requests that it has."""
        if number in self._batches:
            self._batches[number].end_short()

    def end_all_short(self) -> None:
        """Leave every batch at what is out of it; the others are begun anew if they are still wanted."""
        self._batches = {number: batch for number, batch in self._batches.items() if batch.out}
        for batch in self._batches.values():
            batch.end_short()

    def forget(self) -> None:
        """Lose sight of all batches."""
        self._batches.clear()

    def forget_begun(self) -> None:
        """Lose sight of the batches that have candidates; the rest of them comes in late."""
        of_batch = self._workspace.tasks.of_batch
        self._batches = {number: batch for number, batch in self._batches.items() if not of_batch(number)}

    # Taking in

    def take_in(self, request: Request) -> None:
        """A request is over, unless it stays planned or is sent again."""
        batch = self._batches.get(request.batch)
        if batch is not None and request.state not in {"planned", "sent"}:
            batch.out.discard(request.id)

    def completed(self) -> Iterator[CompletedBatch]:
        """The batches that are complete, oldest first; each is given once."""
        for number in sorted(self._batches):
            batch = self._batches.get(number)
            if batch is None or batch.is_half_planned or batch.out or self._awaits_vectors(number):
                continue
            planned = tuple(sorted(self._batches.pop(number).planned))
            tasks = self._workspace.tasks.of_batch(number)
            brought = sum(map(self._counts, tasks))
            self._fruitless = 0 if brought else self._fruitless + 1
            yield CompletedBatch(number, len(tasks), brought, planned)

    # Looking

    def __contains__(self, number: int) -> bool:
        """Whether a batch is being made."""
        return number in self._batches

    def __len__(self) -> int:
        """How many batches are being made."""
        return len(self._batches)

    def after(self, number: int) -> list[int]:
        """The batches being made whose number is higher."""
        return [other for other in self._batches if other > number]

    @property
    def out(self) -> int:
        """How many requests for new tasks have not been taken in."""
        return sum(len(batch.out) for batch in self._batches.values())

    def made_of(self, number: int) -> tuple[int, int] | None:
        """How many requests of a batch are taken in, and of how many; None unless it is being made."""
        batch = self._batches.get(number)
        return (len(batch.planned) - len(batch.out), batch.size) if batch else None

    @property
    def progress(self) -> tuple[int, int] | None:
        """`made_of` the oldest batch; None if none is being made."""
        return self.made_of(min(self._batches, default=0))

    @property
    def is_saturated(self) -> bool:
        """Whether too many batches in a row have brought nothing."""
        return self._fruitless >= SATURATED_BATCHES
