"""Throttled background reads of the workspace, for screens whose queries take long."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from textual.dom import DOMNode
from textual.worker import Worker

from selfinstruct.tui.background.workers import start_worker

_PAUSE_S = 1.0
"""Minimum seconds between two reads."""
_SHARE = 0.2
"""Maximum fraction of the time that reading may take, however often it is requested."""


class BackgroundRefresh:
    """Reads in the background on request; requests during a read cause one more read after it.

    Between two reads it pauses for four times the duration of the last one, and at least a second.

    Args:
        owner: The widget or screen that owns the worker; reading ends with it.
        read: Reads once, and yields to the event loop often.
    """

    def __init__(self, owner: DOMNode, read: Callable[[], Awaitable[None]]) -> None:
        self._owner = owner
        self._read = read
        self._wanted = False
        self._worker: Worker[None] | None = None

    def want(self) -> None:
        """Request a read."""
        self._wanted = True
        if self._worker is None or self._worker.is_finished:
            self._worker = start_worker(self._owner, self._read_while_wanted)

    def stop(self) -> None:
        """Cancel the current read, and drop any request for another."""
        self._wanted = False
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    async def _read_while_wanted(self) -> None:
        while self._wanted:
            self._wanted = False
            begun = time.perf_counter()
            await self._read()
            taken = time.perf_counter() - begun
            await asyncio.sleep(max(_PAUSE_S, taken * (1 / _SHARE - 1)))
