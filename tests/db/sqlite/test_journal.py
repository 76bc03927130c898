"""The journal of a workspace follows the SQLite of the program that opens it, and nobody's hand is forced."""

import gc
import importlib
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import tests.system_sqlite
from selfinstruct.db.check.check import check
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.sqlite.connection import connect_to_read
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace

_OLDER, _NEWER = (3, 51, 2), (3, 51, 3)


def opened_by(version: tuple[int, ...], monkeypatch: pytest.MonkeyPatch, path: Path) -> Workspace:
    """A workspace as a program opens it whose SQLite has this version."""
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "sqlite_version_info", version)
        return Workspace.open(path, create=True)


def test_a_workspace_takes_the_journal_that_suits_whoever_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.db"
    journals = []
    for number, version in enumerate((_OLDER, _NEWER, _OLDER, _NEWER), start=1):
        with opened_by(version, monkeypatch, path) as workspace:
            workspace.tasks.add(f"Name river {number}.", origin="human", at="now")
            assert len(workspace.tasks.get_many(range(9))) == number
            journals.append(workspace.storage().journal)
    assert journals == ["delete", "wal", "delete", "wal"]
    assert check(path).is_well


def test_beside_a_program_with_an_older_sqlite_no_log_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_by(_OLDER, monkeypatch, tmp_path / "w.db") as older:
        older.start_run(at="now")
        with opened_by(_NEWER, monkeypatch, tmp_path / "w.db") as newer:
            assert newer.storage().journal == "delete"
        older.end_run(at="now")


def test_an_older_sqlite_does_not_write_to_a_log_that_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.db"
    with opened_by(_NEWER, monkeypatch, path) as newer:
        newer.tasks.add("Name a river.", origin="human", at="now")
        with pytest.raises(WorkspaceError, match=r"program with a newer SQLite.*Close that program first"):
            opened_by(_OLDER, monkeypatch, path)
        assert newer.storage().journal == "wal"
    gc.collect()  # the error's traceback holds a statement, and that the connection which was closed
    opened_by(_OLDER, monkeypatch, path).close()


def test_a_reader_holds_up_no_writer_and_sees_one_moment(workspace: Workspace) -> None:
    if workspace.storage().journal != "wal":
        pytest.skip("with a rollback journal it does")
    workspace._db.execute("PRAGMA busy_timeout = 0")
    with closing(connect_to_read(workspace.path)) as reader:
        reader.execute("BEGIN")
        count = "SELECT count(*) FROM tasks"
        assert reader.execute(count).fetchone() == (0,)
        workspace.tasks.add("Name a river.", origin="human", at="now")
        assert reader.execute(count).fetchone() == (0,)
        reader.execute("ROLLBACK")
        assert reader.execute(count).fetchone() == (1,)


def test_without_pysqlite3_the_sqlite_of_python_is_used_by_all_parts_of_the_program(tmp_path: Path) -> None:
    program = (
        "import sqlite3, sys\n"
        "from pathlib import Path\n"
        "import sqlite_utils.utils\n"
        "from selfinstruct.db.sqlite import driver\n"
        "from selfinstruct.db.workspace import Workspace\n"
        "assert driver.sqlite3.Connection is sqlite3.Connection is sqlite_utils.utils.sqlite3.Connection\n"
        "with Workspace.open(Path(sys.argv[1]), create=True) as workspace:\n"
        "    print(workspace.storage().library)\n"
    )
    hidden = {**os.environ, "PYTHONPATH": str(Path(tests.system_sqlite.__path__[0]))}
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "w.db")],
        env=hidden,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "sqlite3\n"
    assert check(tmp_path / "w.db").is_well


def test_with_pysqlite3_it_is_used_by_all_parts_of_the_program() -> None:
    pysqlite3 = pytest.importorskip("pysqlite3")
    of_sqlite_utils = importlib.import_module("sqlite_utils.utils").sqlite3
    assert pysqlite3.Connection is sqlite3.Connection is of_sqlite_utils.Connection
