"""Edits of tasks: the new wording is assessed, and label and instances are requested anew."""

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import DecisionRefusedError, RefusedByFiltersError
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.core.decisions.candidates import candidate


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
    assert engine.workspace.backlog.to_classify() == task_id


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
    assert engine.workspace.backlog.to_classify() == task_id
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


def test_what_no_workspace_can_store_leaves_an_edit_that_can_be_undone(engine: Engine) -> None:
    task_id = candidate(engine, "Describe the smell of rain.")
    engine.decisions.edit(task_id, "Describe the \x00 smell \ud800 of snow.")
    assert engine.workspace.tasks.get(task_id).instruction == "Describe the \ufffd smell \ufffd of snow."
    assert engine.decisions.undo()
    assert engine.workspace.tasks.get(task_id).instruction == "Describe the smell of rain."


def test_an_edit_of_what_somebody_has_reworded_meanwhile_is_refused(engine: Engine) -> None:
    task_id = candidate(engine, "Describe the smell of rain.")
    engine.decisions.edit(task_id, "Describe the sound of rain.")
    with pytest.raises(DecisionRefusedError, match="edited task"):
        engine.decisions.edit(task_id, "Describe the look of rain.", seen="Describe the smell of rain.")
    assert engine.workspace.tasks.get(task_id).instruction == "Describe the sound of rain."
