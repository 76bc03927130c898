"""Long readings of the workspace beside a person: again when it has changed, and never all the time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from textual.dom import DOMNode
from textual.worker import Worker

_PAUSE_S = 1.0
_SHARE = 0.2
"""How much of the time a reading that is wanted again and again may take."""


class BackgroundRefresh:
    """Reads in the background when that is wanted; a reading wanted during one follows it.

    Between two readings there is a pause of a second or more: four times what the last one took.

    Args:
        owner: With whose end the reading ends.
        read: Reads once, and leaves the loop to others often.
    """

    def __init__(self, owner: DOMNode, read: Callable[[], Awaitable[None]]) -> None:
        self._owner = owner
        self._read = read
        self._wanted = False
        self._worker: Worker[None] | None = None

    def want(self) -> None:
        """Read soon, unless that is under way or about to be."""
        self._wanted = True
        if self._worker is None or self._worker.is_finished:
            self._worker = self._owner.run_worker(self._go_on())

    def stop(self) -> None:
        """Leave the reading that is under way."""
        self._wanted = False
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    async def _go_on(self) -> None:
        while self._wanted:
            self._wanted = False
            begun = time.perf_counter()
            await self._read()
            taken = time.perf_counter() - begun
            await asyncio.sleep(max(_PAUSE_S, taken * (1 / _SHARE - 1)))
