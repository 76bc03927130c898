"""Keeps a fixed number of requests in flight and processes their responses in request order.

With W requests in flight, request k is planned from the state after request k - W was processed,
however long each takes. So timing never changes the outcome.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from selfinstruct.core.util.time_slices import SLICE_S
from selfinstruct.db.errors import BusyError


async def let_others() -> None:
    """Yield to the other tasks on the event loop."""
    await asyncio.sleep(0)


async def at_once(step: Callable[[], int | None]) -> int | None:
    """Carry a step out."""
    return step()


def no_steps(request_id: int) -> Iterable[None]:
    """A `look_ahead` that does nothing."""
    del request_id
    return ()


def no_notes(request_id: int) -> None:
    """A `note` that does nothing."""
    del request_id


class Pipeline:
    """One stream of requests.

    Args:
        width: Maximum number of requests in flight.
        plan: Stores the next request and returns its id, or None when there is nothing to do now.
        carry_out: Sends a request until it is answered or has failed.
        take_in: Processes a finished request; called in request order.
        note: Notes what became of a request, even if `take_in` raised. A step of its own, so that an
            interrupted read is retried without processing the request twice.
        look_ahead: Prepares the processing of a response, in short steps.
        stopping: Done when nothing more should be planned or sent.
        when_free: Runs `plan`, `take_in` and `note`, each again while another program locks the workspace.
        give_way: Awaited before each step, to yield to other tasks on the event loop.
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
        when_free: Callable[[Callable[[], int | None]], Awaitable[int | None]] = at_once,
        give_way: Callable[[], Awaitable[None]] = let_others,
    ) -> None:
        self._width = width
        self._plan = plan
        self._carry_out = carry_out
        self._take_in = take_in
        self._note = note
        self._look_ahead = look_ahead
        self._when_free = when_free
        self._give_way = give_way
        self._under_way: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._nudged: asyncio.Future[None] | None = None
        self._stopping = stopping

    @property
    def under_way(self) -> int:
        """Number of requests in flight: planned here and not processed yet."""
        return len(self._under_way)

    @property
    def first(self) -> int | None:
        """The request that is processed next, once it is finished; None if none is in flight."""
        return self._under_way[0][0] if self._under_way else None

    def stop(self) -> None:
        """Plan no more; requests in flight are still answered and processed."""
        if not self._stopping.done():
            self._stopping.set_result(None)

    def nudge(self) -> None:
        """Plan now if there is a free slot: work has appeared that does not come from a response."""
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
                if not errors:
                    with _noting(errors):
                        await self._fill()
                if not self._under_way:
                    break
                await self._give_way()
                request_id, future = self._under_way[0]
                if not future.done():
                    await asyncio.wait({future, self._nudged}, return_when=asyncio.FIRST_COMPLETED)
                    if not future.done():
                        continue
                with _noting(errors):
                    await future
                with _noting(errors):
                    await self._look(request_id)
                await self._give_way()
                # Failed requests are processed too: that is what emits their failure event.
                for step in (self._take_in, self._note):
                    with _noting(errors):
                        await self._when_free(partial(step, request_id))
                self._under_way.popleft()
        finally:
            for _, future in self._under_way:
                future.cancel()
            await asyncio.gather(*(future for _, future in self._under_way), return_exceptions=True)
            self._under_way.clear()
        if errors:
            raise errors[0]

    async def _fill(self) -> None:
        while len(self._under_way) < self._width and not self._stopping.done():
            if self._under_way:
                await self._give_way()
            request_id = await self._when_free(self._plan)
            if request_id is None:
                return
            self._under_way.append((request_id, asyncio.ensure_future(self._send(request_id))))

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
