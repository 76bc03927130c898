"""`check --repair`: every decision comes over, or nothing is changed; the damaged file stays."""

import random
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from selfinstruct.db.check.check import check
from selfinstruct.db.errors import DamagedError, NotRepairedError, WorkspaceError
from selfinstruct.db.records import REPARSE
from selfinstruct.db.repair.repair import repairing
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.db.check.test_check import CHANGES, by_hand
from tests.db.lived_in import decisions_of, rows

_PAGE = 4096
_CANNOT = ("DELETE FROM decisions", "UPDATE decisions")
"""Changes of decisions, which a repair neither makes up nor drops."""


def repair(path: Path) -> tuple[list[str], Path]:
    """Repair a workspace; returns what was said, and where the damaged file is."""
    with repairing(path, at="2026-01-02T13:00:00.000+00:00") as repaired:
        repaired.put_in_place()
    return list(repaired.notes), repaired.kept


def page_of(path: Path, name: str) -> int:
    """The first page of a table or an index."""
    return int(rows(path, f"SELECT rootpage FROM sqlite_master WHERE name = '{name}'")[0][0])


def leaves_of(path: Path, name: str) -> list[int]:
    """The pages of a table that hold its rows."""
    data = path.read_bytes()
    root = page_of(path, name)
    start = (root - 1) * _PAGE
    if data[start] == 0x0D:
        return [root]
    assert data[start] == 0x05
    cells = int.from_bytes(data[start + 3 : start + 5])
    pointers = [int.from_bytes(data[start + 12 + 2 * n : start + 14 + 2 * n]) for n in range(cells)]
    children = [int.from_bytes(data[start + place : start + place + 4]) for place in pointers]
    return [*children, int.from_bytes(data[start + 8 : start + 12])]


def overwrite(path: Path, page: int, content: bytes = bytes(_PAGE), *, at: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * _PAGE + at)
        file.write(content)


@pytest.mark.parametrize(
    "change",
    [change for change, part, _ in CHANGES if part != "structure" and not change.startswith(_CANNOT)],
)
def test_what_somebody_has_changed_is_put_right_and_every_decision_kept(lived_in: Path, change: str) -> None:
    decisions = decisions_of(lived_in)
    with by_hand(lived_in) as db:
        db.execute(change)
    damaged = lived_in.read_bytes()
    _, kept = repair(lived_in)
    assert check(lived_in).is_well
    assert decisions_of(lived_in) == decisions
    assert kept.read_bytes() == damaged


def test_tasks_and_instances_are_again_what_the_decisions_make_them(lived_in: Path) -> None:
    sql = "SELECT id, state, instruction, label, held FROM tasks"
    of_instances = "SELECT id, input, output, state, reason_code FROM instances"
    before = rows(lived_in, sql), rows(lived_in, of_instances)
    with by_hand(lived_in) as db:
        db.execute("UPDATE tasks SET state = 'accepted' WHERE state = 'pending' OR state = 'rejected'")
        db.execute("UPDATE tasks SET instruction = 'No.' WHERE id IN (SELECT task_id FROM decisions)")
        db.execute(
            "UPDATE instances SET output = 'No.', state = 'dropped', reason_code = 'cut'"
            " WHERE id IN (SELECT instance_id FROM decisions)"
        )
    repair(lived_in)
    assert (rows(lived_in, sql), rows(lived_in, of_instances)) == before


@pytest.mark.parametrize(
    "change", ["DELETE FROM decisions WHERE id IN (9, 10)", "UPDATE decisions SET after = '{' WHERE id = 9"]
)
def test_without_every_decision_nothing_is_changed_and_those_that_lack_are_named(
    lived_in: Path, change: str
) -> None:
    with by_hand(lived_in) as db:
        db.execute(change)
    damaged = lived_in.read_bytes()
    with pytest.raises(NotRepairedError, match=r"numbers? 9"):
        repair(lived_in)
    assert lived_in.read_bytes() == damaged
    assert [path.name for path in lived_in.parent.iterdir()] == ["w.db"]


def test_the_last_decisions_are_missed_although_no_number_comes_after_them(lived_in: Path) -> None:
    last = max(leaves_of(lived_in, "decisions"), key=lambda page: _rowids(lived_in, page)[-1])
    lost = _rowids(lived_in, last)
    overwrite(lived_in, last)
    with pytest.raises(NotRepairedError, match=f"numbers {lost[0]} to {lost[-1]}"):
        repair(lived_in)


def _rowids(path: Path, page: int) -> list[int]:
    """The numbers of the rows in a page, which fit into two bytes here."""
    data = path.read_bytes()[(page - 1) * _PAGE : page * _PAGE]
    found = []
    for cell in range(int.from_bytes(data[3:5])):
        place = int.from_bytes(data[8 + 2 * cell : 10 + 2 * cell])
        while data[place] & 0x80:
            place += 1
        high, low = data[place + 1], data[place + 2]
        found.append((high & 0x7F) << 7 | low if high & 0x80 else high)
    return sorted(found)


@pytest.mark.parametrize("table", ["decisions", "tasks", "requests", "attempts", "instances"])
def test_rows_that_sqlite_finds_no_way_to_any_more_are_found_in_the_pages(lived_in: Path, table: str) -> None:
    before = rows(lived_in, f"SELECT * FROM {table}")
    overwrite(lived_in, page_of(lived_in, table))
    assert not check(lived_in).is_well
    notes, _ = repair(lived_in)
    assert rows(lived_in, f"SELECT * FROM {table}") == before
    assert any(f"rows of {table} that SQLite could not reach were recovered" in note for note in notes)


@pytest.mark.parametrize(
    "damage", [bytes(16), b"SQLite format 4\0\0\1", bytes(64)], ids=["name", "size", "most"]
)
def test_a_damaged_header_is_said_and_costs_nothing(lived_in: Path, damage: bytes) -> None:
    tables = ("decisions", "tasks", "instances", "requests", "attempts", "reasons", "settings")
    before = {table: rows(lived_in, f"SELECT * FROM {table}") for table in tables}
    overwrite(lived_in, 1, damage)
    with pytest.raises(DamagedError, match="selfinstruct check --db"):
        Workspace.open(lived_in)
    repair(lived_in)
    assert {table: rows(lived_in, f"SELECT * FROM {table}") for table in tables} == before


@pytest.mark.parametrize(
    ("written", "damaged"),
    [
        (b" at TEXT NOT NULL", b" a_ TEXT NOT NULL"),
        (b" before TEXT NOT NULL", b" befor_ TEXT NOT NULL"),
        (b" who TEXT NOT NULL", b" who TEXT_NOT NULL"),
        (b"decisions (\n            id INTEGER PRIMARY", b"decisions (\n            id INTEGEQ PRIMARY"),
        (b"CREATE TABLE decisions", b"CREATE TABLE decisionz"),
        (b"CREATE TABLE decisions", b"CREATE TABL_ decisions"),
        (b"CREATE TRIGGER decisions_apply ", b"CREATE TRIGGER decisions_apply_"),
    ],
)
def test_damage_to_what_the_tables_are_called_costs_no_decision(
    lived_in: Path, written: bytes, damaged: bytes
) -> None:
    decisions = decisions_of(lived_in)
    data = lived_in.read_bytes()
    assert written in data
    lived_in.write_bytes(data.replace(written, damaged))
    assert not check(lived_in).is_well
    repair(lived_in)
    assert decisions_of(lived_in) == decisions


def test_an_index_is_made_anew(lived_in: Path) -> None:
    overwrite(lived_in, page_of(lived_in, "tasks_by_state"), b"\xff" * _PAGE)
    assert not check(lived_in).is_well
    notes, _ = repair(lived_in)
    assert check(lived_in).is_well
    assert notes == []


def test_what_lost_attempts_may_have_cost_stays_charged(lived_in: Path) -> None:
    with Workspace.open(lived_in) as workspace:
        before = workspace.requests.charged_usd()
    overwrite(lived_in, leaves_of(lived_in, "attempts")[1])
    repair(lived_in)
    with Workspace.open(lived_in) as workspace:
        assert workspace.requests.charged_usd() >= before > 0


def test_no_request_is_planned_again_by_a_repair(lived_in: Path) -> None:
    states = "SELECT state, count(*) FROM requests GROUP BY state"
    before = dict(rows(lived_in, states))
    overwrite(lived_in, leaves_of(lived_in, "attempts")[0])
    overwrite(lived_in, leaves_of(lived_in, "requests")[0])
    notes, _ = repair(lived_in)
    assert any("responses are lost" in note for note in notes)
    assert any(note.lower().startswith(("the prompt of", "the prompts of")) for note in notes)
    after = dict(rows(lived_in, states))
    assert sum(after.values()) == sum(before.values())
    assert not {"planned", "sent", "answered"} & after.keys()
    with Workspace.open(lived_in) as workspace:
        workspace.start_run(at="now")
        waiting = ("planned", "sent", "answered", "in_doubt")
        assert workspace.requests.left_over(run_id=workspace.run_id, states=waiting) == []


def test_decided_tasks_come_back_from_their_decisions(lived_in: Path) -> None:
    sql = """SELECT id, origin, state, instruction FROM tasks WHERE id IN (SELECT task_id FROM decisions)
    AND origin = 'seed' ORDER BY id"""
    before = rows(lived_in, sql)
    overwrite(lived_in, leaves_of(lived_in, "tasks")[0])
    notes, _ = repair(lived_in)
    assert any("decisions or instances" in note for note in notes)
    assert rows(lived_in, sql) == before


def test_a_lost_task_that_only_reparsing_decided_on_comes_back_as_the_models(lived_in: Path) -> None:
    with Workspace.open(lived_in) as workspace:
        task_id = workspace.tasks.add("Name a river.", origin="model", at="now", label="generation")
        task = workspace.tasks.get(task_id)
        reworded = replace(task.standing, instruction="Name a lake.")
        workspace.decisions.add(
            task_id, "edit", step=999, who="auto", at="now", before=task.standing, after=reworded, tag=REPARSE
        )
    with by_hand(lived_in) as db:
        db.execute("DELETE FROM tasks WHERE id = ?", [task_id])
    repair(lived_in)
    sql = f"SELECT origin, instruction, held FROM tasks WHERE id = {task_id}"
    assert rows(lived_in, sql) == [("model", "Name a lake.", 0)]


def test_a_program_at_work_is_not_pulled_the_file_from_under(lived_in: Path) -> None:
    overwrite(lived_in, page_of(lived_in, "tasks_by_state"), b"\xff" * _PAGE)
    with Workspace.open(lived_in) as other:
        other.start_run(at="now")
        with pytest.raises(WorkspaceError, match="A program is using"):
            repair(lived_in)
        other.end_run(at="now")
    repair(lived_in)


def test_a_repair_that_is_not_wanted_after_all_leaves_nothing_behind(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("DELETE FROM spending")
    damaged = lived_in.read_bytes()
    with repairing(lived_in, at="now"):
        pass
    assert lived_in.read_bytes() == damaged
    assert [path.name for path in lived_in.parent.iterdir()] == ["w.db"]


@pytest.mark.parametrize("wanted", [False, True])
def test_the_damaged_file_and_its_log_stay_byte_for_byte(lived_in: Path, wanted: bool) -> None:
    log = lived_in.with_name("w.db-wal")
    decisions = decisions_of(lived_in)
    before = _as_after_a_crash(lived_in, log, "DELETE FROM spending")
    assert not check(lived_in).is_well
    assert (lived_in.read_bytes(), log.read_bytes()) == before
    with repairing(lived_in, at="now") as repaired:
        assert (lived_in.read_bytes(), log.read_bytes()) == before
        if wanted:
            repaired.put_in_place()
    there = repaired.kept if wanted else lived_in
    assert (there.read_bytes(), there.with_name(f"{there.name}-wal").read_bytes()) == before
    if wanted:
        assert not log.exists()
        assert check(lived_in).is_well
        assert decisions_of(lived_in) == decisions


def test_what_only_the_log_holds_is_repaired_as_well(lived_in: Path) -> None:
    log = lived_in.with_name("w.db-wal")
    _as_after_a_crash(lived_in, log, "DELETE FROM spending", "UPDATE requests SET parameters = '{\"n\": 7}'")
    repair(lived_in)
    assert set(rows(lived_in, "SELECT parameters FROM requests")) == {('{"n": 7}',)}


def _as_after_a_crash(path: Path, log: Path, *changes: str) -> tuple[bytes, bytes]:
    """Leave changes in the log, as a killed program does; returns the bytes of the file and of the log."""
    with closing(sqlite3.connect(path)) as held:
        held.execute("SELECT count(*) FROM tasks").fetchone()
        with by_hand(path) as db:
            for change in changes:
                db.execute(change)
        if not log.exists():
            pytest.skip("there is no log with this SQLite")
        left = path.read_bytes(), log.read_bytes()
    path.write_bytes(left[0])
    log.write_bytes(left[1])
    return left


def test_a_second_repair_does_not_replace_what_the_first_one_kept(lived_in: Path) -> None:
    names = set()
    for _ in range(2):
        with by_hand(lived_in) as db:
            db.execute("DELETE FROM spending")
        names.add(repair(lived_in)[1].name)
    assert names == {"w.db.before-repair", "w.db.before-repair-2"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in lived_in.parent.iterdir())


def test_through_a_symbolic_link_the_file_itself_is_repaired(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("DELETE FROM spending")
    link = lived_in.parent / "link.db"
    link.symlink_to(lived_in)
    repair(link)
    assert link.is_symlink()
    assert check(lived_in).is_well


def test_what_another_program_keeps_in_the_file_is_named_as_left_behind(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("CREATE TABLE notes (text)")
        db.execute("DELETE FROM spending")
    notes, kept = repair(lived_in)
    assert "The table notes is not from this program, and was not copied." in notes
    with closing(sqlite3.connect(kept)) as db:
        db.execute("SELECT * FROM notes")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("It is gone"), "It is gone"),
    ],
)
def test_what_the_system_says_against_a_repair_is_told(
    lived_in: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    def refuse(**_: object) -> None:
        raise error

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)
    with pytest.raises(WorkspaceError, match=f"w.db cannot be repaired: {said}. It is left as it is."):
        repair(lived_in)


def test_a_workspace_of_another_schema_is_for_the_program_that_made_it(lived_in: Path) -> None:
    with closing(sqlite3.connect(lived_in)) as db:
        db.execute("PRAGMA user_version = 3")
    with pytest.raises(WorkspaceError, match="has schema 3, and this program repairs only"):
        repair(lived_in)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zeros", "noise", "head", "letters"])
def test_whatever_page_is_damaged_no_decision_is_dropped(lived_in: Path, kind: str) -> None:
    rng = random.Random(kind)
    whole = lived_in.read_bytes()
    decisions = decisions_of(lived_in)
    outcomes = {"well": 0, "repaired": 0, "refused": 0}
    for page in range(1, len(whole) // _PAGE + 1, 4):
        lived_in.write_bytes(whole)
        if kind == "letters":
            for _ in range(3):
                overwrite(lived_in, page, rng.randbytes(1), at=rng.randrange(_PAGE))
        else:
            content = {"zeros": bytes(_PAGE), "noise": rng.randbytes(_PAGE), "head": rng.randbytes(8)}[kind]
            overwrite(lived_in, page, content, at=100 if page == 1 else 0)
        damaged = lived_in.read_bytes()
        try:
            if check(lived_in).is_well:
                outcomes["well"] += 1
                continue
        except DamagedError:
            pass
        try:
            _, kept = repair(lived_in)
        except NotRepairedError:
            outcomes["refused"] += 1
            assert lived_in.read_bytes() == damaged
        else:
            outcomes["repaired"] += 1
            assert kept.read_bytes() == damaged
            kept.unlink()
            changed = [
                number
                for number, (now, before) in enumerate(zip(decisions_of(lived_in), decisions, strict=True), 1)
                if now != before
            ]
            # Letters may change within a decision; then it is one of those that were damaged.
            assert len(changed) <= (3 if kind == "letters" else 0)
    assert outcomes["repaired"] > outcomes["refused"] > 0
