"""Writes that come at the same time share a transaction, and each is told what became of its own."""

import asyncio

import pytest

from selfinstruct.core.together import Together
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.workspace import Workspace


async def test_writes_of_one_moment_are_stored_by_one_transaction(workspace: Workspace) -> None:
    together = Together(workspace)
    began: list[str] = []
    workspace._db.set_trace_callback(lambda sql: began.append(sql) if sql.startswith("BEGIN") else None)
    add = workspace.tasks.add
    ids = await asyncio.gather(
        *(
            together.write(lambda text=text: add(text, origin="model", at="2026", batch=1))  # type: ignore[misc]
            for text in ("One.", "Two.", "Three.")
        )
    )
    assert len(began) == 1
    assert [workspace.tasks.get(task_id).instruction for task_id in ids] == ["One.", "Two.", "Three."]


async def test_all_of_them_learn_that_nothing_was_stored(workspace: Workspace) -> None:
    together = Together(workspace)
    before = workspace.tasks.count()

    def fail() -> None:
        raise WorkspaceError("The disk is full.")

    told = await asyncio.gather(
        together.write(lambda: workspace.tasks.add("One.", origin="model", at="2026", batch=1)),
        together.write(fail),
        return_exceptions=True,
    )
    assert [type(error) for error in told] == [WorkspaceError, WorkspaceError]
    assert workspace.tasks.count() == before
    with pytest.raises(WorkspaceError, match="full"):
        await together.write(fail)


async def test_what_somebody_wrote_who_has_left_is_stored(workspace: Workspace) -> None:
    together = Together(workspace)
    before = workspace.tasks.count()
    leaving = asyncio.ensure_future(
        together.write(lambda: workspace.tasks.add("One.", origin="model", at="2026", batch=1))
    )
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert leaving.cancelled()
    assert workspace.tasks.count() == before + 1
