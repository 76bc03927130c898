"""Decisions on many tasks: one step that can be stopped, and undone as one."""

import pytest

from selfinstruct.core.decisions.tasks import MANY
from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.core.util.time_slices import at_once
from selfinstruct.db.workspace import Workspace
from tests.core.decisions.candidates import candidate


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


@pytest.mark.long
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


@pytest.mark.long
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
