"""How many requests may be on their way at once: fewer when the endpoint throttles, and more again after."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Throttle:
    """Slots for requests, as many as the endpoint bears.

    Their number is halved when the endpoint throttles, once for all that were on their way together, and
    grows by about one each time that as many answers have come as there are slots.

    Args:
        most: The number of slots to begin with, and never to exceed.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._width = float(most)
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed_until = 0.0
        self._halvings = 0

    @property
    def width(self) -> int:
        """How many slots there are now."""
        return int(self._width)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[int]:
        """Wait for a slot, first come first served; gives what `throttled` wants to be told."""
        await self._enter()
        try:
            yield self._halvings
        finally:
            self._taken -= 1
            self._call_next()

    def answered(self) -> None:
        """The endpoint has answered a request."""
        self._width = min(self._most, self._width + 1 / self._width)
        self._call_next()

    def throttled(self, entered: int, retry_after_s: float | None) -> None:
        """The endpoint has refused a request because there are too many.

        Args:
            entered: What the request's slot gave.
            retry_after_s: Seconds until the endpoint wants to see the next one, if it said so.
        """
        if entered == self._halvings:
            self._halvings += 1
            self._width = max(1.0, self._width / 2)
        self._closed_until = max(self._closed_until, time.monotonic() + (retry_after_s or 0.0))

    async def _enter(self) -> None:
        if self._waiting or self._taken >= self.width:
            called = asyncio.get_running_loop().create_future()
            self._waiting.append(called)
            try:
                await called
            except asyncio.CancelledError:
                if called in self._waiting:
                    self._waiting.remove(called)
                else:
                    self._taken -= 1
                    self._call_next()
                raise
        else:
            self._taken += 1
        try:
            while (left := self._closed_until - time.monotonic()) > 0:  # noqa: ASYNC110 - a clock
                await asyncio.sleep(left)
        except asyncio.CancelledError:
            self._taken -= 1
            self._call_next()
            raise

    def _call_next(self) -> None:
        while self._waiting and self._taken < self.width:
            called = self._waiting.popleft()
            if not called.done():
                self._taken += 1
                called.set_result(None)
