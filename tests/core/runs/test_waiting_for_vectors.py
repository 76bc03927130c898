"""Runs wait for vectors before they decide; a person never has to."""

import asyncio
import time
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import BatchCompleted, Event, TasksEmbedded
from selfinstruct.core.runs.batch_tracker import SATURATED_BATCHES
from selfinstruct.core.runs.outcome import Ended
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.pool.meaning import EAST, MOON, NEARLY_EAST, NORTH, RAIN, WET, by_meaning, in_doubt, on, task
from tests.core.runs.attending import attending
from tests.core.runs.test_unattended import run, tasks_of
from tests.server import Fault, ModelServer, error_body, proposals_answer

pytestmark = pytest.mark.long


async def test_timing_does_not_change_what_is_accepted(tmp_path: Path, server: ModelServer) -> None:
    settings = on(server, target=20, concurrency=4, filters={"cosine": 0.4})
    await run(tmp_path / "even.db", **settings)

    def delay(body: dict[str, Any]) -> None:
        time.sleep(0.01 * (3 - len(server.received) % 4))

    server.refuse = delay
    await run(tmp_path / "uneven.db", **settings)
    rows = tasks_of(tmp_path / "even.db")
    assert rows == tasks_of(tmp_path / "uneven.db")
    assert any(row[2] == "same_meaning" for row in rows)


@pytest.mark.parametrize("after", [1, 6, 12])
async def test_a_run_that_was_killed_comes_to_the_same_tasks(
    tmp_path: Path, server: ModelServer, after: int
) -> None:
    settings = on(server, target=8, concurrency=3, filters={"cosine": 0.4})
    await run(tmp_path / "whole.db", **settings)
    begun = len(server.received)

    def hold(body: dict[str, Any]) -> None:
        if len(server.received) == begun + after:
            server.gate.clear()

    server.refuse = hold
    task = asyncio.ensure_future(run(tmp_path / "cut.db", **settings))
    async with asyncio.timeout(90):
        while server.gate.is_set():
            assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.refuse = lambda body: None
    server.gate.set()
    await run(tmp_path / "cut.db")
    assert tasks_of(tmp_path / "cut.db") == tasks_of(tmp_path / "whole.db")


async def test_unattended_work_decides_nothing_before_the_vectors_have_come(
    tmp_path: Path, server: ModelServer
) -> None:
    def hold_vectors(body: dict[str, Any]) -> None:
        if "input" in body and len(body["input"]) < 47:
            server.gate.clear()

    server.refuse = hold_vectors
    running = asyncio.ensure_future(run(tmp_path / "a.db", **on(server, target=3, concurrency=1)))
    for _ in range(4):
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    waiting = [row for row in tasks_of(tmp_path / "a.db") if row[2] == "pass"]
    assert waiting
    assert {row[1] for row in waiting} == {"pending"}
    server.refuse = lambda body: None
    server.gate.set()
    assert (await running).ended is Ended.DONE


async def test_unattended_work_ends_with_a_sentence_while_vectors_of_the_pool_are_in_doubt(
    tmp_path: Path, server: ModelServer
) -> None:
    await in_doubt(tmp_path / "a.db", server, target=3)
    outcome = await run(tmp_path / "a.db")
    assert outcome.ended is Ended.LIMIT
    assert "the vectors of 128 tasks of the pool are missing" in outcome.sentence
    assert tasks_of(tmp_path / "a.db") == []
    with Workspace.open(tmp_path / "a.db") as workspace:
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            outcome = await UnattendedRun(engine, resend=True).run()
    assert outcome.ended is Ended.DONE


async def test_nothing_is_accepted_while_another_program_asks_for_vectors_of_the_pool(
    tmp_path: Path, server: ModelServer
) -> None:
    path, settings = tmp_path / "a.db", resolve(on(server, target=1, concurrency=1, requests_per_batch=1))
    with Workspace.open(path, create=True) as one, Workspace.open(path, create=True) as two:
        async with Engine(one, settings) as first, Engine(two, settings) as second:
            by_meaning(server, wet=NEARLY_EAST, moon=NORTH)
            server.meanings[one.tasks.get(1).instruction] = EAST
            server.faults.append(proposals_answer(WET, MOON))
            planned = iter([second.planner.propose(1, held=False)])
            await second.run(plan=lambda: next(planned, None))
            of_first = iter([first.planner.embed()])
            heard: asyncio.Queue[Event] = asyncio.Queue()
            second.listener = lambda event: heard.put_nowait(event) if type(event) is TasksEmbedded else None
            running = asyncio.ensure_future(UnattendedRun(second).run())
            async with asyncio.timeout(90):
                await heard.get()
                await heard.get()
            wet, moon = task(two, WET), task(two, MOON)
            assert [wet.state, moon.state] == ["pending", "pending"]
            assert two.vectors.of_tasks([wet.id])
            # A person need not wait, and is told.
            assert first.decisions.accept_all([wet.id]).before_vectors == {wet.id}
            first.decisions.undo()
            await first.run(plan=lambda: next(of_first, None))
            assert (await running).ended is Ended.DONE
            assert [task(two, text).verdict for text in (WET, MOON)] == ["same_meaning", "pass"]
            assert task(two, MOON).state == "accepted"


async def test_a_batch_is_completed_with_what_came_of_it_once_its_vectors_are_there(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    by_meaning(server, rain=EAST, wet=NEARLY_EAST, moon=NORTH)
    answers = deque([proposals_answer(RAIN, WET, MOON)])
    server.refuse = lambda body: answers.popleft() if "messages" in body and answers else None
    async with engine_on(**on(server, max_requests=5, requests_per_batch=1, concurrency=1)) as engine:
        heard: list[Event] = []
        engine.listener = heard.append
        await UnattendedRun(engine).run()
    told = [event for event in heard if isinstance(event, BatchCompleted | TasksEmbedded)]
    assert [type(event) for event in told[:4]] == [
        TasksEmbedded,
        TasksEmbedded,
        TasksEmbedded,
        BatchCompleted,
    ]
    assert told[3] == BatchCompleted(1, 2)


async def test_batches_of_which_everything_falls_by_meaning_are_counted_as_bringing_nothing(
    tmp_path: Path, server: ModelServer
) -> None:
    by_meaning(server)  # whatever is proposed means the same as the seeds
    outcome = await run(tmp_path / "a.db", **on(server, target=3, requests_per_batch=1, concurrency=1))
    assert "saturated" in outcome.sentence
    with Workspace.open(tmp_path / "a.db") as workspace:
        stages = [workspace.requests.get(one).stage for one in range(1, workspace.requests.next_id())]
    assert stages.count("propose") == SATURATED_BATCHES


async def test_beside_a_person_vectors_come_by_themselves(engine_on: OpenEngine, server: ModelServer) -> None:
    engine = engine_on(**on(server, batches_ahead=0, requests_per_batch=2, concurrency=2))
    async with attending(engine) as attended:
        await attended.told(TasksEmbedded, 2)
        attended.run.next_batch()
        await attended.told(BatchCompleted)
        assert not engine.workspace.vectors.are_lacking(1)
        passing = [one for one in engine.workspace.tasks.of_batch(1) if one.verdict == "pass"]
        assert passing
        assert engine.decisions.accept_all([passing[0].id]).before_vectors == frozenset()


async def test_a_person_is_told_of_a_batch_with_what_its_vectors_say(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    by_meaning(server, rain=EAST, wet=NEARLY_EAST, moon=NORTH)
    answers = deque([proposals_answer(RAIN, MOON)])
    server.refuse = lambda body: answers.popleft() if "messages" in body and answers else None
    engine = engine_on(**on(server, batches_ahead=0, requests_per_batch=1, concurrency=1))
    async with attending(engine) as attended:
        attended.run.next_batch()
        await attended.told(BatchCompleted)
        told = [event for event in attended.events if isinstance(event, BatchCompleted | TasksEmbedded)]
        assert isinstance(told[-2], TasksEmbedded)
        assert told[-1] == BatchCompleted(1, 2)


async def test_a_batch_whose_vectors_do_not_come_keeps_no_person_waiting(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with attending(engine_on(**on(server, batches_ahead=0, requests_per_batch=1))) as attended:
        await attended.told(TasksEmbedded, 2)
        server.refuse = lambda body: Fault(400, error_body("a bad day")) if "input" in body else None
        attended.run.next_batch()
        await attended.until(lambda: attended.run.is_ready)
        assert attended.run.next_batch() == 1
