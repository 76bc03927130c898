"""Group commit: concurrent writes share one transaction, and so one wait for the disk."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.workspace import Workspace

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Write:
    write: Callable[[], Any]
    stored: "asyncio.Future[Any]"
    must_be_awaited: bool
    """Whether to skip the write if its caller has been cancelled by then."""


class GroupCommit:
    """Commits the writes of one event-loop iteration, or of one wait for another program, together.

    Args:
        workspace: The workspace to write to.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._writes: list[_Write] = []
        self._storing: asyncio.Task[None] | None = None

    async def write(
        self, write: Callable[[], Result], *, take_back: Callable[[Result], None] | None = None
    ) -> Result:
        """Run a write together with the others of this iteration; returns its result once committed.

        If the caller is cancelled, the write takes place anyway, unless `take_back` is given: then a write
        that has not run is skipped, and one that was committed is undone by `take_back`, which gets its
        result.

        Raises:
            WorkspaceError: The transaction failed, and with it every write of this iteration.
        """
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[Result] = loop.create_future()
        self._writes.append(_Write(write, stored, must_be_awaited=take_back is not None))
        if self._storing is None or self._storing.done():
            self._storing = loop.create_task(self._store())
        try:
            return await stored
        except asyncio.CancelledError:
            is_stored = stored.done() and not stored.cancelled() and stored.exception() is None
            if take_back is not None and is_stored:
                with suppress(WorkspaceError):  # the row stays, as after a crash
                    take_back(stored.result())
            raise

    async def _store(self) -> None:
        while self._writes:
            try:
                await self._workspace.lock_wait.when_free(self._write_all)
            except Exception as error:  # noqa: BLE001 - raised again by each `write`
                writes, self._writes = self._writes, []
                for one in writes:
                    if not one.stored.done():
                        one.stored.set_exception(error)

    def _write_all(self) -> None:
        writes = [one for one in self._writes if not (one.must_be_awaited and one.stored.cancelled())]
        with self._workspace.transaction():
            results = [one.write() for one in writes]
        self._writes = []
        for one, result in zip(writes, results, strict=True):
            if not one.stored.done():
                one.stored.set_result(result)
