"""Tasks and instances after a repair: what decisions and instances tell of them, and nothing else."""

from pathlib import Path

import pytest

from selfinstruct.db.check.replay import Replayed
from selfinstruct.db.errors import NotRepairedError
from selfinstruct.db.repair.rebuild_tasks import mend_tasks, replay_all
from selfinstruct.db.sqlite.driver import Connection
from tests.db.repair.mending import AT, one, without

NOT_SEEDS = "(SELECT id FROM tasks WHERE origin != 'seed' AND state = 'accepted')"
UNDECIDED = "SELECT id FROM tasks WHERE id NOT IN (SELECT task_id FROM decisions) ORDER BY id"
COLUMNS = "id, origin, state, instruction, label, held"


def mended(db: Connection, source: Connection | None) -> list[str]:
    return mend_tasks(db, source, replay_all(db, source, in_doubt=False), at=AT)


def test_nothing_is_said_of_tasks_that_are_whole(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        before = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in ("tasks", "instances")}
        assert mended(db, source) == []
        assert {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in before} == before


@pytest.mark.parametrize(
    ("most", "told"),
    [
        (1, "One task was rebuilt from its decisions or instances."),
        (3, "3 tasks were rebuilt from their decisions or instances."),
    ],
)
def test_a_lost_task_is_again_what_the_decisions_and_its_answers_made_it(
    lived_in: Path, most: int, told: str
) -> None:
    with without(lived_in) as (db, source):
        lost = f"SELECT id FROM tasks WHERE id IN {NOT_SEEDS} AND instantiate_request_id NOTNULL LIMIT {most}"
        ids = ", ".join(str(row[0]) for row in db.execute(lost).fetchall())
        about = (
            f"SELECT {COLUMNS}, classify_request_id, instantiate_request_id FROM tasks WHERE id IN ({ids})"
        )
        before = db.execute(about).fetchall()
        assert len(before) == most
        db.execute(f"DELETE FROM tasks WHERE id IN ({ids})")
        assert mended(db, source) == [told]
        assert db.execute(about).fetchall() == before


def test_a_lost_task_has_the_first_request_for_its_instances(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        task_id, request_id = one(
            db,
            f"SELECT id, instantiate_request_id FROM tasks WHERE id IN {NOT_SEEDS} AND state = 'accepted'"
            " AND instantiate_request_id NOTNULL",
        )
        last = one(db, "SELECT max(id) FROM requests")
        db.execute(
            f"""INSERT INTO instances (task_id, instruction, label, input, output, state, request_id)
            SELECT id, instruction, label, '', 'One more.', 'kept', {last} FROM tasks WHERE id = {task_id}"""
        )
        db.execute(f"DELETE FROM tasks WHERE id = {task_id}")
        mended(db, source)
        assert one(db, f"SELECT instantiate_request_id FROM tasks WHERE id = {task_id}") == request_id < last


def test_a_lost_task_without_decisions_has_the_wording_and_label_of_its_last_instance(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        task_id = one(db, UNDECIDED)
        for instruction, label in (("Name a river.", "generation"), ("Is it a river?", "classification")):
            db.execute(
                """INSERT INTO instances (task_id, instruction, label, input, output, state)
                VALUES (?, ?, ?, '', 'x', 'kept')""",
                [task_id, instruction, label],
            )
        db.execute(
            """INSERT INTO instances (task_id, instruction, label, input, output, state)
            SELECT id, instruction, 'generation', '', 'x', 'kept' FROM tasks WHERE id = 1"""
        )
        db.execute(f"DELETE FROM tasks WHERE id = {task_id}")
        mended(db, source)
        found = one(db, f"SELECT {COLUMNS}, created_at FROM tasks WHERE id = {task_id}")
        assert found == (task_id, "model", "pending", "Is it a river?", "classification", 0, AT)


def test_a_lost_seed_is_a_seed_again(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        about = f"SELECT {COLUMNS} FROM tasks WHERE id = 3"
        before = one(db, about)
        db.execute("DELETE FROM tasks WHERE id = 3")
        mended(db, source)
        assert one(db, about) == before
        assert before[1] == "seed"


@pytest.mark.parametrize("with_source", [True, False])
@pytest.mark.parametrize(
    ("most", "told"),
    [
        (1, "One of the tasks is lost; there was no decision on it."),
        (2, "2 of the tasks are lost; there were no decisions on them."),
    ],
)
def test_tasks_that_nothing_tells_of_are_lost_and_counted(
    lived_in: Path, most: int, told: str, with_source: bool
) -> None:
    with without(lived_in) as (db, source):
        ids = [row[0] for row in db.execute(UNDECIDED).fetchall()]
        lost = ids[-most:] if with_source else ids[:most]
        for task_id in lost:
            db.execute(f"DELETE FROM tasks WHERE id = {task_id}")
        assert mended(db, source if with_source else None) == [told]


def test_instances_without_decisions_are_lost_and_counted(lived_in: Path) -> None:
    decided = "(SELECT instance_id FROM decisions WHERE instance_id NOTNULL)"
    with without(lived_in) as (db, source):
        lost = one(db, f"SELECT id FROM instances WHERE id NOT IN {decided}")
        db.execute(f"DELETE FROM instances WHERE id = {lost}")
        assert mended(db, source) == ["One of the instances is lost; there was no decision on it."]


def test_a_decided_instance_is_again_what_its_decisions_made_it(lived_in: Path) -> None:
    decided = "(SELECT instance_id FROM decisions WHERE instance_id NOTNULL)"
    columns = "id, task_id, instruction, label, input, output, state, reason_code, reason_sentence"
    about = f"SELECT {columns} FROM instances WHERE id IN {decided} ORDER BY id"
    with without(lived_in) as (db, source):
        before = db.execute(about).fetchall()
        db.execute(f"DELETE FROM instances WHERE id IN {decided}")
        assert mended(db, source) == [f"{len(before)} instances were rebuilt from the decisions on them."]
        assert db.execute(about).fetchall() == before
        db.execute(f"UPDATE instances SET output = 'No.' WHERE id IN {decided}")
        assert mended(db, source) == []
        assert db.execute(about).fetchall() == before


def test_a_state_without_a_decision_is_taken_back(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        task_id = one(db, UNDECIDED)
        db.execute(f"UPDATE tasks SET state = 'rejected' WHERE id = {task_id}")
        mended(db, source)
        assert one(db, f"SELECT state FROM tasks WHERE id = {task_id}") == "pending"


def test_a_label_of_another_wording_is_not_kept(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        task_id, wording, label = one(
            db,
            f"SELECT id, instruction, label FROM tasks WHERE id IN {NOT_SEEDS} AND label NOTNULL"
            " AND instantiate_request_id NOTNULL AND id IN (SELECT task_id FROM decisions WHERE"
            " json_extract(after, '$.label') IS NULL AND instance_id IS NULL)",
        )
        other = "generation" if label == "classification" else "classification"
        db.execute("UPDATE tasks SET instruction = 'Other.', label = ? WHERE id = ?", [other, task_id])
        db.execute("UPDATE requests SET instruction = 'Other.' WHERE task_id = ?", [task_id])
        mended(db, source)
        found = one(db, f"SELECT instruction, label, classify_request_id FROM tasks WHERE id = {task_id}")
        assert found == (wording, label, None)


def test_what_refers_to_a_lost_row_refers_to_nothing(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        lost = one(db, UNDECIDED)
        db.execute(f"UPDATE tasks SET nearest_id = {lost} WHERE id = 1")
        db.execute("UPDATE tasks SET nearest_id = 2 WHERE id = 3")
        db.execute(f"UPDATE requests SET task_id = {lost}, instead_of = 9999 WHERE id = 1")
        db.execute("UPDATE requests SET task_id = 1, instead_of = 1 WHERE id = 2")
        db.execute("DELETE FROM reasons")
        for task_id in (lost, 1):
            db.execute(
                f"INSERT INTO reasons (task_id, position, code, sentence) VALUES ({task_id}, 0, 'c', 's')"
            )
        db.execute(f"DELETE FROM tasks WHERE id = {lost}")
        mended(db, source)
        assert db.execute("SELECT nearest_id FROM tasks WHERE id IN (1, 3) ORDER BY id").fetchall() == [
            (None,),
            (2,),
        ]
        about = "SELECT task_id, instead_of FROM requests WHERE id IN (1, 2) ORDER BY id"
        assert db.execute(about).fetchall() == [(None, None), (1, 1)]
        assert db.execute("SELECT task_id FROM reasons").fetchall() == [(1,)]


def test_many_lost_decisions_are_named_as_far_as_one_can_read_them(lived_in: Path) -> None:
    with without(lived_in) as (db, source):
        db.execute("DELETE FROM decisions WHERE id % 2 = 0 AND id <= 40")
        with pytest.raises(NotRepairedError, match=r"number 2, .*, number 40\. It is left") as some:
            replay_all(db, source, in_doubt=False)
        assert "and more" not in str(some.value)
        db.execute("DELETE FROM decisions WHERE id = 42")
        with pytest.raises(NotRepairedError, match=r"number 2, .*, number 40, and more\. It is left") as more:
            replay_all(db, source, in_doubt=False)
        assert "number 42" not in str(more.value)


def test_the_last_decisions_are_missed_where_a_task_is_in_a_state_that_none_explains(lived_in: Path) -> None:
    with without(lived_in) as (db, _):
        assert isinstance(replay_all(db, None, in_doubt=True), Replayed)
        task_id = one(db, UNDECIDED)
        db.execute(f"UPDATE tasks SET state = 'accepted' WHERE id = {task_id}")
        assert isinstance(replay_all(db, None, in_doubt=False), Replayed)
        with pytest.raises(NotRepairedError, match=f"be read, such as one on task {task_id}. It is left"):
            replay_all(db, None, in_doubt=True)
        db.execute("DELETE FROM decisions")
        db.execute("UPDATE tasks SET state = 'pending'")
        with pytest.raises(NotRepairedError, match="the last ones cannot be read. It is left"):
            replay_all(db, None, in_doubt=True)


def test_a_label_and_its_request_that_came_last_are_those_of_a_rebuilt_task(lived_in: Path) -> None:
    undecided_label = "SELECT task_id FROM decisions WHERE json_extract(after, '$.label') IS NULL"
    with without(lived_in) as (db, source):
        task_id, wording = one(
            db,
            f"""SELECT id, instruction FROM tasks WHERE id IN {NOT_SEEDS} AND id IN ({undecided_label})
            AND classify_request_id NOTNULL""",
        )
        last = one(db, "SELECT max(id) FROM requests")
        db.execute(
            f"UPDATE requests SET stage = 'classify', task_id = {task_id}, instruction = ?, state = 'parsed'"
            f" WHERE id = {last}",
            [wording],
        )
        db.execute(f"DELETE FROM instances WHERE task_id = {task_id}")
        for label in ("generation", "classification"):
            db.execute(
                """INSERT INTO instances (task_id, instruction, label, input, output, state)
                VALUES (?, ?, ?, '', 'x', 'kept')""",
                [task_id, wording, label],
            )
        db.execute(f"DELETE FROM tasks WHERE id = {task_id}")
        mended(db, source)
        found = one(db, f"SELECT label, classify_request_id FROM tasks WHERE id = {task_id}")
        assert found == ("classification", last)


@pytest.mark.parametrize(
    ("who", "label", "origin"),
    [
        ("auto", "generation", "seed"),
        ("human", "generation", "model"),
        ("auto", None, "model"),
        ("human", None, "model"),
    ],
)
def test_a_lost_task_was_a_seed_where_a_program_accepted_it_with_its_label(
    lived_in: Path, who: str, label: str | None, origin: str
) -> None:
    with without(lived_in) as (db, source):
        task_id = one(db, f"SELECT max(id) FROM tasks WHERE id IN {NOT_SEEDS}")
        db.execute(
            """UPDATE decisions SET who = ?, before = json_set(before, '$.label', ?) WHERE kind = 'accept'
            AND id = (SELECT min(id) FROM decisions WHERE task_id = ? AND instance_id IS NULL)""",
            [who, label, task_id],
        )
        assert one(db, "SELECT changes()") == 1
        db.execute(f"DELETE FROM tasks WHERE id = {task_id}")
        mended(db, source)
        assert one(db, f"SELECT origin FROM tasks WHERE id = {task_id}") == origin
