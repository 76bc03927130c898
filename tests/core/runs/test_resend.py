"""Sending again: what failed, never what is answered, and what is in doubt only on a person's word."""

import asyncio
import json

import pytest

from selfinstruct.core.events import (
    BatchCompleted,
    GenerationPaused,
    LimitReached,
    RequestFailed,
    RequestPlanned,
    TaskClassified,
)
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.runs.attending import Attended, attending
from tests.server import Fault, ModelServer, error_body

REFUSED = Fault(400, error_body("not today"))
ILLEGIBLE = Fault(body=b"<html>busy</html>")


async def with_one_failed(attended: Attended, server: ModelServer, fault: Fault) -> int:
    """Let the first request of a batch fail; returns its id."""
    server.faults.append(fault)
    attended.run.next_batch()
    await attended.told(BatchCompleted)
    (failed,) = [event.request_id for event in attended.events if isinstance(event, RequestFailed)]
    return failed


async def test_a_request_that_failed_without_an_answer_is_sent_again_as_it_was(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, concurrency=1)
    async with attending(engine) as attended:
        failed = await with_one_failed(attended, server, REFUSED)
        assert attended.run.retry([failed]).taken_on == (failed,)
        await attended.told(BatchCompleted, 2)
        assert engine.workspace.requests.get(failed).state == "parsed"
        assert engine.workspace.request_log.record(failed).asked_anew is None
        assert sum(one.body == server.received[0].body for one in server.received) == 2
        assert {task.propose_request_id for task in engine.workspace.tasks.of_batch(1)} >= {failed}


async def test_a_request_whose_answer_is_stored_is_asked_anew_and_never_sent_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, concurrency=1)
    async with attending(engine) as attended:
        failed = await with_one_failed(attended, server, ILLEGIBLE)
        requests = engine.workspace.requests
        attended.run.retry([failed])
        await attended.told(BatchCompleted, 2)
        anew = requests.asked_anew(failed)
        assert anew is not None
        before, after = requests.get(failed), requests.get(anew)
        assert (before.state, after.state) == ("failed", "parsed")
        assert (before.prompt, before.parameters) == (after.prompt, after.parameters)
        assert after.instead_of == failed
        assert len(engine.workspace.request_log.record(failed).attempts) == 1
        refused = attended.run.retry([failed]).refused
        assert refused == {failed: f"Request {failed} was already resent, as request {anew}."}


async def test_a_task_points_to_the_request_that_asks_about_it_anew(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0)
    async with attending(engine) as attended:
        task_id = engine.workspace.tasks.add("Name a river in Asia.", origin="human", at="now")
        server.faults.append(ILLEGIBLE)
        engine.decisions.accept(task_id)
        attended.run.wake()
        await attended.told(RequestFailed)
        failed = engine.workspace.tasks.get(task_id).classify_request_id
        assert failed is not None
        attended.run.retry([failed])
        await attended.told(TaskClassified)
        task = engine.workspace.tasks.get(task_id)
        assert task.label is not None
        assert task.classify_request_id == failed + 1


async def test_sending_again_lifts_the_pause_of_an_endpoint_that_could_not_be_used(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(401, error_body("wrong key"))
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0)
    async with attending(engine) as attended:
        attended.run.next_batch()
        await attended.told(GenerationPaused)
        failed = [event.request_id for event in attended.events if isinstance(event, RequestFailed)]
        server.refuse = lambda body: None
        assert attended.run.retry_failed().taken_on == tuple(failed)
        await attended.told(BatchCompleted)
        assert {engine.workspace.requests.get(request_id).state for request_id in failed} == {"parsed"}
        assert attended.run.paused is None


async def test_what_waited_to_be_sent_again_can_be_sent_later_when_the_endpoint_fails_meanwhile(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults += [REFUSED] * 4
    engine = engine_on(base_url=server.url, model="m", requests_per_batch=5, batches_ahead=0, concurrency=1)
    async with attending(engine) as attended:
        attended.run.next_batch()
        await attended.told(BatchCompleted)
        server.refuse = lambda body: Fault(401, error_body("wrong key"))
        assert attended.run.retry_failed().taken_on == (1, 2, 3, 4)
        await attended.told(GenerationPaused)
        assert attended.states()[:4] == ["failed"] * 4
        server.refuse = lambda body: None
        assert attended.run.retry_failed().taken_on[:4] == (1, 2, 3, 4)
        await attended.until(lambda: attended.states()[:4] == ["parsed"] * 4)


async def test_a_request_that_has_not_failed_is_not_sent_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with attending(engine_on(base_url=server.url, model="m", batches_ahead=0)) as attended:
        attended.run.next_batch()
        await attended.told(BatchCompleted)
        had = len(server.received)
        assert attended.run.retry([1]).refused == {1: "Request 1 has not failed."}
        assert attended.run.retry_failed().taken_on == ()
        assert len(server.received) == had


async def leave_one_in_doubt(engine_on: OpenEngine, server: ModelServer, **settings: object) -> None:
    """A run that is cut off while request 1 is under way."""
    server.gate.clear()
    engine = engine_on(base_url=server.url, model="m", requests_per_batch=1, batches_ahead=0, **settings)
    async with engine:
        running = asyncio.create_task(engine.propose())
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    server.gate.set()


async def test_a_request_in_doubt_is_sent_again_only_when_a_person_says_so(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    priced = {"prices": {"m": {"input": 1.0, "output": 1.0}}}
    await leave_one_in_doubt(engine_on, server, **priced)
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, **priced)
    async with attending(engine) as attended:
        assert "may have been answered and billed" in attended.run.retry([1]).refused[1]
        assert workspace.requests.get(1).state == "in_doubt"
        reserved = workspace.requests.charged_usd()
        assert attended.run.retry([1], in_doubt=True).taken_on == (1,)
        await attended.told(RequestPlanned)
        assert workspace.requests.charged_usd() == pytest.approx(2 * reserved)
        await attended.told(BatchCompleted)
        assert workspace.requests.get(1).state == "parsed"


async def test_the_cost_limit_holds_for_what_is_sent_again_and_more_room_sends_it(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    priced = {"prices": {"m": {"input": 1.0, "output": 1.0}}}
    await leave_one_in_doubt(engine_on, server, **priced)
    spent = workspace.requests.charged_usd()
    engine = engine_on(base_url=server.url, model="m", max_cost=1.5 * spent, **priced)
    async with attending(engine) as attended:
        attended.run.retry([1], in_doubt=True)
        await attended.told(LimitReached)
        assert len(server.received) == 1
        assert workspace.requests.get(1).state == "in_doubt"
        engine.limit_cost(2.5 * spent)
        attended.run.resume()
        await attended.told(BatchCompleted)
        assert workspace.requests.get(1).state == "parsed"


async def test_max_requests_holds_for_what_would_be_asked_anew_and_not_for_the_same_request(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", max_requests=2, concurrency=1)
    server.faults += [ILLEGIBLE, REFUSED]
    async with attending(engine) as attended:
        attended.run.next_batch()
        await attended.told(GenerationPaused)
        retried = attended.run.retry([1, 2])
        assert retried.taken_on == (2,)
        assert "has reached max_requests, 2" in retried.refused[1]
        await attended.until(lambda: attended.states() == ["failed", "parsed"])


async def test_what_failed_at_another_endpoint_is_asked_anew_at_this_one(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(REFUSED)
    async with engine_on(base_url=server.url, model="old", requests_per_batch=1) as engine:
        await engine.propose()
    async with attending(engine_on(base_url=server.url, model="new", batches_ahead=0)) as attended:
        attended.run.retry([1])
        await attended.told(BatchCompleted)
        assert [one.body["model"] for one in server.received] == ["old", "new"]
        assert attended.engine.workspace.requests.get(1).model == "old"
        assert attended.engine.workspace.requests.get(2).model == "new"


async def test_a_prompt_for_another_kind_of_api_is_not_sent(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(REFUSED)
    async with engine_on(base_url=server.url, model="m", requests_per_batch=1) as engine:
        await engine.propose()
    async with attending(engine_on(base_url=server.url, model="m", api="completions")) as attended:
        assert "written for the chat API" in attended.run.retry([1]).refused[1]


async def test_what_nobody_wants_any_more_is_not_sent_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0)
    async with attending(engine) as attended:
        tasks, decisions = engine.workspace.tasks, engine.decisions
        labelled, reworded = (
            tasks.add(instruction, origin="human", at="now")
            for instruction in ("Name a long river.", "Sort these words by length.")
        )
        server.refuse = lambda body: REFUSED
        for task_id in (labelled, reworded):
            decisions.accept(task_id)
        attended.run.wake()
        await attended.told(RequestFailed, 2)
        failed = [tasks.get(task_id).classify_request_id or 0 for task_id in (labelled, reworded)]
        decisions.undo()
        decisions.edit(reworded, "Sort these numbers by size.")
        decisions.relabel(labelled, "generation")
        had = len(server.received)
        refused = attended.run.retry(failed).refused
        assert refused[failed[0]] == f"Task {labelled} already has a label, without request {failed[0]}."
        assert "has changed since" in refused[failed[1]]
        assert attended.run.sendable() == []
        assert len(server.received) == had


async def test_a_task_that_was_asked_about_again_meanwhile_is_not_asked_twice(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0)
    async with attending(engine) as attended:
        task_id = engine.workspace.tasks.add("Name a river in Asia.", origin="human", at="now")
        engine.decisions.accept(task_id)
        server.refuse = lambda body: REFUSED
        attended.run.wake()
        await attended.told(RequestFailed)
        attended.run.next_batch()
        await attended.told(RequestFailed, 2)
        assert attended.run.retry([1]).refused == {1: f"Task {task_id} has a newer request, 2."}


async def test_a_request_is_sent_once_however_often_and_by_whomever_it_is_asked_for(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, concurrency=64)
    async with attending(engine, server) as attended:
        failed = await with_one_failed(attended, server, REFUSED)
        server.gate.clear()
        attended.run.retry([failed, failed])
        attended.run.retry([failed])
        await attended.until(lambda: workspace.requests.get(failed).state != "failed")
        with Workspace.open(workspace.path) as theirs:
            theirs.start_run(at="now")
            assert not theirs.requests.plan_again(failed, reserved_usd=None, run_id=theirs.run_id)
            theirs.end_run(at="now")
        server.gate.set()
        await attended.told(BatchCompleted, 2)
    assert len(workspace.request_log.record(failed).attempts) == 2


async def test_what_could_not_be_read_stays_as_it_came(engine_on: OpenEngine, server: ModelServer) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, concurrency=1)
    odd = json.dumps({"choices": []}).encode()
    async with attending(engine) as attended:
        failed = await with_one_failed(attended, server, Fault(body=odd))
        attended.run.retry([failed])
        await attended.told(BatchCompleted, 2)
        (attempt,) = engine.workspace.request_log.record(failed).attempts
        assert attempt.body == odd


async def test_what_failed_is_still_known_under_other_settings(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, concurrency=1)
    async with attending(engine) as attended:
        failed = await with_one_failed(attended, server, REFUSED)
        attended.run.stop()
        assert attended.run.failed == 1
        assert attended.run.successor().retry_failed().taken_on == (failed,)
