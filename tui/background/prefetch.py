"""What the next key may show is got ready while no key is pressed."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress

from textual.widget import Widget

from selfinstruct.db.errors import WorkspaceError

_REST_S = 0.02
"""Between one row and the next, and after a key: it is drawn by then."""


class Prefetch:
    """Gets rows ready, one at a time, the likeliest first.

    Args:
        owner: A mounted widget, which lives as long.
        prepare: Gets one row ready, in some milliseconds.
    """

    def __init__(self, owner: Widget, prepare: Callable[[int], None]) -> None:
        self._prepare = prepare
        self._rows: deque[int] = deque()
        self._clock = owner.set_interval(_REST_S, self._next, pause=True)

    def around(self, now: int, before: int, *, page: int, rows: int) -> None:
        """Get ready what a key may move the cursor to: the same step again, the next rows, the next pages.

        Args:
            now: The row under the cursor.
            before: The row that was under it.
            page: How many rows a page has.
            rows: How many there are.
        """
        steps = (now - before, 1, -1, page, -page)
        ahead = dict.fromkeys(max(0, min(rows - 1, now + step)) for step in steps)
        self._rows = deque(row for row in ahead if row != now)
        self._clock.reset()

    def _next(self) -> None:
        if not self._rows:
            self._clock.pause()
            return
        # What cannot be read is told when it is asked for.
        with suppress(WorkspaceError):
            self._prepare(self._rows.popleft())
