"""`backup`: a consistent copy of a live workspace, whole or not at all, for its owner only."""

import resource
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct.db.check.check import check
from selfinstruct.db.errors import DamagedError, WorkspaceError
from selfinstruct.db.sqlite.backup import back_up, copy_to
from selfinstruct.db.sqlite.connection import connect_to_read
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.db.check.test_check import by_hand
from tests.db.lived_in import rows
from tests.db.repair.test_repair import overwrite, page_of

_WRITER = """
import sys
from pathlib import Path
from selfinstruct.db.records import Standing
from selfinstruct.db.workspace import Workspace

with Workspace.open(Path(sys.argv[1])) as workspace:
    print("at work", flush=True)
    while True:
        # A task and its decision belong together: no copy may have one without the other.
        with workspace.transaction():
            task_id = workspace.tasks.add("Name a river." * 40, origin="human", at="now", label="generation")
            before = workspace.tasks.get(task_id).standing
            after = Standing("accepted", before.instruction, "generation")
            workspace.decisions.add(
                task_id, "accept", step=workspace.decisions.next_step(), who="human", at="now",
                before=before, after=after,
            )
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_backup_is_the_workspace_in_one_file_for_its_owner_alone(lived_in: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert back_up(lived_in, out / "b.db", force=False).size == (out / "b.db").stat().st_size
    assert names(out) == ["b.db"]
    assert stat.S_IMODE((out / "b.db").stat().st_mode) == 0o600
    assert check(out / "b.db").is_well
    for table in ("tasks", "decisions", "instances", "requests", "attempts", "settings"):
        assert rows(out / "b.db", f"SELECT * FROM {table}") == rows(lived_in, f"SELECT * FROM {table}")


def test_each_backup_of_a_workspace_that_is_written_to_all_the_time_is_of_one_moment(
    lived_in: Path, tmp_path: Path
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(lived_in)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        counts = []
        for number in range(8):
            out = tmp_path / f"{number}.db"
            back_up(lived_in, out, force=False)
            assert check(out).is_well
            counts += rows(out, "SELECT count(*) FROM decisions")[0]
    finally:
        writer.kill()
        writer.communicate()
    assert counts == sorted(counts)
    assert counts[0] < counts[-1], "it was written to meanwhile"


def test_a_backup_has_what_is_in_the_log_still(lived_in: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(lived_in, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute("UPDATE settings SET value = '\"later\"' WHERE name = 'model'")
        assert (tmp_path / "w.db-wal").stat().st_size > 0
        back_up(lived_in, tmp_path / "b.db", force=False)
    assert rows(tmp_path / "b.db", "SELECT value FROM settings WHERE name = 'model'") == [('"later"',)]
    assert rows(tmp_path / "b.db", "PRAGMA journal_mode") == [("delete",)]


def test_what_is_there_is_replaced_only_with_force(lived_in: Path, tmp_path: Path) -> None:
    out = tmp_path / "b.db"
    out.touch()
    with pytest.raises(WorkspaceError, match="--force"):
        back_up(lived_in, out, force=False)
    assert not out.read_bytes()
    back_up(lived_in, out, force=True)
    assert check(out).is_well
    before = out.read_bytes()
    with pytest.raises(WorkspaceError, match="--force"):
        back_up(lived_in, out, force=False)
    assert out.read_bytes() == before
    back_up(lived_in, out, force=True)
    assert check(out).is_well


@pytest.mark.parametrize(
    "content", [b"precious", b"SQLite format 3\0precious"], ids=["a text", "no workspace"]
)
def test_a_file_that_is_not_a_copy_of_a_workspace_is_never_replaced(
    lived_in: Path, tmp_path: Path, content: bytes
) -> None:
    out = tmp_path / "train.jsonl"
    out.write_bytes(content)
    with pytest.raises(
        WorkspaceError, match=r"train\.jsonl is not a copy of a workspace\. Choose another --out"
    ):
        back_up(lived_in, out, force=True)
    assert out.read_bytes() == content


def test_an_earlier_copy_is_replaced_and_a_workspace_with_work_of_its_own_never(
    lived_in: Path, tmp_path: Path
) -> None:
    out = tmp_path / "b.db"
    back_up(lived_in, out, force=False)
    with Workspace.open(lived_in) as workspace:
        workspace.start_run(at="later")
        workspace.end_run(at="later")
    back_up(lived_in, out, force=True)
    assert rows(out, "SELECT count(*) FROM runs") == rows(lived_in, "SELECT count(*) FROM runs")
    with Workspace.open(out) as copy:
        copy.start_run(at="elsewhere")
        copy.tasks.add("Name a river.", origin="human", at="elsewhere")
        copy.end_run(at="elsewhere")
    Workspace.open(tmp_path / "other.db", create=True).close()
    with Workspace.open(tmp_path / "other.db") as other:
        other.tasks.add("Name a lake.", origin="human", at="another day")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for own in (out, tmp_path / "other.db"):
        with pytest.raises(WorkspaceError, match="not an earlier copy of .*would be lost"):
            back_up(lived_in, own, force=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_damaged_copy_is_not_replaced(lived_in: Path, tmp_path: Path) -> None:
    out = tmp_path / "b.db"
    back_up(lived_in, out, force=False)
    overwrite(out, page_of(out, "runs"), b"\xff" * 100)
    before = out.read_bytes()
    with pytest.raises(WorkspaceError, match="would be lost"):
        back_up(lived_in, out, force=True)
    assert out.read_bytes() == before


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
def test_a_symbolic_link_is_followed_with_force_only_and_kept(
    lived_in: Path, tmp_path: Path, there: bool
) -> None:
    (tmp_path / "data").mkdir()
    target = tmp_path / "data" / "target"
    if there:
        target.touch()
    out = tmp_path / "b.db"
    out.symlink_to(target)
    with pytest.raises(WorkspaceError, match="already exists"):
        back_up(lived_in, out, force=False)
    assert target.exists() == there
    assert not there or not target.read_bytes()
    back_up(lived_in, out, force=True)
    assert out.is_symlink()
    assert check(target).is_well


def test_a_device_is_no_place_for_a_backup(lived_in: Path) -> None:
    for force in (False, True):
        with pytest.raises(WorkspaceError, match="/dev/stdout is not an ordinary file"):
            back_up(lived_in, Path("/dev/stdout"), force=force)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("w.db", "is the workspace itself"),
        ("w.db-journal", "belongs to the workspace"),
        ("w.db-wal", "belongs to the workspace"),
        ("w.db.run-3", "belongs to the workspace"),
        ("w.db.before-repair", "belongs to the workspace"),
        ("w.db.schema-5", "belongs to the workspace"),
        (".", "is a folder"),
        ("nowhere/b.db", "cannot be written"),
        ("n" * 300, "cannot be written"),
        ("old.db", "old.db-wal belongs to another file"),
    ],
)
def test_where_no_copy_can_be_is_said_and_nothing_is_touched(
    lived_in: Path, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "old.db-wal").write_text("of something that was here")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(WorkspaceError, match=said):
        back_up(lived_in, tmp_path / name, force=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_no_backup_is_made_of_a_damaged_workspace_and_the_last_one_stays(
    lived_in: Path, tmp_path: Path
) -> None:
    out = tmp_path / "b.db"
    back_up(lived_in, out, force=False)
    before = out.read_bytes()
    overwrite(lived_in, page_of(lived_in, "tasks"), b"\xff" * 100)
    with pytest.raises(DamagedError, match="no copy was written"):
        back_up(lived_in, out, force=True)
    assert out.read_bytes() == before
    assert names(tmp_path) == ["b.db", "w.db"]


def test_a_backup_changes_nothing_in_an_older_workspace(lived_in: Path, tmp_path: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("PRAGMA user_version = 1")
    back_up(lived_in, tmp_path / "b.db", force=False)
    assert rows(tmp_path / "b.db", "PRAGMA user_version") == rows(lived_in, "PRAGMA user_version") == [(1,)]


def test_one_goes_on_from_a_backup(lived_in: Path, tmp_path: Path) -> None:
    back_up(lived_in, tmp_path / "b.db", force=False)
    with Workspace.open(tmp_path / "b.db") as workspace:
        workspace.start_run(at="now")
        workspace.tasks.add("Name a river.", origin="human", at="now")
        workspace.end_run(at="now")
    assert check(tmp_path / "b.db").is_well


def test_a_disk_that_takes_no_more_is_no_damage_to_the_workspace(lived_in: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(connect_to_read(lived_in)) as db:
        db.execute("SELECT count(*) FROM tasks").fetchone()
        resource.setrlimit(resource.RLIMIT_FSIZE, (16 * 1024, hard))
        try:
            with pytest.raises(WorkspaceError) as told:
                copy_to(db, out / "b.db", force=False)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not isinstance(told.value, DamagedError)
    assert "b.db" in str(told.value)
    assert names(out) == []
