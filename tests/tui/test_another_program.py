"""While another program keeps the workspace, a person's keys stay alive, and no decision is lost."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager

import pytest

from selfinstruct.core.events import BatchCompleted
from selfinstruct.db.sqlite.driver import Connection, sqlite3
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.server import ModelServer
from tests.tui.curating import Curator, curating

pytestmark = pytest.mark.long

_WAITING = "Waiting for another program"


@contextmanager
def held(workspace: Workspace) -> Iterator[Connection]:
    """Within, another program keeps the workspace as it keeps the curator from writing to it.

    With a write-ahead log it is in the middle of a write; with a rollback journal a reader is enough.
    """
    with closing(sqlite3.connect(workspace.path, isolation_level=None)) as other:
        if workspace.storage().journal == "wal":
            other.execute("BEGIN IMMEDIATE")
        else:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM tasks").fetchone()
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")


@pytest.fixture
async def curator(engine_on: OpenEngine) -> AsyncIterator[Curator]:
    """A curator with a batch before the person, and nothing under way."""
    async with curating(engine_on(rng_seed=1, requests_per_batch=4, batches_ahead=0)) as opened:
        await opened.press("n")
        await opened.until(lambda: len(opened.table.ids) > 5)
        await opened.until(lambda: not opened.app.session.attended.under_way)
        yield opened


async def test_decisions_wait_in_their_order_and_all_of_them_are_taken(curator: Curator) -> None:
    asked: list[int] = []
    with held(curator.engine.workspace):
        for key in ("a", "r", "a"):
            asked.append(curator.current().id)
            await curator.press(key)
            assert curator.current().id not in asked, "the person has gone on to the next one"
        await curator.until(lambda: "Not stored yet: 3 decisions." in curator.shown("#message"))
        assert _WAITING in curator.shown("#message")
        assert {curator.task(task_id).state for task_id in asked} == {"pending"}
    await curator.until(lambda: not curator.app.session.put_off)
    assert [curator.task(task_id).state for task_id in asked] == ["accepted", "rejected", "accepted"]
    changes = curator.engine.workspace.decisions.changes_since(0)
    assert [change.task_id for change in changes if change.task_id in asked] == asked
    assert "Accepted" in curator.shown("#message")
    for task_id in reversed(asked):
        await curator.press("u")
        assert curator.task(task_id).state == "pending"


async def test_keys_stay_alive_meanwhile(curator: Curator) -> None:
    with held(curator.engine.workspace):
        task_id = curator.current().id
        await curator.press("a")
        before = curator.table.cursor
        await curator.press("j", "j")
        assert curator.table.cursor == before + 2
        for key, screen in (("2", "pool"), ("3", "instances"), ("6", "overview"), ("1", "curate")):
            await curator.press(key)
            assert screen == curator.app.at_hand.NAME
        assert curator.task(task_id).state == "pending"
    await curator.until(lambda: curator.task(task_id).state == "accepted")


async def test_an_undo_that_waits_is_carried_out_after_what_it_undoes(curator: Curator) -> None:
    task_id = curator.current().id
    with held(curator.engine.workspace):
        await curator.press("a", "u")
    await curator.until(lambda: not curator.app.session.put_off)
    history = curator.engine.workspace.decisions.of_task(task_id)
    assert [decision.kind for decision in history] == ["accept", "undo"]
    assert "Undone: acceptance of" in curator.shown("#message")


async def test_what_was_typed_is_kept_until_it_can_be_stored(curator: Curator) -> None:
    task_id = curator.current().id
    with held(curator.engine.workspace):
        await curator.press("e", "end", "!", "ctrl+s")
        assert not curator.task(task_id).instruction.endswith("!")
    await curator.until(lambda: curator.task(task_id).instruction.endswith("!"))


async def test_nothing_is_said_of_waiting_once_that_is_over(curator: Curator) -> None:
    with held(curator.engine.workspace):
        await curator.press("a")
        await curator.until(lambda: _WAITING in curator.shown("#message"))
    await curator.until(lambda: _WAITING not in curator.shown("#message"))


async def test_quitting_waits_for_the_decisions_that_wait(curator: Curator) -> None:
    task_id = curator.current().id
    with held(curator.engine.workspace):
        await curator.press("a", "q")
        assert "Quitting after 1 decision" in curator.shown("#message")
        assert curator.app.is_running
    await curator.until(lambda: not curator.app.session.put_off)
    assert curator.task(task_id).state == "accepted"
    assert curator.app._exit


@contextmanager
def locked(workspace: Workspace) -> Iterator[None]:
    """Within, another program writes; with a rollback journal, nobody else can even read."""
    with closing(sqlite3.connect(workspace.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("is_waited_for", [False, True])
@pytest.mark.parametrize("journal", ["wal", "delete"])
async def test_the_next_batch_is_shown_and_remembered_as_soon_as_it_can_be(
    engine_on: OpenEngine, workspace: Workspace, journal: str, *, is_waited_for: bool
) -> None:
    if workspace._db.execute(f"PRAGMA journal_mode = {journal}").fetchone() != (journal,):
        pytest.skip("this SQLite has no such journal")
    async with curating(engine_on(rng_seed=1, requests_per_batch=1, batches_ahead=1)) as curator:
        await curator.press("n")
        await curator.until(lambda: sum(isinstance(e, BatchCompleted) for e in curator.happened) == 2)
        await curator.until(lambda: not curator.app.session.attended.under_way)
        if is_waited_for:
            for task_id in curator.table.ids:
                curator.engine.decisions.reject(task_id)
            curator.app.curate.refresh_all()
        with locked(workspace):
            if is_waited_for:
                curator.app.curate._waiting = True
                curator.engine.emit(BatchCompleted(2, 1))
                await curator.pilot.pause()
            else:
                await curator.pilot.press("n")
        await curator.until(lambda: curator.app.session.attended.shown == 2)
        await curator.until(lambda: workspace.tasks.batch_under_review() == 2)
        assert 2 in {task.batch for task in workspace.tasks.get_many(curator.table.ids)}


async def test_generation_goes_on_when_the_workspace_is_free_and_no_answer_is_lost(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", requests_per_batch=3, batches_ahead=0, concurrency=3)
    async with curating(engine) as curator:
        server.gate.clear()
        await curator.press("n")
        await curator.until(lambda: len(server.received) == 3)
        with held(engine.workspace):
            server.gate.set()
            await curator.until(lambda: _WAITING in curator.shown("#message"))
        await curator.wait_for(BatchCompleted)
        assert engine.workspace.counts().requests["in_doubt"] == 0
        log = engine.workspace.request_log
        proposals = [request for request in log.get_many(log.ids("all")) if request.stage == "propose"]
        assert [(request.state, request.attempts) for request in proposals] == [("parsed", 1)] * 3
