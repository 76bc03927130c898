"""Background search for tasks, on a separate thread and connection."""

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
    """Searches for tasks in the background; a new search cancels the previous one.

    Args:
        path: The workspace's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="finder")
        self._db: Connection | None = None

    async def find(self, wanted: TaskQuery, order: Order) -> "array[int]":
        """Return the ids of the tasks that match a query, sorted; a running search is interrupted.

        Raises:
            asyncio.CancelledError: A later search has interrupted this one.
        """
        self._interrupt()
        return await asyncio.wrap_future(self._thread.submit(self._find, wanted, order))

    def _find(self, wanted: TaskQuery, order: Order) -> "array[int]":
        if self._db is None:
            self._db = connect_to_read(self._path)
        try:
            return array("q", Tasks(self._db).search(wanted, order))
        except QueryInterruptedError:
            raise asyncio.CancelledError from None

    def _interrupt(self) -> None:
        if self._db is not None:
            self._db.interrupt()

    async def close(self) -> None:
        """Stop the thread and close the connection."""
        self._interrupt()
        await asyncio.wrap_future(self._thread.submit(self._close))
        self._thread.shutdown()

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
