"""Prefetch: prepares the rows that the next key may show while the keyboard is idle."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress

from textual.widget import Widget

from selfinstruct.db.errors import WorkspaceError

_PAUSE_S = 0.02
"""Seconds between two rows, and after a key press, which has been drawn by then."""


class Prefetch:
    """Prefetches rows one at a time, most likely first.

    Args:
        owner: A mounted widget with the same lifetime.
        prepare: Prepares one row, within a few milliseconds.
    """

    def __init__(self, owner: Widget, prepare: Callable[[int], None]) -> None:
        self._prepare = prepare
        self._rows: deque[int] = deque()
        self._clock = owner.set_interval(_PAUSE_S, self._next, pause=True)

    def around(self, now: int, before: int, *, page: int, rows: int) -> None:
        """Queue the likely next rows: the same step again, the adjacent rows, then one page down and up.

        Args:
            now: The row under the cursor.
            before: The row previously under the cursor.
            page: Number of rows per page.
            rows: Total number of rows.
        """
        steps = (now - before, 1, -1, page, -page)
        ahead = dict.fromkeys(max(0, min(rows - 1, now + step)) for step in steps)
        self._rows = deque(row for row in ahead if row != now)
        self._clock.reset()

    def _next(self) -> None:
        if not self._rows:
            self._clock.pause()
            return
        # A read error is reported when the row is shown.
        with suppress(WorkspaceError):
            self._prepare(self._rows.popleft())
