"""What is readable is copied row by row; a value that cannot be right is left out and said, or its row is."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from selfinstruct.db.check.check import check
from selfinstruct.db.repair.page_reader import PageReader
from selfinstruct.db.repair.repair import repairing
from selfinstruct.db.repair.salvage import Salvage, salvage, tables_of
from selfinstruct.db.sqlite.connection import connect, connect_to_read
from selfinstruct.db.sqlite.driver import Connection, sqlite3
from selfinstruct.db.sqlite.migrations import migrations
from selfinstruct.db.sqlite.schema_version import bring_up_to_date
from tests.db.check.test_check import by_hand
from tests.db.lived_in import rows
from tests.db.repair.test_repair import _rowids, leaves_of, overwrite

TABLES = (
    "settings",
    "endpoints",
    "runs",
    "requests",
    "attempts",
    "tasks",
    "reasons",
    "instances",
    "decisions",
)


def salvaged(
    path: Path, *, opens: bool = True, pages: Path | None = None
) -> tuple[Salvage, dict[str, list[tuple[object, ...]]]]:
    """What is found in a workspace, or in the pages of another file, and the rows.

    As if SQLite could open the workspace, or could not.
    """
    new = path.with_name("new.db")
    with closing(connect(new, create=True)) as target, (pages or path).open("rb") as file:
        bring_up_to_date(target, new)
        target.execute("PRAGMA foreign_keys = OFF")
        for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            target.execute(f"DROP TRIGGER {name}")
        with closing(connect_to_read(path)) as source:
            found = salvage(source if opens else None, PageReader(file, 4096 if opens else None), target)
        target.execute("PRAGMA foreign_keys = OFF")
        return found, {table: in_order(target, table) for table in TABLES}


def in_order(db: Connection, table: str) -> list[tuple[object, ...]]:
    return sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr)


@pytest.mark.parametrize("opens", [True, False])
def test_every_row_is_copied_also_where_sqlite_cannot_open_the_file(lived_in: Path, opens: bool) -> None:
    with closing(sqlite3.connect(lived_in)) as db:
        before = {table: in_order(db, table) for table in TABLES}
    found, after = salvaged(lived_in, opens=opens)
    assert after == before
    assert found.notes == []
    assert found.damaged == (set() if opens else set(found.tables))
    counts = {table: len(there) for table, there in before.items() if there}
    assert {name: found.from_pages.get(name, 0) for name in counts} == (
        dict.fromkeys(counts, 0) if opens else counts
    )


def test_the_key_of_a_table_is_what_its_schema_says(lived_in: Path) -> None:
    with closing(sqlite3.connect(lived_in)) as db:
        tables = tables_of(db)
    assert {name: one.key for name, one in tables.items() if not one.numbered} == {
        "settings": ("name",),
        "endpoints": ("base_url", "model"),
        "reasons": ("task_id", "position"),
    }
    assert {"prompt", "id", "held"} <= tables["requests"].required
    assert not {"error", "task_id"} & tables["requests"].required
    assert not {"spending", "similarity"} & tables.keys()


@pytest.mark.parametrize(
    ("change", "note", "found"),
    [
        (
            "UPDATE requests SET prompt = '{broken' WHERE id = 3",
            "The prompt of request 3 is damaged.",
            ("SELECT prompt FROM requests WHERE id = 3", json.dumps("{broken")),
        ),
        (
            "UPDATE tasks SET score = 'x' WHERE id = 5",
            "The score of row 5 of tasks could not be read.",
            ("SELECT score FROM tasks WHERE id = 5", None),
        ),
        (
            "UPDATE tasks SET batch = 'x' WHERE id = 5",
            "The batch of row 5 of tasks could not be read.",
            ("SELECT batch FROM tasks WHERE id = 5", None),
        ),
        (
            "UPDATE attempts SET error = x'ff' WHERE id = 2",
            "The error of row 2 of attempts could not be read.",
            ("SELECT error FROM attempts WHERE id = 2", None),
        ),
        (
            "UPDATE attempts SET body = 'text' WHERE id = 2",
            "The body of row 2 of attempts could not be read.",
            ("SELECT body FROM attempts WHERE id = 2", None),
        ),
        (
            "UPDATE requests SET parameters = '{' WHERE id = 3",
            None,
            ("SELECT count(*) FROM requests WHERE id = 3", 0),
        ),
        (
            "UPDATE requests SET held = 'x' WHERE id = 3",
            None,
            ("SELECT count(*) FROM requests WHERE id = 3", 0),
        ),
        (
            "UPDATE decisions SET tag = x'ff' WHERE id = 3",
            None,
            ("SELECT count(*) FROM decisions WHERE id = 3", 0),
        ),
    ],
)
def test_a_value_that_cannot_be_right_is_said_and_costs_no_other(
    lived_in: Path, change: str, note: str | None, found: tuple[str, object]
) -> None:
    with by_hand(lived_in) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute(change)
        numbers = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
    result, copied = salvaged(lived_in)
    assert result.notes == [note] * (note is not None)
    lost = {name for name in TABLES if len(copied[name]) != numbers[name]}
    assert lost == (set() if note else {change.split()[1]})
    assert result.damaged == lost
    assert rows(lived_in.with_name("new.db"), found[0]) == [(found[1],)]


def test_letters_that_are_none_are_replaced_except_in_a_decision(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("UPDATE tasks SET name = CAST(x'61ff62' AS TEXT) WHERE id = 5")
        db.execute("UPDATE decisions SET tag = CAST(x'61ff62' AS TEXT) WHERE id = 3")
        (decisions,) = db.execute("SELECT count(*) FROM decisions").fetchone()
    result, copied = salvaged(lived_in)
    assert rows(lived_in.with_name("new.db"), "SELECT name FROM tasks WHERE id = 5") == [("a\ufffdb",)]
    assert len(copied["decisions"]) == decisions - 1
    assert result.damaged == {"decisions"}


def test_decisions_that_did_not_fit_together_before_come_over_and_are_told(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        (last,) = db.execute(
            """SELECT max(id) FROM decisions AS later WHERE instance_id IS NULL AND EXISTS (SELECT 1
            FROM decisions WHERE task_id = later.task_id AND instance_id IS NULL AND id < later.id)"""
        ).fetchone()
        db.execute(
            "UPDATE decisions SET before = json_set(before, '$.instruction', 'Other.') WHERE id = ?", [last]
        )
        db.execute("DELETE FROM spending")
    before = rows(lived_in, "SELECT * FROM decisions ORDER BY id")
    with repairing(lived_in, at="now") as repaired:
        (sentence,) = [one for part in repaired.report.parts for one in part.wrong]
        repaired.put_in_place()
    assert sentence.startswith(f"Decision {last} found task")
    assert rows(lived_in, "SELECT * FROM decisions ORDER BY id") == before
    assert [part.name for part in check(lived_in).parts if part.wrong] == ["decisions"]


@pytest.mark.parametrize("table", ["requests", "attempts", "tasks", "decisions", "instances"])
def test_of_a_table_with_a_damaged_page_sqlite_gives_all_rows_but_those(lived_in: Path, table: str) -> None:
    with closing(sqlite3.connect(lived_in)) as db:
        before = in_order(db, table)
    leaves = leaves_of(lived_in, table)
    damaged = leaves[len(leaves) // 2]
    whole = lived_in.with_name("whole.db")
    whole.write_bytes(lived_in.read_bytes())
    overwrite(lived_in, damaged)
    empty = lived_in.with_name("empty.db")
    empty.write_bytes(bytes(4096))
    found, after = salvaged(lived_in, pages=empty)
    lost = {row[0] for row in before} - {row[0] for row in after[table]}
    assert found.damaged == {table}
    assert 0 < len(lost) == len(before) - len(after[table])
    of_page = _rowids(whole, damaged)
    # SQLite looks for the next row before it gives the last one of the page above.
    assert {*of_page} <= lost <= {of_page[0] - 1, *of_page}


def test_a_number_that_no_row_can_have_is_damage(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        runs = db.execute("SELECT * FROM runs").fetchall()
        for number in (0, -3, 2**48, 2**50):
            db.execute("INSERT INTO runs (id, host, pid, started_at) VALUES (?, '', 0, 'now')", [number])
    _, after = salvaged(lived_in, opens=False)
    assert after["runs"] == runs


def test_rows_that_are_older_than_the_last_columns_are_found_in_the_pages(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    texts = [("Name a river.", "", "The Rhine."), ("Add.", "1 + 1", "2")]
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrations.apply(Database(db), stop_before="m010_data_sets")
        for number, (instruction, input_, output) in enumerate(texts, 1):
            standing = json.dumps({"state": "accepted", "instruction": instruction, "label": "generation"})
            db.execute(
                "INSERT INTO tasks (origin, instruction, created_at) VALUES ('human', ?, 'now')",
                [instruction],
            )
            db.execute(
                """INSERT INTO instances (task_id, instruction, label, input, output, state)
                VALUES (?, ?, 'generation', ?, ?, 'kept')""",
                [number, instruction, input_, output],
            )
            db.execute(
                """INSERT INTO decisions (step, task_id, kind, who, at, before, after)
                VALUES (?, ?, 'accept', 'human', 'now', ?, ?)""",
                [number, number, standing, standing],
            )
        for table, column in (
            ("instances", "conversation TEXT"),
            ("instances", "thoughts TEXT"),
            ("instances", "digest BLOB"),
            ("decisions", "person TEXT"),
        ):
            db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    new = tmp_path / "new.db"
    with closing(connect(new, create=True)) as target, path.open("rb") as file:
        bring_up_to_date(target, new)
        target.execute("PRAGMA foreign_keys = OFF")
        for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            target.execute(f"DROP TRIGGER {name}")
        salvage(None, PageReader(file, None), target)
        found = target.execute(
            "SELECT instruction, input, output, conversation, thoughts FROM instances ORDER BY id"
        ).fetchall()
        assert found == [(*text, None, None) for text in texts]
        assert target.execute("SELECT count(*), count(person) FROM decisions").fetchall() == [(2, 0)]
