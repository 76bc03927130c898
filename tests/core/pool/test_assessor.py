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
