"""Adaptive concurrency limit: additive increase, multiplicative decrease, and back-off with jitter."""

import asyncio
import heapq
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_FIRST_REST_S = 0.5
_LONGEST_REST_S = 30.0
_BELIEVED = 3
"""Throttled attempts in a row for which the endpoint's Retry-After may undercut the back-off."""


def jittered(seconds: float, chance: random.Random) -> float:
    """Add up to 25 % jitter to a wait in seconds, so that programs do not retry in lockstep."""
    return seconds + chance.uniform(0, 0.25) * max(seconds, 0.1)


class Slot:
    """The slot of a request in flight, from `Throttle`."""

    def __init__(self, throttle: "Throttle", halvings: int) -> None:
        self._throttle = throttle
        self.halvings = halvings
        """How often the number of slots had been halved when the request entered."""
        self._is_left = False

    def leave(self) -> None:
        """Give it back; once it is, nothing happens."""
        if not self._is_left:
            self._is_left = True
            self._throttle._leave()


class Throttle:
    """Slots for requests in flight, as many as the endpoint sustains.

    The number of slots is halved when the endpoint throttles, once for all requests that were in flight
    together, and grows by about one for each full round of responses. After each halving no request enters
    for the endpoint's Retry-After, or else for an exponential back-off that a response resets. If a short
    Retry-After keeps failing, the back-off applies as well, so that a per-minute rate limit does not end
    the run.

    Args:
        most: Initial and maximum number of slots.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._width = float(most)
        self._taken = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._came = itertools.count()
        self._opening: asyncio.TimerHandle | None = None
        self._closed_until = 0.0
        self._halvings = 0
        self._chance = random.Random()
        self.refused_in_a_row = 0
        """Number of halvings since the last response."""

    @property
    def width(self) -> int:
        """The current number of slots."""
        return int(self._width)

    @property
    def rest_s(self) -> float:
        """Seconds until requests may enter again; 0 if they may now."""
        return max(0.0, self._closed_until - asyncio.get_running_loop().time())

    @asynccontextmanager
    async def slot(
        self, order: int, stopping: "asyncio.Future[None]", entered: Slot | None = None
    ) -> AsyncIterator[Slot | None]:
        """Wait for a slot, lowest `order` first, and leave it at the end.

        Yields None, without a slot, if `stopping` is done first.

        Args:
            order: Which of the waiting requests comes first.
            stopping: Done when nothing more should be sent.
            entered: The slot that the request has from `enter`, if any.
        """
        if entered is None:
            if not await self._enter(order, stopping):
                yield None
                return
            entered = Slot(self, self._halvings)
        try:
            yield entered
        finally:
            entered.leave()

    def enter(self) -> Slot | None:
        """Take a slot that is free now; None if there is none."""
        is_closed = self._closed_until > asyncio.get_running_loop().time()
        if self._waiting or is_closed or self._taken >= self.width:
            return None
        self._taken += 1
        return Slot(self, self._halvings)

    def _leave(self) -> None:
        self._taken -= 1
        self._let_in()

    def answered(self) -> None:
        """Record a response: reset the back-off and widen the limit."""
        self.refused_in_a_row = 0
        self._width = min(self._most, self._width + 1 / self._width)
        self._let_in()

    def throttled(self, slot: Slot, retry_after_s: float | None) -> None:
        """Record a throttled request: halve the number of slots and back off.

        Args:
            slot: The request's slot.
            retry_after_s: The endpoint's Retry-After in seconds, if it sent any.
        """
        if slot.halvings == self._halvings:
            self._halvings += 1
            self._width = max(1.0, self._width / 2)
            self.refused_in_a_row += 1
        elif retry_after_s is None:
            return
        usual = min(_LONGEST_REST_S, _FIRST_REST_S * 2 ** (self.refused_in_a_row - 1))
        rest = usual if retry_after_s is None else retry_after_s
        if self.refused_in_a_row > _BELIEVED:
            rest = max(rest, usual)
        now = asyncio.get_running_loop().time()
        self._closed_until = max(self._closed_until, now + jittered(rest, self._chance))

    async def _enter(self, order: int, stopping: "asyncio.Future[None]") -> bool:
        called = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (order, next(self._came), called))
        self._let_in()
        try:
            await asyncio.wait({called, stopping}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._turn_away(called)
            raise
        if stopping.done():
            self._turn_away(called)
            return False
        return True

    def _turn_away(self, called: "asyncio.Future[None]") -> None:
        if called.done():
            self._leave()
        called.cancel()

    def _let_in(self) -> None:
        """Admit waiting requests to the free slots, now or when the back-off ends."""
        while self._waiting and self._taken < self.width:
            loop = asyncio.get_running_loop()
            if self._closed_until > loop.time():
                if self._opening is None:
                    self._opening = loop.call_at(self._closed_until, self._open)
                return
            _, _, called = heapq.heappop(self._waiting)
            if not called.done():
                self._taken += 1
                called.set_result(None)

    def _open(self) -> None:
        self._opening = None
        self._let_in()
