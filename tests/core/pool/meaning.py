"""A server whose vectors say which texts mean the same, for tests."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.task_query import parse_filter
from selfinstruct.db.records import Task
from selfinstruct.db.workspace import Workspace
from tests.core.runs.test_unattended import run
from tests.server import ModelServer

RAIN = "Describe how it smells after a summer shower."
WET = "Put the scent of wet streets in July into words."
MOON = "Explain to a child why the moon changes its shape."
EAST, NEARLY_EAST, NORTH = [1.0, 0.0, 0.0], [0.99, 0.1, 0.0], [0.0, 1.0, 0.0]

PAID = {"m": {"input": 1.0, "output": 1.0}, "e": {"input": 1.0, "output": 0.0}}


def on(server: ModelServer, **settings: Any) -> dict[str, Any]:
    return {"base_url": server.url, "model": "m", "embeddings": "e", **settings}


def by_meaning(server: ModelServer, **vectors: list[float]) -> None:
    """Have the server answer with three numbers a text: what is not named points up."""
    named = {"rain": RAIN, "wet": WET, "moon": MOON}
    meanings = {named[name]: vector for name, vector in vectors.items()}

    def spoil(answer: dict[str, Any]) -> None:
        texts = server.embedded()[-1]
        for one in answer["data"]:
            text = texts[one["index"]]
            one["embedding"] = (meanings | server.meanings).get(text, [0.0, 0.0, 1.0])

    server.spoil = spoil


def task(workspace: Workspace, instruction: str) -> Task:
    (task_id,) = workspace.tasks.search(parse(instruction))
    return workspace.tasks.get(task_id)


def parse(instruction: str) -> Any:
    return parse_filter(f'"{instruction}"')


async def in_doubt(path: Path, server: ModelServer, **settings: Any) -> None:
    """Have a program go away while it asks for the pool's first vectors."""
    server.gate.clear()
    running = asyncio.ensure_future(run(path, **on(server, concurrency=1, **{"prices": PAID} | settings)))
    assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    server.gate.set()
