"""Keeps a fixed number of requests planned and processes their responses in request order.

With W requests between planning and processing, request k is planned from the state after request k - W was
processed, however long each takes. So timing never changes the outcome.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from selfinstruct.core.requests.group_commit import Together
from selfinstruct.core.util.time_slices import SLICE_S
from selfinstruct.db.errors import BusyError


async def let_others() -> None:
    """Yield to the other tasks on the event loop."""
    await asyncio.sleep(0)


def no_steps(request_id: int) -> Iterable[None]:
    """A `look_ahead` that does nothing."""
    del request_id
    return ()


def no_notes(request_id: int) -> None:
    """A `note` or an `abandon` that does nothing."""
    del request_id


@dataclass(slots=True)
class _Progress:
    """What one step of the pipeline has done."""

    taken_in: int = 0
    """How many of the oldest requests in flight are processed."""
    planned: list[int] = field(default_factory=list)
    is_cut_short: bool = False
    """Whether there is more to do at once."""


class Pipeline:
    """One stream of requests.

    Args:
        width: Maximum number of requests in flight: planned, and not processed yet.
        plan: Stores the next request and returns its id, or None when there is nothing to do now.
        carry_out: Sends a request until it is answered or has failed.
        take_in: Processes a finished request; called in request order.
        note: Notes what became of a request, even if `take_in` raised.
        look_ahead: Prepares the processing of a response, in short steps.
        stopping: Done when nothing more should be planned or sent.
        together: Stores what `plan`, `take_in` and `note` write, many of them in one transaction.
        abandon: Gives up a request because `run` was cancelled; what it did to send one that `carry_out` has
            not begun is undone.
        give_way: Awaited before each step, to yield to other tasks on the event loop.
        slice_s: Seconds after which a step ends early; 0 processes one request a step.
    """

    def __init__(
        self,
        *,
        width: int,
        plan: Callable[[], int | None],
        carry_out: Callable[[int], Awaitable[None]],
        take_in: Callable[[int], None],
        note: Callable[[int], None] = no_notes,
        look_ahead: Callable[[int], Iterable[None]] = no_steps,
        stopping: "asyncio.Future[None]",
        together: Together,
        abandon: Callable[[int], None] = no_notes,
        give_way: Callable[[], Awaitable[None]] = let_others,
        slice_s: float = 0.0,
    ) -> None:
        self._width = width
        self._plan = plan
        self._carry_out = carry_out
        self._take_in = take_in
        self._note = note
        self._look_ahead = look_ahead
        self._together = together
        self._abandon = abandon
        self._give_way = give_way
        self._slice_s = slice_s
        self._under_way: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._nudged: asyncio.Future[None] | None = None
        self._stopping = stopping
        self._progress = _Progress()
        """What the step that is being carried out has done."""
        self._wants_more = True
        """Whether something has happened since `plan` last returned None, or the pipeline was full."""

    @property
    def under_way(self) -> int:
        """Number of requests in flight: planned here and not processed yet."""
        return len(self._under_way) - self._progress.taken_in + len(self._progress.planned)

    @property
    def first(self) -> int | None:
        """The request that is processed next, once it is finished; None if none is in flight."""
        waiting = [request_id for request_id, _ in islice(self._under_way, self._progress.taken_in, None)]
        return next(iter([*waiting[:1], *self._progress.planned]), None)

    def stop(self) -> None:
        """Plan no more; requests in flight are still answered and processed."""
        if not self._stopping.done():
            self._stopping.set_result(None)

    def nudge(self) -> None:
        """Plan now if there is a free slot: work has appeared that does not come from a response."""
        self._wants_more = True
        if self._nudged is not None and not self._nudged.done():
            self._nudged.set_result(None)

    async def run(self) -> None:
        """Run until there is nothing to plan and nothing in flight.

        If planning, sending or processing raises, nothing more is planned; requests in flight are finished
        and processed, and then the first error is raised. Cancellation abandons the requests in flight.
        """
        errors: list[Exception] = []
        try:
            while True:
                self._nudged = asyncio.get_running_loop().create_future()
                await self._give_way()
                if self._is_oldest_done:
                    with _noting(errors):
                        await self._look(self._under_way[0][0])
                    await self._give_way()
                if await self._step(errors):
                    continue
                if not self._under_way:
                    break
                oldest = self._under_way[0][1]
                if not oldest.done():
                    await asyncio.wait({oldest, self._nudged}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for _, future in self._under_way:
                future.cancel()
            await asyncio.gather(*(future for _, future in self._under_way), return_exceptions=True)
            for request_id, _ in self._under_way:
                self._abandon(request_id)
            self._under_way.clear()
        if errors:
            raise errors[0]

    @property
    def _is_oldest_done(self) -> bool:
        return bool(self._under_way) and self._under_way[0][1].done()

    async def _step(self, errors: list[Exception]) -> bool:
        """Process and plan what can be at once, and send what was planned; returns whether there is more."""
        progress = self._progress = _Progress()
        try:
            await self._together.write(
                partial(self._advance, progress, errors),
                take_back=partial(self._give_up, progress),
                at_once=True,
            )
        except Exception as error:  # noqa: BLE001 - raised again by `run`
            # Nothing of it is stored: answers stay for a later run, and nothing was sent.
            errors.append(error)
            self.stop()  # what is collected for a job would wait for requests that do not come
            progress = _Progress(progress.taken_in or int(self._is_oldest_done))
        self._progress = _Progress()
        for _ in range(progress.taken_in):
            self._under_way.popleft()
        for request_id in progress.planned:
            self._under_way.append((request_id, asyncio.ensure_future(self._send(request_id))))
        return progress.is_cut_short

    def _advance(self, progress: _Progress, errors: list[Exception]) -> None:
        begun = time.perf_counter()
        waiting = iter(tuple(self._under_way))
        while not progress.is_cut_short:
            if self._wants_more and not errors:
                with _noting(errors):
                    self._fill(progress, begun)
                if errors:  # the transaction may be gone
                    progress.is_cut_short = True
            request_id, future = next(waiting, (0, None))
            if progress.is_cut_short or future is None or not future.done():
                return
            known = len(errors)
            with _noting(errors):
                future.result()
            # Failed requests are processed too: that is what emits their failure event.
            for step in (self._take_in, self._note):
                with _noting(errors):
                    step(request_id)
            progress.taken_in += 1
            self._wants_more = True
            # As above.
            progress.is_cut_short = len(errors) > known or time.perf_counter() - begun >= self._slice_s

    def _fill(self, progress: _Progress, begun: float) -> None:
        while not self._stopping.done():
            if self.under_way >= self._width:
                break
            if progress.planned and time.perf_counter() - begun >= self._slice_s:
                progress.is_cut_short = True
                return
            request_id = self._plan()
            if request_id is None:
                break
            progress.planned.append(request_id)
        self._wants_more = False

    def _give_up(self, progress: _Progress, _: None) -> None:
        for request_id in progress.planned:
            self._abandon(request_id)

    async def _look(self, request_id: int) -> None:
        """Look ahead in slices of a few milliseconds, until done, stopped, nudged or locked out."""
        begun = time.perf_counter()
        with suppress(BusyError):  # `take_in` then looks up what it needs
            for _ in self._look_ahead(request_id):
                if self._stopping.done() or (self._nudged is not None and self._nudged.done()):
                    return
                if time.perf_counter() - begun >= SLICE_S:
                    await self._give_way()
                    begun = time.perf_counter()

    async def _send(self, request_id: int) -> None:
        await self._give_way()
        await self._carry_out(request_id)


@contextmanager
def _noting(errors: list[Exception]) -> Iterator[None]:
    """Collect an error instead of raising it, so that paid responses are processed first."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - raised again by `run`
        errors.append(error)
