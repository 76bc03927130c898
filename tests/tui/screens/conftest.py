"""The Instances screen at a task with three instances."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import OpenEngine
from tests.server import ModelServer
from tests.tui.curating import curating
from tests.tui.screens.instances_screen import Instances, with_three


@pytest.fixture
async def at(engine_on: OpenEngine, server: ModelServer) -> AsyncIterator[Instances]:
    """The Instances screen at a task with three instances, the cursor among them."""
    engine = engine_on(base_url=server.url, model="m")
    task_id = await with_three(engine, server)
    async with curating(engine) as curator:
        await curator.press("3", "enter")
        yield Instances(curator, task_id)
