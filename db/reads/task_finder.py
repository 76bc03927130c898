"""Looks for tasks beside the program: in a thread of its own, on a connection of its own."""

import asyncio
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from selfinstruct.db.errors import QueryInterruptedError
from selfinstruct.db.records import Order, TaskQuery
from selfinstruct.db.sqlite.connection import connect_to_read
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.tables.tasks import Tasks


class TaskFinder:
    """Finds tasks while the program goes on; what is asked last is what counts.

    Args:
        path: The workspace's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="finder")
        self._db: Connection | None = None

    async def find(self, wanted: TaskQuery, order: Order) -> "array[int]":
        """The ids of the tasks that a filter describes, sorted.

        A search that is still under way for somebody else is broken off.

        Raises:
            asyncio.CancelledError: another search has begun meanwhile.
        """
        self._break_off()
        return await asyncio.wrap_future(self._thread.submit(self._find, wanted, order))

    def _find(self, wanted: TaskQuery, order: Order) -> "array[int]":
        if self._db is None:
            self._db = connect_to_read(self._path)
        try:
            return array("q", Tasks(self._db).search(wanted, order))
        except QueryInterruptedError:
            raise asyncio.CancelledError from None

    def _break_off(self) -> None:
        if self._db is not None:
            self._db.interrupt()

    async def close(self) -> None:
        """Let the thread and the connection go."""
        self._break_off()
        await asyncio.wrap_future(self._thread.submit(self._close))
        self._thread.shutdown()

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
