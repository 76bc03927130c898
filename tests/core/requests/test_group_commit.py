"""Writes that come at the same time share a transaction, and each is told what became of its own."""

import asyncio

import pytest

from selfinstruct.core.engine import utc_now
from selfinstruct.core.requests.group_commit import GroupCommit
from selfinstruct.core.requests.pipeline import let_others
from selfinstruct.core.requests.sender import Sender
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.server import ModelServer

PRICES = {"m": {"input": 1.0, "output": 1.0}}


async def test_writes_of_one_moment_are_stored_by_one_transaction(workspace: Workspace) -> None:
    together = GroupCommit(workspace)
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
    together = GroupCommit(workspace)
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
    together = GroupCommit(workspace)
    before = workspace.tasks.count()
    leaving = asyncio.ensure_future(
        together.write(lambda: workspace.tasks.add("One.", origin="model", at="2026", batch=1))
    )
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert leaving.cancelled()
    assert workspace.tasks.count() == before + 1


@pytest.mark.parametrize("is_written", [False, True])
async def test_what_is_not_sent_because_its_sender_has_left_does_not_count_as_sent(
    engine_on: OpenEngine, server: ModelServer, is_written: bool
) -> None:
    async with engine_on(base_url=server.url, model="m", prices=PRICES, max_cost=5) as engine:
        workspace = engine.workspace
        request_id = engine.planner.propose(1)
        charged = workspace.requests.charged_usd()
        stopping = asyncio.get_running_loop().create_future()
        together = GroupCommit(workspace)
        ledger = Sender(
            workspace, engine.endpoint, together=together, stopping=stopping, clock=utc_now, emit=engine.emit
        )
        sending = asyncio.ensure_future(ledger.carry_out(request_id))

        def is_so() -> bool:
            state = workspace.requests.get(request_id).state
            return state == "sent" if is_written else bool(together._writes)

        async with asyncio.timeout(90):
            while not is_so():
                await let_others()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await together.finish()
        assert workspace.requests.get(request_id).state == "planned"
        assert workspace.request_log.record(request_id).attempts == ()
        assert workspace.requests.charged_usd() == pytest.approx(charged)
    assert server.received == []
