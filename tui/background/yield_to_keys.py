"""Cooperative scheduling: background work yields to key presses."""

import asyncio
import time

_BUSY_S = 0.2
"""Seconds to yield after a key press: by then it is drawn, and the next of a held key has arrived."""
_AT_MOST_S = 0.5
"""Maximum seconds to yield to continuous typing before the next step, so that work never starves."""
_QUIET_S = 1.0
"""Seconds without a key press after which the keyboard counts as idle."""
_STEP_S = 0.01
"""Polling interval in seconds while yielding."""
_TOLD_S = 0.002
"""Minimum seconds between two steps; a key press takes a few turns of the event loop to arrive here."""
_REST, _REST_AT_MOST_S = 3, 0.05
"""Rest between two steps: a multiple of the last step's duration, and its maximum in seconds."""
_LONG_REST, _LONG_REST_AT_MOST_S = 8, 0.15
"""The same while the person types."""


class YieldToKeys:
    """Paces background work around key presses."""

    def __init__(self) -> None:
        self._touched = self._touched_before = 0.0
        self._began = 0.0
        self._turn = asyncio.Lock()

    def touched(self) -> None:
        """Record a key press."""
        self._touched_before, self._touched = self._touched, time.monotonic()

    @property
    def is_quiet(self) -> bool:
        """Whether the keyboard is idle."""
        return time.monotonic() - self._touched > _QUIET_S

    @property
    def _is_typing(self) -> bool:
        """Whether keys come in quick succession; after a single key, the person may await its effect."""
        return not self.is_quiet and self._touched - self._touched_before < _QUIET_S

    async def give_way(self, *, hurry: bool = False) -> None:
        """Wait between two steps of work until the keyboard is briefly idle; callers wait in turn.

        Work rests for several times the duration of its last step, so that most key presses find it idle.

        Args:
            hurry: Whether the person is waiting for the work: it then rests only as long as it works.
        """
        async with self._turn:
            step = time.monotonic() - self._began
            rest, at_most = _REST, _REST_AT_MOST_S
            if hurry:
                rest = 1
            elif self._is_typing:
                rest, at_most = _LONG_REST, _LONG_REST_AT_MOST_S
            await asyncio.sleep(min(max(rest * step, _TOLD_S), at_most))
            await self.wait()
            self._began = time.monotonic()

    async def wait(self) -> None:
        """Wait until the keyboard is briefly idle, with a timeout."""
        began = time.monotonic()
        while time.monotonic() < min(self._touched + _BUSY_S, began + _AT_MOST_S):  # noqa: ASYNC110 - a clock
            await asyncio.sleep(_STEP_S)
