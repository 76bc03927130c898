"""Decisions on tasks: what a person may do and when, and how waiting candidates follow the pool."""

import random
from contextlib import suppress

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import DecisionRefusedError, RefusedByFiltersError
from selfinstruct.core.pool import assessor as assess
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.decisions.candidates import candidate


def test_what_is_accepted_is_in_the_pool_at_once(engine: Engine) -> None:
    first = candidate(engine, "Describe the smell of rain on warm stone.")
    engine.decisions.accept(first)
    twin = candidate(engine, "Describe the smell of rain on cold stone.")
    task = engine.workspace.tasks.get(twin)
    assert (task.verdict, task.nearest_id) == ("too_similar", first)


def test_a_candidate_is_judged_again_when_it_is_accepted(engine: Engine) -> None:
    first = candidate(engine, "Describe the smell of rain on warm stone.")
    twin = candidate(engine, "Describe the smell of rain on cold stone.")
    assert engine.workspace.tasks.get(twin).verdict == "pass"
    engine.decisions.accept(first)
    with pytest.raises(RefusedByFiltersError, match="ROUGE-L 0.88"):
        engine.decisions.accept(twin)
    assert engine.workspace.tasks.get(twin).verdict == "too_similar"
    assert engine.workspace.tasks.get(twin).state == "pending"


def test_two_programs_never_both_accept_the_same_instruction(engine: Engine, workspace: Workspace) -> None:
    first = candidate(engine, "Describe the smell of rain on warm stone.")
    twin = candidate(engine, "Describe the smell of rain on warm stones.")
    with Workspace.open(workspace.path) as other_workspace:
        other = Engine(other_workspace, resolve({}))
        other.assessor.catch_up()
        engine.decisions.accept(first)
        with pytest.raises(RefusedByFiltersError):
            other.decisions.accept(twin)


def test_a_person_may_overrule_reasons_that_they_have_seen_but_no_others(engine: Engine) -> None:
    task_id = candidate(engine, "Draw a map.")
    with pytest.raises(RefusedByFiltersError) as seen:
        engine.decisions.accept(task_id)
    with pytest.raises(RefusedByFiltersError):
        engine.decisions.accept(task_id, despite=seen.value.reasons[:1])
    engine.decisions.accept(task_id, despite=seen.value.reasons)
    assert engine.workspace.tasks.get(task_id).state == "accepted"


def test_seeds_stay_as_they_are(engine: Engine) -> None:
    with pytest.raises(DecisionRefusedError, match="is a seed"):
        engine.decisions.reject(1)


def test_repeating_a_decision_changes_nothing(engine: Engine) -> None:
    task_id = candidate(engine, "Name three rivers of Spain.")
    engine.decisions.reject(task_id)
    with pytest.raises(DecisionRefusedError, match=f"Task {task_id} is already rejected"):
        engine.decisions.reject(task_id)
    assert len(engine.workspace.decisions.of_task(task_id)) == 1


def test_a_decision_that_fails_half_way_leaves_neither_row_nor_pool_changed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = candidate(engine, "Name three rivers of Spain.")
    with pytest.raises(RuntimeError), engine.assessor.step():
        engine.decisions.accept(task_id)
        raise RuntimeError
    assert engine.workspace.tasks.get(task_id).state == "pending"
    engine.assessor.catch_up()
    assert task_id not in engine.assessor.index


async def test_instances_belong_to_the_wording_and_label_that_they_were_made_for(engine: Engine) -> None:
    async with engine:
        (task_id, *_) = [
            task_id for task_id, verdict in engine.assess(await engine.propose()).items() if verdict == "pass"
        ]
        engine.decisions.relabel(task_id, "generation")
        engine.decisions.accept(task_id)
        await engine.instantiate([task_id])
        made = engine.workspace.instances.of_task(task_id)
        assert made
        engine.decisions.relabel(task_id, "classification")
        assert engine.workspace.instances.of_task(task_id) == []
        assert engine.workspace.backlog.to_instantiate() == task_id
        engine.decisions.undo()
        assert engine.workspace.instances.of_task(task_id) == made
        assert engine.workspace.backlog.to_instantiate() is None


def test_candidates_close_to_what_was_accepted_are_judged_again_at_once(engine: Engine) -> None:
    first = candidate(engine, "Describe the smell of rain on warm stone.")
    twin = candidate(engine, "Describe the smell of rain on cold stone.")
    engine.decisions.accept(first)
    assert engine.workspace.tasks.get(twin).verdict == "too_similar"
    engine.decisions.undo()
    assert engine.workspace.tasks.get(twin).verdict == "pass"


def test_a_rejected_task_can_be_a_candidate_again(engine: Engine) -> None:
    task_id = candidate(engine, "Name three rivers of Spain.")
    engine.decisions.reject(task_id, tag="wrong")
    assert engine.decisions.restore_all([task_id]).done == (task_id,)
    assert engine.workspace.tasks.get(task_id).state == "pending"
    assert engine.workspace.decisions.of_task(task_id)[0].tag == "wrong"


def test_what_was_rejected_can_be_accepted_and_the_other_way_round(engine: Engine) -> None:
    task_id = candidate(engine, "Name three rivers of Spain.")
    engine.decisions.reject(task_id)
    engine.decisions.accept(task_id)
    assert engine.workspace.tasks.get(task_id).state == "accepted"
    engine.decisions.reject(task_id)
    assert engine.workspace.tasks.get(task_id).state == "rejected"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
async def test_an_undecided_candidate_has_the_score_of_the_pool_as_it_is(
    engine_on: OpenEngine, seed: int
) -> None:
    chance = random.Random(seed)
    async with engine_on(rng_seed=seed, requests_per_batch=8) as engine:
        tasks, proposed = engine.workspace.tasks, await engine.propose()
        engine.assess(proposed)
        for _ in range(40):
            step = chance.choice(["accept", "accept", "reject", "undo", "redo"])
            task_id = chance.choice(proposed)
            with suppress(DecisionRefusedError):
                if step in {"undo", "redo"}:
                    getattr(engine.decisions, step)()
                else:
                    getattr(engine.decisions, step)(task_id)
            for task in tasks.get_many(proposed):
                if task.state == "pending":
                    (nearest,) = engine.assessor.look_up(task.instruction)
                    assert task.score == pytest.approx(nearest.score)
                    assert task.nearest_id == nearest.id or nearest.score == 0


def test_with_many_undecided_the_scores_that_matter_are_kept_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assess, "_MANY_WAITING", 1)
    near = candidate(engine, "Describe the smell of rain on warm stone to a child.")
    far = candidate(engine, "Name a river in Asia.")
    was = engine.workspace.tasks.get(far).score
    accepted = candidate(engine, "Describe the smell of fresh bread in the morning.")
    engine.decisions.accept(accepted)
    assert engine.workspace.tasks.get(near).nearest_id == accepted
    assert engine.workspace.tasks.get(far).score == was


def test_a_decision_on_a_task_that_there_is_not_ends_in_its_sentence(engine: Engine) -> None:
    known = candidate(engine, "Describe the smell of rain on warm stone.")
    missing = known + 1
    for decide in (
        lambda: engine.decisions.accept(missing),
        lambda: engine.decisions.reject(missing),
        lambda: engine.decisions.edit(missing, "Say it."),
        lambda: engine.decisions.relabel(missing, "generation"),
    ):
        with pytest.raises(DecisionRefusedError, match=rf"^There is no task {missing}\.$"):
            decide()
    decided = engine.decisions.reject_all([missing, known])
    assert decided.done == (known,)
    assert str(decided.refused[missing]) == f"There is no task {missing}."


def test_a_tag_that_no_workspace_can_store_is_kept_as_far_as_it_can_be(engine: Engine) -> None:
    task_id = candidate(engine, "Describe the smell of rain on warm stone.")
    engine.decisions.reject(task_id, tag="off\0topic\ud800")
    assert engine.workspace.decisions.of_task(task_id)[-1].tag == "off\ufffdtopic\ufffd"
