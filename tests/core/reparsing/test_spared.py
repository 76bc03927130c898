"""What a person has decided stays as it is, however the answers are read now."""

from collections.abc import Callable

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.reparsing.differences import find_differences
from tests.conftest import OpenEngine
from tests.core.reparsing.old_readings import (
    RAIN,
    SEA,
    Ledger,
    flipped,
    nothing_is_left,
    rows_of,
    task_of,
    tasks_in,
    titled,
    with_heads,
)


def no_end(read: list[str]) -> list[str]:
    """As a reader does that keeps a remark below the list."""
    return [*read, "I hope these tasks help you!"]


Decide = Callable[[Engine, int], object]


@pytest.mark.parametrize(
    "decide",
    [
        pytest.param(lambda engine, task: engine.decisions.accept(task), id="accepted"),
        pytest.param(lambda engine, task: engine.decisions.reject(task), id="rejected"),
        pytest.param(lambda engine, task: engine.decisions.relabel(task, "generation"), id="relabelled"),
        pytest.param(lambda engine, task: engine.decisions.edit(task, "Say what a sea is."), id="edited"),
    ],
)
def test_a_task_that_a_person_has_decided_on_stays_as_it_is(engine_on: OpenEngine, decide: Decide) -> None:
    ledger = Ledger(engine_on(), of_tasks=lambda read: no_end([f"Poem task: {one}" for one in read]))
    for task_id in ledger.propose(SEA):
        decide(ledger.engine, task_id)
    before = tasks_in(ledger.workspace)
    differences = find_differences(ledger.engine)
    assert differences.is_empty
    assert {one.why for one in differences.spared} == {"person"}
    assert tasks_in(ledger.workspace) == before


def test_a_decision_that_was_undone_spares_nothing_and_one_that_was_redone_does(
    engine_on: OpenEngine,
) -> None:
    ledger = Ledger(engine_on(), of_tasks=titled)
    undone, redone = ledger.propose(SEA, RAIN)
    ledger.engine.decisions.reject(undone)
    ledger.engine.decisions.undo()
    ledger.engine.decisions.reject(redone)
    ledger.engine.decisions.undo()
    ledger.engine.decisions.redo()
    ledger.reparse()
    assert task_of(ledger, undone).instruction == SEA
    assert task_of(ledger, redone).instruction == titled([RAIN])[0]


def test_the_label_and_instances_of_an_accepted_task_are_read_again(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_label=flipped, of_instances=with_heads)
    (by_person,) = ledger.propose(SEA)
    ledger.engine.decisions.accept(by_person)
    ledger.label(by_person, "Yes")
    ledger.reparse()
    assert task_of(ledger, by_person).label == "classification"
    ledger.instances(by_person, ("the sea", "Waves."))
    ledger.reparse()
    assert rows_of(ledger.workspace, by_person) == [("the sea", "Waves.")]


def test_a_label_that_a_person_gave_stays(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on())
    task_id = ledger.accepted(SEA, "No")
    ledger.engine.decisions.relabel(task_id, "classification")
    differences = find_differences(ledger.engine)
    assert differences.is_empty
    assert [one.why for one in differences.spared] == ["person"]


@pytest.mark.parametrize(
    "decide",
    [
        pytest.param(
            lambda engine, one: engine.decisions.instances.edit(one, "the sea", "Waves."), id="edited"
        ),
        pytest.param(lambda engine, one: engine.decisions.instances.drop(one), id="dropped"),
    ],
)
def test_an_instance_that_a_person_has_decided_on_stays_and_is_not_added_again(
    engine_on: OpenEngine, decide: Decide
) -> None:
    ledger = Ledger(engine_on(), of_instances=with_heads)
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves."), ("the ice", "Ice and silence."))
    first, _ = ledger.workspace.instances.of_task(task_id)
    decide(ledger.engine, first.id)
    decided = ledger.workspace.instances.get(first.id)
    differences, _ = ledger.reparse()
    assert ledger.workspace.instances.get(first.id) == decided
    assert sum(one.of_instance for one in differences.spared) == 1
    kept = [("the sea", "Waves.")] if decided.state == "kept" else []
    assert rows_of(ledger.workspace, task_id) == [*kept, ("the ice", "Ice and silence.")]
    assert nothing_is_left(ledger)


def test_an_instance_that_a_person_added_stays(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_instances=with_heads)
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves."))
    ledger.engine.decisions.instances.add(task_id, "the sea", "Foam and salt.")
    ledger.reparse()
    assert set(rows_of(ledger.workspace, task_id)) == {("the sea", "Waves."), ("the sea", "Foam and salt.")}
    assert nothing_is_left(ledger)
