"""Writes that come at about the same time, in one transaction: the disk is waited for once for all."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from selfinstruct.db.workspace import Workspace

Result = TypeVar("Result")


class Together:
    """Gathers the writes of one turn of the loop.

    Args:
        workspace: Where they go.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._writes: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []

    async def write(self, write: Callable[[], Result]) -> Result:
        """Carry a write out together with others of this turn; returns its result once it is stored.

        Who is cancelled meanwhile has written all the same.

        Raises:
            WorkspaceError: none of them could be stored.
        """
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[Result] = loop.create_future()
        if not self._writes:
            loop.call_soon(self._write_all)
        self._writes.append((write, stored))
        return await stored

    def _write_all(self) -> None:
        writes, self._writes = self._writes, []
        try:
            with self._workspace.transaction():
                results = [write() for write, _ in writes]
        except Exception as error:  # noqa: BLE001 - raised again by each `write`
            for _, stored in writes:
                if not stored.done():
                    stored.set_exception(error)
            return
        for (_, stored), result in zip(writes, results, strict=True):
            if not stored.done():
                stored.set_result(result)
