"""Waiting for another program's lock on a workspace without blocking the event loop."""

import asyncio
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from selfinstruct.db.errors import BusyError
from selfinstruct.db.sqlite.driver import Connection

Result = TypeVar("Result")

PAUSE_S = 0.05
"""Seconds between two attempts to write: the longest delay after the other program releases the lock."""

_INTERACTIVE_TIMEOUT_S = 0.1
"""Busy timeout of SQLite, in seconds, in interactive programs; longer than another program's commit takes."""


class LockWait:
    """Waits for other programs' locks: blocking within SQLite, or polling between other work.

    Args:
        db: The connection.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self.blocks = True
        """Whether SQLite waits for the full busy timeout, after which BusyError is raised."""
        self._since: list[float] = []

    def stop_blocking(self) -> None:
        """Limit waits within SQLite to less than a person notices."""
        self.blocks = False
        self._set_timeout(_INTERACTIVE_TIMEOUT_S)

    @property
    def waited_s(self) -> float:
        """Seconds that the longest current wait has lasted; 0 if nothing is waiting."""
        return time.monotonic() - min(self._since) if self._since else 0.0

    async def when_free(self, write: Callable[[], Result]) -> Result:
        """Run a write as soon as no other program holds the lock; returns its result.

        Args:
            write: One transaction, or several that can each be retried after a BusyError.

        Raises:
            BusyError: The connection blocks, and the busy timeout has expired.
        """
        trying = self.tries(write)
        try:
            while True:
                next(trying)
                await asyncio.sleep(PAUSE_S)
        except StopIteration as end:
            result: Result = end.value
            return result
        finally:
            trying.close()

    def tries(self, write: Callable[[], Result]) -> Generator[None, None, Result]:
        """Try to run a write, and yield after each attempt that another program's lock prevents."""
        since = time.monotonic()
        waits = False
        try:
            while True:
                try:
                    with self._at_once():
                        return write()
                except BusyError:
                    if self.blocks:
                        raise
                if not waits:
                    waits = True
                    self._since.append(since)
                yield
        finally:
            if waits:
                self._since.remove(since)

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        if self.blocks:
            yield
            return
        self._set_timeout(0)
        try:
            yield
        finally:
            self._set_timeout(_INTERACTIVE_TIMEOUT_S)

    def _set_timeout(self, seconds: float) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
