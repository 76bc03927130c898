"""The nearest tasks are looked up before an answer is taken in, and again after a decision."""

import pytest

from selfinstruct.core.events import BatchCompleted
from selfinstruct.core.requests.intake import Decide
from selfinstruct.core.similarity.rouge_index import Neighbour
from selfinstruct.db.records import PASS
from tests.conftest import OpenEngine
from tests.core.runs.attending import attending


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


def test_a_repeated_task_is_refused_with_the_beginning_of_the_one_in_the_pool(engine_on: OpenEngine) -> None:
    engine = engine_on()
    engine.assessor.catch_up()
    seeds = engine.workspace.tasks.seeds()
    long = next(seed for seed in seeds if len(seed.instruction) > 80)
    short = next(seed for seed in seeds if len(seed.instruction) < 60)
    for seed, quoted in ((long, f"{long.instruction[:60].rstrip()}…"), (short, short.instruction)):
        (reason,) = engine.assessor.assess(seed.instruction).reasons
        assert f'with task {seed.id}, "{quoted}"; it must' in reason.sentence


def test_a_task_that_is_supposed_to_be_gone_is_near_nothing_until_it_is_forgotten(
    engine_on: OpenEngine,
) -> None:
    engine = engine_on()
    engine.assessor.catch_up()
    seed, other = engine.workspace.tasks.seeds()[:2]
    waiting = engine.workspace.tasks.add("Name a river in Asia.", origin="model", at="now")
    for task_id in (seed.id, waiting):
        engine.assessor.suppose(task_id, None)
    assert engine.assessor.look_up(seed.instruction)[0].id != seed.id
    assert engine.assessor.look_up(other.instruction)[0] == Neighbour(other.id, 1.0)
    engine.assessor.forget()
    engine.assessor.catch_up()
    assert engine.assessor.look_up(seed.instruction)[0] == Neighbour(seed.id, 1.0)


def test_a_task_of_the_pool_is_compared_with_the_others_and_not_with_itself(engine_on: OpenEngine) -> None:
    engine = engine_on()
    engine.assessor.catch_up()
    seed = engine.workspace.tasks.seeds()[0]
    nearest = engine.assessor.assess(seed.instruction, but=seed.id).nearest
    expected = [one for one in engine.assessor.look_up(seed.instruction, 2) if one.id != seed.id]
    assert [nearest] == expected
    assert engine.assessor.assess(seed.instruction).nearest == Neighbour(seed.id, 1.0)
