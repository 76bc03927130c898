"""Waiting for another program that keeps a workspace, without keeping a loop from its other work."""

import asyncio
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from selfinstruct.db.errors import BusyError
from selfinstruct.db.sqlite.driver import Connection

Result = TypeVar("Result")

PAUSE_S = 0.05
"""Between two tries to write: somebody who waits is served this soon after the other program is done."""

_BESIDE_KEYS_S = 0.1
"""How long SQLite itself may wait where a person is at the keys: longer than other programs' commits take."""


class LockWait:
    """How a connection waits for other programs: within SQLite, or a try at a time beside other work.

    Args:
        db: The connection.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self.blocks = True
        """Whether SQLite waits, for as long as it may; whoever is refused after that is told."""
        self._since: list[float] = []

    def stop_blocking(self) -> None:
        """Have nobody wait within SQLite for longer than a person would notice."""
        self.blocks = False
        self._set_timeout(_BESIDE_KEYS_S)

    @property
    def waited_s(self) -> float:
        """For how long somebody has been waiting by now, in seconds; 0 when nobody waits."""
        return time.monotonic() - min(self._since) if self._since else 0.0

    async def when_free(self, write: Callable[[], Result]) -> Result:
        """Carry a write out as soon as no other program keeps the workspace; returns its result.

        Args:
            write: One transaction, or several of which each can be begun again when it was refused.

        Raises:
            BusyError: the connection blocks, and has waited for long.
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
        """Try to carry a write out, and yield each time that another program keeps the workspace."""
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
            self._set_timeout(_BESIDE_KEYS_S)

    def _set_timeout(self, seconds: float) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
