"""Generation beside a person, for tests: an attended run whose events can be waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import Event
from selfinstruct.core.runs.attended import AttendedRun
from tests.server import ModelServer

PATIENCE_S = 120.0


class Attended:
    """An attended run, as a test sees it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.events: list[Event] = []
        self._news = asyncio.Event()
        engine.listener = self._hear
        self.run = AttendedRun(engine)

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for events until something is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def told(self, kind: type[Event], count: int = 1) -> None:
        """Wait until the engine has told of so many events of a kind."""
        await self.until(lambda: self.count(kind) >= count)

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.events)

    def states(self) -> list[str]:
        """The states of all requests, by id."""
        requests = self.engine.workspace.requests
        return [requests.get(request_id).state for request_id in range(1, requests.next_id())]


@asynccontextmanager
async def attending(engine: Engine, server: ModelServer | None = None) -> AsyncIterator[Attended]:
    """An attended run that goes on until the end of the block; what it raises is raised there.

    The server is given leave to answer in the end.
    """
    attended = Attended(engine)
    async with engine:
        running = asyncio.create_task(attended.run.run())
        try:
            yield attended
        finally:
            attended.run.stop()
            if server is not None:
                server.gate.set()
            async with asyncio.timeout(PATIENCE_S):
                await running
