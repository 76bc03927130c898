"""Deadlines in running time: while the program is stopped, or the machine sleeps, they wait too."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_BEAT_S = 1.0
_BEATS = 10
"""Minimum number of beats until a deadline, so that a short one has short beats."""
_STOPPED_S = 0.25
"""A beat that is late by this much, and by its own length, was held up by a stop."""
_GRACE_S = 5.0
"""Minimum time left after a stop, to read what has arrived meanwhile."""


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Cancel the block after this many seconds of running time, and raise TimeoutError.

    A loop's clock goes on while the program is stopped (SIGSTOP, Ctrl+Z), so that a plain timeout expires
    before the loop has read an answer that is waiting in the socket.
    """
    async with asyncio.timeout(None) as timeout:
        heartbeat = _Heartbeat(seconds, timeout)
        try:
            yield
        finally:
            heartbeat.stop()


class _Heartbeat:
    """Measures running time in beats; one that comes late counts as long as it should have been."""

    def __init__(self, seconds: float, timeout: asyncio.Timeout) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._left = seconds
        self._longest = min(_BEAT_S, seconds / _BEATS)
        self._grace = min(_GRACE_S, seconds)
        self._next()

    def _next(self) -> None:
        self._length = min(self._longest, self._left)
        self._begun, self._cpu = self._loop.time(), time.process_time()
        self._timer = self._loop.call_later(self._length, self._beat)

    def _beat(self) -> None:
        passed, busy = self._loop.time() - self._begun, time.process_time() - self._cpu
        # A loop that is late because it is busy is running: a server may keep it so.
        if passed - self._length > max(_STOPPED_S, self._longest) and busy <= self._length:
            self._left = max(self._left - self._length, self._grace)
        else:
            self._left -= passed
        if self._left > 0:
            self._next()
        else:
            self._timeout.reschedule(self._loop.time())

    def stop(self) -> None:
        """Count no more."""
        self._timer.cancel()
