"""Differences are applied in one undo step, completed after a kill, and spares what is decided meanwhile."""

from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.method.vocabulary import NO_OWN_NAMES
from selfinstruct.core.reparsing.apply import applying
from selfinstruct.core.reparsing.differences import find_differences
from selfinstruct.core.requests.answer_reader import AnswerReader
from selfinstruct.core.settings.sources import resolve
from selfinstruct.core.util.time_slices import at_once
from selfinstruct.db.check.check import check
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.reparsing.old_readings import (
    RAIN,
    SEA,
    Ledger,
    OldReader,
    instances_in,
    mistaken,
    nothing_is_left,
    rows_of,
    task_of,
    tasks_in,
    titled,
    with_heads,
)


def test_what_is_decided_while_it_is_applied_is_spared(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selfinstruct.core.reparsing.apply._A_SLICE_S", 0)
    ledger = Ledger(engine_on(), of_tasks=titled)
    first, second = ledger.propose(SEA, RAIN)
    with Workspace.open(ledger.workspace.path) as other_workspace:
        other = Engine(other_workspace, resolve({}))
        work = applying(ledger.engine, find_differences(ledger.engine))
        next(work)
        other.decisions.reject(second)
        applied = at_once(work)
    assert [(one.task_id, one.why) for one in applied.spared] == [(second, "meanwhile")]
    assert task_of(ledger, first).instruction == SEA
    task = task_of(ledger, second)
    assert (task.state, task.instruction) == ("rejected", titled([RAIN])[0])


def test_a_decision_in_the_meantime_counts_even_if_it_leaves_things_as_they_are(
    engine_on: OpenEngine,
) -> None:
    ledger = Ledger(engine_on(), of_tasks=titled, of_instances=with_heads)
    (candidate,) = ledger.propose(RAIN)
    ledger.engine._working.intake._reader = AnswerReader("en", NO_OWN_NAMES)
    task_id = ledger.accepted(SEA)
    ledger.engine._working.intake._reader = OldReader("en", NO_OWN_NAMES, of_instances=with_heads)
    ledger.instances(task_id, ("the sea", "Waves."))
    before = tasks_in(ledger.workspace), instances_in(ledger.workspace)
    differences = find_differences(ledger.engine)
    decisions = ledger.engine.decisions
    decisions.reject(candidate)
    decisions.restore_all([candidate])
    (one,) = ledger.workspace.instances.of_task(task_id)
    decisions.instances.edit(one.id, one.input, "Foam.")
    decisions.instances.edit(one.id, one.input, one.output)
    applied = at_once(applying(ledger.engine, differences))
    assert applied.decisions == 0
    assert {(one.task_id, one.why) for one in applied.spared} == {
        (candidate, "meanwhile"),
        (task_id, "meanwhile"),
    }
    assert (tasks_in(ledger.workspace), instances_in(ledger.workspace)) == before


def test_two_at_once_change_everything_once(engine_on: OpenEngine) -> None:
    ledger = mistaken(engine_on(), label="No")
    with Workspace.open(ledger.workspace.path) as other_workspace:
        other = Engine(other_workspace, resolve({}))
        theirs = find_differences(other)
        _, applied = ledger.reparse()
        after = tasks_in(ledger.workspace), instances_in(ledger.workspace)
        late = at_once(applying(other, theirs))
    assert applied.decisions
    assert late.decisions == 0
    assert {one.why for one in late.spared} == {"meanwhile"}
    assert (tasks_in(ledger.workspace), instances_in(ledger.workspace)) == after


def test_undo_takes_all_of_it_back_in_one_step_and_redo_brings_it_again(engine_on: OpenEngine) -> None:
    ledger = mistaken(engine_on())
    workspace = ledger.workspace
    before = tasks_in(workspace), instances_in(workspace)
    differences, applied = ledger.reparse()
    assert differences.reworded
    assert differences.rejected
    assert differences.found
    assert differences.relabelled
    after = tasks_in(workspace), instances_in(workspace)
    assert len(ledger.engine.decisions.undo()) == applied.decisions
    tasks, instances = tasks_in(workspace), instances_in(workspace)
    assert [row for row in tasks if row[0] <= before[0][-1][0]] == before[0]
    assert [row for row in instances if row[0] <= before[1][-1][0]] == before[1]
    assert {row[1] for row in tasks[len(before[0]) :]} == {"rejected"}, "what was found is rejected again"
    assert {row[4] for row in instances[len(before[1]) :]} <= {"withdrawn"}
    assert check(workspace.path).is_well
    assert len(ledger.engine.decisions.redo()) == applied.decisions
    assert (tasks_in(workspace), instances_in(workspace)) == after
    assert check(workspace.path).is_well
    assert nothing_is_left(ledger)


def test_undo_of_instances_brings_back_the_old_ones_and_hides_the_new_ones(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_instances=with_heads)
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves."), ("the ice", "Ice and silence."))
    before = rows_of(ledger.workspace, task_id)
    ledger.reparse()
    ledger.engine.decisions.undo()
    assert rows_of(ledger.workspace, task_id) == before
    assert [row[4] for row in instances_in(ledger.workspace)] == ["kept", "kept", "withdrawn", "withdrawn"]
    assert len(ledger.engine.decisions.redo()) == 4
    assert [row[4] for row in instances_in(ledger.workspace)] == ["dropped", "dropped", "kept", "kept"]


def test_what_was_undone_can_be_done_once_more(engine_on: OpenEngine) -> None:
    ledger = mistaken(engine_on())
    ledger.reparse()
    after = tasks_in(ledger.workspace), instances_in(ledger.workspace)
    ledger.engine.decisions.undo()
    ledger.reparse()
    assert (tasks_in(ledger.workspace), instances_in(ledger.workspace)) == after
    assert nothing_is_left(ledger)


def test_undo_of_a_persons_step_before_it_comes_after_it(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_tasks=titled)
    first, second = ledger.propose(SEA, RAIN)
    ledger.engine.decisions.reject(first)
    ledger.reparse()
    assert [one.task_id for one in ledger.engine.decisions.undo()] == [second]
    assert [one.task_id for one in ledger.engine.decisions.undo()] == [first]
    assert ledger.engine.decisions.undo() == []


def test_what_it_decides_is_not_reserved_for_a_person(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_tasks=titled)
    (task_id,) = ledger.propose(SEA, held=False)
    ledger.reparse()
    ledger.engine.decisions.undo()
    ledger.engine.decisions.redo()
    assert ledger.workspace.tasks.to_decide() == [task_id]
    assert ledger.workspace.decisions.last_task() is None


def state_of(workspace: Workspace) -> tuple[list[Any], list[Any]]:
    """The tasks and kept instances, without ids that depend on the order of what was applied."""
    tasks = sorted(row[1:] for row in tasks_in(workspace))
    return tasks, sorted(row[1:5] for row in instances_in(workspace) if row[4] == "kept")


@pytest.mark.parametrize("slices", range(1, 8))
def test_one_that_is_killed_is_completed_by_the_next(
    engine_on: OpenEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slices: int
) -> None:
    monkeypatch.setattr("selfinstruct.core.reparsing.apply._A_SLICE_S", 0)
    ledger = mistaken(engine_on())
    workspace = ledger.workspace
    work = applying(ledger.engine, find_differences(ledger.engine))
    for _ in range(slices):
        if next(work, None) is None:
            break
    work.close()
    with Workspace.open(workspace.path) as next_workspace:
        engine = Engine(next_workspace, resolve({}))
        at_once(applying(engine, find_differences(engine)))
        assert find_differences(engine).is_empty
    assert check(workspace.path).is_well
    with Workspace.open(tmp_path / "whole.db", create=True) as whole:
        straight = mistaken(Engine(whole, resolve({})))
        straight.reparse()
        assert state_of(workspace) == state_of(whole)
