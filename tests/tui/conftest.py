"""A curator with its first batch on the screen."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from selfinstruct.core.events import BatchCompleted
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating


@pytest.fixture(scope="session", autouse=True)
def stylesheets_are_parsed_once() -> Iterator[None]:
    """Share parsed rules between the apps of a test run; Textual itself keeps them for one app."""
    parse = Stylesheet._parse_rules
    parsed: dict[tuple[Any, ...], list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, *args: Any, **named: Any) -> list[RuleSet]:
        key = (*args, *sorted(named.items()), *sorted(sheet._variables.items()))
        if key not in parsed:
            parsed[key] = parse(sheet, *args, **named)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
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
