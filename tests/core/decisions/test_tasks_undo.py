"""Undo and redo: step by step, only one's own decisions, and never over a later change."""

from dataclasses import replace

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import DecisionRefusedError
from selfinstruct.core.pool.assessor import Assessment
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import REPARSE
from selfinstruct.db.workspace import Workspace
from tests.core.decisions.candidates import candidate


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


def test_what_is_taken_back_of_reparsing_counts_as_reparsing_and_not_as_a_persons(engine: Engine) -> None:
    task_id = candidate(engine, "Name three rivers of Spain.")
    task = engine.workspace.tasks.get(task_id)
    reworded = replace(task.standing, instruction="Name two rivers of Spain.")
    step = engine.workspace.decisions.next_step()
    engine.decisions.append(task, "edit", "auto", reworded, step=step, tag=REPARSE)
    engine.decisions.undo()
    engine.decisions.accept(task_id)
    engine.decisions.undo()
    taken = [(one.kind, one.who, one.tag) for one in engine.workspace.decisions.of_task(task_id)]
    assert taken == [
        ("edit", "auto", REPARSE),
        ("undo", "auto", REPARSE),
        ("accept", "human", None),
        ("undo", "human", None),
    ]
