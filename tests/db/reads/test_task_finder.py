"""Looking for tasks beside the program."""

import asyncio
import threading

import pytest

from selfinstruct.db.reads.task_finder import TaskFinder
from selfinstruct.db.records import TaskQuery
from selfinstruct.db.tables.tasks import Tasks
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


async def test_a_search_that_is_under_way_does_not_hold_up_the_end(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = threading.Event()

    def endless(tasks: Tasks, *_: object) -> list[int]:
        tasks._db.set_progress_handler(running.set, 1000)
        counting = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
        return [number for (number,) in tasks._db.execute(counting)]

    monkeypatch.setattr(Tasks, "search", endless)
    finder = TaskFinder(workspace.path)
    search = asyncio.ensure_future(finder.find(TaskQuery(), "id"))
    await asyncio.to_thread(running.wait)
    await finder.close()
    with pytest.raises(asyncio.CancelledError):
        await search
