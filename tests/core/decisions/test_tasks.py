"""Decisions: what a person may do, in what states, and that nothing of it is lost."""

import random
from contextlib import suppress
from dataclasses import replace

import pytest

from selfinstruct.core.decisions.tasks import MANY, RefusedByFiltersError
from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import DecisionRefusedError
from selfinstruct.core.pool import assessor as assess
from selfinstruct.core.pool.assessor import Assessment
from selfinstruct.core.settings.sources import resolve
from selfinstruct.core.util.time_slices import at_once
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine


def candidate(engine: Engine, instruction: str) -> int:
    task_id = engine.workspace.tasks.add(instruction, origin="model", at="now", held=True)
    engine.assess([task_id])
    return task_id


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on()


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


def test_undo_takes_back_one_decision_after_the_other_without_limit(engine: Engine) -> None:
    ids = [candidate(engine, text) for text in ("Name three rivers of Spain.", "Count to ten in Latin.")]
    engine.decisions.accept(ids[0])
    engine.decisions.edit(ids[1], "count to twelve in old Latin")
    engine.decisions.relabel(ids[1], "generation")
    engine.decisions.reject(ids[1])
    undone = [engine.decisions.undo() for _ in range(4)]
    assert [decision.kind for step in undone for decision in step] == ["reject", "relabel", "edit", "accept"]
    assert engine.decisions.undo() == []
    tasks = engine.workspace.tasks.get_many(ids)
    assert [task.state for task in tasks] == ["pending", "pending"]
    assert tasks[1].instruction == "Count to ten in Latin."
    assert len(engine.assessor.index) == 175


def test_undo_leaves_alone_what_the_model_has_said_meanwhile(engine: Engine) -> None:
    task_id = candidate(engine, "Name three rivers of Spain.")
    engine.decisions.accept(task_id)
    engine.workspace.tasks.set_label(task_id, "generation")
    engine.decisions.undo()
    assert engine.workspace.tasks.get(task_id).label == "generation"


def test_undo_works_across_restarts(engine: Engine, workspace: Workspace) -> None:
    task_id = candidate(engine, "Name three rivers of Spain.")
    engine.decisions.accept(task_id)
    with Workspace.open(workspace.path) as later:
        Engine(later, resolve({})).decisions.undo()
    assert workspace.tasks.get(task_id).state == "pending"


async def test_undo_takes_back_ones_own_decisions_and_not_those_of_somebody_else_at_work(
    engine: Engine, workspace: Workspace
) -> None:
    mine = candidate(engine, "Describe the smell of rain on warm stone.")
    theirs = candidate(engine, "Plan a walk through an old town.")
    engine.enter()
    with Workspace.open(workspace.path) as other_workspace:
        other = Engine(other_workspace, resolve({}))
        other.enter()
        engine.decisions.reject(mine)
        other.decisions.reject(theirs)
        assert [decision.task_id for decision in engine.decisions.undo()] == [mine]
        assert engine.decisions.undo() == []
        other.decisions.relabel(theirs, "generation")
        assert [decision.task_id for decision in engine.decisions.redo()] == [mine]
        await other.close()
    # What somebody has left behind is everybody's.
    kinds = [engine.decisions.undo()[0].kind for _ in range(3)]
    assert kinds == ["redo", "relabel", "reject"]


def test_a_decision_that_somebody_has_built_upon_cannot_be_undone(engine: Engine) -> None:
    task_id = candidate(engine, "Name three rivers of Spain.")
    engine.decisions.reject(task_id)
    assessment = engine.assessor.assess(engine.workspace.tasks.get(task_id).instruction)
    with engine.assessor.step():
        engine.decisions.settle(task_id, assessment, lambda event: None)
    with pytest.raises(DecisionRefusedError, match="decided on again since"):
        engine.decisions.undo()
    assert engine.workspace.tasks.get(task_id).state == "accepted"


def test_an_edit_keeps_capitals_and_is_judged_at_once(engine: Engine) -> None:
    task_id = candidate(engine, "Sing.")
    assessment = engine.decisions.edit(task_id, "  explain SQL   joins to\nmy NASA colleagues ")
    task = engine.workspace.tasks.get(task_id)
    assert task.instruction == "Explain SQL joins to my NASA colleagues"
    assert (assessment.verdict, task.verdict) == ("pass", "pass")


def test_an_edit_asks_for_the_label_again(engine: Engine) -> None:
    task_id = candidate(engine, "Name three rivers of Spain.")
    engine.workspace.tasks.set_label(task_id, "generation")
    engine.decisions.edit(task_id, "Is the Ebro in Spain: yes or no?")
    assert engine.workspace.tasks.get(task_id).label is None
    assert engine.workspace.tasks.to_classify() == task_id


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_edit_to_nothing_is_refused(engine: Engine, text: str) -> None:
    task_id = candidate(engine, "Name three rivers of Spain.")
    with pytest.raises(DecisionRefusedError, match="cannot be empty"):
        engine.decisions.edit(task_id, text)


RIVERS, LAKES = "Name three rivers of Spain.", "Describe the deepest lake that you know of"


def accepted_with_instances(engine: Engine, instruction: str) -> int:
    task_id = candidate(engine, instruction)
    engine.workspace.tasks.set_label(task_id, "generation")
    engine.decisions.accept(task_id)
    engine.decisions.instances.add(task_id, "", "Ebro, Tagus, Duero")
    return task_id


def test_a_task_of_the_pool_is_reworded_in_one_step_and_asked_about_anew(engine: Engine) -> None:
    task_id = accepted_with_instances(engine, RIVERS)
    (instance,) = engine.workspace.instances.of_task(task_id)
    engine.decisions.edit(task_id, LAKES)
    task = engine.workspace.tasks.get(task_id)
    assert (task.state, task.instruction, task.label) == ("accepted", LAKES, None)
    assert engine.workspace.tasks.to_classify() == task_id
    assert engine.workspace.instances.of_task(task_id) == []
    assert list(engine.workspace.instances.training_rows(include_seeds=False)) == []
    assert engine.assessor.look_up(LAKES)[0].score == 1.0
    engine.decisions.undo()
    task = engine.workspace.tasks.get(task_id)
    assert (task.state, task.instruction, task.label) == ("accepted", RIVERS, "generation")
    assert engine.workspace.instances.of_task(task_id) == [instance]


def test_a_task_of_the_pool_is_not_compared_with_itself_when_it_is_reworded(engine: Engine) -> None:
    task_id = accepted_with_instances(engine, RIVERS)
    assessment = engine.decisions.edit(task_id, "Name three rivers of Portugal.")
    assert assessment.verdict == "pass"
    assert engine.workspace.tasks.get(task_id).verdict == "pass"
    assert engine.workspace.tasks.get(task_id).nearest_id != task_id


def test_a_task_of_the_pool_is_not_reworded_into_what_the_filters_object_to(engine: Engine) -> None:
    task_id = accepted_with_instances(engine, RIVERS)
    engine.decisions.accept(candidate(engine, LAKES))
    for wording, code in (("Sing.", "too_short"), (LAKES, "too_similar")):
        with pytest.raises(RefusedByFiltersError) as refused:
            engine.decisions.edit(task_id, wording)
        assert refused.value.reasons[0].code == code
    assert engine.workspace.tasks.get(task_id).instruction == RIVERS
    assert len(engine.workspace.instances.of_task(task_id)) == 1


def test_a_rewording_is_not_undone_when_a_near_duplicate_has_come_into_the_pool_since(engine: Engine) -> None:
    task_id = accepted_with_instances(engine, RIVERS)
    other_id = candidate(engine, "Sing of a tall hill by the sea")
    engine.decisions.accept(other_id)
    engine.enter()
    engine.decisions.edit(task_id, LAKES)
    with Workspace.open(engine.workspace.path) as theirs:
        other = Engine(theirs, resolve({}, stored=theirs.settings.read()))
        other.enter()
        other.decisions.edit(other_id, "Name three rivers of Spain")
        with pytest.raises(DecisionRefusedError, match="too similar"):
            engine.decisions.undo()
    assert engine.workspace.tasks.get(task_id).instruction == LAKES


def test_candidates_near_the_earlier_wording_of_a_reworded_task_pass_again(engine: Engine) -> None:
    task_id = accepted_with_instances(engine, RIVERS)
    waiting = candidate(engine, "Name three rivers of Spain, please.")
    assert engine.workspace.tasks.get(waiting).verdict == "too_similar"
    engine.decisions.edit(task_id, LAKES)
    assert engine.workspace.tasks.get(waiting).verdict == "pass"


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
        assert engine.workspace.tasks.to_instantiate() == task_id
        engine.decisions.undo()
        assert engine.workspace.instances.of_task(task_id) == made
        assert engine.workspace.tasks.to_instantiate() is None


def test_many_are_decided_on_in_one_step_and_undone_in_one(engine: Engine) -> None:
    ids = [
        candidate(engine, text) for text in ("Name three rivers of Spain.", "Count to ten in Latin.", "Draw.")
    ]
    decided = engine.decisions.accept_all(ids)
    assert decided.done == tuple(ids[:2])
    assert list(decided.refused) == ids[2:]
    engine.decisions.reject_all(ids, tag="duplicate")
    assert len(engine.decisions.undo()) == 3
    assert [task.state for task in engine.workspace.tasks.get_many(ids)] == [
        "accepted",
        "accepted",
        "pending",
    ]
    assert len(engine.decisions.undo()) == 2
    assert {task.state for task in engine.workspace.tasks.get_many(ids)} == {"pending"}


def waiting(engine: Engine, number: int) -> list[int]:
    """Candidates that pass, as they are after weeks."""
    tasks = engine.workspace.tasks
    with engine.workspace.transaction():
        ids = [tasks.add(f"Name {count}.", origin="model", at="now", held=True) for count in range(number)]
        for task_id in ids:
            tasks.assess(task_id, "pass", [], None)
    return ids


def states(engine: Engine, ids: list[int]) -> set[str]:
    return {task.state for task in engine.workspace.tasks.get_many(ids)}


def test_a_step_on_very_many_is_carried_out_in_slices_and_undone_and_redone_as_one(engine: Engine) -> None:
    ids = waiting(engine, MANY)
    told = list(engine.decisions.rejecting(ids))
    assert len(told) >= 3
    assert told == sorted(told)
    assert states(engine, ids) == {"rejected"}
    assert len(list(engine.decisions.undoing())) >= 3
    assert states(engine, ids) == {"pending"}
    assert len(engine.decisions.redo()) == MANY
    assert states(engine, ids) == {"rejected"}
    assert len(engine.decisions.undo()) == MANY
    assert engine.decisions.undo() == []


def test_few_are_decided_on_in_one_go(engine: Engine) -> None:
    assert list(engine.decisions.rejecting(waiting(engine, MANY - 1))) == []


def test_a_step_that_was_stopped_says_what_is_left_and_is_undone_as_one(engine: Engine) -> None:
    ids = waiting(engine, MANY)
    work = engine.decisions.rejecting(ids)
    next(work), next(work)
    engine.decisions.stop()
    decided = at_once(work)
    assert 0 < len(decided.done) < MANY
    assert decided.left == MANY - len(decided.done)
    assert states(engine, ids[len(decided.done) :]) == {"pending"}
    assert len(engine.decisions.undo()) == len(decided.done)


def test_a_step_in_the_midst_of_which_the_program_ended_is_one_step(
    engine: Engine, workspace: Workspace
) -> None:
    ids = waiting(engine, MANY)
    work = engine.decisions.rejecting(ids)
    next(work), next(work)
    del work
    with Workspace.open(workspace.path) as later:
        undone = Engine(later, resolve({})).decisions.undo()
    assert {decision.task_id for decision in undone} == set(ids[: len(undone)])
    assert states(engine, ids) == {"pending"}


def test_an_undo_that_was_stopped_is_gone_on_with_or_redone_and_it_is_still_one_step(engine: Engine) -> None:
    ids = waiting(engine, MANY)
    engine.decisions.reject_all(ids)
    for go_on in (engine.decisions.undo, engine.decisions.redo):
        work = engine.decisions.undoing()
        next(work)
        engine.decisions.stop()
        half = at_once(work)
        assert states(engine, ids) == {"pending", "rejected"}
        rest = go_on()
        assert len(rest) == (MANY - len(half) if go_on == engine.decisions.undo else len(half))
        assert len(states(engine, ids)) == 1
        if go_on == engine.decisions.undo:
            assert len(engine.decisions.redo()) == MANY
    assert len(engine.decisions.undo()) == MANY
    assert states(engine, ids) == {"pending"}


def test_redo_brings_back_what_undo_took_step_by_step(engine: Engine) -> None:
    ids = [candidate(engine, text) for text in ("Name three rivers of Spain.", "Count to ten in Latin.")]
    engine.decisions.accept(ids[0])
    engine.decisions.reject(ids[1], tag="unclear")

    def states() -> list[str]:
        return [task.state for task in engine.workspace.tasks.get_many(ids)]

    engine.decisions.undo()
    engine.decisions.undo()
    assert states() == ["pending", "pending"]
    engine.decisions.redo()
    assert states() == ["accepted", "pending"]
    engine.decisions.redo()
    assert states() == ["accepted", "rejected"]
    assert engine.decisions.redo() == []
    engine.decisions.undo()
    assert states() == ["accepted", "pending"]
    engine.decisions.redo()
    assert states() == ["accepted", "rejected"]


def test_a_new_decision_leaves_nothing_to_redo(engine: Engine) -> None:
    ids = [candidate(engine, text) for text in ("Name three rivers of Spain.", "Count to ten in Latin.")]
    engine.decisions.accept(ids[0])
    engine.decisions.undo()
    engine.decisions.reject(ids[1])
    assert engine.decisions.redo() == []


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


def test_what_no_workspace_can_store_leaves_an_edit_that_can_be_undone(engine: Engine) -> None:
    task_id = candidate(engine, "Describe the smell of rain.")
    engine.decisions.edit(task_id, "Describe the \x00 smell \ud800 of snow.")
    assert engine.workspace.tasks.get(task_id).instruction == "Describe the \ufffd smell \ufffd of snow."
    assert engine.decisions.undo()
    assert engine.workspace.tasks.get(task_id).instruction == "Describe the smell of rain."


def test_what_has_lost_its_place_to_a_near_duplicate_does_not_come_back_into_the_pool(
    engine: Engine, workspace: Workspace
) -> None:
    first = candidate(engine, "Describe the smell of rain on warm stone.")
    twin = candidate(engine, "Describe the smell of rain on warm stones.")
    engine.enter()
    engine.decisions.accept(first)
    engine.decisions.undo()
    with Workspace.open(workspace.path) as other_workspace:
        other = Engine(other_workspace, resolve({}))
        other.enter()
        other.decisions.accept(twin)
        with pytest.raises(DecisionRefusedError, match=f"Task {twin}, which is too similar to {first}"):
            engine.decisions.redo()
    assert engine.workspace.tasks.get(first).state == "pending"


def test_an_older_and_closer_one_hides_no_newer_near_duplicate(engine: Engine) -> None:
    older = candidate(engine, "Describe the smell of rain on warm stone.")
    first = candidate(engine, "Describe the smell of rain on warm stones.")
    newer = candidate(engine, "Describe the smell of rain on warm red stones.")
    engine.decisions.accept(older)
    engine.decisions.accept(first, despite=engine.workspace.tasks.reasons(first))
    engine.decisions.undo()
    engine.decisions.settle(newer, Assessment((), None), lambda event: None)
    with pytest.raises(DecisionRefusedError, match=f"Task {newer}, which is too similar"):
        engine.decisions.redo()
    assert engine.workspace.tasks.get(first).state == "pending"


def test_a_later_label_of_an_old_neighbour_is_no_reason_against_redo(engine: Engine) -> None:
    older = candidate(engine, "Describe the smell of rain on warm stone.")
    first = candidate(engine, "Describe the smell of rain on warm stones.")
    engine.decisions.accept(older)
    engine.decisions.accept(first, despite=engine.workspace.tasks.reasons(first))
    engine.decisions.reject(first)
    with engine.assessor.step():
        task = engine.workspace.tasks.get(older)
        engine.workspace.decisions.add(
            older,
            "relabel",
            step=engine.workspace.decisions.next_step(),
            who="auto",
            at="now",
            before=task.standing,
            after=replace(task.standing, label="generation"),
        )
    assert engine.decisions.undo()
    assert engine.workspace.tasks.get(first).state == "accepted"


def test_what_was_accepted_knowingly_comes_back_with_redo(engine: Engine) -> None:
    first = candidate(engine, "Describe the smell of rain on warm stone.")
    twin = candidate(engine, "Describe the smell of rain on warm stones.")
    engine.decisions.accept(first)
    engine.decisions.accept(twin, despite=engine.workspace.tasks.reasons(twin))
    engine.decisions.undo()
    assert engine.decisions.redo()
    assert engine.workspace.tasks.get(twin).state == "accepted"


def test_undo_goes_on_behind_a_step_that_somebody_else_has_built_upon(
    engine: Engine, workspace: Workspace
) -> None:
    slip = candidate(engine, "Describe the smell of rain on warm stone.")
    disputed = candidate(engine, "Explain how tides work to a child of nine.")
    engine.enter()
    engine.decisions.reject(slip)
    engine.decisions.accept(disputed)
    with Workspace.open(workspace.path) as other_workspace:
        other = Engine(other_workspace, resolve({}))
        other.enter()
        other.decisions.reject(disputed)
        with pytest.raises(DecisionRefusedError, match="decided on again since"):
            engine.decisions.undo()
        assert [decision.task_id for decision in engine.decisions.undo()] == [slip]
        assert engine.workspace.tasks.get(disputed).state == "rejected"


def test_undo_leaves_a_label_that_somebody_else_has_set_since(engine: Engine, workspace: Workspace) -> None:
    task_id = candidate(engine, "Describe the smell of rain on warm stone.")
    engine.enter()
    engine.decisions.relabel(task_id, "generation")
    with Workspace.open(workspace.path) as other_workspace:
        other = Engine(other_workspace, resolve({}))
        other.enter()
        other.decisions.relabel(task_id, "classification")
        with pytest.raises(DecisionRefusedError):
            engine.decisions.undo()
    assert engine.workspace.tasks.get(task_id).label == "classification"


def test_an_edit_of_what_somebody_has_reworded_meanwhile_is_refused(engine: Engine) -> None:
    task_id = candidate(engine, "Describe the smell of rain.")
    engine.decisions.edit(task_id, "Describe the sound of rain.")
    with pytest.raises(DecisionRefusedError, match="edited task"):
        engine.decisions.edit(task_id, "Describe the look of rain.", seen="Describe the smell of rain.")
    assert engine.workspace.tasks.get(task_id).instruction == "Describe the sound of rain."


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


def test_undoing_a_rejection_does_not_bring_back_what_has_lost_its_place_to_a_near_duplicate(
    engine: Engine,
) -> None:
    first = candidate(engine, "Describe the smell of rain on warm stone.")
    twin = candidate(engine, "Describe the smell of rain on warm stones.")
    engine.decisions.accept(first)
    engine.decisions.reject(first)
    engine.decisions.settle(twin, Assessment((), None), lambda event: None)
    with pytest.raises(DecisionRefusedError, match=f"Task {twin}, which is too similar to {first}"):
        engine.decisions.undo()
    assert engine.workspace.tasks.get(first).state == "rejected"
    assert engine.workspace.tasks.get(twin).state == "accepted"


def test_undoing_the_rejection_of_a_candidate_asks_for_no_place_in_the_pool(engine: Engine) -> None:
    first = candidate(engine, "Describe the smell of rain on warm stone.")
    twin = candidate(engine, "Describe the smell of rain on warm stones.")
    engine.decisions.reject(first)
    engine.decisions.settle(twin, Assessment((), None), lambda event: None)
    assert engine.decisions.undo()
    assert engine.workspace.tasks.get(first).state == "pending"


def test_undoing_a_rejection_brings_back_what_nothing_has_taken_the_place_of(engine: Engine) -> None:
    first = candidate(engine, "Describe the smell of rain on warm stone.")
    other = candidate(engine, "Name three rivers that flow north.")
    engine.decisions.accept(first)
    engine.decisions.reject(first)
    engine.decisions.settle(other, Assessment((), None), lambda event: None)
    assert engine.decisions.undo()
    assert engine.workspace.tasks.get(first).state == "accepted"
