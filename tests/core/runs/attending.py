"""Generation beside a person, for tests: an attended run whose events can be waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import Event, RequestPlanned
from selfinstruct.core.runs.attended import AttendedRun
from tests.server import Fault, ModelServer, error_body

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


def cut_short(engine: Engine, server: ModelServer, *, batch: int) -> None:
    """Let the second request of a batch fail once, and the cost limit leave no room for more attempts."""
    hear = engine.listener
    planned: list[int] = []

    def listen(event: Event) -> None:
        hear(event)
        if isinstance(event, RequestPlanned):
            request = engine.workspace.requests.get(event.request_id)
            planned.extend([request.id] if (request.stage, request.batch) == ("propose", batch) else [])
            if len(planned) == 2:
                server.refuse = lambda body: Fault(500, error_body("broken"), {"retry-after": "0"})
                engine.limit_cost(engine.workspace.requests.charged_usd())
                engine.listener = hear

    engine.listener = listen


def costs_at_most(engine: Engine, plan: Callable[[], int]) -> float:
    """What a request may cost at most that is planned like this; it is not planned."""
    engine.enter()
    reserved: list[float | None] = []
    with pytest.raises(RuntimeError), engine.workspace.transaction():
        reserved.append(engine.workspace.requests.get(plan()).reserved_usd)
        raise RuntimeError
    assert reserved[0] is not None
    return reserved[0]
