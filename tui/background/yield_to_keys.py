"""Work in the background steps back while a person is at the keys."""

import asyncio
import time

_BUSY_S = 0.2
"""A key counts for so long: it has been drawn by then, and the next one of a row of them has come."""
_AT_MOST_S = 0.5
"""However fast somebody types, the work goes on a step after so long."""
_QUIET_S = 1.0
_STEP_S = 0.01
_TOLD_S = 0.002
_REST, _REST_AT_MOST_S = 3, 0.05
"""The work rests so many times as long as its last step took, and so long at most."""
_LONG_REST, _LONG_REST_AT_MOST_S = 8, 0.15
"""The same while somebody is at the keys."""


class YieldToKeys:
    """Lets one party work when the other is quiet."""

    def __init__(self) -> None:
        self._touched = self._touched_before = 0.0
        self._began = 0.0
        self._turn = asyncio.Lock()

    def touched(self) -> None:
        """A key was pressed."""
        self._touched_before, self._touched = self._touched, time.monotonic()

    @property
    def is_quiet(self) -> bool:
        """Whether so long no key has been pressed that the next one is not expected at once."""
        return time.monotonic() - self._touched > _QUIET_S

    @property
    def _somebody_types(self) -> bool:
        """Whether keys come one after the other; after a single one, a person may wait for what it brings."""
        return not self.is_quiet and self._touched - self._touched_before < _QUIET_S

    async def give_way(self, *, hurry: bool = False) -> None:
        """Wait until no key has been pressed for a moment; one waits at a time, and steps never pile up.

        The work rests several times as long as its last step took, so that most keys find nothing under way.

        Args:
            hurry: Whether a person waits for the work: then it rests as long as it works.
        """
        async with self._turn:
            step = time.monotonic() - self._began
            rest, at_most = _REST, _REST_AT_MOST_S
            if hurry:
                rest = 1
            elif self._somebody_types:
                rest, at_most = _LONG_REST, _LONG_REST_AT_MOST_S
            # A key takes some turns of the loop until it is told here.
            await asyncio.sleep(min(max(rest * step, _TOLD_S), at_most))
            await self.wait()
            self._began = time.monotonic()

    async def wait(self) -> None:
        """Wait until no key has been pressed for a moment, but not for ever."""
        began = time.monotonic()
        while time.monotonic() < min(self._touched + _BUSY_S, began + _AT_MOST_S):  # noqa: ASYNC110 - a clock
            await asyncio.sleep(_STEP_S)
