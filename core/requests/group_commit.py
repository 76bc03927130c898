"""Group commit: concurrent writes share one transaction, and so one wait for the disk."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.workspace import Workspace

Result = TypeVar("Result")

_ENOUGH = 12
"""Writes that are worth a transaction of their own: more answers would wait longer to save fewer syncs."""
_PAUSE_A_REQUEST_S = 0.0008
_LONGEST_PAUSE_S = 0.05
"""Seconds that a write waits for others, for each request at the server and at most."""


@dataclass(frozen=True, slots=True)
class _Write:
    write: Callable[[], Any]
    stored: "asyncio.Future[Any]"
    take_back: Callable[[Any], None] | None
    """Undoes the write if its caller has been cancelled; None lets it stand."""
    at_once: bool

    @property
    def is_unwanted(self) -> bool:
        return self.take_back is not None and self.stored.cancelled()

    def undo(self, result: Any) -> None:
        if self.take_back is not None:
            with suppress(WorkspaceError):  # the row stays, as after a crash
                self.take_back(result)


class Together(Protocol):
    """Writes to a workspace."""

    async def write(
        self,
        write: Callable[[], Result],
        *,
        take_back: Callable[[Result], None] | None = None,
        at_once: bool = False,
    ) -> Result:
        """Run a write; returns its result once it is stored, as `GroupCommit.write` does."""
        ...


class GroupCommit:
    """Commits the writes that come while requests are at a server together, in a thread.

    Args:
        workspace: The workspace to write to.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._writes: list[_Write] = []
        self._storing: asyncio.Task[None] | None = None
        self._elsewhere = 0
        self._enough: asyncio.Future[None] | None = None
        """Done when the writes that have come need not wait for more."""

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Mark the caller as busy elsewhere, with a write to follow that is worth waiting for."""
        self._elsewhere += 1
        try:
            yield
        finally:
            self._elsewhere -= 1
            if not self._elsewhere:
                self._wait_no_longer()

    def _wait_no_longer(self) -> None:
        if self._enough is not None and not self._enough.done():
            self._enough.set_result(None)

    async def write(
        self,
        write: Callable[[], Result],
        *,
        take_back: Callable[[Result], None] | None = None,
        at_once: bool = False,
    ) -> Result:
        """Run a write together with others; returns its result once it is stored.

        `at_once` is for writes that should not wait for more to come.
        If the caller is cancelled, the write takes place anyway, unless `take_back` is given: then a write
        that has not run is skipped, and one that was committed is undone by `take_back`, which gets its
        result.

        Raises:
            WorkspaceError: The transaction failed, and with it every write in it.
        """
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[Result] = loop.create_future()
        mine = _Write(write, stored, take_back, at_once)
        self._writes.append(mine)
        if at_once or len(self._writes) >= _ENOUGH:
            self._wait_no_longer()
        if self._storing is None or self._storing.done():
            self._storing = loop.create_task(self._store())
        try:
            return await stored
        except asyncio.CancelledError:
            if stored.done() and not stored.cancelled() and stored.exception() is None:
                mine.undo(stored.result())
            raise

    async def finish(self) -> None:
        """Wait until nothing more is being written."""
        if self._storing is not None:
            await asyncio.wait({self._storing})

    async def _store(self) -> None:
        while self._writes:
            await self._pause()
            running: list[_Write] | None = None

            def run() -> list[Any]:
                nonlocal running
                running = [one for one in self._take() if not one.is_unwanted]
                return list(self._run(running))

            try:
                results = await self._workspace.group_transactions.run(run)
            except Exception as error:  # noqa: BLE001 - raised again by each `write`
                for one in self._take() if running is None else running:
                    if not one.stored.done():
                        one.stored.set_exception(error)
            else:
                for one, result in zip(running or (), results, strict=True):
                    if not one.stored.done():
                        one.stored.set_result(result)
                    elif one.is_unwanted:
                        one.undo(result)

    async def _pause(self) -> None:
        """Let more writes come, as long as enough are to be expected soon."""
        if not self._elsewhere or len(self._writes) >= _ENOUGH or any(one.at_once for one in self._writes):
            return
        self._enough = asyncio.get_running_loop().create_future()
        longest_s = min(_LONGEST_PAUSE_S, _PAUSE_A_REQUEST_S * self._elsewhere)
        await asyncio.wait({self._enough}, timeout=longest_s)
        self._enough = None

    def _run(self, writes: list[_Write]) -> Iterator[Any]:
        for one in writes:
            # After an error that somebody has kept, the transaction may be gone.
            self._workspace.group_transactions.require_open()
            yield one.write()

    def _take(self) -> list[_Write]:
        writes, self._writes = self._writes, []
        return writes
