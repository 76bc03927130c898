"""How many requests may be on their way at once: fewer when the endpoint throttles, and more again after."""

import asyncio
import heapq
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_FIRST_REST_S = 0.5
_LONGEST_REST_S = 30.0
_BELIEVED = 3
"""So often in a row a short rest that the endpoint asks for is believed to do."""


def jittered(seconds: float, chance: random.Random) -> float:
    """A wait of at least so long, and up to a quarter longer, so that many programs do not come at once."""
    return seconds + chance.uniform(0, 0.25) * max(seconds, 0.1)


class Throttle:
    """Slots for requests, as many as the endpoint bears.

    Their number is halved when the endpoint throttles, once for all that were on their way together, and
    grows by about one each time that as many answers have come as there are slots. After each halving nobody
    is let in for as long as the endpoint asks, or for twice as long each time until there is an answer; also
    when it asks for less again and again, so that a limit that counts by the minute ends no work.

    Args:
        most: The number of slots to begin with, and never to exceed.
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
        """How often the endpoint has throttled since it last answered; once for all that were together."""

    @property
    def width(self) -> int:
        """How many slots there are now."""
        return int(self._width)

    @property
    def rest_s(self) -> float:
        """Seconds until anybody is let in again; 0 when nothing keeps them out."""
        return max(0.0, self._closed_until - asyncio.get_running_loop().time())

    @asynccontextmanager
    async def slot(self, order: int, stopping: "asyncio.Future[None]") -> AsyncIterator[int | None]:
        """Wait for a slot, the lowest `order` first.

        Gives what `throttled` wants to be told; None, and no slot, when `stopping` is done before that.
        """
        if not await self._enter(order, stopping):
            yield None
            return
        try:
            yield self._halvings
        finally:
            self._leave()

    def answered(self) -> None:
        """The endpoint has answered a request."""
        self.refused_in_a_row = 0
        self._width = min(self._most, self._width + 1 / self._width)
        self._let_in()

    def throttled(self, entered: int, retry_after_s: float | None) -> None:
        """The endpoint has refused a request because there are too many.

        Args:
            entered: What the request's slot gave.
            retry_after_s: Seconds until the endpoint wants to see the next one, if it said so.
        """
        if entered == self._halvings:
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

    def _leave(self) -> None:
        self._taken -= 1
        self._let_in()

    def _let_in(self) -> None:
        """Call as many of those that wait as there are slots, now or once the endpoint wants to see them."""
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
