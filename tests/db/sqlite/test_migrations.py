"""Bringing a workspace up to date: with a copy of it as it was, in one go, or not at all."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from selfinstruct.db.check.check import check
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.sqlite.connection import APPLICATION_ID
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.sqlite.migrations import migrations
from selfinstruct.db.sqlite.schema_version import SCHEMA_VERSION
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands import open_workspace
from tests.db.lived_in import rows
from tests.tui.commands.running import run

_LAST = migrations._migrations[-1]
_BEFORE = f"w.db.schema-{SCHEMA_VERSION - 1}"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A workspace that lacks the last migration, with a task in it."""
    path = tmp_path / "w.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrations.apply(Database(db), stop_before=_LAST.name)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
        db.execute(
            "INSERT INTO tasks (origin, instruction, created_at) VALUES ('human', 'Name a river.', 'now')"
        )
    path.chmod(0o600)
    return path


def content(path: Path) -> list[object]:
    """All that is in a file."""
    schema = rows(path, "SELECT type, name, sql FROM sqlite_schema ORDER BY name")
    tables = [name for kind, name, sql in schema if kind == "table" and not sql.startswith("CREATE VIRTUAL")]
    return [
        rows(path, "PRAGMA user_version"),
        schema,
        *(rows(path, f'SELECT * FROM "{name}"') for name in tables),
    ]


def test_a_copy_is_made_before_a_workspace_is_brought_up_to_date(older: Path) -> None:
    before = content(older)
    with Workspace.open(older) as workspace:
        assert workspace.copy_before_migrations == older.parent / _BEFORE
        assert workspace.tasks.get(1).instruction == "Name a river."
    assert content(older.parent / _BEFORE) == before
    assert (older.parent / _BEFORE).stat().st_mode & 0o777 == 0o600
    assert rows(older, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert check(older).is_well


def test_it_is_said_in_one_line_and_once(older: Path) -> None:
    first = run("status", "--db", older)
    assert first.exit_code == 0
    (said,) = first.stderr.splitlines()
    assert "has been migrated" in said
    assert said.endswith(f"{_BEFORE}.")
    assert run("status", "--db", older).stderr == ""


def test_a_migration_that_takes_long_is_announced(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_workspace, "_LARGE", older.stat().st_size)
    first, second = run("status", "--db", older).stderr.splitlines()
    assert "can take minutes" in first
    assert "has been migrated" in second


def test_a_copy_that_is_there_is_not_replaced(older: Path) -> None:
    (older.parent / _BEFORE).write_text("precious")
    with Workspace.open(older) as workspace:
        assert workspace.copy_before_migrations == older.parent / f"{_BEFORE}-2"
    assert (older.parent / _BEFORE).read_text() == "precious"


def test_a_workspace_that_is_new_or_up_to_date_is_not_copied(tmp_path: Path) -> None:
    for _ in range(2):
        with Workspace.open(tmp_path / "new.db", create=True) as workspace:
            assert workspace.copy_before_migrations is None
    assert [path.name for path in tmp_path.iterdir()] == ["new.db"]


@pytest.mark.parametrize("failing", ["a mistake", "SQL"])
def test_a_migration_that_fails_leaves_the_workspace_as_it_was(
    older: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(db: Database) -> None:
        db.execute("UPDATE tasks SET instruction = 'half done'")
        db.execute("CREATE TABLE half (done)")
        if failing == "SQL":
            db.execute("INSERT INTO nothing VALUES (1)")
        raise ZeroDivisionError

    monkeypatch.setattr(_LAST, "fn", fail)
    before = content(older)
    with pytest.raises(WorkspaceError, match="It is unchanged"):
        Workspace.open(older)
    assert content(older) == before
    assert [path.name for path in older.parent.iterdir()] == ["w.db"]
    monkeypatch.undo()
    with Workspace.open(older) as workspace:
        assert workspace.tasks.get(1).instruction == "Name a river."


def test_without_room_for_the_copy_nothing_is_brought_up_to_date(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from selfinstruct.db.workspace import Workspace\n"
        "import selfinstruct.db.sqlite.migrations, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"
        "Workspace.open(Path(sys.argv[1]))\n"
    )
    before = content(older)
    done = subprocess.run(
        [sys.executable, "-c", program, str(older)], capture_output=True, text=True, check=False
    )
    assert f"{_BEFORE} cannot be written" in done.stderr
    assert content(older) == before
    assert [path.name for path in older.parent.iterdir()] == ["w.db"]


def test_of_two_programs_at_once_one_brings_it_up_to_date(older: Path) -> None:
    words = [str(Path(sys.executable).parent / "selfinstruct"), "status", "--db", str(older)]
    programs = [
        subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for _ in range(3)
    ]
    said = [program.communicate(timeout=240)[1] for program in programs]
    assert [program.returncode for program in programs] == [0, 0, 0]
    assert sum("has been migrated" in text for text in said) == 1
    assert sorted(path.name for path in older.parent.iterdir()) == ["w.db", _BEFORE]
    assert check(older).is_well


def test_looking_only_brings_nothing_up_to_date(older: Path) -> None:
    before = older.read_bytes()
    with pytest.raises(WorkspaceError, match="An older program made the workspace"):
        Workspace.open(older, read_only=True)
    assert check(older).is_well
    assert older.read_bytes() == before


def test_tasks_that_are_older_than_the_search_are_found_by_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "w.db", isolation_level=None)) as db:
        migrations.apply(Database(db), stop_before="m005_search")
        db.execute(
            "INSERT INTO tasks (origin, instruction, created_at) VALUES ('human', 'Name a river.', 'now')"
        )
        migrations.apply(Database(db))
        found = db.execute("SELECT rowid FROM tasks_text WHERE tasks_text MATCH 'river'").fetchall()
    assert found == [(1,)]


def test_outputs_that_are_older_than_their_hashes_have_them_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrations.apply(Database(db), stop_before="m010_data_sets")
        db.execute("PRAGMA user_version = 9")
        db.execute(
            """INSERT INTO tasks (origin, instruction, label, created_at)
            VALUES ('human', 'Name a river.', 'generation', 'now')"""
        )
        for output in ("The Rhine.", "The Po."):
            db.execute(
                """INSERT INTO instances (task_id, instruction, label, input, output, state)
                VALUES (1, 'Name a river.', 'generation', '', ?, 'kept')""",
                [output],
            )
        before, after = (
            f'{{"input": "", "output": "{output}", "state": "kept", "reason": null}}'
            for output in ("The Po.", "The Inn.")
        )
        db.execute(
            """INSERT INTO decisions (step, task_id, instance_id, kind, who, at, before, after)
            VALUES (1, 1, 2, 'edit', 'human', 'now', ?, ?)""",
            [before, after],
        )
    with Workspace.open(path) as workspace:
        assert [one.output for one in workspace.instances.of_task(1)] == ["The Rhine.", "The Inn."]
    assert check(path).is_well
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE instances SET output = 'The Ems.' WHERE id = 1")
    (wrong,) = [said for part in check(path).parts for said in part.wrong]
    assert wrong == "The content of instance 1 was altered, but by no decision."
