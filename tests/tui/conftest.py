"""A curator with its first batch on the screen; what the apps of a test run share."""

import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from selfinstruct.core.events import BatchCompleted
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


@pytest.fixture
async def curator(engine_on: OpenEngine) -> AsyncIterator[Curator]:
    """A curator with its first batch on the screen."""
    async with curating(engine_on(rng_seed=1)) as opened:
        await opened.press("n")
        await opened.wait_for(BatchCompleted)
        await opened.pilot.pause()
        yield opened
