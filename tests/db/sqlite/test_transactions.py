"""Writes of one transaction are stored together or not at all; what follows in memory follows the disk."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from selfinstruct.db.errors import StorageError
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace


def add(workspace: Workspace, instruction: str = "Name a river.") -> int:
    return workspace.tasks.add(instruction, origin="human", at="now")


def noted(said: list[str], word: str) -> Callable[[], None]:
    return lambda: said.append(word)


@pytest.fixture
def slow_commits(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Commits in a thread wait until a test lets them go."""
    go, commit = threading.Event(), sqlite3.Connection.commit

    class Slow:
        @staticmethod
        def commit(db: sqlite3.Connection) -> None:
            assert go.wait(60)
            commit(db)

    monkeypatch.setattr("selfinstruct.db.sqlite.transactions.sqlite3.Connection", Slow)
    yield go
    go.set()


def test_an_error_undoes_its_part_of_a_transaction_and_no_other(workspace: Workspace) -> None:
    before = workspace.tasks.count()
    with workspace.transaction():
        kept = add(workspace, "Kept.")
        with pytest.raises(ValueError, match="no"), workspace.savepoint():
            add(workspace, "Lost.")
            raise ValueError("no")
        also_kept = add(workspace, "Kept too.")
    assert workspace.tasks.count() == before + 2
    assert [task.instruction for task in workspace.tasks.get_many([kept, also_kept])] == [
        "Kept.",
        "Kept too.",
    ]


def test_a_part_without_a_transaction_is_one(workspace: Workspace) -> None:
    before = workspace.tasks.count()
    with pytest.raises(ValueError, match="no"), workspace.savepoint():
        add(workspace)
        raise ValueError("no")
    assert workspace.tasks.count() == before
    with workspace.savepoint():
        add(workspace)
    assert workspace.tasks.count() == before + 1


def test_what_follows_is_put_off_until_the_transaction_is_stored(workspace: Workspace) -> None:
    said: list[str] = []
    with workspace.transaction():
        workspace.once_stored(noted(said, "first"))
        workspace.if_undone(noted(said, "never"))
        workspace.once_stored(noted(said, "second"))
        assert said == []
    assert said == ["first", "second"]
    workspace.once_stored(noted(said, "at once"))
    assert said == ["first", "second", "at once"]


def test_what_is_undone_is_taken_back_in_memory_the_last_step_first(workspace: Workspace) -> None:
    said: list[str] = []
    with workspace.transaction():
        workspace.if_undone(noted(said, "never"))
        with pytest.raises(ValueError, match="no"), workspace.savepoint():
            workspace.once_stored(noted(said, "never"))
            workspace.if_undone(noted(said, "earlier"))
            workspace.if_undone(noted(said, "later"))
            raise ValueError("no")
        assert said == ["later", "earlier"]
        workspace.once_stored(noted(said, "stored"))
    assert said == ["later", "earlier", "stored"]
    with pytest.raises(ValueError, match="no"), workspace.transaction():
        workspace.if_undone(noted(said, "all"))
        raise ValueError("no")
    assert said[-1] == "all"


@pytest.mark.parametrize("is_attended", [False, True])
async def test_the_loop_goes_on_while_a_commit_waits_for_the_disk(
    workspace: Workspace, slow_commits: threading.Event, is_attended: bool
) -> None:
    if is_attended:
        workspace.lock_wait.stop_blocking()
    running = asyncio.ensure_future(workspace.group_transactions.run(lambda: add(workspace)))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not running.done()
    slow_commits.set()
    assert workspace.tasks.get(await running).instruction == "Name a river."


async def test_nobody_sees_or_joins_a_transaction_that_is_being_committed(
    workspace: Workspace, slow_commits: threading.Event
) -> None:
    said: list[str] = []

    def work() -> int:
        workspace.once_stored(noted(said, "stored"))
        return add(workspace, "One.")

    running = asyncio.ensure_future(workspace.group_transactions.run(work))
    await asyncio.sleep(0)
    threading.Timer(0.05, slow_commits.set).start()
    with workspace.transaction():
        assert said == ["stored"], "it waits for the commit, and for what follows it"
        second = add(workspace, "Two.")
    first = await running
    assert [task.instruction for task in workspace.tasks.get_many([first, second])] == ["One.", "Two."]


async def test_a_commit_that_fails_takes_back_everything_and_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    before = workspace.tasks.count()

    class Full:
        @staticmethod
        def commit(db: sqlite3.Connection) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    def work() -> None:
        workspace.once_stored(noted(said, "stored"))
        workspace.if_undone(noted(said, "undone"))
        add(workspace)

    with monkeypatch.context() as patched:
        patched.setattr("selfinstruct.db.sqlite.transactions.sqlite3.Connection", Full)
        with pytest.raises(StorageError, match="full"):
            await workspace.group_transactions.run(work)
    assert said == ["undone"]
    assert workspace.tasks.count() == before
    assert await workspace.group_transactions.run(lambda: add(workspace))


async def test_a_transaction_that_sqlite_rolls_back_leaves_nothing_to_the_next_one(
    workspace: Workspace,
) -> None:
    """As after an error of the disk that somebody has kept."""
    said: list[str] = []

    def work() -> None:
        workspace.once_stored(noted(said, "stored"))
        workspace.if_undone(noted(said, "undone"))
        workspace._db.execute("ROLLBACK")
        add(workspace, "In a transaction of its own.")

    with pytest.raises(StorageError, match="rolled back"):
        await workspace.group_transactions.run(work)
    assert said == ["undone"]
    assert await workspace.group_transactions.run(lambda: add(workspace))


async def test_an_error_in_a_group_stores_nothing_of_it(workspace: Workspace) -> None:
    before = workspace.tasks.count()

    def work() -> None:
        add(workspace)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await workspace.group_transactions.run(work)
    assert workspace.tasks.count() == before


def test_a_workspace_is_closed_once_its_last_commit_is_done(tmp_path: Path) -> None:
    path = tmp_path / "w.db"

    async def leave() -> None:
        running = asyncio.ensure_future(workspace.group_transactions.run(lambda: add(workspace, "Last.")))
        await asyncio.sleep(0)
        running.cancel()

    with Workspace.open(path, create=True) as workspace:
        asyncio.run(leave())
    with Workspace.open(path) as again:
        assert again.tasks.count() == 1
