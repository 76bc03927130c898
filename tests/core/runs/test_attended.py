"""Generation beside a person: as many batches ahead as wanted, and pauses that end."""

import asyncio
import json

import pytest

from selfinstruct.core.events import (
    BatchCompleted,
    CandidatesProposed,
    GenerationPaused,
    RequestDelayed,
    RequestPlanned,
    RequestsGivenUp,
    TaskInstantiated,
)
from selfinstruct.core.runs.attended import AttendedRun
from selfinstruct.db.records import PASS
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.runs.attending import Attended, attending
from tests.server import Fault, ModelServer, error_body


async def settled(attended: Attended) -> None:
    """Wait until nothing is under way and nothing more is begun."""
    await attended.until(lambda: attended.run.under_way <= 1 and attended.run.progress is None)
    await asyncio.sleep(0)
    while attended.run.under_way:  # noqa: ASYNC110 - the last one leaves without an event
        await asyncio.sleep(0)


@pytest.mark.parametrize("ahead", [0, 1, 3])
async def test_as_many_batches_are_made_ahead_as_the_settings_say(engine_on: OpenEngine, ahead: int) -> None:
    async with attending(engine_on(batches_ahead=ahead, requests_per_batch=2, rng_seed=1)) as attended:
        assert attended.run.next_batch() is None
        await attended.told(BatchCompleted, 1 + ahead)
        assert attended.run.next_batch() == 1
        await settled(attended)
        assert attended.engine.workspace.requests.last_batch() == 1 + ahead


async def test_with_none_ahead_the_next_batch_is_made_when_it_is_asked_for(engine_on: OpenEngine) -> None:
    async with attending(engine_on(batches_ahead=0, requests_per_batch=1, rng_seed=1)) as attended:
        for batch in (1, 2):
            assert attended.run.next_batch() is None
            await attended.told(BatchCompleted, batch)
            assert attended.run.next_batch() == batch
            await settled(attended)
            assert attended.engine.workspace.requests.last_batch() == batch


async def test_batches_ahead_are_begun_before_the_one_in_front_is_answered(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.gate.clear()
    engine = engine_on(base_url=server.url, model="m", batches_ahead=3, requests_per_batch=1, concurrency=4)
    async with attending(engine, server) as attended:
        attended.run.next_batch()
        await attended.told(RequestPlanned, 4)
        assert engine.workspace.requests.last_batch() == 4
        assert attended.run.progress == (0, 1)


async def test_a_decision_is_followed_up_at_once_while_a_batch_is_under_way(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.gate.clear()
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, requests_per_batch=2)
    async with attending(engine, server) as attended:
        attended.run.next_batch()
        await attended.told(RequestPlanned, 2)
        task_id = engine.workspace.tasks.add("Name a river in Asia.", origin="human", at="now")
        engine.decisions.accept(task_id)
        attended.run.wake()
        await attended.told(RequestPlanned, 3)
        assert engine.workspace.requests.get(3).stage == "classify"
        assert not {"answered", "parsed"} & set(attended.states())


async def test_answers_without_tasks_are_not_asked_for_again_and_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    chatter = {
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "I would rather not."}}]
    }
    server.refuse = lambda body: Fault(body=json.dumps(chatter).encode())
    engine = engine_on(base_url=server.url, model="m", requests_per_batch=2, batches_ahead=3, concurrency=2)
    async with attending(engine, server) as attended:
        attended.run.next_batch()
        await attended.told(GenerationPaused)
        while attended.run.under_way:  # noqa: ASYNC110 - the last one leaves without an event
            await asyncio.sleep(0)
        assert attended.run.paused is not None
        assert "produced no candidates" in attended.run.paused
        assert len(server.received) <= 3
        server.refuse = lambda body: None
        attended.run.next_batch()
        await attended.told(BatchCompleted, 2)


async def test_what_is_asked_for_before_the_work_begins_is_sent_once(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0)
    task_id = engine.workspace.tasks.add("Name a river in Asia.", origin="human", at="now")
    engine.decisions.accept(task_id)
    engine.decisions.relabel(task_id, "generation")
    async with engine:
        run = AttendedRun(engine)
        run.ask_for_more(task_id)
        working = asyncio.create_task(run.run())
        await asyncio.to_thread(server.arrived.acquire)
        run.stop()
        await working
        assert len(server.received) == engine.workspace.requests.count() == 1


async def test_what_waited_to_be_sent_again_when_all_stopped_is_sent_when_it_goes_on(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    broken = Fault(500, error_body("broken"), {"retry-after": "100"})
    server.faults.extend([broken, broken, broken, Fault(401, error_body("bad key"))])
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, requests_per_batch=4, concurrency=4)
    async with attending(engine, server) as attended:
        attended.run.next_batch()
        await attended.told(GenerationPaused)
        assert sorted(attended.states()) == ["failed", "planned", "planned", "planned"]
        attended.run.retry_failed()
        await attended.told(BatchCompleted)
        assert attended.states()[:4] == ["parsed"] * 4


async def test_what_waited_for_another_endpoint_counts_as_failed_and_is_asked_for_again(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    broken = Fault(500, error_body("broken"), {"retry-after": "100"})
    server.faults.extend([broken, broken, broken, Fault(401, error_body("bad key"))])
    alone = {"batches_ahead": 0, "requests_per_batch": 4, "concurrency": 4}
    async with attending(engine_on(base_url=server.url, model="m", **alone)) as attended:
        attended.run.next_batch()
        await attended.told(GenerationPaused)
        assert sorted(attended.states()) == ["failed", "planned", "planned", "planned"]
    async with attending(engine_on(base_url=server.url, model="another", **alone)) as attended:
        await attended.told(RequestsGivenUp)
        assert RequestsGivenUp(3, can_be_retried=True) in attended.events
        assert attended.run.failed == 3
        assert len(attended.run.retry_failed().taken_on) == 3
        await attended.told(CandidatesProposed, 3)
        assert attended.run.failed == 0
        assert {task.propose_request_id for task in workspace.tasks.of_batch(1)} == {5, 6, 7}


async def test_what_was_written_for_another_api_is_given_up_and_cannot_be_asked_for_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with engine_on(base_url=server.url, model="m") as engine:
        engine.planner.propose(1)
    async with attending(engine_on(base_url=server.url, model="m", api="completions")) as attended:
        await attended.told(RequestsGivenUp)
        assert RequestsGivenUp(1, can_be_retried=False) in attended.events


async def test_what_a_person_pauses_sends_nothing_and_goes_on_with_the_same_batch(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    alone = {"batches_ahead": 0, "requests_per_batch": 3, "concurrency": 1}
    async with attending(engine_on(base_url=server.url, model="m", **alone), server) as attended:
        server.gate.clear()
        attended.run.next_batch()
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
        attended.run.pause()
        server.gate.set()
        await attended.told(CandidatesProposed)
        while attended.run.under_way:  # noqa: ASYNC110 - the last one leaves without an event
            await asyncio.sleep(0)
        assert len(server.received) == 1
        assert attended.run.made_of(1) == (1, 3)
        assert attended.run.successor().paused is not None
        attended.run.resume()
        await attended.told(BatchCompleted)
        assert attended.states()[:3] == ["parsed"] * 3


@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_holds_back_what_waits_for_its_next_attempt(
    engine_on: OpenEngine, server: ModelServer, status: int
) -> None:
    server.faults.append(Fault(status, error_body("overloaded"), {"retry-after": "1"}))
    alone = {"batches_ahead": 0, "requests_per_batch": 2, "concurrency": 1}
    async with attending(engine_on(base_url=server.url, model="m", **alone), server) as attended:
        attended.run.next_batch()
        await attended.told(RequestDelayed)
        attended.run.pause()
        while attended.run.under_way:  # noqa: ASYNC110 - the last one leaves without an event
            await asyncio.sleep(0)
        assert len(server.received) == 1
        assert attended.states() == ["planned"]
        attended.run.resume()
        await attended.told(BatchCompleted)
        assert attended.states()[:2] == ["parsed"] * 2


async def test_a_pause_that_is_over_at_once_loses_nothing(engine_on: OpenEngine, server: ModelServer) -> None:
    alone = {"batches_ahead": 0, "requests_per_batch": 3, "concurrency": 2}
    async with attending(engine_on(base_url=server.url, model="m", **alone), server) as attended:
        server.gate.clear()
        attended.run.next_batch()
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
        attended.run.pause()
        attended.run.resume()
        server.gate.set()
        await attended.told(BatchCompleted)
        assert attended.states()[:3] == ["parsed"] * 3


async def test_a_batch_that_is_being_made_is_shown_with_its_first_candidates_and_made_to_its_end(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    alone = {"batches_ahead": 0, "requests_per_batch": 2, "concurrency": 1}
    async with attending(engine_on(base_url=server.url, model="m", **alone), server) as attended:
        assert attended.run.next_batch() is None
        await attended.told(CandidatesProposed)
        assert attended.run.take_ready() is None
        assert attended.run.take_ready(unfinished=True) == attended.run.shown == 1
        await attended.told(BatchCompleted)
        assert len({task.propose_request_id for task in attended.engine.workspace.tasks.of_batch(1)}) == 2


async def test_no_instances_are_asked_for_while_a_person_changes_the_label(engine_on: OpenEngine) -> None:
    async with attending(engine_on(batches_ahead=0, requests_per_batch=1, rng_seed=1)) as attended:
        attended.run.next_batch()
        await attended.told(BatchCompleted)
        tasks = attended.engine.workspace.tasks
        first, second, *_ = [task.id for task in tasks.of_batch(1) if task.verdict == PASS]
        attended.run.settle([first])
        for task_id in (first, second):
            attended.engine.decisions.accept(task_id)
            attended.engine.decisions.relabel(task_id, "generation")
        attended.run.wake()
        await attended.told(TaskInstantiated)
        assert tasks.get(second).instantiate_request_id is not None
        assert tasks.get(first).instantiate_request_id is None
        attended.run.settle()
        await attended.told(TaskInstantiated, 2)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (2, "2 of its 2 requests failed. The last error: "),
        (1, "1 of its 2 requests failed, and no other answer contained a list of tasks. The last error: "),
        (0, "no answer contained a list of tasks."),
    ],
)
async def test_a_batch_without_a_candidate_says_what_is_known_of_why(
    engine_on: OpenEngine, server: ModelServer, broken: int, told: str
) -> None:
    empty = Fault(body=json.dumps({"choices": [{"message": {"content": "Sorry."}}]}).encode())
    server.faults.extend([Fault(400, error_body("unheard of"))] * broken + [empty] * (2 - broken))
    alone = {"batches_ahead": 0, "requests_per_batch": 2, "concurrency": 1}
    async with attending(engine_on(base_url=server.url, model="m", **alone), server) as attended:
        attended.run.next_batch()
        await attended.told(GenerationPaused)
        (paused,) = [event for event in attended.events if isinstance(event, GenerationPaused)]
        assert told in paused.sentence
        assert ("unheard of" in paused.sentence) == (broken > 0)


async def test_a_request_that_waits_for_its_next_attempt_says_why_which_and_for_how_long(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(Fault(503, error_body("overloaded"), {"retry-after": "0"}))
    alone = {"batches_ahead": 0, "requests_per_batch": 1}
    async with attending(engine_on(base_url=server.url, model="m", **alone), server) as attended:
        attended.run.next_batch()
        await attended.told(RequestDelayed)
        (delayed,) = [event for event in attended.events if isinstance(event, RequestDelayed)]
        assert "overloaded" in delayed.sentence
        assert (delayed.request_id, delayed.attempt) == (1, 2)
        assert delayed.attempt <= delayed.attempts
        assert 0 <= delayed.wait_s < 1
        await attended.told(BatchCompleted)
