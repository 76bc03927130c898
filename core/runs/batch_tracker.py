"""Tracks batches of propose requests: what is outstanding, which are complete, and what they yielded."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from selfinstruct.db.records import Request, Task
from selfinstruct.db.workspace import Workspace

SATURATED_BATCHES = 20
"""After this many batches in a row without a yield, further requests would be wasted."""


@dataclass(slots=True)
class _Batch:
    size: int
    """Number of requests that the batch should have."""
    planned: set[int] = field(default_factory=set)
    out: set[int] = field(default_factory=set)
    """Planned requests that have not been processed."""

    @property
    def is_half_planned(self) -> bool:
        return len(self.planned) < self.size

    def end_short(self) -> None:
        self.size = len(self.planned)


@dataclass(frozen=True, slots=True)
class CompletedBatch:
    """A batch with all responses processed, and all vectors of its candidates that were awaited."""

    number: int
    candidates: int
    yielded: int
    """Number of candidates that count as yield."""
    requests: tuple[int, ...]
    """Ids of its requests, in order."""


class BatchTracker:
    """The batches that this program is generating.

    Args:
        workspace: Where their candidates are stored.
        counts: Whether a candidate counts as yield.
        awaits_vectors: Whether vectors of a batch's candidates, given its number, are still awaited.
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
        """Number of the batch that still needs requests planned; None when there is none."""
        return next((number for number, batch in self._batches.items() if batch.is_half_planned), None)

    def plan(self, number: int, request_id: int, *, size: int) -> None:
        """Add a planned request to a batch; `size` is the number of requests of a new batch."""
        batch = self._batches.setdefault(number, _Batch(size))
        batch.planned.add(request_id)
        batch.out.add(request_id)

    def plan_again(self, request: Request) -> None:
        """Add a resent request to its batch: the failed request itself, or the one that replaces it."""
        batch = self._batches.setdefault(request.batch, _Batch(0))
        if not batch.planned & {request.id, request.instead_of}:
            batch.size += 1
        batch.planned.discard(request.instead_of or 0)
        self.plan(request.batch, request.id, size=batch.size)

    def end_short(self, number: int) -> None:
        """Plan no more requests for a batch."""
        if number in self._batches:
            self._batches[number].end_short()

    def end_all_short(self) -> None:
        """Plan no more requests for any batch, and drop the batches without outstanding requests."""
        self._batches = {number: batch for number, batch in self._batches.items() if batch.out}
        for batch in self._batches.values():
            batch.end_short()

    def forget(self) -> None:
        """Stop tracking all batches."""
        self._batches.clear()

    def forget_begun(self) -> None:
        """Stop tracking the batches that have candidates; the rest of their candidates arrives late."""
        of_batch = self._workspace.tasks.of_batch
        self._batches = {number: batch for number, batch in self._batches.items() if not of_batch(number)}

    # Taking in

    def take_in(self, request: Request) -> None:
        """Mark a request as processed, unless it stays planned, is being resent, or has a response left."""
        batch = self._batches.get(request.batch)
        if batch is not None and request.state not in {"planned", "sent", "answered"}:
            batch.out.discard(request.id)

    def awaits(self, request_id: int) -> bool:
        """Whether a batch waits for a request to be processed."""
        return any(request_id in batch.out for batch in self._batches.values())

    def await_only(self, request_ids: Collection[int]) -> None:
        """Stop waiting for all requests but these: the others were given up, or are in doubt."""
        for batch in self._batches.values():
            batch.out.intersection_update(request_ids)

    def oldest_completed(self) -> CompletedBatch | None:
        """Return the oldest batch that has been completed; it stays tracked until `remove`."""
        for number in sorted(self._batches):
            batch = self._batches[number]
            if batch.is_half_planned or batch.out or self._awaits_vectors(number):
                continue
            tasks = self._workspace.tasks.of_batch(number)
            yielded = sum(map(self._counts, tasks))
            return CompletedBatch(number, len(tasks), yielded, tuple(sorted(batch.planned)))
        return None

    def remove(self, completed: CompletedBatch) -> None:
        """Stop tracking a completed batch, and count its yield."""
        del self._batches[completed.number]
        self._fruitless = 0 if completed.yielded else self._fruitless + 1

    # Looking

    def __contains__(self, number: int) -> bool:
        """Whether a batch is being generated."""
        return number in self._batches

    def __len__(self) -> int:
        """Number of batches being generated."""
        return len(self._batches)

    def after(self, number: int) -> list[int]:
        """Return the numbers of the batches being generated that come after this batch."""
        return [other for other in self._batches if other > number]

    @property
    def out(self) -> int:
        """Number of propose requests that have not been processed."""
        return sum(len(batch.out) for batch in self._batches.values())

    def made_of(self, number: int) -> tuple[int, int] | None:
        """Return the requests processed and in total of a batch; None unless it is being generated."""
        batch = self._batches.get(number)
        return (len(batch.planned) - len(batch.out), batch.size) if batch else None

    @property
    def progress(self) -> tuple[int, int] | None:
        """`made_of` the oldest batch; None if none is being generated."""
        return self.made_of(min(self._batches, default=0))

    @property
    def is_saturated(self) -> bool:
        """Whether too many batches in a row yielded nothing."""
        return self._fruitless >= SATURATED_BATCHES
