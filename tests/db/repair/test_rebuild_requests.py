"""The ledger after a repair: every request has its place, and no charge is lost."""

import hashlib
from pathlib import Path

import pytest

from selfinstruct.db.errors import NotRepairedError
from selfinstruct.db.repair.rebuild_requests import CHANGED, LOST, mend_ledger
from tests.db.repair.mending import AT, one, without

FIRST = "(SELECT min(id) FROM requests WHERE stage = '{stage}' AND state = 'parsed')"
ABOUT = "id, stage, batch, state, error, planned_at"


def test_nothing_is_said_of_a_ledger_that_is_whole(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        before = {
            table: db.execute(f"SELECT * FROM {table}").fetchall() for table in ("requests", "attempts")
        }
        assert mend_ledger(db, source, at=AT) == []
        assert {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in before} == before


@pytest.mark.parametrize("stage", ["propose", "classify", "instantiate"])
def test_a_lost_request_keeps_its_place_and_its_response(lived_in: Path, stage: str) -> None:
    lost = FIRST.format(stage=stage)
    with without(lived_in) as (db, source):
        request_id = one(db, f"SELECT {lost}")
        batch = one(db, f"SELECT batch FROM requests WHERE id = {request_id}") if stage == "propose" else 0
        bodies = "SELECT body FROM attempts ORDER BY id"
        before = db.execute(bodies).fetchall()
        db.execute(f"DELETE FROM requests WHERE id = {request_id}")
        notes = mend_ledger(db, source, at=AT)
        found = one(db, f"SELECT {ABOUT} FROM requests WHERE id = {request_id}")
        assert found == (request_id, stage, batch, "parsed", LOST, AT)
        assert db.execute(bodies).fetchall() == before
    assert notes == ["The prompt of one request is lost; its response is kept if it could be read."]


def test_a_request_of_which_only_a_task_tells_keeps_its_stage(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        request_id = one(db, "SELECT max(instantiate_request_id) FROM tasks")
        db.execute(f"DELETE FROM requests WHERE id = {request_id}")
        db.execute(f"UPDATE instances SET request_id = NULL WHERE request_id = {request_id}")
        mend_ledger(db, source, at=AT)
        assert one(db, f"SELECT stage FROM requests WHERE id = {request_id}") == "instantiate"


@pytest.mark.parametrize(
    "refers",
    [
        "UPDATE attempts SET request_id = {last} WHERE id = 1",
        "UPDATE instances SET request_id = {last} WHERE id = (SELECT max(id) FROM instances)",
        "UPDATE tasks SET propose_request_id = {last} WHERE id = 20",
        "UPDATE tasks SET classify_request_id = {last} WHERE id = 20",
        "UPDATE tasks SET embed_request_id = {last} WHERE id = 20",
        "UPDATE tasks SET instantiate_request_id = {last} WHERE id = 20",
    ],
)
def test_the_last_requests_are_missed_where_anything_refers_to_them(lived_in: Path, refers: str) -> None:
    with without(lived_in) as (db, _):
        last = one(db, "SELECT max(id) FROM requests")
        db.execute(refers.format(last=last + 2))
        assert db.execute("SELECT changes()").fetchone() == (1,)
        (note, *_) = mend_ledger(db, None, at=AT)
        assert note.startswith("The prompts of 2 requests are lost; their responses are kept")
        assert one(db, "SELECT max(id) FROM requests") == last + 2


def test_the_last_requests_are_missed_where_an_index_of_the_damaged_file_has_them(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        last = one(db, "SELECT max(id) FROM requests")
        db.execute("DELETE FROM attempts")
        db.execute("DELETE FROM instances")
        for stage in ("propose", "classify", "embed", "instantiate"):
            db.execute(f"UPDATE tasks SET {stage}_request_id = NULL")
        db.execute(f"DELETE FROM requests WHERE id >= {last - 1}")
        mend_ledger(db, source, at=AT)
        assert one(db, "SELECT max(id), count(*) FROM requests") == (last, last)


def test_runs_that_are_lost_have_ended(lived_in: Path) -> None:
    with without(lived_in, "DELETE FROM runs") as (db, source):
        runs = {
            row[0] for row in db.execute("SELECT run_id FROM requests UNION SELECT run_id FROM decisions")
        }
        notes = mend_ledger(db, source, at=AT)
        found = db.execute("SELECT id, host, pid, started_at, ended_at FROM runs").fetchall()
    runs.discard(None)
    assert sorted(found) == [(run, "", 0, AT, AT) for run in sorted(runs)]
    told = (
        "The record of one run is lost." if len(runs) == 1 else f"The records of {len(runs)} runs are lost."
    )
    assert notes == [told]


@pytest.mark.parametrize("has_index", [True, False])
def test_a_lost_attempt_is_charged_with_what_its_request_reserved(lived_in: Path, has_index: bool) -> None:
    with without(lived_in) as (db, source):
        answered = "FROM attempts WHERE error IS NULL AND body NOTNULL"
        attempt_id, request_id = one(db, f"SELECT id, request_id {answered} ORDER BY id LIMIT 1 OFFSET 2")
        db.execute(f"UPDATE requests SET reserved_usd = 0.75 WHERE id = {request_id}")
        db.execute(f"DELETE FROM attempts WHERE id = {attempt_id}")
        source.execute("UPDATE spending SET charged_usd = 0")
        notes = mend_ledger(db, source if has_index else None, at=AT)
        columns = "request_id, reserved_usd, cost_usd, body, error, parameters"
        found = one(db, f"SELECT {columns} FROM attempts WHERE id = {attempt_id}")
        assert found == (request_id, 0.75, None, None, LOST, "{}")
        assert one(db, f"SELECT state, error FROM requests WHERE id = {request_id}") == ("parsed", LOST)
    assert notes == ["One response is lost."]


def test_what_was_charged_for_more_than_is_left_goes_to_the_first_lost_attempt(lived_in: Path) -> None:
    with without(lived_in, "DELETE FROM attempts WHERE id IN (2, 4)") as (db, source):
        source.execute("UPDATE spending SET charged_usd = 77")
        notes = mend_ledger(db, source, at=AT)
        charged = one(db, "SELECT total(coalesce(cost_usd, reserved_usd)) FROM attempts")
        assert charged == pytest.approx(77)
        known = one(db, "SELECT total(cost_usd), count(cost_usd) FROM attempts")
        assert one(db, "SELECT id, known_usd, known_attempts, charged_usd FROM spending") == (
            1,
            *known,
            charged,
        )
        first, second = (one(db, f"SELECT reserved_usd FROM attempts WHERE id = {n}") for n in (2, 4))
        assert first > 70 > (second or 0)
    assert notes[0] == "2 responses are lost."


def test_a_response_whose_bytes_have_changed_is_marked_and_has_the_hash_of_what_it_is_now(
    lived_in: Path,
) -> None:
    changes = (
        "UPDATE attempts SET body = x'7b7d' WHERE id IN (2, 3)",
        "UPDATE attempts SET error = 'It was refused.' WHERE id = 3",
        "UPDATE attempts SET body = NULL WHERE id = 1",
    )
    with without(lived_in, *changes) as (db, source):
        notes = mend_ledger(db, source, at=AT)
        found = db.execute("SELECT sha256, error FROM attempts WHERE id IN (1, 2, 3) ORDER BY id").fetchall()
    digest = hashlib.sha256(b"{}").hexdigest()
    assert found[0][0] is None
    assert found[1:] == [(digest, CHANGED), (digest, "It was refused.")]
    assert "2 responses are damaged." in notes


@pytest.mark.parametrize(
    ("attempt", "state"),
    [
        ("body = NULL, error = NULL", "failed"),
        ("body = x'7b7d', error = 'It was refused.'", "failed"),
        ("body = x'7b7d', error = NULL", "answered"),
    ],
)
def test_a_request_without_a_response_that_can_be_taken_in_can_be_sent_again(
    lived_in: Path, attempt: str, state: str
) -> None:
    # The hash is that of {}.
    digest = hashlib.sha256(b"{}").hexdigest()
    with without(lived_in) as (db, source):
        request_id = one(db, f"SELECT {FIRST.format(stage='classify')}")
        db.execute(f"UPDATE requests SET state = 'answered' WHERE id = {request_id}")
        db.execute(f"UPDATE attempts SET {attempt}, sha256 = '{digest}' WHERE request_id = {request_id}")
        notes = mend_ledger(db, source, at=AT)
        found = one(db, f"SELECT state, error FROM requests WHERE id = {request_id}")
    assert found == (state, LOST if state == "failed" else None)
    assert notes == (["One request can be resent."] if state == "failed" else [])


def test_a_number_that_no_ledger_reaches_is_damage_and_not_as_many_lost_requests(lived_in: Path) -> None:
    with (
        without(lived_in, "UPDATE requests SET id = 1000000 WHERE id = 3") as (db, source),
        pytest.raises(NotRepairedError, match="too many of its requests cannot be read"),
    ):
        mend_ledger(db, source, at=AT)


def test_lost_requests_belong_to_a_run_although_every_run_is_lost(lived_in: Path) -> None:
    changes = ("DELETE FROM runs", "UPDATE decisions SET run_id = NULL", "DELETE FROM requests")
    with without(lived_in, *changes) as (db, source):
        mend_ledger(db, source, at=AT)
        assert db.execute("SELECT id, started_at, ended_at FROM runs").fetchall() == [(1, AT, AT)]
        assert db.execute("SELECT DISTINCT run_id FROM requests").fetchall() == [(1,)]
