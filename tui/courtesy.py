"""Work in the background steps back while a person is at the keys."""

import asyncio
import time

_BUSY_S = 0.2
"""A key counts for so long: it has been drawn by then, and the next one of a row of them has come."""
_AT_MOST_S = 0.5
"""However fast somebody types, the work goes on a step after so long."""
_QUIET_S = 1.0
_STEP_S = 0.01
_TOLD_S, _REST_AT_MOST_S = 0.002, 0.05


class Courtesy:
    """Lets one party work when the other is quiet."""

    def __init__(self) -> None:
        self._touched = 0.0
        self._began = 0.0
        self._turn = asyncio.Lock()

    def touched(self) -> None:
        """A key was pressed."""
        self._touched = time.monotonic()

    @property
    def is_quiet(self) -> bool:
        """Whether so long no key has been pressed that the next one is not expected at once."""
        return time.monotonic() - self._touched > _QUIET_S

    async def give_way(self, *, rest: int = 3) -> None:
        """Wait until no key has been pressed for a moment; one waits at a time, and steps never pile up.

        Args:
            rest: How many times as long as the last step took the work rests after it; with three, most
                keys find nothing under way.
        """
        async with self._turn:
            # A key takes some turns of the loop until it is told here.
            step = time.monotonic() - self._began
            await asyncio.sleep(min(max(rest * step, _TOLD_S), _REST_AT_MOST_S))
            await self.wait()
            self._began = time.monotonic()

    async def wait(self) -> None:
        """Wait until no key has been pressed for a moment, but not for ever."""
        began = time.monotonic()
        while time.monotonic() < min(self._touched + _BUSY_S, began + _AT_MOST_S):  # noqa: ASYNC110 - a clock
            await asyncio.sleep(_STEP_S)
