"""After a power cut or a crash: what is committed is there, for whoever looks first."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from selfinstruct.db.sqlite.connection import connect, journal_mode, journal_of
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace

# Ends without closing anything as soon as the commit has returned.
_COMMITS = """
import os, sys
from pathlib import Path
from selfinstruct.db.workspace import Workspace
workspace = Workspace.open(Path(sys.argv[1]), create=True)
workspace.start_run(at="now")
workspace.tasks.add("Keep this.", origin="human", at="now")
os._exit(0)
"""


@pytest.mark.parametrize(
    ("version", "journal"),
    [((3, 40, 1), "delete"), ((3, 51, 2), "delete"), ((3, 51, 3), "wal"), ((4, 0, 0), "wal")],
)
def test_the_journal_follows_the_version_of_sqlite(version: tuple[int, ...], journal: str) -> None:
    assert journal_of(version) == journal


def test_a_workspace_has_the_journal_that_is_said(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.db", create=True):
        db = connect(tmp_path / "w.db", create=False)
        assert journal_mode(db) == journal_of(sqlite3.sqlite_version_info)
        assert db.execute("PRAGMA synchronous").fetchone() == (3,), "EXTRA"
        db.close()


def test_a_power_cut_takes_nothing_that_is_committed(library: Path, tmp_path: Path) -> None:
    """Nothing that the disk may still hold back is left when a commit returns, nor ever out of order."""
    folder = tmp_path / "disk"
    folder.mkdir()
    path, log = folder / "w.db", tmp_path / "log"
    watched = {"DISK_FILES": str(path), "DISK_FOLDER": str(folder), "DISK_LOG": str(log)}
    environment = {**os.environ, "LD_PRELOAD": str(library), **watched}
    subprocess.run([sys.executable, "-c", _COMMITS, str(path)], env=environment, check=True, timeout=240)
    calls = [line.split(" ", 1) for line in log.read_text().splitlines()] if log.exists() else []
    calls = [[call, name.removesuffix(" (deleted)")] for call, name in calls if ".run-" not in name]
    if not any(call == "write" for call, _ in calls):
        pytest.skip("SQLite's writes cannot be seen here: it is linked into Python statically")
    journals = {f"{path}-journal", f"{path}-wal"}
    held_back: set[str] = set()
    for call, name in calls:
        if call == "sync":
            held_back.discard(name)
        elif call in {"write", "truncate"}:
            if name == str(path):
                assert not journals & held_back, "a page is overwritten whose old or new content may be lost"
            if not name.endswith("-shm"):  # which is made anew from the others
                held_back.add(name)
        else:
            held_back.add(str(folder))
            if call == "unlink":
                held_back.discard(name)
    assert not held_back


def half_written(tmp_path: Path) -> Path:
    """A workspace whose program was cut off inside a transaction, with pages overwritten."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    with Workspace.open(whole / "w.db", create=True) as workspace:
        workspace.tasks.add("Keep this.", origin="human", at="now")
        db = workspace._db
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        for _ in range(200):
            workspace.tasks.add("Never was. " * 100, origin="human", at="now")
        shutil.copytree(whole, cut)
        db.execute("ROLLBACK")
    assert (cut / "w.db").read_bytes() != (whole / "w.db").read_bytes()
    return cut / "w.db"


@pytest.mark.parametrize("read_only", [True, False])
def test_the_first_program_after_a_crash_sees_the_last_commit(tmp_path: Path, *, read_only: bool) -> None:
    with Workspace.open(half_written(tmp_path), read_only=read_only) as workspace:
        assert [task.instruction for task in workspace.tasks.get_many(range(300))] == ["Keep this."]


def test_a_workspace_half_created_at_a_crash_is_completed(tmp_path: Path) -> None:
    """The very first transaction was cut off: with its journal, the file is empty again."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    db = sqlite3.connect(whole / "w.db", isolation_level=None)
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN IMMEDIATE")
    db.execute("PRAGMA application_id = 0x53494E53")
    db.execute("CREATE TABLE settings (name TEXT)")
    db.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)"
        " INSERT INTO settings SELECT hex(zeroblob(500)) FROM n"
    )
    shutil.copytree(whole, cut)
    db.execute("ROLLBACK")
    db.close()
    assert (cut / "w.db").stat().st_size > 0
    with Workspace.open(cut / "w.db", create=True) as workspace:
        assert workspace.tasks.count() == 0
