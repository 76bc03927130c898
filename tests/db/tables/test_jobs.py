"""Jobs: stored with their attempts in one step, and never in doubt while their outcome is still to come."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from selfinstruct.db.check.check import check
from selfinstruct.db.records import Job
from selfinstruct.db.repair.repair import repairing
from selfinstruct.db.workspace import Workspace
from tests.db.test_workspace import REQUEST


@pytest.fixture
def running(workspace: Workspace) -> Workspace:
    workspace.start_run(at="now")
    return workspace


def plan(workspace: Workspace, number: int, reserved_usd: float | None = 0.25) -> list[int]:
    asked = replace(REQUEST, reserved_usd=reserved_usd)
    return [workspace.requests.plan(asked, run_id=workspace.run_id, at="now") for _ in range(number)]


def begin(workspace: Workspace, ids: Sequence[int], token: str = "t", price: float = 0.5) -> Job | None:
    return workspace.jobs.begin(
        token,
        [(request_id, {"max_tokens": request_id}) for request_id in ids],
        base_url="http://x",
        model="m",
        api="chat",
        price=price,
        run_id=workspace.run_id,
        at="then",
    )


def test_a_job_reserves_for_all_its_requests(running: Workspace) -> None:
    ids = plan(running, 3)
    job = begin(running, ids)
    assert job is not None
    assert running.requests.charged_usd() == 0.75
    assert {running.requests.get(request_id).state for request_id in ids} == {"sent"}
    assert running.jobs.waiting(job.id) == {one: (one, {"max_tokens": one}) for one in ids}
    assert running.jobs.of_request(ids[0]) == job
    assert [(out.job, out.requests) for out in running.jobs.out()] == [(job, 3)]


@pytest.mark.parametrize(("limit", "fits"), [(0.75, True), (0.74, False)])
def test_a_job_is_stored_whole_or_not_at_all_under_a_cost_limit(
    running: Workspace, limit: float, fits: bool
) -> None:
    ids = plan(running, 3)
    running.settings.change({"max_cost": limit})
    assert (begin(running, ids) is not None) == fits
    assert {running.requests.get(one).state for one in ids} == {"sent" if fits else "planned"}
    assert len(running.jobs.out()) == fits


def test_a_request_in_doubt_is_charged_again_in_a_job(running: Workspace) -> None:
    ids = plan(running, 1)
    running.requests.begin_attempt(ids[0], {}, run_id=running.run_id, at="now")
    running.requests.put_in_doubt(running.run_id)
    running.settings.change({"max_cost": 0.49})
    assert begin(running, ids) is None
    running.settings.change({"max_cost": 0.5})
    assert begin(running, ids) is not None
    assert running.requests.charged_usd() == 0.5


def test_without_a_price_there_is_no_job_under_a_cost_limit(running: Workspace) -> None:
    ids = plan(running, 1, reserved_usd=None)
    running.settings.change({"max_cost": 5.0})
    assert begin(running, ids) is None


def test_what_is_out_in_a_job_is_not_in_doubt_when_its_program_ends_and_the_next_takes_it_over(
    running: Workspace,
) -> None:
    ids = plan(running, 3)
    job = begin(running, ids[:2])
    assert job is not None
    running.requests.begin_attempt(ids[2], {}, run_id=running.run_id, at="now")
    running.end_run(at="later")
    assert [running.requests.get(one).state for one in ids] == ["sent", "sent", "in_doubt"]
    running.start_run(at="later")
    assert running.requests.left_over(run_id=running.run_id, states=("planned", "answered")) == []
    taken = running.requests.left_over(run_id=running.run_id, states=(), jobs=[job.id])
    assert [one.id for one in taken] == ids[:2]
    assert running.requests.left_over(run_id=running.run_id, states=(), jobs=[job.id + 1]) == []


def test_what_is_out_when_a_job_ends_is_in_doubt(running: Workspace) -> None:
    first, second = plan(running, 2)
    job = begin(running, [first, second])
    assert job is not None
    attempt_id, _ = running.jobs.waiting(job.id)[first]
    running.requests.store_answer(attempt_id, http_status=200, body=b"{}", at="later")
    running.jobs.end(job.id, error="Lost.", at="later")
    assert [running.requests.get(one).state for one in (first, second)] == ["answered", "in_doubt"]
    assert running.jobs.out() == []
    assert running.jobs.of_request(second) is None
    ended = running.jobs.get(job.id)
    assert (ended.error, ended.ended_at) == ("Lost.", "later")


def test_an_answer_tells_the_share_of_the_price_that_it_was_sent_for(running: Workspace) -> None:
    alone, in_job = plan(running, 2)
    attempt_id = running.requests.begin_attempt(alone, {}, run_id=running.run_id, at="now")
    assert attempt_id is not None
    job = begin(running, [in_job], price=0.5)
    assert job is not None
    for attempt in (attempt_id, running.jobs.waiting(job.id)[in_job][0]):
        running.requests.store_answer(attempt, http_status=200, body=b"{}", at="later")
    answers = [running.requests.answer(one) for one in (alone, in_job)]
    assert [answer.price for answer in answers if answer] == [1.0, 0.5]


def test_what_the_endpoint_tells_of_a_job_is_kept(running: Workspace) -> None:
    job = begin(running, plan(running, 1))
    assert job is not None
    running.jobs.uploaded(job.id, "file-1")
    running.jobs.creating(job.id, at="soon")
    running.jobs.created(job.id, "batch_1")
    running.jobs.note(job.id, status="in_progress", completed=0, failed=None, expires_at="tomorrow")
    kept = running.jobs.get(job.id)
    assert (kept.file_id, kept.creating_at, kept.remote_id, kept.name) == (
        "file-1",
        "soon",
        "batch_1",
        "batch_1",
    )
    assert (kept.status, kept.completed, kept.failed, kept.expires_at) == ("in_progress", 0, None, "tomorrow")


def test_a_job_survives_a_repair(running: Workspace) -> None:
    job = begin(running, plan(running, 2))
    running.end_run(at="later")
    running.close()
    with repairing(running.path, at="later") as repaired:
        repaired.put_in_place()
    assert check(running.path).is_well
    with Workspace.open(running.path) as workspace:
        assert [(out.job, out.requests) for out in workspace.jobs.out()] == [(job, 2)]


def test_every_request_is_found_in_its_job_while_its_outcome_is_to_come(running: Workspace) -> None:
    ids = plan(running, 9)
    parts = [ids[0::3], ids[1::3], ids[2::3]]
    jobs = [begin(running, part, token) for part, token in zip(parts, "abc", strict=True)]
    attempts = {job.id: running.jobs.waiting(job.id) for job in jobs if job is not None}
    assert [sorted(waiting) for waiting in attempts.values()] == parts
    answered = {ids[1], ids[3]}
    for waiting in attempts.values():
        for request_id in answered & waiting.keys():
            running.requests.store_answer(waiting[request_id][0], http_status=200, body=b"{}", at="then")
    first, second, third = (job for job in jobs if job is not None)
    running.jobs.end(second.id, error=None, at="later")
    for job, part in zip((first, second, third), parts, strict=True):
        is_out = job is not second
        assert running.jobs.get(job.id).token == job.token
        assert [*running.jobs.waiting(job.id)] == [one for one in part if one not in answered]
        for request_id in ids:
            mine = request_id in part and request_id not in answered
            expected = attempts[job.id].get(request_id) if mine else None
            assert running.jobs.attempt(job.id, request_id) == expected
            found = running.jobs.of_request(request_id)
            assert (found is not None and found.id == job.id) == (mine and is_out)
    assert [(out.job.id, out.requests) for out in running.jobs.out()] == [(first.id, 2), (third.id, 3)]
    states = {one: running.requests.get(one).state for one in ids}
    in_doubt = {*parts[1]} - answered
    assert states == {
        one: "answered" if one in answered else "in_doubt" if one in in_doubt else "sent" for one in ids
    }
