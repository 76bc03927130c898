"""Comparison by meaning: what is rejected, what can come back, and how many vectors fit in memory."""

import sys
from collections import deque
from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import DecisionRefusedError, EndpointUnusableError, SettingsError
from selfinstruct.core.runs.outcome import Ended
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.pool.meaning import EAST, MOON, NEARLY_EAST, NORTH, RAIN, WET, by_meaning, on, task
from tests.core.runs.test_unattended import run
from tests.server import ModelServer, proposals_answer
from tests.unreadable import unreadable

pytestmark = pytest.mark.long


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


async def test_more_tasks_than_can_be_compared_are_told_where_the_model_is_set_and_in_the_middle_of_a_run(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selfinstruct.core.pool import vectors as meaning

    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr(meaning, "IN_MEMORY", 174)
    with pytest.raises(SettingsError, match=r"requires faiss.*'\.\[vectors\]'.*embeddings \"\""):
        await run(tmp_path / "a.db", **on(server, target=3))
    monkeypatch.setattr(meaning, "IN_MEMORY", 177)
    with Workspace.open(tmp_path / "b.db", create=True) as workspace:
        async with Engine(workspace, resolve(on(server, target=9, concurrency=1))) as engine:
            with pytest.raises(EndpointUnusableError, match="requires faiss"):
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
            assert "requires faiss" in (engine.assessor.unusable or "")


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


async def test_a_reworded_task_is_near_nothing_in_meaning_until_its_new_vector_is_there(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    by_meaning(server, rain=EAST, wet=NEARLY_EAST)
    server.faults.append(proposals_answer(RAIN, WET))
    async with engine_on(**on(server, concurrency=1, requests_per_batch=1)) as engine:
        await engine.propose()
        rain, wet = task(engine.workspace, RAIN), task(engine.workspace, WET)
        engine.decisions.accept(rain.id)
        engine.decisions.edit(rain.id, MOON)
        near = engine.assessor.near_in_meaning(wet.id, k=500)
        assert near
        assert rain.id not in {one.id for one in near}
        assert len(near) == len(engine.workspace.tasks.seeds())


async def test_vectors_that_turn_out_to_be_too_many_are_given_up_while_they_are_read(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selfinstruct.core.pool import vectors as meaning

    path = tmp_path / "a.db"
    await run(path, **on(server, target=1))
    monkeypatch.setitem(sys.modules, "faiss", None)
    with Workspace.open(path) as workspace:
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            vectors = engine.assessor._meaning
            assert vectors is not None
            vectors.forget()
            monkeypatch.setattr(meaning, "IN_MEMORY", 100)
            while vectors.read_some():
                pass
            assert "requires faiss" in (vectors.unusable or "")
            assert vectors.pool_size == 0
