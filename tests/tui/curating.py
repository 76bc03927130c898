"""A running curator, for tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot
from textual.widgets import Static

from selfinstruct.core.engine import Engine
from selfinstruct.db.records import Task
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.screens.tasks.detail_pane import DetailPane
from selfinstruct.tui.screens.tasks.table import CandidateTable

PRICED = {"m": {"input": 1.0, "output": 1.0}}
"""What the model `m` costs, in USD per million tokens."""


def screen_text(app: CuratorApp) -> str:
    """All that is on the screen, a line after the other."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


class Curator:
    """A running curator, as a test sees it."""

    def __init__(self, app: CuratorApp, pilot: Pilot[None], engine: Engine) -> None:
        self.app, self.pilot, self.engine = app, pilot, engine
        self.happened: list[object] = []
        listener = engine.listener

        def listen(event: object) -> None:
            listener(event)  # type: ignore[arg-type]
            self.happened.append(event)

        engine.listener = listen

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.until(lambda: self.app.at_hand.is_settled)
        await self.pilot.pause()

    async def wait_for(self, kind: type) -> None:
        """Wait until the engine has told of something of this kind."""
        async with asyncio.timeout(90):
            while not any(isinstance(event, kind) for event in self.happened):
                await self.pilot.pause()
        await self.pilot.pause()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(90):
            while not condition():
                await self.pilot.pause()

    def shown(self, selector: str) -> str:
        return str(self.app.at_hand.query_one(selector, Static).visual)

    async def detail(self) -> str:
        """The detail of the row under the cursor, once it is drawn."""
        pane = self.app.at_hand.query_one(DetailPane)
        return "\n".join(block.content().plain for block in pane.blocks)

    @property
    def table(self) -> CandidateTable:
        return self.app.at_hand.query_one("#candidates", CandidateTable)

    def current(self) -> Task:
        assert self.table.current is not None
        return self.engine.workspace.tasks.get(self.table.current)

    def task(self, task_id: int) -> Task:
        return self.engine.workspace.tasks.get(task_id)


@asynccontextmanager
async def curating(engine: Engine, size: tuple[int, int] = (120, 30)) -> AsyncIterator[Curator]:
    app = CuratorApp(engine)
    async with app.run_test(size=size) as pilot:
        yield Curator(app, pilot, engine)


async def shown(curator: Curator, *words: str) -> None:
    """Wait until all of these words are on the screen."""
    await curator.until(lambda: all(word in screen_text(curator.app) for word in words))
