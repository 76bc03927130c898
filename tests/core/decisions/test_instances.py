"""Decisions on instances: what a person may do, and one order of undo with the decisions on tasks."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import DecisionRefusedError
from selfinstruct.core.events import Event, TaskDecided
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import NewInstance, Reason
from selfinstruct.db.workspace import Workspace

COD, WREN = ("cod", "fish"), ("wren", "bird")


@pytest.fixture
def task_id(engine: Engine) -> int:
    """An accepted task with two kept instances and one that was dropped for its empty output."""
    task_id = accepted(engine, "Say what kind of animal it is.")
    task = engine.workspace.tasks.get(task_id)
    made = [
        NewInstance(*COD),
        NewInstance(*WREN),
        NewInstance("elk", "", "dropped", Reason("empty_output", "The output is empty.")),
    ]
    engine.workspace.instances.add(task_id, task.instruction, "generation", made, request_id=None)
    return task_id


def accepted(engine: Engine, instruction: str) -> int:
    task_id = engine.workspace.tasks.add(instruction, origin="model", at="now", held=True, batch=1)
    engine.workspace.tasks.set_label(task_id, "generation")
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    return task_id


def shown(engine: Engine, task_id: int) -> list[tuple[str, str, str]]:
    """What a person sees: input, output, and `kept` or the code of the reason."""
    return [
        (one.input, one.output, one.reason.code if one.reason else one.state)
        for one in engine.workspace.instances.of_task(task_id)
    ]


def ids(engine: Engine, task_id: int) -> list[int]:
    return [one.id for one in engine.workspace.instances.of_task(task_id)]


def exported(engine: Engine) -> list[tuple[str, str]]:
    rows = engine.workspace.instances.training_rows(include_seeds=False)
    return [(row.input, row.output) for row in rows]


def test_an_edited_instance_is_what_is_exported(engine: Engine, task_id: int) -> None:
    engine.decisions.instances.edit(ids(engine, task_id)[0], "eel", "a fish")
    assert exported(engine) == [("eel", "a fish"), WREN]


def test_an_edit_keeps_line_breaks_and_indents_but_no_new_blank_ends(engine: Engine, task_id: int) -> None:
    engine.decisions.instances.edit(ids(engine, task_id)[0], " \n\n  if x: \r\n\ty\n\n", "a\n\nb \n")
    assert exported(engine)[0] == ("  if x: \r\n\ty", "a\n\nb")


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
    | st.text(" \t\r\n\u200cab", max_size=30),
    data=st.data(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_edit_that_inserts_a_letter_changes_nothing_else(
    engine: Engine, task_id: int, text: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(text)))
    edited = f"{text[:place]}x{text[place:]}"
    task, count = engine.workspace.tasks.get(task_id), len(ids(engine, task_id))
    made = [NewInstance(f"{count}{text}", text)]
    assert task.label is not None
    (instance_id,) = engine.workspace.instances.add(
        task_id, task.instruction, task.label, made, request_id=None
    )
    engine.decisions.instances.edit(instance_id, f"{count}{edited}", edited)
    stored = engine.workspace.instances.get(instance_id)
    assert (stored.input, stored.output) == (f"{count}{edited}", edited)


def test_text_that_cannot_be_stored_is_replaced(engine: Engine, task_id: int) -> None:
    engine.decisions.instances.edit(ids(engine, task_id)[0], "a\0b", "\ud800")
    assert exported(engine)[0] == ("a\ufffdb", "\ufffd")
    engine.decisions.undo()
    assert exported(engine)[0] == COD


def test_a_dropped_instance_stays_visible_and_is_not_exported(engine: Engine, task_id: int) -> None:
    engine.decisions.instances.drop(ids(engine, task_id)[0])
    assert shown(engine, task_id)[0] == (*COD, "by_hand")
    assert exported(engine) == [WREN]


def test_a_dropped_instance_is_restored_as_it_was(engine: Engine, task_id: int) -> None:
    first = ids(engine, task_id)[0]
    engine.decisions.instances.drop(first)
    engine.decisions.instances.restore(first)
    assert exported(engine) == [COD, WREN]


def test_editing_what_a_rule_dropped_keeps_it(engine: Engine, task_id: int) -> None:
    engine.decisions.instances.edit(ids(engine, task_id)[2], "elk", "mammal")
    assert shown(engine, task_id)[2] == ("elk", "mammal", "kept")
    engine.decisions.undo()
    assert shown(engine, task_id)[2] == ("elk", "", "empty_output")


def test_an_instance_added_by_hand_is_exported_until_that_is_undone(engine: Engine, task_id: int) -> None:
    engine.decisions.instances.add(task_id, "", "It is an owl.")
    assert exported(engine) == [COD, WREN, ("", "It is an owl.")]
    engine.decisions.undo()
    assert exported(engine) == [COD, WREN]
    assert len(shown(engine, task_id)) == 3
    assert engine.workspace.counts().instances == {"kept": 2, "dropped": 1}
    engine.decisions.redo()
    assert exported(engine) == [COD, WREN, ("", "It is an owl.")]


def test_nothing_is_left_of_an_instance_that_could_not_be_added(engine: Engine, task_id: int) -> None:
    with pytest.raises(DecisionRefusedError, match="needs an output"):
        engine.decisions.instances.add(task_id, "eel", " \n")
    assert len(shown(engine, task_id)) == 3
    assert engine.decisions.redo() == []


@pytest.mark.parametrize("output", ["", "  \n\t"])
def test_an_instance_without_output_is_refused(engine: Engine, task_id: int, output: str) -> None:
    with pytest.raises(DecisionRefusedError, match="needs an output"):
        engine.decisions.instances.edit(ids(engine, task_id)[0], "cod", output)
    with pytest.raises(DecisionRefusedError, match="needs an output"):
        engine.decisions.instances.restore(ids(engine, task_id)[2])
    assert exported(engine) == [COD, WREN]


def test_no_two_kept_instances_of_a_task_are_the_same(engine: Engine, task_id: int) -> None:
    first, second, _ = ids(engine, task_id)
    decide = engine.decisions.instances
    with pytest.raises(DecisionRefusedError, match="identical instance"):
        decide.edit(second, *COD)
    with pytest.raises(DecisionRefusedError, match="identical instance"):
        decide.add(task_id, *COD)
    decide.drop(first)
    decide.edit(second, *COD)
    with pytest.raises(DecisionRefusedError, match="identical instance"):
        decide.restore(first)
    assert exported(engine) == [COD]


def test_repeating_a_decision_on_an_instance_changes_nothing(engine: Engine, task_id: int) -> None:
    first, _, third = ids(engine, task_id)
    decide = engine.decisions.instances
    with pytest.raises(DecisionRefusedError, match="already reads like this"):
        decide.edit(first, *COD)
    with pytest.raises(DecisionRefusedError, match="already kept"):
        decide.restore(first)
    with pytest.raises(DecisionRefusedError, match="already dropped"):
        decide.drop(third)
    (undone,) = engine.decisions.undo()
    assert undone.kind == "accept"


def test_instances_are_decided_on_in_the_pool_only(engine: Engine, task_id: int) -> None:
    first = ids(engine, task_id)[0]
    engine.decisions.reject(task_id)
    with pytest.raises(DecisionRefusedError, match="not in the pool"):
        engine.decisions.instances.drop(first)
    with pytest.raises(DecisionRefusedError, match="not in the pool"):
        engine.decisions.instances.add(task_id, "eel", "fish")


def test_instances_of_seeds_stay_as_they_are(engine: Engine) -> None:
    with pytest.raises(DecisionRefusedError, match="is a seed"):
        engine.decisions.instances.drop(engine.workspace.instances.of_task(1)[0].id)


def test_instances_of_an_earlier_label_are_out_of_reach(engine: Engine, task_id: int) -> None:
    first = ids(engine, task_id)[0]
    engine.decisions.relabel(task_id, "classification")
    with pytest.raises(DecisionRefusedError, match="new label"):
        engine.decisions.instances.drop(first)


def test_an_instance_needs_the_label_of_its_task(engine: Engine, task_id: int) -> None:
    engine.decisions.relabel(task_id, "unknown")
    with pytest.raises(DecisionRefusedError, match="Set the label first"):
        engine.decisions.instances.add(task_id, "eel", "fish")


def test_undo_goes_through_decisions_on_tasks_and_instances_in_their_one_order(
    engine: Engine, task_id: int
) -> None:
    first, second, _ = ids(engine, task_id)
    other = engine.workspace.tasks.add("Name three rivers of Spain.", origin="model", at="now", held=True)
    engine.decisions.instances.drop(first)
    engine.decisions.reject_all([other])
    engine.decisions.instances.edit(second, "owl", "bird")
    engine.decisions.instances.add(task_id, "eel", "fish")
    before = shown(engine, task_id)

    kinds = [decision.kind for _ in range(5) for decision in engine.decisions.undo()]
    assert kinds == ["add", "edit", "reject", "drop", "accept"]
    assert engine.decisions.undo() == []
    assert engine.workspace.tasks.get(other).state == engine.workspace.tasks.get(task_id).state == "pending"
    assert shown(engine, task_id) == [(*COD, "kept"), (*WREN, "kept"), ("elk", "", "empty_output")]

    assert [len(engine.decisions.redo()) for _ in range(6)] == [1, 1, 1, 1, 1, 0]
    assert shown(engine, task_id) == before
    assert engine.workspace.tasks.get(other).state == "rejected"


def test_undo_of_an_instance_works_across_restarts(
    engine: Engine, task_id: int, workspace: Workspace
) -> None:
    engine.decisions.instances.drop(ids(engine, task_id)[0])
    with Workspace.open(workspace.path) as later:
        Engine(later, resolve({})).decisions.undo()
    assert exported(engine) == [COD, WREN]


def test_a_decision_on_an_instance_leaves_nothing_to_redo(engine: Engine, task_id: int) -> None:
    other = engine.workspace.tasks.add("Name three rivers of Spain.", origin="model", at="now", held=True)
    engine.decisions.reject(other)
    engine.decisions.undo()
    engine.decisions.instances.drop(ids(engine, task_id)[0])
    assert engine.decisions.redo() == []


def test_undo_is_refused_when_an_instance_is_not_as_that_decision_left_it(
    engine: Engine, task_id: int, workspace: Workspace
) -> None:
    instance = workspace.instances.of_task(task_id)[0]
    engine.decisions.instances.drop(instance.id)
    # As a program would leave it that has its own idea of who decides.
    workspace._db.execute(
        "UPDATE instances SET state = 'kept', reason_code = NULL, reason_sentence = NULL WHERE id = ?",
        [instance.id],
    )
    with pytest.raises(DecisionRefusedError, match="decided on again since"):
        engine.decisions.undo()
    assert exported(engine) == [COD, WREN]


def test_decisions_on_instances_do_not_touch_the_pool(engine: Engine, task_id: int) -> None:
    engine.decisions.instances.drop(ids(engine, task_id)[0])
    engine.decisions.instances.add(task_id, "eel", "fish")
    with engine.assessor.step():
        assert len(engine.assessor.index) == 176
    assert engine.workspace.tasks.get(task_id).state == "accepted"
    assert [decision.kind for decision in engine.workspace.decisions.of_task(task_id)] == ["accept"]


def test_the_batch_under_review_is_not_moved_by_a_decision_on_an_instance(
    engine: Engine, task_id: int
) -> None:
    engine.enter()
    engine.workspace.remember_batch(1)
    # As unattended work does: accepted, and no person has decided on it.
    later = engine.workspace.tasks.add("Count to ten in Latin.", origin="model", at="now", batch=7)
    engine.workspace.tasks.set_label(later, "generation")
    with engine.assessor.step():
        assessment = engine.assessor.assess_task(later, "Count to ten in Latin.")
        engine.decisions.settle(later, assessment, lambda event: None)
    engine.decisions.instances.add(later, "", "unus, duo")
    assert engine.workspace.tasks.batch_under_review() == 1


def test_a_decision_on_an_instance_is_told_once_it_is_stored(engine: Engine, task_id: int) -> None:
    told: list[tuple[Event, int]] = []
    engine.listener = lambda event: told.append((event, len(exported(engine))))
    engine.decisions.instances.add(task_id, "eel", "fish")
    engine.decisions.undo()
    assert told == [
        (TaskDecided(task_id, "add", "human"), 3),
        (TaskDecided(task_id, "undo", "human"), 2),
    ]


def test_a_decision_on_an_instance_or_a_task_that_there_is_not_ends_in_its_sentence(
    engine: Engine, task_id: int
) -> None:
    instances, missing = engine.decisions.instances, max(ids(engine, task_id)) + 1
    deciding: tuple[Callable[[], object], ...] = (
        lambda: instances.edit(missing, "x", "y"),
        lambda: instances.drop(missing),
        lambda: instances.restore(missing),
    )
    for decide in deciding:
        with pytest.raises(DecisionRefusedError, match=rf"^There is no instance {missing}\.$"):
            decide()
    with pytest.raises(DecisionRefusedError, match=rf"^There is no task {task_id + 1}\.$"):
        instances.add(task_id + 1, "x", "y")
