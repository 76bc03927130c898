"""The workspace: only ours is opened, nothing half is written, decisions make the state."""

import os
import random
import stat
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.records import NewInstance, NewRequest, Standing, Usage
from selfinstruct.db.sqlite.connection import journal_of
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace

REQUEST = NewRequest(
    stage="propose",
    batch=1,
    task_id=None,
    model="m",
    base_url="http://127.0.0.1:1/v1",
    prompt="9.",
    parameters={"max_tokens": 5},
    in_context=(1, 2),
    instruction=None,
    label=None,
    reserved_usd=0.6,
    held=False,
)


def begin_attempt(workspace: Workspace, request_id: int) -> int:
    attempt = workspace.requests.begin_attempt(request_id, {}, run_id=workspace.run_id, at="now")
    assert attempt is not None
    return attempt


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"just text, long enough to be looked at " * 40, "not a workspace", id="text"),
        pytest.param(b"SQLite format 3\0", "not a workspace", id="torn header"),
        pytest.param(b"", "There is no workspace", id="empty file"),
    ],
)
def test_a_file_that_is_not_ours_is_named_and_left_alone(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(content)
    with pytest.raises(WorkspaceError, match=said) as caught:
        Workspace.open(path)
    assert "other.db" in str(caught.value)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE orders (id)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(WorkspaceError, match="another program"):
        Workspace.open(path, create=True)
    assert path.read_bytes() == before


def test_a_newer_workspace_asks_for_an_upgrade(workspace: Workspace) -> None:
    with sqlite3.connect(workspace.path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(WorkspaceError, match="Upgrade"):
        Workspace.open(workspace.path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="There is no folder"):
        Workspace.open(tmp_path / "nowhere" / "w.db", create=True)


def test_only_its_owner_can_read_a_workspace(workspace: Workspace) -> None:
    assert stat.S_IMODE(workspace.path.stat().st_mode) == 0o600


def test_opening_again_migrates_nothing_and_finds_everything(workspace: Workspace) -> None:
    workspace.tasks.add("Name a river.", origin="human", at="now")
    with Workspace.open(workspace.path) as again:
        assert again.tasks.get(1).instruction == "Name a river."


def test_a_transaction_that_fails_leaves_nothing(workspace: Workspace) -> None:
    with pytest.raises(RuntimeError), workspace.transaction():
        workspace.tasks.add("Name a river.", origin="human", at="now")
        raise RuntimeError
    with pytest.raises(KeyError):
        workspace.tasks.get(1)


def test_a_tasks_state_is_always_the_result_of_its_decisions(workspace: Workspace) -> None:
    task_id = workspace.tasks.add("Name a river.", origin="human", at="now")
    before = workspace.tasks.get(task_id).standing
    after = Standing("accepted", "Name two rivers.", "generation")
    workspace.decisions.add(task_id, "accept", step=1, who="human", at="now", before=before, after=after)
    assert workspace.tasks.get(task_id).standing == after
    assert workspace.decisions.of_task(task_id)[0].before == before


@pytest.mark.parametrize("statement", ["UPDATE decisions SET who = 'auto'", "DELETE FROM decisions"])
def test_decisions_can_only_be_added(workspace: Workspace, statement: str) -> None:
    task_id = workspace.tasks.add("Name a river.", origin="human", at="now")
    standing = workspace.tasks.get(task_id).standing
    workspace.decisions.add(task_id, "reject", step=1, who="human", at="now", before=standing, after=standing)
    with sqlite3.connect(workspace.path) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)
    other.close()


def test_a_request_is_on_disk_before_it_is_sent_and_its_answer_before_it_is_parsed(
    workspace: Workspace,
) -> None:
    workspace.start_run(at="now")
    request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    with Workspace.open(workspace.path) as other:
        assert other.requests.get(request_id).state == "planned"
        attempt_id = begin_attempt(workspace, request_id)
        assert other.requests.get(request_id).state == "sent"
        workspace.requests.store_answer(attempt_id, http_status=200, body=b"\x00\xffraw", at="now")
        assert other.requests.get(request_id).state == "answered"
        stored = other.requests.answer(request_id)
        assert stored is not None
        assert stored.body == b"\x00\xffraw"


def test_a_request_remembers_its_exact_prompt_and_parameters(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    found = workspace.requests.get(request_id)
    assert (found.prompt, found.parameters, found.in_context) == ("9.", {"max_tokens": 5}, (1, 2))


def test_the_cost_limit_counts_what_is_reserved_until_it_is_settled(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    workspace.settings.write({"max_cost": 1.0})

    def attempt() -> int | None:
        request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
        return workspace.requests.begin_attempt(request_id, {}, run_id=workspace.run_id, at="now")

    first = attempt()
    assert first is not None
    assert workspace.requests.charged_usd() == pytest.approx(0.6)
    assert attempt() is None
    workspace.requests.settle(first, answered_by="m", usage=Usage(1, 1, 0.1))
    workspace.requests.fail(2, "given up")
    assert workspace.requests.charged_usd() == pytest.approx(0.1)
    assert attempt() is not None
    assert workspace.requests.charged_usd() == pytest.approx(0.7)


def test_what_is_planned_counts_against_the_cost_limit_before_it_is_sent(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    assert workspace.requests.charged_usd() == pytest.approx(0.6)


def test_sending_again_what_is_in_doubt_counts_both_attempts(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    workspace.settings.write({"max_cost": 1.0})
    request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    begin_attempt(workspace, request_id)
    workspace.requests.put_in_doubt(workspace.run_id)
    again = workspace.requests.begin_attempt(request_id, {}, run_id=workspace.run_id, at="now")
    assert again is None, "0.6 may have been spent, and 0.6 more would be over 1.0"


def test_a_request_that_is_known_to_have_failed_is_in_no_doubt_while_it_waits_to_be_sent_again(
    workspace: Workspace,
) -> None:
    workspace.start_run(at="now")
    request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    attempt_id = begin_attempt(workspace, request_id)
    workspace.requests.store_failure(attempt_id, http_status=429, body=b"", error="busy", free=True, at="now")
    workspace.end_run(at="later")
    assert workspace.requests.get(request_id).state == "planned"


def test_a_late_answer_does_not_bring_back_what_was_taken_in(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    late, first = begin_attempt(workspace, request_id), begin_attempt(workspace, request_id)
    workspace.requests.store_answer(first, http_status=200, body=b"one", at="now")
    workspace.requests.parsed(request_id)
    workspace.requests.store_answer(late, http_status=200, body=b"two", at="now")
    assert workspace.requests.get(request_id).state == "parsed"


@pytest.mark.skipif(
    journal_of(sqlite3.sqlite_version_info) == "wal",
    reason="readers keep nobody from committing in WAL mode",
)
def test_a_commit_that_fails_leaves_no_transaction_for_later_writes_to_join(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace._db.execute("PRAGMA busy_timeout = 1")
    with Workspace.open(workspace.path) as reader:
        reader._db.execute("BEGIN")
        reader._db.execute("SELECT count(*) FROM tasks").fetchone()
        with pytest.raises(WorkspaceError, match="another program"):
            workspace.tasks.add("Lost and said so.", origin="human", at="now")
        reader._db.execute("COMMIT")
    kept = workspace.tasks.add("Kept.", origin="human", at="now")
    with Workspace.open(workspace.path) as other:
        assert other.tasks.get(kept).instruction == "Kept."
        assert len(other.tasks.get_many(range(1, 9))) == 1


def test_what_a_program_that_ended_left_under_way_is_in_doubt(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    begin_attempt(workspace, request_id)
    workspace.end_run(at="later")
    assert workspace.requests.get(request_id).state == "in_doubt"


@pytest.mark.parametrize(("reserved", "unknown"), [(0.6, 1), (None, 1), (0.0, 0)])
def test_what_is_in_doubt_may_have_cost_something_and_what_is_under_way_is_not_told_yet(
    workspace: Workspace, reserved: float | None, unknown: int
) -> None:
    workspace.start_run(at="now")
    request_id = workspace.requests.plan(
        replace(REQUEST, reserved_usd=reserved), run_id=workspace.run_id, at="now"
    )
    begin_attempt(workspace, request_id)
    assert workspace.spending().attempts_of_unknown_cost == 0
    workspace.requests.put_in_doubt(workspace.run_id)
    assert workspace.spending().attempts_of_unknown_cost == unknown
    # Sent again: the first time may have been paid all the same.
    workspace.requests.plan_again(request_id, reserved_usd=reserved, run_id=workspace.run_id)
    attempt_id = begin_attempt(workspace, request_id)
    assert workspace.spending().attempts_of_unknown_cost == unknown
    workspace.requests.store_answer(attempt_id, http_status=200, body=b"{}", at="then")
    workspace.requests.settle(attempt_id, answered_by="m", usage=Usage(1, 1, 0.5))
    workspace.requests.parsed(request_id)
    assert workspace.spending().attempts_of_unknown_cost == unknown
    assert workspace.counts().attempts_of_unknown_cost == unknown


def test_what_counts_against_the_limit_for_attempts_of_unknown_cost_is_told_in_usd(
    workspace: Workspace,
) -> None:
    workspace.start_run(at="now")
    request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    begin_attempt(workspace, request_id)
    assert workspace.spending().reserved_usd == 0, "it is under way, and its cost is awaited"
    workspace.requests.put_in_doubt(workspace.run_id)
    assert workspace.spending().reserved_usd == workspace.requests.charged_usd() == 0.6
    attempt_id = begin_attempt(workspace, request_id)
    assert workspace.spending().reserved_usd == 0.6
    workspace.requests.store_answer(attempt_id, http_status=200, body=b"{}", at="then")
    assert workspace.spending().reserved_usd == 0.6
    workspace.requests.settle(attempt_id, answered_by="m", usage=Usage(None, None, None))
    workspace.requests.parsed(request_id)
    assert workspace.spending().reserved_usd == workspace.counts().reserved_usd == 1.2


def test_what_another_living_program_has_under_way_is_not_in_doubt(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    begin_attempt(workspace, request_id)
    with Workspace.open(workspace.path) as other:
        other.start_run(at="now")
        assert other.requests.left_over(run_id=other.run_id, states=("planned",), doubtful=["propose"]) == []
    assert workspace.requests.get(request_id).state == "sent"


def test_what_a_killed_program_left_is_found_by_the_next_one(workspace: Workspace) -> None:
    child = os.fork()
    if child == 0:
        with Workspace.open(workspace.path) as dying:
            dying.start_run(at="now")
            begin_attempt(dying, dying.requests.plan(REQUEST, run_id=dying.run_id, at="now"))
            os._exit(9)
    os.waitpid(child, 0)
    workspace.start_run(at="later")
    found = workspace.requests.left_over(run_id=workspace.run_id, states=(), doubtful=["propose"])
    assert [request.id for request in found] == [1]
    with Workspace.open(workspace.path) as another:
        another.start_run(at="later")
        found = another.requests.left_over(run_id=another.run_id, states=(), doubtful=["propose"])
        assert found == [], "it is gone on with once"


def test_a_start_that_fails_can_be_repeated(workspace: Workspace) -> None:
    workspace._db.execute("INSERT INTO runs (host, pid, started_at) VALUES ('h', 1, 'now')")
    in_the_way = Path(workspace._lock(1).lock_file)
    in_the_way.mkdir()
    with pytest.raises(WorkspaceError, match="lock file"):
        workspace.start_run(at="now")
    assert not workspace.has_run
    in_the_way.rmdir()
    with Workspace.open(workspace.path) as other:
        other.start_run(at="now")  # with the same id, and at once
        workspace.start_run(at="now")
        assert workspace.run_id != other.run_id
    workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")


def test_settings_come_back_as_they_were_stored(workspace: Workspace) -> None:
    workspace.settings.write({"model": "m", "max_cost": 1.5, "filters": {"keywords": ["Bild", "画像"]}})
    workspace.settings.write({"model": "m2", "max_cost": None})
    assert workspace.settings.read() == {"model": "m2", "max_cost": None}


def test_text_with_anything_in_it_comes_back_unchanged(workspace: Workspace) -> None:
    ugly = "line\nbreak\ttab 'quote' \"double\" ; DROP TABLE tasks; -- 🎲 مرحبا \x1b[31m"
    task_id = workspace.tasks.add(ugly, origin="human", at="now", label="generation")
    workspace.instances.add(task_id, ugly, "generation", [NewInstance(ugly, ugly)], request_id=None)
    assert workspace.tasks.get(task_id).instruction == ugly
    assert workspace.instances.of_task(task_id)[0].output == ugly


def test_the_example_queries_of_the_schema_page_run(workspace: Workspace) -> None:
    page = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")
    queries = [block.split("```")[0] for block in page.split("```sql\n")[1:]]
    assert len(queries) >= 2
    connection = sqlite3.connect(workspace.path)
    for query in queries:
        connection.execute(query).fetchall()
    connection.close()


def test_the_schema_page_names_every_table_and_column(workspace: Workspace) -> None:
    page = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")
    connection = sqlite3.connect(workspace.path)
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'"
        " AND name NOT LIKE '\\_sqlite%' ESCAPE '\\' AND name NOT LIKE 'tasks\\_text\\_%' ESCAPE '\\'"
    ).fetchall()
    missing = [name for (name,) in names if f"`{name}`" not in page]
    for (table,) in names:
        columns = connection.execute("SELECT name FROM pragma_table_info(?)", [table]).fetchall()
        missing += [f"{table}.{column}" for (column,) in columns if f"`{column}`" not in page]
    connection.close()
    assert missing == []


def test_the_sums_of_spending_are_those_of_the_attempts_whatever_became_of_them(workspace: Workspace) -> None:
    rng = random.Random(0)
    workspace.start_run(at="now")
    for _ in range(40):
        request_id = workspace.requests.plan(
            replace(REQUEST, reserved_usd=rng.choice([None, 0.5])), run_id=workspace.run_id, at="now"
        )
        attempt_id = workspace.requests.begin_attempt(request_id, {}, run_id=workspace.run_id, at="now")
        assert attempt_id is not None
        end = rng.randrange(4)
        if end == 1:
            workspace.requests.store_failure(
                attempt_id, http_status=500, body=b"", error="no", free=rng.random() < 0.5, at="then"
            )
        elif end > 1:
            workspace.requests.store_answer(attempt_id, http_status=200, body=b"{}", at="then")
            if end == 3:
                cost = rng.choice([None, 0.25])
                workspace.requests.settle(attempt_id, answered_by="m", usage=Usage(1, 1, cost))
                workspace.requests.parsed(request_id)
    connection = sqlite3.connect(workspace.path)
    known, charged, unknown, reserved = connection.execute(
        """SELECT sum(cost_usd), total(coalesce(cost_usd, attempts.reserved_usd)),
            count(*) FILTER (WHERE cost_usd IS NULL AND ended_at IS NOT NULL AND state != 'answered'),
            total(attempts.reserved_usd)
                FILTER (WHERE cost_usd IS NULL AND ended_at IS NOT NULL AND state != 'answered')
        FROM attempts JOIN requests ON requests.id = request_id"""
    ).fetchone()
    (planned,) = connection.execute(
        "SELECT total(reserved_usd) FROM requests WHERE state = 'planned'"
    ).fetchone()
    connection.close()
    spending = workspace.spending()
    assert spending.cost_usd == pytest.approx(known)
    assert spending.attempts_of_unknown_cost == unknown
    assert spending.reserved_usd == pytest.approx(reserved)
    assert reserved > 0
    assert workspace.requests.charged_usd() == pytest.approx(charged + planned)
    assert workspace.counts().unsettled_usd == pytest.approx(charged + planned - known - reserved)


def test_what_is_read_and_written_for_days_leaves_nothing_in_memory(workspace: Workspace) -> None:
    def work(times: int) -> None:
        for _ in range(times):
            workspace.tasks.count()
            workspace.settings.change({"rng_seed": 1})

    work(500)
    tracemalloc.start()
    try:
        work(2000)
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 100_000  # a cursor that is not forgotten leaves 88 bytes


def test_others_are_at_work_only_while_another_program_has_a_run(workspace: Workspace) -> None:
    assert not workspace.others_at_work()
    workspace.start_run(at="now")
    assert not workspace.others_at_work()
    with Workspace.open(workspace.path) as other:
        assert not workspace.others_at_work()
        assert other.others_at_work()
        other.start_run(at="now")
        assert workspace.others_at_work()
        assert other.others_at_work()
        other.end_run(at="later")
        assert not workspace.others_at_work()
