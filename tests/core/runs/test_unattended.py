"""Unattended work: targets, limits, resuming, and that timing never changes the outcome."""

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.endpoint.key_consent import KeyConsent, named_together
from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError, SettingsError
from selfinstruct.core.events import BatchCompleted, CandidateAssessed, Event
from selfinstruct.core.language.phrase_rules import phrase_rules
from selfinstruct.core.runs.outcome import Ended, RunOutcome
from selfinstruct.core.runs.unattended import UnattendedRun, require_start
from selfinstruct.core.setting_names import as_flags
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, error_body
from tests.similarity import rouge_l


async def run(path: Path, **settings: Any) -> RunOutcome:
    with Workspace.open(path, create=True) as workspace:
        stored = workspace.settings.read()
        asked = resolve(settings, stored=stored)
        consent = KeyConsent(named_together(asked, settings))
        async with Engine(workspace, asked, consent=consent) as engine:
            return await UnattendedRun(engine).run()


def tasks_of(path: Path) -> list[tuple[Any, ...]]:
    """What came out: every candidate with its state, verdict, label and instances."""
    with Workspace.open(path) as workspace:
        tasks = workspace.tasks.get_many(range(176, 5000))
        return [
            (
                task.instruction,
                task.state,
                task.verdict,
                task.score,
                task.label,
                [(one.input, one.output, one.state) for one in workspace.instances.of_task(task.id)],
            )
            for task in tasks
        ]


def not_taken_in(path: Path) -> int:
    """How many answers are stored and wait to be parsed."""
    with closing(sqlite3.connect(path)) as db:
        (count,) = db.execute("SELECT count(*) FROM requests WHERE state = 'answered'").fetchone()
    return int(count)


def accepted(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    return [row[0] for row in rows if row[1] == "accepted"]


async def test_a_run_ends_at_its_target_exactly_and_every_clear_task_has_been_instantiated(
    tmp_path: Path,
) -> None:
    outcome = await run(tmp_path / "a.db", target=40, rng_seed=1)
    rows = tasks_of(tmp_path / "a.db")
    assert outcome.ended is Ended.DONE
    assert len(accepted(rows)) == 40
    assert all(row[5] for row in rows if row[1] == "accepted" and row[4] in {"classification", "generation"})
    assert len({row[2] for row in rows}) >= 3, "several reasons are among the verdicts"


async def test_no_two_tasks_of_the_pool_are_similar(tmp_path: Path) -> None:
    await run(tmp_path / "a.db", target=60, rng_seed=3)
    texts = accepted(tasks_of(tmp_path / "a.db"))
    assert max(rouge_l(a, b) for i, a in enumerate(texts) for b in texts[:i]) < 0.7


async def test_the_same_seed_gives_the_same_tasks_and_another_seed_gives_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        await run(tmp_path / f"{name}.db", target=20, rng_seed=seed)
    assert tasks_of(tmp_path / "a.db") == tasks_of(tmp_path / "b.db")
    assert accepted(tasks_of(tmp_path / "a.db")) != accepted(tasks_of(tmp_path / "c.db"))


@pytest.mark.parametrize(("api", "concurrency"), [("chat", 4), ("completions", 4), ("chat", 24)])
async def test_a_real_server_gives_the_same_tasks_whatever_order_its_answers_arrive_in(
    tmp_path: Path, server: ModelServer, api: str, concurrency: int
) -> None:
    def delay(body: dict[str, Any]) -> None:
        # The later a request of each four is sent, the sooner it is answered.
        time.sleep(0.01 * (3 - len(server.received) % 4))

    settings = {"base_url": server.url, "model": "m", "api": api, "target": 20, "concurrency": concurrency}
    await run(tmp_path / "even.db", **settings)
    server.refuse = delay
    await run(tmp_path / "uneven.db", **settings)
    rows = tasks_of(tmp_path / "even.db")
    assert rows == tasks_of(tmp_path / "uneven.db")
    assert len(accepted(rows)) == 20
    expected = "/v1/chat/completions" if api == "chat" else "/v1/completions"
    assert {received.path for received in server.received} == {expected}


async def test_concurrency_is_full_while_the_endpoint_is_slow(tmp_path: Path, server: ModelServer) -> None:
    server.gate.clear()
    task = asyncio.ensure_future(
        run(tmp_path / "a.db", base_url=server.url, model="m", target=5, concurrency=6)
    )
    for _ in range(6):
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    assert len(server.received) == 6
    server.gate.set()
    assert (await task).ended is Ended.DONE


async def test_many_slots_have_the_next_requests_planned_while_no_more_than_these_are_sent(
    tmp_path: Path, server: ModelServer
) -> None:
    labels, may_answer = threading.Semaphore(0), threading.Event()

    def hold_labels(body: dict[str, Any]) -> None:
        if body["messages"][0]["content"].startswith("You sort tasks"):
            labels.release()
            may_answer.wait()

    server.waits = hold_labels
    task = asyncio.ensure_future(
        run(tmp_path / "a.db", base_url=server.url, model="m", target=60, concurrency=24)
    )
    for _ in range(24):
        assert await asyncio.to_thread(labels.acquire, timeout=90)
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        states = dict(db.execute("SELECT state, count(*) FROM requests GROUP BY state").fetchall())
    assert states["sent"] == 24
    assert 0 < states["planned"] <= 2, "the second may be about to be planned"
    may_answer.set()
    assert (await task).ended is Ended.DONE


async def test_parsers_and_rules_are_loaded_while_the_first_answers_are_awaited(
    tmp_path: Path, server: ModelServer
) -> None:
    phrase_rules.cache_clear()
    server.gate.clear()
    task = asyncio.ensure_future(run(tmp_path / "a.db", base_url=server.url, model="m", target=1))
    assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    async with asyncio.timeout(90):
        while not phrase_rules.cache_info().currsize:  # noqa: ASYNC110 - a thread loads them without an event
            await asyncio.sleep(0)
    server.gate.set()
    await task


@pytest.mark.long
async def test_new_tasks_are_asked_for_a_few_at_a_time_while_others_are_asked_about(tmp_path: Path) -> None:
    await run(tmp_path / "a.db", target=300, concurrency=16)
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        stages = [stage for (stage,) in db.execute("SELECT stage FROM requests ORDER BY id")]
    assert stages[:16] == ["propose"] * 16, "there is nothing else to ask about yet"
    assert stages[16:].count("propose") > 10
    in_a_row = [len(list(run)) for stage, run in itertools.groupby(stages[16:]) if stage == "propose"]
    assert max(in_a_row) <= 4


async def test_a_second_run_with_a_higher_target_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    await run(tmp_path / "a.db", target=10, rng_seed=1)
    before = accepted(tasks_of(tmp_path / "a.db"))
    outcome = await run(tmp_path / "a.db", target=25)
    after = accepted(tasks_of(tmp_path / "a.db"))
    assert outcome.ended is Ended.DONE
    assert after[:10] == before
    assert len(after) == 25


async def test_what_has_reached_its_target_asks_for_nothing_more(tmp_path: Path) -> None:
    await run(tmp_path / "a.db", target=10)
    with Workspace.open(tmp_path / "a.db") as workspace:
        before = workspace.counts()
    outcome = await run(tmp_path / "a.db")
    with Workspace.open(tmp_path / "a.db") as workspace:
        assert workspace.counts() == before
    assert outcome.ended is Ended.DONE


async def test_hold_leaves_every_decision_to_a_person(tmp_path: Path) -> None:
    outcome = await run(tmp_path / "a.db", target=20, hold=True)
    with Workspace.open(tmp_path / "a.db") as workspace:
        counts = workspace.counts()
    assert outcome.ended is Ended.DONE
    assert counts.candidates["accepted"] == counts.candidates["rejected"] == 0
    assert counts.verdicts["pass"] >= 20
    assert sum(counts.labels.values()) >= 20
    assert counts.instances["kept"] == 0


async def test_a_later_run_does_not_decide_what_was_held_for_a_person(tmp_path: Path) -> None:
    await run(tmp_path / "a.db", target=10, hold=True)
    held = [row[0] for row in tasks_of(tmp_path / "a.db")]
    await run(tmp_path / "a.db", target=5, hold=False)
    states = {row[0]: row[1] for row in tasks_of(tmp_path / "a.db")}
    assert {states[instruction] for instruction in held} == {"pending"}


async def test_max_requests_stops_the_run_and_says_so(tmp_path: Path) -> None:
    outcome = await run(tmp_path / "a.db", target=1000, max_requests=12)
    with Workspace.open(tmp_path / "a.db") as workspace:
        assert workspace.counts().requests["answered"] == 12
    assert outcome.ended is Ended.LIMIT
    assert "--max-requests" in as_flags(outcome.sentence)


async def test_max_cost_is_never_exceeded_and_the_run_says_that_it_stopped_there(
    tmp_path: Path, server: ModelServer
) -> None:
    prices = {"m": {"input": 10.0, "output": 30.0}}
    outcome = await run(
        tmp_path / "a.db", base_url=server.url, model="m", target=1000, max_cost=0.5, prices=prices
    )
    with Workspace.open(tmp_path / "a.db") as workspace:
        counts = workspace.counts()
    assert outcome.ended is Ended.LIMIT
    assert "--max-cost" in as_flags(outcome.sentence)
    assert counts.cost_usd is not None
    assert 0.2 < counts.cost_usd <= 0.5
    assert counts.requests["answered"] == len(server.received)
    assert not_taken_in(tmp_path / "a.db") == 0


@pytest.mark.long
async def test_a_cost_limit_is_used_up_however_many_requests_are_under_way(
    tmp_path: Path, server: ModelServer
) -> None:
    prices = {"m": {"input": 10.0, "output": 30.0}}
    for concurrency in (2, 16):
        path = tmp_path / f"{concurrency}.db"
        settings = {"base_url": server.url, "model": "m", "prices": prices, "max_cost": 1.0}
        outcome = await run(path, target=1000, concurrency=concurrency, **settings)
        with Workspace.open(path) as workspace:
            cost = workspace.counts().cost_usd or 0.0
        assert outcome.ended is Ended.LIMIT
        assert 0.8 < cost <= 1.0, concurrency


async def test_two_programs_stop_at_one_target_together(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await run(path, target=1)
    await asyncio.gather(run(path, target=40, rng_seed=1), run(path, target=40, rng_seed=2))
    assert len(accepted(tasks_of(path))) == 40


async def test_what_another_program_accepted_while_the_answer_was_under_way_is_not_accepted_again(
    tmp_path: Path, server: ModelServer
) -> None:
    wording = "Describe the smell of rain on warm stone."
    message = {"role": "assistant", "content": f"9. {wording}"}
    server.faults.append(Fault(body=json.dumps({"choices": [{"message": message}]}).encode()))
    server.gate.clear()
    path = tmp_path / "a.db"
    settings = {"base_url": server.url, "model": "m", "max_requests": 1, "concurrency": 1}
    task = asyncio.ensure_future(run(path, **settings))
    assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    with Workspace.open(path) as workspace:
        other = Engine(workspace, resolve({}, stored=workspace.settings.read()))
        task_id = workspace.tasks.add(wording, origin="human", at="now")
        other.assess([task_id])
        other.decisions.accept(task_id)
        server.gate.set()
        await task
        (proposed,) = workspace.tasks.of_batch(1)
        assert (proposed.state, proposed.verdict, proposed.nearest_id) == ("rejected", "too_similar", task_id)
        await other.close()


async def test_after_stop_nothing_is_sent_again(tmp_path: Path, server: ModelServer) -> None:
    server.refuse = lambda body: Fault(503, error_body("busy"), {"retry-after": "0"})
    server.gate.clear()
    settings = resolve({"base_url": server.url, "model": "m", "target": 5, "concurrency": 2})
    with Workspace.open(tmp_path / "a.db", create=True) as workspace:
        async with Engine(workspace, settings) as engine:
            auto = UnattendedRun(engine)
            task = asyncio.ensure_future(auto.run())
            for _ in range(2):
                assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
            auto.stop()
            server.gate.set()
            outcome = await task
        assert workspace.counts().requests["planned"] == 2
    assert outcome.ended is Ended.INTERRUPTED
    assert len(server.received) == 2


async def test_a_model_that_never_lists_tasks_is_not_paid_for_ever(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    chatter = {
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "I would rather not."}}]
    }
    server.refuse = lambda body: Fault(body=json.dumps(chatter).encode())
    async with engine_on(base_url=server.url, model="m", target=5, concurrency=2) as engine:
        with pytest.raises(
            EndpointUnusableError, match="10 requests in a row produced nothing.*no list of tasks"
        ):
            await UnattendedRun(engine).run()
    assert len(server.received) <= 12


async def test_a_model_that_lists_nothing_when_asked_for_json_is_told_of_plain_text(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    empty = {
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": '{"instructions": []}'}}]
    }
    server.refuse = lambda body: Fault(body=json.dumps(empty).encode())
    async with engine_on(base_url=server.url, model="m", target=5, answers="json") as engine:
        with pytest.raises(EndpointUnusableError, match="asked for JSON; .*answers.* text asks for"):
            await UnattendedRun(engine).run()


async def test_a_model_that_repeats_itself_saturates_the_pool_after_twenty_batches(
    tmp_path: Path, server: ModelServer
) -> None:
    message = {"role": "assistant", "content": "9. Tell jokes\n10. Sing a song"}
    answer = {"choices": [{"message": message, "finish_reason": "stop"}]}
    server.refuse = lambda body: Fault(body=json.dumps(answer).encode())
    outcome = await run(tmp_path / "a.db", base_url=server.url, model="m", target=9, requests_per_batch=1)
    assert outcome.ended is Ended.LIMIT
    assert "saturated" in outcome.sentence
    assert 20 <= len(server.received) <= 24


async def test_a_run_without_target_or_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="stopping point: target N, max_requests N or"):
        await run(tmp_path / "a.db")


async def test_stopping_stores_the_answers_under_way_and_the_next_run_goes_on(
    tmp_path: Path, server: ModelServer
) -> None:
    settings = {"base_url": server.url, "model": "m", "target": 15, "rng_seed": 1}
    with Workspace.open(tmp_path / "a.db", create=True) as workspace:
        async with Engine(workspace, resolve(settings)) as engine:
            auto = UnattendedRun(engine)

            def stop_after_ten(event: Event) -> None:
                if isinstance(event, CandidateAssessed) and event.task_id > 185:
                    auto.stop()

            engine.listener = stop_after_ten
            outcome = await auto.run()
        counts = workspace.counts()
    assert outcome.ended is Ended.INTERRUPTED
    assert counts.requests["answered"] == len(server.received)
    assert not_taken_in(tmp_path / "a.db") == 0
    assert (await run(tmp_path / "a.db")).ended is Ended.DONE
    await run(tmp_path / "straight.db", **settings)
    assert accepted(tasks_of(tmp_path / "a.db")) == accepted(tasks_of(tmp_path / "straight.db"))


async def test_requests_cut_off_by_leaving_at_once_are_in_doubt_and_sent_again_where_that_is_free(
    tmp_path: Path, server: ModelServer
) -> None:
    server.gate.clear()
    settings = {"base_url": server.url, "model": "m", "target": 5, "concurrency": 3}
    task = asyncio.ensure_future(run(tmp_path / "a.db", **settings))
    for _ in range(3):
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with Workspace.open(tmp_path / "a.db") as workspace:
        assert workspace.counts().requests["in_doubt"] == 3
    server.gate.set()
    assert (await run(tmp_path / "a.db")).ended is Ended.DONE
    with Workspace.open(tmp_path / "a.db") as workspace:
        assert workspace.counts().requests["in_doubt"] == 0


async def test_requests_in_doubt_that_may_have_cost_are_sent_again_only_on_demand(
    tmp_path: Path, server: ModelServer
) -> None:
    server.gate.clear()
    settings = {
        "base_url": server.url,
        "model": "m",
        "target": 5,
        "concurrency": 2,
        "prices": {"m": {"input": 1, "output": 1}},
    }
    task = asyncio.ensure_future(run(tmp_path / "a.db", **settings))
    for _ in range(2):
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.gate.set()
    assert (await run(tmp_path / "a.db")).ended is Ended.DONE
    with Workspace.open(tmp_path / "a.db") as workspace:
        assert workspace.counts().requests["in_doubt"] == 2
        higher = resolve({"target": 40}, stored=workspace.settings.read())
        async with Engine(workspace, higher) as engine:
            await UnattendedRun(engine, resend=True).run()
        assert workspace.counts().requests["in_doubt"] == 0


@pytest.mark.parametrize("resend", [True, False], ids=["paid", "free"])
async def test_once_the_target_is_reached_only_what_accepted_tasks_need_is_sent_again(
    workspace: Workspace, server: ModelServer, resend: bool
) -> None:
    prices = {"m": {"input": 1, "output": 1}} if resend else {}
    settings = resolve({"base_url": server.url, "model": "m", "target": 1, "prices": prices})
    async with Engine(workspace, settings) as engine:
        task_id = workspace.tasks.add("Name a river in Asia.", origin="model", at="now", batch=1)
        engine.decisions.accept(task_id)
        doubtful = [engine.planner.propose(1), engine.planner.classify(task_id)]
        never_sent = engine.planner.propose(1)
        for request_id in doubtful:
            workspace.requests.begin_attempt(request_id, {}, run_id=workspace.run_id, at="now")
    async with Engine(workspace, settings) as engine:
        run = UnattendedRun(engine, resend=resend)
        assert (await run.run()).ended is Ended.DONE
        assert run.not_needed == 2
    states = [workspace.requests.get(request_id).state for request_id in (*doubtful, never_sent)]
    assert states == ["in_doubt", "parsed", "planned"]
    assert workspace.instances.of_task(task_id)
    higher = resolve({"target": 5}, stored=workspace.settings.read())
    async with Engine(workspace, higher) as engine:
        run = UnattendedRun(engine, resend=resend)
        await run.run()
        assert run.not_needed == 0
    states = [workspace.requests.get(request_id).state for request_id in (*doubtful, never_sent)]
    assert states == ["parsed"] * 3


async def test_an_endpoint_that_always_refuses_ends_the_run_with_its_reason(
    tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(400, error_body("prompts must rhyme"))
    with pytest.raises(
        EndpointUnusableError, match=r"10 requests in a row produced nothing.*prompts must rhyme"
    ):
        await run(tmp_path / "a.db", base_url=server.url, model="m", target=5)


async def test_tasks_whose_requests_failed_are_asked_about_again_by_the_next_run(
    tmp_path: Path, server: ModelServer
) -> None:
    def refuse_labels(body: dict[str, Any]) -> Fault | None:
        asks_for_label = "classification" in str(body["response_format"])
        return Fault(400, error_body("not today")) if asks_for_label else None

    server.refuse = refuse_labels
    settings = {"base_url": server.url, "model": "m", "target": 3, "requests_per_batch": 1}
    await run(tmp_path / "a.db", **settings)
    assert {row[4] for row in tasks_of(tmp_path / "a.db") if row[1] == "accepted"} == {None}
    server.refuse = lambda body: None
    await run(tmp_path / "a.db")
    assert None not in {row[4] for row in tasks_of(tmp_path / "a.db") if row[1] == "accepted"}


async def test_batches_are_announced_with_what_they_brought(tmp_path: Path) -> None:
    events: list[Event] = []
    with Workspace.open(tmp_path / "a.db", create=True) as workspace:
        settings = resolve({"target": 30, "requests_per_batch": 2})
        async with Engine(workspace, settings, listener=events.append) as engine:
            await UnattendedRun(engine).run()
    batches = [event for event in events if isinstance(event, BatchCompleted)]
    assert [event.batch for event in batches] == list(range(1, len(batches) + 1))
    assert 0 < sum(event.yielded for event in batches) <= 30


def test_a_cost_limit_alone_stops_nothing_that_costs_nothing(engine_on: OpenEngine) -> None:
    with pytest.raises(SettingsError, match="costs nothing, so max_cost would never stop it"):
        require_start(engine_on(max_cost=1.0))
    require_start(engine_on(max_cost=1.0, max_requests=5))
    free = {"model": "m", "base_url": "http://127.0.0.1:9/v1", "prices": {"m": {"input": 0, "output": 0}}}
    with pytest.raises(SettingsError, match="'m' costs nothing, so max_cost would never stop it"):
        require_start(engine_on(**free, max_cost=1.0))
