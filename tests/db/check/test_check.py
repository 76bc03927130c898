"""`check`: whatever is not as it was written is found and said; what is derived is said to be harmless."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from selfinstruct.db.check.check import _UNREADABLE, Report, check
from selfinstruct.db.check.parts import Part
from selfinstruct.db.errors import DamagedError
from selfinstruct.db.sqlite.driver import Connection, sqlite3
from selfinstruct.db.sqlite.schema_version import SCHEMA_VERSION
from selfinstruct.db.workspace import Workspace
from tests.db.lived_in import rows


@contextmanager
def by_hand(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of another program, which no trigger keeps from anything."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        yield db
        for _, sql in triggers:
            db.execute(sql)


def found(report: Report) -> dict[str, str]:
    """What is wrong, by part."""
    return {part.name: " ".join(part.wrong) for part in report.parts if part.wrong}


def test_a_workspace_that_was_worked_on_is_well_and_all_that_was_looked_at_is_said(lived_in: Path) -> None:
    report = check(lived_in)
    assert report.is_well
    assert found(report) == {}
    looked_at = {part.name: part.looked_at for part in report.parts}
    (decisions,) = rows(lived_in, "SELECT count(*) FROM decisions")[0]
    (answers,) = rows(lived_in, "SELECT count(*) FROM attempts WHERE body IS NOT NULL")[0]
    (tasks,), (instances,) = (
        rows(lived_in, f"SELECT count(*) FROM {table}")[0] for table in ("tasks", "instances")
    )
    assert looked_at["decisions"] == (
        f"{decisions} decisions, replayed from first to last, and the resulting states of"
        f" {tasks} tasks and {instances} instances."
    )
    assert tasks != instances
    assert f"{answers} responses" in looked_at["answers"]
    assert set(looked_at) == {
        "structure",
        "schema",
        "values",
        "answers",
        "decisions",
        "sums",
        "image",
        "search",
    }


def test_every_response_has_its_hash_from_the_moment_that_it_is_stored(lived_in: Path) -> None:
    stored = rows(
        lived_in, "SELECT count(*), count(body), count(sha256) FROM attempts WHERE ended_at NOTNULL"
    )
    assert len(set(stored[0])) == 1
    assert stored[0][0] > 5


_ACCEPTED = "(SELECT id FROM tasks WHERE origin != 'seed' AND state = 'accepted' LIMIT 1)"
_BY_PERSON = "(SELECT task_id FROM decisions WHERE kind = 'relabel' LIMIT 1)"
_INSTANCE = "(SELECT instance_id FROM decisions WHERE instance_id NOTNULL LIMIT 1)"
_UNDECIDED = """(SELECT id FROM instances WHERE id NOT IN
    (SELECT instance_id FROM decisions WHERE instance_id NOTNULL) LIMIT 1)"""

CHANGES = [
    ("UPDATE attempts SET body = x'7b7d' WHERE id = 2", "answers", "attempt 2 (request 2)"),
    ("UPDATE attempts SET sha256 = NULL WHERE id = 2", "answers", "attempt 2"),
    (
        "UPDATE attempts SET body = NULL, sha256 = NULL WHERE id = 1",
        "answers",
        "Request 1 is marked as parsed",
    ),
    ("DELETE FROM attempts WHERE id = 3", "answers", "Missing from attempts: number 3."),
    ("DELETE FROM requests WHERE id = 4", "answers", "Missing from requests: number 4."),
    ("DELETE FROM requests WHERE id = 4", "structure", "refers to a row of requests that does not exist"),
    (f"UPDATE tasks SET state = 'rejected' WHERE id = {_ACCEPTED}", "decisions", "The state of task"),
    (f"UPDATE tasks SET instruction = 'No.' WHERE id = {_ACCEPTED}", "decisions", "The instruction of task"),
    ("UPDATE tasks SET label = 'unknown' WHERE id = 1", "decisions", "The label of task 1 does not"),
    (f"UPDATE tasks SET held = 0 WHERE id = {_BY_PERSON}", "decisions", "The held of task"),
    ("UPDATE tasks SET state = 'accepted' WHERE state = 'pending'", "decisions", "The state of task"),
    (
        f"UPDATE instances SET output = 'No.' WHERE id = {_INSTANCE}",
        "decisions",
        "does not follow from the decisions",
    ),
    *(
        (
            f"UPDATE instances SET {column} = '{text}' WHERE id = {_UNDECIDED}",
            "decisions",
            "was altered, but by no decision",
        )
        for column, text in (
            ("output", "No."),
            ("input", "No."),
            ("thoughts", "No."),
            ("conversation", '{"system": "", "turns": []}'),
        )
    ),
    ("DELETE FROM decisions WHERE id = 9", "decisions", "Missing from decisions: number 9."),
    ("UPDATE decisions SET after = '{' WHERE id = 9", "decisions", "Decision 9 cannot be read"),
    ("UPDATE decisions SET after = '{}' WHERE id = 9", "decisions", "Decision 9 cannot be read"),
    (
        "UPDATE decisions SET task_id = 8 WHERE id = 9",
        "decisions",
        "Decision 9 found task 8 in another state",
    ),
    ("UPDATE decisions SET kind = 'reject' WHERE id = 9", "decisions", "Decision 9 is to reject task 9"),
    (
        "UPDATE decisions SET undoes = NULL WHERE kind = 'undo'",
        "decisions",
        "does not match what it reverts",
    ),
    (
        "UPDATE decisions SET undoes = 3 WHERE kind = 'redo'",
        "decisions",
        "reverts decision 3, which it cannot",
    ),
    ("UPDATE spending SET charged_usd = charged_usd - 0.01", "sums", "do not match the sums"),
    ("DELETE FROM spending", "sums", "do not match the sums"),
    ("UPDATE tasks SET kept = kept + 1 WHERE id = 9", "sums", "Task 9 does not have as many kept instances"),
    ("UPDATE tasks SET kept_now = 0 WHERE id = 9", "sums", "Task 9 does not have as many kept instances"),
    ("DROP INDEX tasks_by_batch", "schema", "The index tasks_by_batch is missing"),
    ("DROP VIEW pool", "schema", "The view pool is missing"),
    (
        "CREATE TRIGGER mine AFTER INSERT ON tasks BEGIN UPDATE tasks SET held = 0; END",
        "schema",
        "The trigger mine is not from this program",
    ),
    ("UPDATE settings SET value = '{' WHERE name = 'model'", "values", "The value of model in settings"),
    ("UPDATE requests SET prompt = 'Hello' WHERE id = 1", "values", "The prompt of row 1 of requests"),
    ("UPDATE tasks SET name = CAST(x'ff' AS TEXT) WHERE id = 1", "values", "is not valid UTF-8"),
    ("UPDATE tasks SET batch = 'two' WHERE id = 180", "values", "should be integer, but is text"),
    ("INSERT INTO tasks_text (tasks_text) VALUES ('delete-all')", "search", "can be rebuilt"),
    ("UPDATE tasks SET nearest_id = 9999 WHERE id = 180", "structure", "refers to a row of tasks"),
]


@pytest.mark.parametrize(("change", "part", "said"), CHANGES, ids=[f"{p}: {c[:60]}" for c, p, _ in CHANGES])
def test_what_somebody_has_changed_is_found(lived_in: Path, change: str, part: str, said: str) -> None:
    with by_hand(lived_in) as db:
        db.execute(change)
    report = check(lived_in)
    assert not report.is_well
    assert said in found(report)[part]


def test_an_index_that_does_not_fit_its_table_is_found(lived_in: Path) -> None:
    with closing(sqlite3.connect(lived_in, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        # The index keeps what it had, and the table goes on without it.
        (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'tasks_by_batch'").fetchone()
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tasks_by_batch'").fetchone()
        db.execute("DELETE FROM sqlite_master WHERE name = 'tasks_by_batch'")
    with closing(sqlite3.connect(lived_in, isolation_level=None)) as db:
        db.execute("UPDATE tasks SET batch = 77 WHERE id > 180")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("INSERT INTO sqlite_master VALUES ('index', 'tasks_by_batch', 'tasks', ?, ?)", [root, sql])
    assert "missing from index tasks_by_batch" in found(check(lived_in))["structure"]


def test_an_image_of_the_pool_that_is_wrong_is_said_to_be_harmless(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        assert db.execute("UPDATE similarity SET tokens = x'00' WHERE name = 'pool'").rowcount == 1
    report = check(lived_in)
    assert report.is_well
    (harmless,) = [sentence for part in report.parts for sentence in part.harmless]
    assert "The snapshot pool is damaged" in harmless


def test_a_table_or_a_view_that_somebody_has_added_is_harmless(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("CREATE VIEW short AS SELECT * FROM tasks WHERE length(instruction) < 20")
        db.execute("ANALYZE")
    report = check(lived_in)
    assert report.is_well
    assert [part.harmless for part in report.parts if part.harmless] == [
        ["The view short is not from this program."]
    ]


def test_looking_changes_nothing(lived_in: Path) -> None:
    before = lived_in.read_bytes()
    for change in ("UPDATE spending SET charged_usd = 9", "UPDATE similarity SET tokens = x'00'"):
        with by_hand(lived_in) as db:
            db.execute(change)
    before = lived_in.read_bytes()
    check(lived_in)
    assert lived_in.read_bytes() == before
    assert [path.name for path in lived_in.parent.iterdir()] == ["w.db"]


def test_programs_at_work_go_on_meanwhile(lived_in: Path) -> None:
    with Workspace.open(lived_in) as other:
        other.start_run(at="now")
        other.tasks.add("Name a river.", origin="human", at="now")
        assert check(lived_in).is_well
        other.tasks.add("Name a sea.", origin="human", at="now")


def test_with_a_log_a_check_does_not_wait_for_a_program_that_writes(lived_in: Path) -> None:
    with Workspace.open(lived_in) as other:
        if other.storage().journal != "wal":
            pytest.skip("with a rollback journal it waits")
        with other.transaction():
            other.tasks.add("Name a lake.", origin="human", at="now")
            report = check(lived_in)
        assert report.is_well
        assert "was not checked" in report.parts[-1].looked_at


def test_many_faults_of_one_kind_are_counted_and_not_listed(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("UPDATE tasks SET held = 1, instruction = 'No.' WHERE origin = 'seed'")
    (told,) = [part.wrong for part in check(lived_in).parts if part.name == "decisions"]
    assert len(told) == 11
    assert told[-1] == "165 more of this kind."


def test_a_part_that_sqlite_refuses_to_read_is_wrong_with_its_words(lived_in: Path) -> None:
    def too_deep(db: Connection, part: Part) -> None:
        del part
        db.execute("SELECT " + "(" * 5000 + "1" + ")" * 5000)

    report = check(lived_in, also={"depth": too_deep})
    assert not report.is_well
    assert found(report)["depth"].startswith("SQLite could not continue reading: ")
    assert "None" not in found(report)["depth"]


@pytest.mark.parametrize("table", ["tasks", "instances"])
def test_a_number_without_decisions_that_lacks_is_harmless(lived_in: Path, table: str) -> None:
    decided = {"tasks": "task_id", "instances": "instance_id"}[table]
    with by_hand(lived_in) as db:
        (lost,) = db.execute(
            f"""SELECT max(id) FROM {table} WHERE id < (SELECT max(id) FROM {table})
            AND id NOT IN (SELECT {decided} FROM decisions WHERE {decided} NOTNULL)"""
        ).fetchone()
        db.execute(f"DELETE FROM {table} WHERE id = ?", [lost])
        db.execute("DELETE FROM reasons WHERE task_id NOT IN (SELECT id FROM tasks)")
        db.execute("UPDATE tasks SET nearest_id = NULL WHERE nearest_id NOT IN (SELECT id FROM tasks)")
    harmless = {part.name: part.harmless for part in check(lived_in).parts if part.harmless}
    assert harmless == {"decisions": [f"Missing from {table}, without decisions: number {lost}."]}


def test_every_row_of_every_table_is_looked_at(lived_in: Path) -> None:
    tables = rows(
        lived_in,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'tasks\\_text%' ESCAPE '\\'"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    number = sum(rows(lived_in, f"SELECT count(*) FROM {name}")[0][0] for (name,) in tables)
    looked_at = {part.name: part.looked_at for part in check(lived_in).parts}
    assert looked_at["values"] == f"{number:,} rows, value by value."


@pytest.mark.parametrize(
    ("what", "is_older", "said", "wrong"),
    [
        ("no such table: x", True, "An older workspace does not have this.", []),
        ("no such table: x", False, _UNREADABLE, ["SQLite could not continue reading: no such table: x."]),
        ("malformed", True, _UNREADABLE, ["SQLite could not continue reading: malformed."]),
    ],
)
def test_what_an_older_workspace_does_not_have_yet_is_not_damage(
    lived_in: Path, monkeypatch: pytest.MonkeyPatch, what: str, is_older: bool, said: str, wrong: list[str]
) -> None:
    def look(db: Connection, part: Part) -> None:
        raise DamagedError(None, what)

    monkeypatch.setattr("selfinstruct.db.check.check.SCHEMA_VERSION", SCHEMA_VERSION + is_older)
    (part,) = [part for part in check(lived_in, also={"more": look}).parts if part.name == "more"]
    assert (part.looked_at, part.wrong) == (said, wrong)


def test_a_value_that_no_program_has_written_ends_a_part_and_not_the_check(lived_in: Path) -> None:
    def look(db: Connection, part: Part) -> None:
        part.looked_at = "Some of it."
        raise ValueError("no number")

    report = check(lived_in, also={"more": look})
    assert found(report) == {"more": "It contains values that this program cannot have written: no number."}
    assert report.parts[-1].looked_at == "Some of it."


def test_as_many_findings_as_fit_are_listed_without_a_count(lived_in: Path) -> None:
    def look(db: Connection, part: Part) -> None:
        part.wrong, part.harmless = [f"w{n}" for n in range(10)], [f"h{n}" for n in range(11)]

    part = check(lived_in, also={"more": look}).parts[-1]
    assert part.wrong == [f"w{n}" for n in range(10)]
    assert part.harmless == [*(f"h{n}" for n in range(10)), "1 more of this kind."]


def test_a_workspace_in_which_nothing_has_happened_is_well(workspace: Workspace) -> None:
    report = check(workspace.path)
    assert found(report) == {}
    assert [part.harmless for part in report.parts if part.harmless] == []
