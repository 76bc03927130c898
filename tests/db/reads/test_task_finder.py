"""Looking for tasks beside the program."""

import asyncio

import pytest

from selfinstruct.db.reads.task_finder import TaskFinder
from selfinstruct.db.records import TaskQuery
from selfinstruct.db.workspace import Workspace


async def test_it_finds_what_the_workspace_itself_would(workspace: Workspace) -> None:
    for number in range(50):
        workspace.tasks.add(f"Describe garden number {number % 7}", origin="model", at="now")
    finder = TaskFinder(workspace.path)
    for wanted in (TaskQuery(), TaskQuery(words=("number 3",)), TaskQuery(state="accepted")):
        found = await finder.find(wanted, "instruction")
        assert list(found) == list(workspace.tasks.search(wanted, "instruction"))
    workspace.tasks.add("One more", origin="model", at="now")
    assert len(await finder.find(TaskQuery(), "id")) == 51
    await finder.close()


async def test_what_is_asked_last_is_answered_whatever_became_of_the_others(workspace: Workspace) -> None:
    with workspace.transaction():
        for number in range(20_000):
            workspace.tasks.add(f"Describe garden number {number}", origin="model", at="now")
    finder = TaskFinder(workspace.path)
    earlier = [asyncio.ensure_future(finder.find(TaskQuery(), "instruction")) for _ in range(20)]
    await asyncio.sleep(0)
    for search in earlier:
        search.cancel()
    assert len(await finder.find(TaskQuery(words=("number 19999",)), "id")) == 1
    for search in earlier:
        with pytest.raises(asyncio.CancelledError):
            await search
    await finder.close()
