"""Limits in an attended run: what they stop, and how it goes on with a higher one."""

import asyncio

import pytest

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.events import (
    BatchCompleted,
    CandidatesProposed,
    GenerationPaused,
    LimitReached,
    RequestPlanned,
    TaskInstantiated,
)
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.runs.attending import attending, costs_at_most, cut_short
from tests.server import Fault, ModelServer

PRICED = {"m": {"input": 10.0, "output": 10.0}}


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
