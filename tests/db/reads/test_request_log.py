"""The requests as a person looks through them: every view, a page by id, one in full."""

from typing import get_args

from selfinstruct.db.reads.request_log import BODY_SHOWN, RequestView
from selfinstruct.db.records import Usage
from selfinstruct.db.workspace import Workspace
from tests.db.test_workspace import REQUEST, begin_attempt

SENT, ENDED = "2026-11-20T10:00:00.000+00:00", "2026-11-20T10:00:02.500+00:00"


def plan(workspace: Workspace, *, instead_of: int | None = None) -> int:
    return workspace.requests.plan(REQUEST, run_id=workspace.run_id, at=SENT, instead_of=instead_of)


def send(workspace: Workspace, request_id: int) -> int:
    attempt_id = workspace.requests.begin_attempt(
        request_id, {"max_completion_tokens": 5}, run_id=workspace.run_id, at=SENT
    )
    assert attempt_id is not None
    return attempt_id


def answer(workspace: Workspace, request_id: int, body: bytes = b"{}", cost_usd: float | None = 0.2) -> None:
    attempt_id = send(workspace, request_id)
    workspace.requests.store_answer(attempt_id, http_status=200, body=body, at=ENDED)
    workspace.requests.settle(attempt_id, answered_by="m-2", usage=Usage(7, 3, cost_usd))
    workspace.requests.parsed(request_id)


def refuse(workspace: Workspace, request_id: int, *, free: bool = True) -> None:
    workspace.requests.store_failure(
        send(workspace, request_id), http_status=429, body=b"busy", error="Busy.", free=free, at=ENDED
    )


def test_each_view_has_its_requests_newest_first_and_their_number(workspace: Workspace) -> None:
    workspace.start_run(at=SENT)
    begin_attempt(workspace, plan(workspace))
    workspace.end_run(at=SENT)
    workspace.start_run(at=SENT)
    answer(workspace, plan(workspace))
    for _ in range(2):
        refuse(workspace, request_id := plan(workspace))
        workspace.requests.fail(request_id, "Busy.")
    plan(workspace)
    send(workspace, plan(workspace))
    log = workspace.request_log
    assert list(log.ids("all")) == [6, 5, 4, 3, 2, 1]
    assert list(log.ids("failed")) == [4, 3]
    assert list(log.ids("in_doubt")) == [1]
    assert list(log.ids("planned")) == [5]
    assert list(log.ids("under_way")) == [6]
    assert log.counts() == {view: len(log.ids(view)) for view in get_args(RequestView)}


def test_a_row_tells_of_the_last_attempt_and_of_the_cost_of_all(workspace: Workspace) -> None:
    workspace.start_run(at=SENT)
    request_id = plan(workspace)
    refuse(workspace, request_id)
    answer(workspace, request_id, b"spoken")
    (row,) = workspace.request_log.get_many([request_id])
    assert (row.state, row.attempts, row.http_status) == ("parsed", 2, 200)
    assert row.seconds is not None
    assert round(row.seconds, 3) == 2.5
    assert (row.prompt_tokens, row.completion_tokens, row.cost_usd) == (7, 3, 0.2)
    assert (row.answered_by, row.body, row.asked_anew) == ("m-2", b"spoken", None)


def test_a_cost_that_is_not_known_of_one_attempt_is_not_known_of_the_request(workspace: Workspace) -> None:
    workspace.start_run(at=SENT)
    request_id = plan(workspace)
    refuse(workspace, request_id, free=False)
    answer(workspace, request_id)
    (row,) = workspace.request_log.get_many([request_id])
    assert row.cost_usd is None


def test_rows_come_in_the_order_asked_for_and_unknown_ones_not_at_all(workspace: Workspace) -> None:
    workspace.start_run(at=SENT)
    for _ in range(3):
        plan(workspace)
    assert [row.id for row in workspace.request_log.get_many([3, 9, 1])] == [3, 1]


def test_a_huge_answer_is_not_read_for_a_line_and_in_part_for_the_rest(workspace: Workspace) -> None:
    workspace.start_run(at=SENT)
    request_id = plan(workspace)
    answer(workspace, request_id, b"x" * (BODY_SHOWN + 1))
    (row,) = workspace.request_log.get_many([request_id])
    (attempt,) = workspace.request_log.record(request_id).attempts
    assert row.body is None
    assert attempt.body is not None
    assert (len(attempt.body), attempt.body_bytes) == (BODY_SHOWN, BODY_SHOWN + 1)


def test_a_record_has_every_attempt_as_it_was(workspace: Workspace) -> None:
    workspace.start_run(at=SENT)
    request_id = plan(workspace)
    refuse(workspace, request_id)
    answer(workspace, request_id, b"\xffraw")
    anew = plan(workspace, instead_of=request_id)
    record = workspace.request_log.record(request_id)
    assert record.request == workspace.requests.get(request_id)
    assert (record.planned_at, record.asked_anew) == (SENT, anew)
    assert [(one.http_status, one.error, one.body) for one in record.attempts] == [
        (429, "Busy.", b"busy"),
        (200, None, b"\xffraw"),
    ]
    assert record.attempts[0].parameters == {"max_completion_tokens": 5}


def test_a_record_names_the_tasks_that_the_answer_proposed(workspace: Workspace) -> None:
    workspace.start_run(at=SENT)
    request_id = plan(workspace)
    plan(workspace)
    made = [
        workspace.tasks.add(f"Name {n} rivers.", origin="model", at=SENT, batch=1, request_id=request_id)
        for n in (2, 3)
    ]
    workspace.tasks.add("Name a lake.", origin="model", at=SENT, batch=1, request_id=request_id + 1)
    assert workspace.request_log.record(request_id).task_ids == tuple(made)
