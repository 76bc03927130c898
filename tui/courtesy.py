"""Work in the background steps back while a person is at the keys."""

import asyncio
import time

_BUSY_S = 0.08
"""A key counts for so long: it has been drawn by then."""
_AT_MOST_S = 0.3
"""However fast somebody types, the work goes on a step after so long."""
_STEP_S = 0.01


class Courtesy:
    """Lets one party work when the other is quiet."""

    def __init__(self) -> None:
        self._touched = 0.0

    def touched(self) -> None:
        """A key was pressed."""
        self._touched = time.monotonic()

    async def give_way(self) -> None:
        """Wait until no key has been pressed for a moment."""
        began = time.monotonic()
        await asyncio.sleep(0)
        while time.monotonic() < min(self._touched + _BUSY_S, began + _AT_MOST_S):  # noqa: ASYNC110 - a clock
            await asyncio.sleep(_STEP_S)
