"""Generation beside a person: as many batches ahead as wanted, pauses that end, limits that hold."""

import asyncio
import json
from collections.abc import Callable

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import SettingsError
from selfinstruct.core.events import (
    BatchCompleted,
    CandidatesProposed,
    Event,
    GenerationPaused,
    LimitReached,
    RequestDelayed,
    RequestPlanned,
    RequestsGivenUp,
    TaskInstantiated,
)
from selfinstruct.core.requests.intake import Decide
from selfinstruct.core.runs.attended import AttendedRun
from selfinstruct.core.settings.sources import resolve
from selfinstruct.core.similarity.rouge_index import Neighbour
from selfinstruct.db.records import PASS
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.runs.attending import Attended, attending
from tests.server import Fault, ModelServer, error_body

PRICED = {"m": {"input": 10.0, "output": 10.0}}


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


async def test_the_cost_limit_is_told_and_more_room_goes_on_from_there(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    engine = engine_on(
        base_url=server.url, model="m", prices=PRICED, max_cost=0.03, requests_per_batch=4, concurrency=2
    )
    async with attending(engine) as attended:
        attended.run.next_batch()
        await attended.told(LimitReached)
        assert attended.run.at_cost_limit
        assert attended.run.paused == "The cost limit of $0.03 leaves no room for a request."
        assert workspace.requests.charged_usd() <= 0.03
        sent = len(server.received)
        engine.limit_cost(5)
        attended.run.resume()
        await attended.told(BatchCompleted)
        assert len(server.received) > sent
        assert not attended.run.at_cost_limit
    assert resolve({}, stored=workspace.settings.read()).max_cost == 5


async def test_a_new_cost_limit_counts_for_requests_that_are_already_under_way(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    server.gate.clear()
    engine = engine_on(
        base_url=server.url, model="m", prices=PRICED, max_cost=5, requests_per_batch=5, concurrency=2
    )
    async with attending(engine, server) as attended:
        attended.run.next_batch()
        await attended.told(RequestPlanned, 2)
        engine.limit_cost(workspace.requests.charged_usd())
        server.gate.set()
        await attended.told(LimitReached)
        assert workspace.requests.charged_usd() <= engine.settings.max_cost  # type: ignore[operator]


async def test_a_request_that_met_the_limit_between_two_attempts_goes_on_with_more_room(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    server.gate.clear()
    server.faults.append(Fault(500, headers={"retry-after": "0"}))
    engine = engine_on(
        base_url=server.url, model="m", prices=PRICED, max_cost=5, requests_per_batch=1, batches_ahead=0
    )
    async with attending(engine, server) as attended:
        attended.run.next_batch()
        await attended.told(RequestPlanned)
        once = workspace.requests.charged_usd()
        engine.limit_cost(1.5 * once)
        server.gate.set()
        await attended.told(LimitReached)
        assert attended.states() == ["planned"]
        assert workspace.requests.charged_usd() <= 2 * once
        engine.limit_cost(5)
        attended.run.resume()
        await attended.told(BatchCompleted)
        assert attended.states()[0] == "parsed"


def cut_short(engine: Engine, server: ModelServer, *, batch: int) -> None:
    """Let the second request of a batch fail once, and the cost limit leave no room for more attempts."""
    hear = engine.listener
    planned: list[int] = []

    def listen(event: Event) -> None:
        hear(event)
        if isinstance(event, RequestPlanned):
            request = engine.workspace.requests.get(event.request_id)
            planned.extend([request.id] if (request.stage, request.batch) == ("propose", batch) else [])
            if len(planned) == 2:
                server.refuse = lambda body: Fault(500, error_body("broken"), {"retry-after": "0"})
                engine.limit_cost(engine.workspace.requests.charged_usd())
                engine.listener = hear

    engine.listener = listen


async def test_a_batch_that_the_cost_limit_cuts_short_is_shown_and_the_rest_comes_in_late(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    alone = {"requests_per_batch": 2, "batches_ahead": 0, "concurrency": 1}
    engine = engine_on(base_url=server.url, model="m", prices=PRICED, max_cost=5, **alone)
    async with attending(engine) as attended:
        cut_short(engine, server, batch=1)
        attended.run.next_batch()
        await attended.told(LimitReached)
        assert attended.states()[-1] == "planned"
        came = len(workspace.tasks.of_batch(1))
        assert attended.run.is_ready
        assert attended.run.next_batch() == 1
        server.refuse = lambda body: None
        engine.limit_cost(5)
        attended.run.resume()
        await attended.told(CandidatesProposed, 2)
        assert len(workspace.tasks.of_batch(1)) > came
        assert attended.run.next_batch() is None
        await attended.told(BatchCompleted)
        assert attended.run.next_batch() == 2


def costs_at_most(engine: Engine, plan: Callable[[], int]) -> float:
    """What a request may cost at most that is planned like this; it is not planned."""
    engine.enter()
    reserved: list[float | None] = []
    with pytest.raises(RuntimeError), engine.workspace.transaction():
        reserved.append(engine.workspace.requests.get(plan()).reserved_usd)
        raise RuntimeError
    assert reserved[0] is not None
    return reserved[0]


@pytest.mark.parametrize(("left_over", "ahead"), [(0.9, 0), (1.1, 1)])
async def test_no_batch_is_made_ahead_for_what_accepted_tasks_need(
    engine_on: OpenEngine, server: ModelServer, left_over: float, ahead: int
) -> None:
    server.gate.clear()
    engine = engine_on(
        base_url=server.url, model="m", prices=PRICED, max_cost=50, requests_per_batch=1, concurrency=9
    )
    tasks = engine.workspace.tasks
    wordings = (
        "Name a river that flows through three countries.",
        "Count slowly to twelve in Latin.",
        "Describe the smell of rain on warm stone.",
    )
    ids = [tasks.add(wording, origin="model", at="now", held=True) for wording in wordings]
    assert engine.decisions.accept_all(ids).done == tuple(ids)
    classify = costs_at_most(engine, lambda: engine.planner.classify(ids[0]))
    instantiate = costs_at_most(engine, lambda: engine.planner.instantiate(ids[0]))
    propose = costs_at_most(engine, lambda: engine.planner.propose(1))
    # Enough for the batch that is waited for and one more, and for about the instances of these.
    engine.limit_cost(3.1 * classify + 2.1 * propose + left_over * 3 * instantiate)
    async with attending(engine, server) as attended:
        attended.run.next_batch()
        for _ in range(4 + ahead):
            await asyncio.to_thread(server.arrived.acquire)
        requests = [
            engine.workspace.requests.get(one) for one in range(1, engine.workspace.requests.next_id())
        ]
        stages = [request.stage for request in requests]
        assert stages == ["classify"] * 3 + ["propose"] * (1 + ahead)
        assert attended.run.paused is None
        server.gate.set()
        await attended.told(TaskInstantiated, 3)


@pytest.mark.parametrize("usd", [0, -1, float("inf"), float("nan")])
def test_a_cost_limit_is_an_amount_of_money(engine_on: OpenEngine, usd: float) -> None:
    with pytest.raises(SettingsError, match="max_cost"):
        engine_on().limit_cost(usd)


def test_a_cost_limit_that_cannot_be_kept_is_refused_and_changes_nothing(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m")
    with pytest.raises(SettingsError, match="price of 'm' is not known"):
        engine.limit_cost(5)
    assert engine.settings.max_cost is None


async def test_max_requests_pauses_with_a_sentence(engine_on: OpenEngine) -> None:
    async with attending(engine_on(max_requests=2, requests_per_batch=5)) as attended:
        attended.run.next_batch()
        await attended.told(GenerationPaused)
        await attended.told(CandidatesProposed, 2)
        assert attended.states() == ["parsed", "parsed"]
        assert attended.run.paused == "This workspace has reached max_requests, 2."
        assert attended.run.at_request_limit


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


def test_what_accepted_tasks_need_is_instances_labels_and_vectors(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    prices = {**PRICED, "e": {"input": 500.0, "output": 0.0}}
    settings = {"base_url": server.url, "model": "m", "prices": prices, "max_cost": 50}
    engine = engine_on(**settings)
    task_id = engine.workspace.tasks.add("Name a river in Asia.", origin="model", at="now", held=True)
    engine.decisions.accept(task_id)
    classify = costs_at_most(engine, lambda: engine.planner.classify(task_id))
    instances = costs_at_most(engine, lambda: engine.planner.instantiate(task_id))
    for limit, is_enough in ((instances + 0.9 * classify, False), (instances + 1.1 * classify, True)):
        engine.limit_cost(limit)
        assert engine.planner.covers_accepted() == is_enough
    engine = engine_on(**settings | {"embeddings": "e", "max_cost": instances + 1.1 * classify})
    assert not engine.planner.covers_accepted()


def test_long_tasks_that_wait_are_counted_as_long_as_they_are(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", prices=PRICED, max_cost=50)
    need = 0.0
    for instruction in (" ".join(f"{'o' * 20}{n}" for n in range(100)), 'Say "yes" in three languages.'):
        task_id = engine.workspace.tasks.add(instruction, origin="model", at="now", held=True)
        engine.decisions.accept(task_id)
        need += costs_at_most(engine, lambda: engine.planner.classify(task_id))  # noqa: B023 - called at once
        need += costs_at_most(engine, lambda: engine.planner.instantiate(task_id))  # noqa: B023
    of_100_bytes = 100 * PRICED["m"]["input"] / 1e6
    for limit, is_enough in ((need - of_100_bytes, False), (need + of_100_bytes, True)):
        engine.limit_cost(limit)
        assert engine.planner.covers_accepted() == is_enough


async def test_what_an_answer_proposes_is_looked_up_before_it_is_taken_in(
    engine_on: OpenEngine, searched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_on(requests_per_batch=2, batches_ahead=0, rng_seed=1)
    inside: list[str] = []
    take_in = engine.take_in

    def noted(request_id: int, decide: Decide | None = None) -> None:
        before = len(searched)
        take_in(request_id, decide)
        inside.extend(searched[before:])

    monkeypatch.setattr(engine, "take_in", noted)
    async with attending(engine) as attended:
        await engine.read_pool()
        attended.run.next_batch()
        await attended.told(BatchCompleted)
    proposed = [task.instruction for task in engine.workspace.tasks.of_batch(1)]
    assert set(proposed) <= set(searched)
    assert inside == []


async def test_what_was_looked_up_is_looked_up_again_after_a_decision(engine_on: OpenEngine) -> None:
    async with engine_on(rng_seed=1) as engine:
        verdicts = engine.assess(await engine.propose())
        first = next(task_id for task_id, verdict in verdicts.items() if verdict == PASS)
        instruction = engine.workspace.tasks.get(first).instruction
        assert engine.assessor.look_up(instruction)[0].id != first
        engine.decisions.accept(first)
        assert engine.assessor.look_up(instruction)[0] == Neighbour(first, 1.0)
        engine.decisions.undo()
        assert engine.assessor.look_up(instruction)[0].id != first


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
