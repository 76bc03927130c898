"""Whatever SQLite says becomes a sentence, and only damage is called damage."""

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct.db.errors import (
    BusyError,
    DamagedError,
    QueryInterruptedError,
    QueryRefusedError,
    StorageError,
    WorkspaceError,
)
from selfinstruct.db.records import TaskQuery
from selfinstruct.db.sqlite.connection import connect
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.sqlite.transactions import one_moment, transaction
from selfinstruct.db.workspace import Workspace

_MANY_IDS = range(300_000)


def add(workspace: Workspace, instruction: str = "Name a river.") -> int:
    return workspace.tasks.add(instruction, origin="human", at="now")


def test_a_thousand_words_of_the_filter_line_are_looked_for(workspace: Workspace) -> None:
    words = [f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}" for n in range(1200)]
    add(workspace)
    found = add(workspace, " ".join(words))
    assert workspace.tasks.search(TaskQuery(words=tuple(words))) == [found]
    long = [f"word{n}" for n in range(1200)]
    found = add(workspace, " ".join(long))
    assert workspace.tasks.search(TaskQuery(words=(*long, "D1"))) == [found]


READS_OF_MANY: dict[str, Callable[[Workspace], object]] = {
    "tasks": lambda workspace: [task.id for task in workspace.tasks.get_many(_MANY_IDS)],
    "reasons": lambda workspace: workspace.tasks.reasons_of(_MANY_IDS),
    "waiting": lambda workspace: workspace.tasks.first_waiting_among(_MANY_IDS),
    "instances": lambda workspace: workspace.instances.kept(_MANY_IDS),
    "requests": lambda workspace: workspace.request_log.get_many(_MANY_IDS),
    "vectors": lambda workspace: workspace.vectors.of_tasks(_MANY_IDS),
    "lacking vectors": lambda workspace: workspace.vectors.lacking(_MANY_IDS, 1),
}


@pytest.mark.parametrize("read", READS_OF_MANY.values(), ids=READS_OF_MANY.keys())
def test_however_many_ids_are_asked_for_they_are_found(
    workspace: Workspace, read: Callable[[Workspace], object]
) -> None:
    workspace.vectors.look("m", "http://127.0.0.1")
    add(workspace)
    assert read(workspace) in ([1], [], {}, None)


def test_everything_is_counted_inside_a_transaction_as_well(workspace: Workspace) -> None:
    with workspace.transaction():
        add(workspace)
        assert workspace.counts().candidates["pending"] == 1


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT {' AND '.join(['1'] * 1200)}",
        "SELECT * FROM tasks_text WHERE tasks_text MATCH '\"'",
        "BEGIN; BEGIN",
        "SELECT nothing_of_ours(1)",
        "INSERT INTO instances (task_id, instruction, label, input, output, state)"
        " VALUES (9, '', '', '', '', 'kept')",
        "INSERT INTO tasks (origin, instruction, created_at) VALUES ('nobody', '', '')",
        "SELECT zeroblob(2000000000)",
    ],
)
def test_a_query_that_is_refused_is_no_damage(workspace: Workspace, sql: str) -> None:
    with pytest.raises(QueryRefusedError, match="SQLite refuses") as refused:
        for one in sql.split("; "):
            workspace._db.execute(one).fetchall()
    assert "damaged" not in str(refused.value)


@pytest.mark.parametrize("drop", ["INDEX tasks_passing", "INDEX instances_alike", "TABLE tasks_text"])
def test_a_file_that_lacks_what_every_workspace_has_is_damaged(workspace: Workspace, drop: str) -> None:
    workspace._db.execute(f"DROP {drop}")
    with pytest.raises(DamagedError, match="selfinstruct check --db"):
        workspace.tasks.count_passing()
        workspace.training()
        workspace.tasks.search(TaskQuery(words=("river",)))


def test_another_program_that_writes_is_named_as_the_cause(workspace: Workspace) -> None:
    workspace._db.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(workspace.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError, match="cannot be written: another program is using it"):
            add(workspace)
    assert add(workspace) == 1


def test_what_another_program_keeps_from_being_read_is_not_called_writing(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        add(workspace)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        closing(connect(path, create=False)) as db,
    ):
        db.execute("PRAGMA journal_mode = DELETE")  # with a write-ahead log, readers wait for nobody
        other.execute("BEGIN EXCLUSIVE")
        db.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(BusyError, match="cannot be read: another program is using it"), one_moment(db):
            db.execute("SELECT count(*) FROM tasks").fetchone()
        with pytest.raises(BusyError, match="cannot be written: another"), transaction(db):
            pass


def test_a_disk_that_is_full_is_told_and_what_was_stored_is_kept(workspace: Workspace) -> None:
    add(workspace)
    (pages,) = workspace._db.execute("PRAGMA page_count").fetchone()
    workspace._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match=r"cannot be written: .*full.*free some space") as full:
        add(workspace, "Name a river. " * 10_000)
    assert not isinstance(full.value, BusyError)
    workspace._db.execute("PRAGMA max_page_count = 1000000")
    assert add(workspace) == 2


def test_a_file_that_cannot_be_read_to_its_end_is_told(workspace: Workspace, tmp_path: Path) -> None:
    with workspace.transaction():
        for number in range(500):
            add(workspace, f"Name river {number}. " * 50)
    workspace._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (size,) = workspace._db.execute("PRAGMA page_size").fetchone()
    cut = tmp_path / "cut.db"
    cut.write_bytes(workspace.path.read_bytes()[: size * 60])
    with pytest.raises(WorkspaceError, match=r"damaged|cannot be read"), Workspace.open(cut) as opened:
        opened.tasks.get_many(range(500))


def test_a_query_that_was_broken_off_is_no_fault_of_the_workspace(workspace: Workspace) -> None:
    timer = threading.Timer(0.05, workspace._db.interrupt)
    timer.start()
    with pytest.raises(QueryInterruptedError):
        workspace._db.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        ).fetchall()
    timer.join()


def test_a_read_that_fails_again_fails_again_and_never_looks_empty(workspace: Workspace) -> None:
    ids = [add(workspace), add(workspace)]
    kept = []
    assert len(workspace.tasks.get_many(ids)) == 2
    workspace._db.set_progress_handler(lambda: 1, 1)
    for _ in range(3):
        with pytest.raises(QueryInterruptedError) as error:
            workspace.tasks.get_many(ids)
        kept.append(error)  # as a handler does that tells of it
    workspace._db.set_progress_handler(None, 0)
    assert len(workspace.tasks.get_many(ids)) == 2


def test_a_mistake_of_the_program_stays_one(workspace: Workspace) -> None:
    with pytest.raises(sqlite3.ProgrammingError):
        workspace._db.execute("SELECT ?", [1, 2])


@pytest.mark.parametrize(
    "ask",
    [
        lambda cursor: cursor.execute("SELEC 1"),
        lambda cursor: cursor.executemany("SELEC ?", [[1]]),
        lambda cursor: cursor.executescript("SELECT 1; SELEC 1;"),
    ],
)
def test_a_statement_that_sqlite_refuses_is_told_however_it_is_run(
    workspace: Workspace, ask: Callable[[sqlite3.Cursor], object]
) -> None:
    with pytest.raises(QueryRefusedError, match="SQLite refuses the query: .*SELEC"):
        ask(workspace._db.cursor())
