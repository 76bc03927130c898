"""Judging by meaning: what is asked, stored and said, over real HTTP."""

import asyncio
import base64
import json
import math
import struct
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import DecisionRefusedError, EndpointUnusableError, SettingsError
from selfinstruct.core.events import BatchCompleted, Event, TasksEmbedded
from selfinstruct.core.runs.batch_tracker import SATURATED_BATCHES
from selfinstruct.core.runs.resend import Resender
from selfinstruct.core.runs.unattended import Ended, RunOutcome, UnattendedRun
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.records import Task
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.runs.attending import attending
from tests.core.runs.test_unattended import run, tasks_of
from tests.server import Fault, ModelServer, error_body, proposals_answer
from tests.unreadable import unreadable

pytestmark = pytest.mark.long

RAIN = "Describe how it smells after a summer shower."
WET = "Put the scent of wet streets in July into words."
MOON = "Explain to a child why the moon changes its shape."
EAST, NEARLY_EAST, NORTH = [1.0, 0.0, 0.0], [0.99, 0.1, 0.0], [0.0, 1.0, 0.0]


def on(server: ModelServer, **settings: Any) -> dict[str, Any]:
    return {"base_url": server.url, "model": "m", "embeddings": "e", **settings}


def by_meaning(server: ModelServer, **vectors: list[float]) -> None:
    """Have the server answer with three numbers a text: what is not named points up."""
    named = {"rain": RAIN, "wet": WET, "moon": MOON}
    meanings = {named[name]: vector for name, vector in vectors.items()}

    def spoil(answer: dict[str, Any]) -> None:
        texts = server.embedded()[-1]
        for one in answer["data"]:
            text = texts[one["index"]]
            one["embedding"] = (meanings | server.meanings).get(text, [0.0, 0.0, 1.0])

    server.spoil = spoil


async def resend(engine: Engine, retries: Resender) -> None:
    """Send what waits to be sent again."""

    def plan() -> int | None:
        request = retries.plan_next()
        return None if request is None else request.id

    await engine.run(plan=plan)


def task(workspace: Workspace, instruction: str) -> Task:
    (task_id,) = workspace.tasks.search(parse(instruction))
    return workspace.tasks.get(task_id)


def parse(instruction: str) -> Any:
    from selfinstruct.core.task_query import parse_filter

    return parse_filter(f'"{instruction}"')


async def test_a_paraphrase_without_a_word_in_common_falls_with_the_evidence(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    by_meaning(server, rain=EAST, wet=NEARLY_EAST, moon=NORTH)
    answers = deque([proposals_answer(RAIN, WET, MOON)])
    server.refuse = lambda body: answers.popleft() if "messages" in body and answers else None
    async with engine_on(**on(server, target=2, requests_per_batch=1, concurrency=1)) as engine:
        outcome = await UnattendedRun(engine).run()
        rain, wet, moon = (task(engine.workspace, text) for text in (RAIN, WET, MOON))
        (reason,) = engine.workspace.tasks.reasons(wet.id)
    assert outcome.ended is Ended.DONE
    assert [rain.state, wet.state, moon.state] == ["accepted", "rejected", "accepted"]
    assert wet.verdict == reason.code == "same_meaning"
    assert reason.sentence == f'Cosine 0.99 with task {rain.id}, "{RAIN}"; it must be below 0.9.'


async def test_the_pool_comes_first_in_requests_of_up_to_128_texts_and_then_one_for_each_answer(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with engine_on(**on(server, target=10, concurrency=1)) as engine:
        await UnattendedRun(engine).run()
        states = [engine.workspace.requests.get(number).stage for number in (1, 2, 3, 4)]
    sizes = [len(texts) for texts in server.embedded()]
    assert sizes[:2] == [128, 47]
    assert max(sizes[2:]) <= 8
    assert states == ["embed", "embed", "propose", "embed"]
    asked = [text for texts in server.embedded() for text in texts]
    assert len(asked) == len(set(asked)), "no vector is asked for twice"


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


PAID = {"m": {"input": 1.0, "output": 1.0}, "e": {"input": 1.0, "output": 0.0}}


async def in_doubt(path: Path, server: ModelServer, **settings: Any) -> None:
    """Have a program go away while it asks for the pool's first vectors."""
    server.gate.clear()
    running = asyncio.ensure_future(run(path, **on(server, concurrency=1, **{"prices": PAID} | settings)))
    assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    server.gate.set()


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


async def test_vectors_that_may_have_been_paid_are_not_asked_for_again_for_the_model_being_free(
    tmp_path: Path, server: ModelServer
) -> None:
    prices = {"e": PAID["e"]}
    await in_doubt(tmp_path / "a.db", server, target=3, prices=prices)
    outcome = await run(tmp_path / "a.db")
    assert outcome.ended is Ended.LIMIT
    assert "in doubt" in outcome.sentence
    texts = [text for received in server.received for text in received.body["input"]]
    assert len(texts) == len(set(texts)) == 175


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


def float_bytes(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def spoilt(embedding: Any) -> Any:
    def spoil(answer: dict[str, Any]) -> None:
        answer["data"][-1]["embedding"] = embedding

    return spoil


def fewer(answer: dict[str, Any]) -> None:
    answer["data"].pop()


def same_number_twice(answer: dict[str, Any]) -> None:
    answer["data"][1]["index"] = 0


def none_at_all(answer: dict[str, Any]) -> None:
    del answer["data"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(fewer, "127 vectors for 128 texts", id="fewer"),
        pytest.param(same_number_twice, "not numbered like the texts", id="index"),
        pytest.param(none_at_all, "no vectors", id="none"),
        pytest.param(spoilt([1.0, 2.0]), "2 numbers; 256 were expected", id="dimension"),
        pytest.param(spoilt(float_bytes(*[math.nan] * 256)), "without a direction", id="nan"),
        pytest.param(spoilt([0.0] * 256), "without a direction", id="zeros"),
        pytest.param(spoilt("no base64"), "not a list of numbers", id="base64"),
        pytest.param(spoilt(["1"] * 256), "not a list of numbers", id="text"),
        pytest.param(spoilt(None), "not a list of numbers", id="null"),
        pytest.param(lambda answer: answer.update(error={"message": "hot"}), "hot", id="error in a 200"),
    ],
)
async def test_vectors_that_cannot_be_used_stop_the_run_with_advice_and_lose_nothing(
    tmp_path: Path, server: ModelServer, spoil: Any, said: str
) -> None:
    server.spoil = spoil
    settings = on(server, target=3, concurrency=1)
    with pytest.raises(EndpointUnusableError, match=rf"{said}.*embeddings"):
        await run(tmp_path / "a.db", **settings)
    with Workspace.open(tmp_path / "a.db") as workspace:
        assert workspace.requests.get(1).state == "failed"
        assert workspace.requests.answer(1) is not None
    server.spoil = lambda answer: None
    # A full answer is not asked for again by itself, at no start; a person's word asks anew.
    for _ in range(2):
        outcome = await run(tmp_path / "a.db")
        assert outcome.ended is Ended.LIMIT
        assert "the vectors of 128 tasks of the pool are missing" in outcome.sentence
        assert "; on the Requests screen you resend those with an unusable answer" in outcome.sentence
    assert [len(texts) for texts in server.embedded()] == [128, 47]
    with Workspace.open(tmp_path / "a.db") as workspace:
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            retries = Resender(engine)
            assert retries.add([1], in_doubt=False).taken_on == (1,)
            await resend(engine, retries)
    assert (await run(tmp_path / "a.db")).ended is Ended.DONE


async def test_a_model_that_changes_its_vectors_is_found_out(tmp_path: Path, server: ModelServer) -> None:
    await run(tmp_path / "a.db", **on(server, target=3))
    by_meaning(server)
    with pytest.raises(EndpointUnusableError, match="3 numbers; 256 were expected"):
        await run(tmp_path / "a.db", target=40)


async def test_vectors_may_come_in_any_order_and_as_digits(
    engine_on: OpenEngine, server: ModelServer, tmp_path: Path
) -> None:
    stored = []
    for name in ("usual", "other"):
        with Workspace.open(tmp_path / f"{name}.db", create=True) as workspace:
            async with Engine(workspace, resolve(on(server, concurrency=1))) as engine:
                await engine.run(plan=engine.planner.embed)
            stored.append({one.task_id: one.vector for one in workspace.vectors.since(0, most=1000)})

        def otherwise(answer: dict[str, Any]) -> None:
            for one in answer["data"]:
                numbers = struct.unpack("<256f", base64.b64decode(one["embedding"]))
                one["embedding"] = list(numbers)
            answer["data"].reverse()

        server.spoil = otherwise
    assert len(stored[0]) == 175
    assert stored[0] == stored[1]


async def test_an_endpoint_that_refuses_base64_is_asked_for_digits_from_then_on(
    tmp_path: Path, server: ModelServer
) -> None:
    def only_digits(body: dict[str, Any]) -> Fault | None:
        if body.get("encoding_format") == "base64":
            return Fault(400, error_body("No such format.", param="encoding_format"))
        return None

    server.refuse = only_digits
    assert (await run(tmp_path / "a.db", **on(server, target=3, concurrency=1))).ended is Ended.DONE
    formats = [one.body["encoding_format"] for one in server.received if "input" in one.body]
    assert formats.count("base64") == 1


async def test_an_endpoint_that_takes_fewer_texts_gets_fewer_from_then_on(
    tmp_path: Path, server: ModelServer
) -> None:
    def at_most_32(body: dict[str, Any]) -> Fault | None:
        if len(body.get("input", [])) > 32:
            return Fault(413, error_body("batch size > maximum allowed batch size 32"))
        return None

    server.refuse = at_most_32
    assert (await run(tmp_path / "a.db", **on(server, target=3, concurrency=1))).ended is Ended.DONE
    assert [len(texts) for texts in server.embedded()[:8]] == [128, 64, 32, 32, 32, 32, 32, 15]


async def test_a_text_that_is_too_long_goes_without_a_vector_and_holds_nobody_up(
    tmp_path: Path, server: ModelServer
) -> None:
    with Workspace.open(tmp_path / "a.db", create=True) as workspace:
        Engine(workspace, resolve({}))
        long = workspace.tasks.get(60).instruction
    server.refuse = lambda body: Fault(400, error_body("too long")) if long in body.get("input", []) else None
    assert (await run(tmp_path / "a.db", **on(server, target=3, concurrency=1))).ended is Ended.DONE
    with Workspace.open(tmp_path / "a.db") as workspace:
        workspace.vectors.look("e", server.url)
        assert set(range(1, 176)) - set(workspace.vectors.of_tasks(range(1, 176))) == {60}


async def test_a_candidate_that_the_model_refuses_falls_and_is_asked_for_again_on_a_persons_word_only(
    tmp_path: Path, server: ModelServer
) -> None:
    def too_long(body: dict[str, Any]) -> Fault | None:
        return Fault(400, error_body("too long")) if WET in body.get("input", []) else None

    server.refuse = too_long
    with Workspace.open(tmp_path / "a.db", create=True) as workspace:
        async with Engine(workspace, resolve(on(server, hold=True, max_requests=30))) as engine:
            await engine.run(plan=engine.planner.embed)
            server.faults.append(proposals_answer(WET, MOON))
            planned = iter([engine.planner.propose(1)])
            await engine.run(plan=lambda: next(planned, None))
            await engine.run(plan=engine.planner.embed)
            assert task(workspace, WET).verdict == "pass", "it may be the endpoint that is out of order"
            server.faults.append(proposals_answer(RAIN))
            planned = iter([engine.planner.propose(2)])
            await engine.run(plan=lambda: next(planned, None))
            await engine.run(plan=engine.planner.embed)
            wet = task(workspace, WET)
            (reason,) = workspace.tasks.reasons(wet.id)
            assert wet.verdict == reason.code == "no_vector"
            assert task(workspace, MOON).verdict == "pass"
            asked = len(server.embedded())
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            assert engine.planner.left_over(resend=False).taken_over == []
            await engine.run(plan=engine.planner.embed)
            assert len(server.embedded()) == asked
            server.refuse = lambda body: None
            retries = Resender(engine)
            (refused,) = retries.sendable([workspace.vectors.refusal(wet.id) or 0])
            retries.add([refused], in_doubt=False)
            await resend(engine, retries)
            assert task(workspace, WET).verdict == "pass"
            assert server.embedded()[asked:] == [[WET]]


async def test_an_endpoint_that_suddenly_refuses_all_texts_leaves_no_mark_on_them(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with engine_on(**on(server, concurrency=1)) as engine:
        await engine.run(plan=engine.planner.embed)
        server.faults.append(proposals_answer(RAIN, WET, MOON))
        planned = iter([engine.planner.propose(1)])
        await engine.run(plan=lambda: next(planned, None))
        server.refuse = lambda body: Fault(400, error_body("out of order"))
        with pytest.raises(EndpointUnusableError, match="does not return embeddings"):
            await engine.run(plan=engine.planner.embed)
        assert {task(engine.workspace, text).verdict for text in (RAIN, WET, MOON)} == {"pass"}
        server.refuse = lambda body: None
        await engine.run(plan=engine.planner.embed)
        assert len(engine.workspace.vectors.of_tasks(range(176, 179))) == 3


@pytest.mark.parametrize(("width", "target"), [(1, 20), (16, 130)])
async def test_no_candidate_falls_for_an_endpoint_that_was_out_of_order_for_a_while(
    tmp_path: Path, server: ModelServer, width: int, target: int
) -> None:
    settings = on(server, concurrency=width, requests_per_batch=4)
    await run(tmp_path / "a.db", **settings, target=3)
    server.refuse = lambda body: Fault(400, error_body("out of order")) if "input" in body else None
    for _ in range(3):
        with pytest.raises(EndpointUnusableError, match="does not return embeddings"):
            await run(tmp_path / "a.db", target=target)
    server.refuse = lambda body: None
    assert (await run(tmp_path / "a.db", target=target)).ended is Ended.DONE
    assert "no_vector" not in {row[2] for row in tasks_of(tmp_path / "a.db")}


async def test_what_is_asked_for_in_one_go_is_remembered_beside_what_the_endpoint_knows_no_parameter_for(
    tmp_path: Path, server: ModelServer
) -> None:
    def picky(body: dict[str, Any]) -> Fault | None:
        if len(body.get("input", [])) > 32:
            return Fault(413, error_body("batch size > maximum allowed batch size 32"))
        if body.get("encoding_format") == "base64":
            return Fault(400, error_body("No such format.", param="encoding_format"))
        return None

    server.refuse = picky
    await run(tmp_path / "a.db", **on(server, target=3, concurrency=1))
    with Workspace.open(tmp_path / "a.db") as workspace:
        assert workspace.settings.learned(server.url, "e") == {"encoding_format": None, "texts": "32"}


async def test_two_programs_with_two_models_for_embeddings_do_not_get_into_each_others_way(
    tmp_path: Path, server: ModelServer
) -> None:
    path, one, two = tmp_path / "a.db", resolve(on(server)), resolve(on(server, embeddings="e2"))
    with Workspace.open(path, create=True) as of_first, Workspace.open(path, create=True) as of_second:
        async with Engine(of_first, one) as first:
            planned = iter([first.planner.embed()])
            await first.run(plan=lambda: next(planned, None))
            under_way = first.planner.embed()
            assert under_way is not None
            async with Engine(of_second, two) as second:
                await second.run(plan=second.planner.embed)
                assert sorted(len(texts) for texts in server.embedded()) == [47, 128, 128]
                assert second.assessor.near_in_meaning(1) is not None
            with pytest.raises(SettingsError, match=r"e2 at .* A workspace has one embedding model"):
                first.planner.embed()
            # What was under way is paid for, and is taken in as it comes.
            planned = iter([under_way])
            await first.run(plan=lambda: next(planned, None))
            assert len(first.workspace.vectors.of_tasks(range(1, 176))) == 175
        async with Engine(of_first, one) as first:
            assert first.planner.embed() is None
        assert len(server.embedded()) == 4


async def test_what_is_under_way_for_a_model_is_not_asked_for_again_when_it_comes_back(
    tmp_path: Path, server: ModelServer
) -> None:
    path = tmp_path / "a.db"
    with Workspace.open(path, create=True) as one, Workspace.open(path, create=True) as two:
        async with Engine(one, resolve(on(server))) as first:
            assert first.planner.embed() is not None
            Engine(two, resolve(on(server, embeddings="e2")))
            Engine(two, resolve(on(server)))
            second = first.planner.embed()
            assert second is not None
            assert len(first.workspace.requests.get(second).in_context) == 175 - 128


async def test_more_tasks_than_can_be_compared_are_told_where_the_model_is_set_and_in_the_middle_of_a_run(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selfinstruct.core.pool import vectors as meaning

    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr(meaning, "IN_MEMORY", 174)
    with pytest.raises(SettingsError, match=r"takes faiss.*'\.\[vectors\]'.*embeddings \"\""):
        await run(tmp_path / "a.db", **on(server, target=3))
    monkeypatch.setattr(meaning, "IN_MEMORY", 177)
    with Workspace.open(tmp_path / "b.db", create=True) as workspace:
        async with Engine(workspace, resolve(on(server, target=9, concurrency=1))) as engine:
            with pytest.raises(EndpointUnusableError, match="takes faiss"):
                await UnattendedRun(engine).run()
            assert engine.assessor.accepted_of_model == 3
            passing = next(one for one in workspace.tasks.undecided(0, 100) if one.verdict == "pass")
            # A person goes on by words, and is told so.
            assert engine.decisions.accept_all([passing.id]).before_vectors == {passing.id}


async def test_what_a_filter_objects_to_takes_no_room_among_the_vectors(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selfinstruct.core.pool import vectors as meaning

    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr(meaning, "IN_MEMORY", 175)
    with Workspace.open(tmp_path / "a.db", create=True) as workspace:
        async with Engine(workspace, resolve({})) as engine:
            at = "2026-01-01T00:00:00.000+00:00"
            too_short = [workspace.tasks.add(f"Word {n}.", origin="model", at=at) for n in range(200)]
            assert set(engine.assess(too_short).values()) == {"too_short"}
        async with Engine(workspace, resolve(on(server))) as engine:
            await engine.run(plan=engine.planner.embed)
            assert engine.assessor.near_in_meaning(1) is not None


async def test_a_workspace_with_too_many_tasks_can_be_looked_at(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selfinstruct.core.pool import vectors as meaning

    path = tmp_path / "a.db"
    await run(path, **on(server, target=1))
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr(meaning, "IN_MEMORY", 174)
    with Workspace.open(path, read_only=True) as workspace:
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            assert engine.assessor.near_in_meaning(1) is None
            assert engine.assessor.neighbours(workspace.tasks.get(1).instruction, but=1)
            engine.assessor.forget()
            assert engine.assessor.near_in_meaning(1) is None
            assert "takes faiss" in (engine.assessor.unusable or "")


async def test_after_an_error_the_vectors_are_read_anew(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selfinstruct.core.pool import vectors as meaning

    path = tmp_path / "a.db"
    await run(path, **on(server, target=1))
    monkeypatch.setattr(meaning, "_AT_ONCE", 50)
    with Workspace.open(path) as workspace:
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            vectors = engine.assessor._meaning
            assert vectors is not None
            assert vectors.read_some()
            with unreadable(workspace), pytest.raises(WorkspaceError):
                vectors.catch_up()
            engine.assessor.catch_up()
            assert vectors.pool_size == len(engine.assessor.index) > 100


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


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(Fault(404, error_body("no e")), "knows no model 'e', or has no embeddings", id="404"),
        pytest.param(Fault(401, error_body("bad key")), "embeddings_key_env", id="401"),
        pytest.param(
            Fault(400, error_body("a chat model")), "does not return embeddings.*a chat model", id="400"
        ),
    ],
)
async def test_an_endpoint_without_embeddings_is_named_with_what_to_do(
    tmp_path: Path, server: ModelServer, fault: Fault, said: str
) -> None:
    server.refuse = lambda body: fault if "input" in body else None
    with pytest.raises(EndpointUnusableError, match=said):
        await run(tmp_path / "a.db", **on(server, target=3))
    # Without embeddings it goes on, and what waited is decided on.
    assert (await run(tmp_path / "a.db", embeddings="")).ended is Ended.DONE


async def test_trouble_that_passes_costs_a_repetition_and_nothing_else(
    tmp_path: Path, server: ModelServer
) -> None:
    settings = on(server, target=5, concurrency=2)
    await run(tmp_path / "calm.db", **settings)
    asked = 0

    def now_and_then(body: dict[str, Any]) -> Fault | None:
        nonlocal asked
        asked += "input" in body
        return Fault(503, b"", {"retry-after": "0"}) if "input" in body and asked % 3 == 1 else None

    server.refuse = now_and_then
    await run(tmp_path / "rough.db", **settings)
    assert tasks_of(tmp_path / "rough.db") == tasks_of(tmp_path / "calm.db")


async def test_a_vector_is_asked_for_once_a_wording_and_once_a_model(
    tmp_path: Path, server: ModelServer
) -> None:
    await run(tmp_path / "a.db", **on(server, target=5))
    before = len(server.embedded())
    await run(tmp_path / "a.db", target=5)
    assert len(server.embedded()) == before
    await run(tmp_path / "a.db", embeddings="other")
    assert sum(map(len, server.embedded()[before:])) >= 180
    before = len(server.embedded())
    await run(tmp_path / "a.db", embeddings="e")
    assert len(server.embedded()) == before, "those of the first model are still there"
    with Workspace.open(tmp_path / "a.db") as workspace:
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            pending = workspace.tasks.undecided(0, 1000)
            passing = next(one for one in pending if one.verdict == "pass")
            engine.decisions.edit(passing.id, "Name five uses of an empty jar.")
            await engine.run(plan=engine.planner.embed)
    assert server.embedded()[before:] == [["Name five uses of an empty jar."]]


async def test_vectors_can_be_deleted_and_are_asked_for_again(tmp_path: Path, server: ModelServer) -> None:
    from contextlib import closing

    from selfinstruct.db.sqlite.driver import sqlite3

    await run(tmp_path / "a.db", **on(server, target=5))
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.execute("DELETE FROM vectors")
    before = len(server.embedded())
    await run(tmp_path / "a.db", target=5)
    assert sum(map(len, server.embedded()[before:])) >= 180


async def test_requests_for_vectors_count_against_both_limits(tmp_path: Path, server: ModelServer) -> None:
    outcome = await run(tmp_path / "a.db", **on(server, max_requests=4, concurrency=1))
    assert outcome.ended is Ended.LIMIT
    assert len(server.received) == 4
    prices = {"m": {"input": 10.0, "output": 30.0}, "e": {"input": 5.0, "output": 0.0}}
    outcome = await run(tmp_path / "b.db", **on(server, max_cost=0.1, concurrency=1, prices=prices))
    with Workspace.open(tmp_path / "b.db") as workspace:
        counts = workspace.counts()
        first = workspace.request_log.record(1).attempts[0]
    assert outcome.ended is Ended.LIMIT
    assert first.prompt_tokens
    assert first.cost_usd == pytest.approx(5.0 * first.prompt_tokens / 1e6)
    assert 0 < (counts.cost_usd or 0) <= 0.1
    assert counts.attempts_of_unknown_cost == 0


def test_a_cost_limit_needs_the_price_of_the_embeddings_too(engine_on: OpenEngine) -> None:
    prices = {"m": {"input": 1.0, "output": 1.0}}
    with pytest.raises(SettingsError, match="price of 'e' is not known"):
        engine_on(base_url="https://models.example/v1", model="m", embeddings="e", max_cost=1, prices=prices)


async def test_a_key_goes_only_to_the_endpoint_that_it_was_given_for(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXT_KEY", "for-texts")
    monkeypatch.setenv("VECTOR_KEY", "for-vectors")
    with ModelServer() as elsewhere:
        settings = on(server, target=2, api_key_env="TEXT_KEY", embeddings_url=elsewhere.url)
        await run(tmp_path / "a.db", **settings)
        await run(tmp_path / "b.db", **settings, embeddings_key_env="VECTOR_KEY")
        sent = {one.headers.get("authorization") for one in server.received}
        sent_elsewhere = [one.headers.get("authorization") for one in elsewhere.received]
    assert sent == {"Bearer for-texts"}
    assert set(sent_elsewhere) == {None, "Bearer for-vectors"}


async def test_at_the_models_own_address_its_key_serves_both(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXT_KEY", "for-texts")
    await run(tmp_path / "a.db", **on(server, target=2, api_key_env="TEXT_KEY"))
    assert {one.headers.get("authorization") for one in server.received} == {"Bearer for-texts"}


@pytest.mark.parametrize(
    ("stored", "flags"),
    [
        pytest.param(
            {"embeddings_url": "http://127.0.0.1:2/v1"}, {"embeddings_url": "http://127.0.0.1:3/v1"}
        ),
        pytest.param({}, {"base_url": "http://127.0.0.1:4/v1"}),
        pytest.param({}, {"model": "offline", "embeddings": "e"}),
        pytest.param({"embeddings_url": "http://127.0.0.1:2/v1"}, {"embeddings": ""}),
    ],
)
def test_a_key_for_embeddings_is_forgotten_with_the_address_that_it_was_for(
    stored: dict[str, Any], flags: dict[str, Any]
) -> None:
    known = {"model": "m", "base_url": "http://127.0.0.1:1/v1", "embeddings": "e", "embeddings_key_env": "K"}
    assert resolve({}, stored=known | stored).embeddings_key_env == "K"
    assert resolve(flags, stored=known | stored).embeddings_key_env is None


async def test_of_two_programs_the_second_sees_what_the_first_accepted_meanwhile(
    tmp_path: Path, server: ModelServer
) -> None:
    by_meaning(server, rain=EAST, wet=NEARLY_EAST)
    path = tmp_path / "a.db"
    settings = resolve(on(server, concurrency=1, requests_per_batch=1))
    with Workspace.open(path, create=True) as one, Workspace.open(path, create=True) as two:
        async with Engine(one, settings) as first, Engine(two, settings) as second:
            server.faults.extend([proposals_answer(RAIN, WET)])
            await first.propose()
            rain, wet = task(one, RAIN), task(one, WET)
            assert second.assess([wet.id]) == {wet.id: "pass"}
            first.decisions.accept(rain.id)
            with pytest.raises(DecisionRefusedError, match="Cosine 0.99 with task"):
                second.decisions.accept(wet.id)


async def test_a_person_who_is_quicker_than_the_vectors_is_told_and_late_vectors_turn_verdicts(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    by_meaning(server, rain=EAST, wet=NEARLY_EAST)
    server.faults.append(proposals_answer(RAIN, WET))
    async with engine_on(**on(server, concurrency=1, requests_per_batch=1)) as engine:
        request_id = iter([engine.planner.propose(1)])
        await engine.run(plan=lambda: next(request_id, None))
        rain, wet = task(engine.workspace, RAIN), task(engine.workspace, WET)
        decided = engine.decisions.accept_all([rain.id])
        assert decided.before_vectors == {rain.id}
        await engine.run(plan=engine.planner.embed)
        assert task(engine.workspace, WET).verdict == "same_meaning"
        # It passes again when the other one leaves the pool, and falls with its return.
        engine.decisions.undo()
        assert task(engine.workspace, WET).verdict == "pass"
        engine.decisions.redo()
        assert task(engine.workspace, WET).verdict == "same_meaning"
        near = engine.assessor.near_in_meaning(wet.id, k=2)
        assert near is not None
        assert near[0].id == rain.id


async def test_what_means_the_same_as_a_newer_task_does_not_come_back_with_undo(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    by_meaning(server, rain=EAST, wet=NEARLY_EAST)
    server.faults.append(proposals_answer(RAIN, WET))
    async with engine_on(**on(server, concurrency=1, requests_per_batch=1)) as engine:
        await engine.propose()
        rain, wet = task(engine.workspace, RAIN), task(engine.workspace, WET)
        engine.decisions.accept(rain.id)
        engine.decisions.reject(rain.id)
        engine.decisions.accept(wet.id)
        engine.decisions.undo()
        engine.decisions.accept(wet.id)
        (undone,) = engine.decisions.undo()
        assert undone.task_id == wet.id


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


async def test_the_built_in_model_has_embeddings_too(tmp_path: Path) -> None:
    outcome: RunOutcome = await run(tmp_path / "a.db", target=3, embeddings="offline")
    with Workspace.open(tmp_path / "a.db") as workspace:
        workspace.vectors.look("offline", "http://offline.invalid/v1")
        assert len(workspace.vectors.since(0, most=1000)) >= 178
    assert outcome.ended is Ended.DONE


def test_without_embeddings_nothing_of_them_is_imported(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace

async def work():
    with Workspace.open(Path("a.db"), create=True) as workspace:
        async with Engine(workspace, resolve({"target": 2})) as engine:
            await UnattendedRun(engine).run()

asyncio.run(work())
names = (
    "endpoint.embeddings_client",
    "offline.embeddings",
    "pool.vectors",
    "requests.embedding_intake",
    "requests.embedding_messages",
    "similarity.vector_index",
)
assert "selfinstruct.core.requests.planner" in sys.modules
print([name for name in (*(f"selfinstruct.core.{name}" for name in names), "faiss") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []
