"""Keeps a number of requests under way, and takes their answers in the order of the requests.

With W under way, request k is planned from what was known once request k - W had been taken in,
however long each takes. So timing never changes the outcome.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager

from selfinstruct.core.util.time_slices import SLICE_S


async def let_others() -> None:
    """Let whatever else waits for its turn on the loop have it."""
    await asyncio.sleep(0)


async def at_once(step: Callable[[], int | None]) -> int | None:
    """Carry a step out."""
    return step()


def no_steps(request_id: int) -> Iterable[None]:
    """Look at nothing ahead."""
    del request_id
    return ()


class Pipeline:
    """One stream of requests.

    Args:
        width: How many requests are under way at most.
        plan: Writes the next request down and returns its id, or None when there is nothing to do now.
        carry_out: Brings a request to an answer or a failure.
        take_in: Parses the answer of a request that is over; called in the order of the requests.
        look_ahead: What can be found out about an answer before it is taken in, in short steps.
        stopping: Done when nothing more is to be planned or sent.
        when_free: Carries `plan` and `take_in` out, again as long as another program keeps the workspace.
        give_way: Awaited before each step, so that others that share the loop get their turn.
    """

    def __init__(
        self,
        *,
        width: int,
        plan: Callable[[], int | None],
        carry_out: Callable[[int], Awaitable[None]],
        take_in: Callable[[int], None],
        look_ahead: Callable[[int], Iterable[None]] = no_steps,
        stopping: "asyncio.Future[None]",
        when_free: Callable[[Callable[[], int | None]], Awaitable[int | None]] = at_once,
        give_way: Callable[[], Awaitable[None]] = let_others,
    ) -> None:
        self._width = width
        self._plan = plan
        self._carry_out = carry_out
        self._take_in = take_in
        self._look_ahead = look_ahead
        self._when_free = when_free
        self._give_way = give_way
        self._under_way: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._nudged: asyncio.Future[None] | None = None
        self._stopping = stopping

    @property
    def under_way(self) -> int:
        """How many requests have not been taken in yet."""
        return len(self._under_way)

    def stop(self) -> None:
        """Plan no more; what is under way is still answered and taken in."""
        if not self._stopping.done():
            self._stopping.set_result(None)

    def nudge(self) -> None:
        """Plan at once, if there is room: something has come up that no answer has brought about."""
        if self._nudged is not None and not self._nudged.done():
            self._nudged.set_result(None)

    async def run(self) -> None:
        """Go on until there is nothing to plan and nothing under way.

        When a request, the planning or the taking in raises, no other is planned; those under way are
        finished and taken in, and then the first error is raised. When cancelled, those under way are
        given up.
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
                # One that has failed is taken in as well: that is how its failure comes to be told.
                with _noting(errors):
                    await self._when_free(lambda taken=request_id: self._take_in(taken))  # type: ignore[misc]
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
        """Look ahead, some milliseconds at a time, as long as nothing else is wanted."""
        begun = time.perf_counter()
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
    """Put an error aside, so that what is paid for is taken in before it is raised."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - raised again by `run`
        errors.append(error)
