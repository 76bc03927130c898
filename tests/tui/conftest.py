"""A curator with its first batch on the screen."""

from collections.abc import AsyncIterator

import pytest

from selfinstruct.core.events import BatchCompleted
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating


@pytest.fixture
async def curator(engine_on: OpenEngine) -> AsyncIterator[Curator]:
    """A curator with its first batch on the screen."""
    async with curating(engine_on(rng_seed=1)) as opened:
        await opened.press("n")
        await opened.wait_for(BatchCompleted)
        await opened.pilot.pause()
        yield opened
