"""A curator with its first batch on the screen; what the apps of a test run share."""

import contextlib
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from selfinstruct.core.events import BatchCompleted, Event
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating


@pytest.fixture(scope="session", autouse=True)
def a_hundred_apps_in_one_process() -> Iterator[None]:
    """Let memory and time of a test not grow with the apps before it.

    A curator exempts what it has loaded from garbage collection, for its process is its own. And Textual
    keeps parsed stylesheets for one app only.
    """
    parse = Stylesheet._parse_rules
    parsed: dict[tuple[Any, ...], list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, *args: Any, **named: Any) -> list[RuleSet]:
        key = (*args, *sorted(named.items()), *sorted(sheet._variables.items()))
        if key not in parsed:
            parsed[key] = parse(sheet, *args, **named)
        return parsed[key]

    gc.collect()
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "freeze", lambda: None)
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(scope="session")
def generated() -> Iterator[sqlite3.Connection]:
    """A copy, in memory, of a workspace with one batch; empty until a test of the process needs it."""
    with contextlib.closing(sqlite3.connect(":memory:")) as copy:
        yield copy


@pytest.fixture
async def curator(
    engine_on: OpenEngine, workspace: Workspace, generated: sqlite3.Connection
) -> AsyncIterator[Curator]:
    """A curator on a workspace with one batch, which is on the screen."""
    if generated.execute("PRAGMA page_count").fetchone() != (0,):
        generated.backup(workspace._db)
    else:
        async with curating(engine_on(rng_seed=1)) as opened:
            listener = opened.engine.listener

            def copy_first(event: Event) -> None:
                listener(event)
                if isinstance(event, BatchCompleted) and event.batch == 1:
                    workspace._db.backup(generated)

            opened.engine.listener = copy_first
            await opened.press("n")
            await opened.wait_for(BatchCompleted)
        generated.backup(workspace._db)
    async with curating(engine_on(rng_seed=1)) as opened:
        await opened.until(lambda: opened.engine.assessor.is_ready)
        await opened.pilot.pause()
        yield opened
