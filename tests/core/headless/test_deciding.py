"""Decisions from lines follow the rules of the curator, each as a step of its own."""

from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.headless.deciding import Outcome, decide
from selfinstruct.core.headless.decision_lines import DecisionLine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.check.check import check
from selfinstruct.db.records import NewInstance
from selfinstruct.db.workspace import Workspace
from tests.core.decisions.candidates import candidate

RAIN, STONE = "Describe the smell of rain on warm stone.", "Describe the smell of rain on cold stone."


def with_instance(engine: Engine) -> tuple[int, int]:
    """An accepted task, and its instance."""
    task_id = candidate(engine, "Name three rivers of Spain.")
    engine.decisions.accept(task_id)
    engine.decisions.relabel(task_id, "generation")
    new = [NewInstance("north", "Ebro, Duero, Miño")]
    instruction = engine.workspace.tasks.get(task_id).instruction
    (instance_id,) = engine.workspace.instances.add(task_id, instruction, "generation", new, request_id=None)
    return task_id, instance_id


def test_the_second_of_two_near_duplicates_is_refused_with_the_evidence(engine: Engine) -> None:
    first, second = candidate(engine, RAIN), candidate(engine, STONE)
    assert decide(engine, DecisionLine(first, "accept")) == Outcome("done", "Accepted.")
    refused = decide(engine, DecisionLine(second, "accept"))
    assert refused.result == "refused"
    assert refused.sentence.startswith("ROUGE-L 0.88")
    assert [reason.code for reason in refused.reasons] == ["too_similar"]
    assert engine.workspace.tasks.get(second).state == "pending"


@pytest.mark.parametrize("state", ["pending", "rejected"])
def test_despite_accepts_against_the_reasons_of_now(engine: Engine, state: str) -> None:
    second = candidate(engine, STONE)
    if state == "rejected":
        engine.decisions.reject(second)
    engine.decisions.accept(candidate(engine, RAIN))
    done = decide(engine, DecisionLine(second, "accept", despite=True))
    assert (done.result, [reason.code for reason in done.reasons]) == ("done", ["too_similar"])
    assert engine.workspace.tasks.get(second).state == "accepted"


def test_despite_leaves_the_verdict_of_a_task_of_the_pool_alone(engine: Engine) -> None:
    first, second = candidate(engine, RAIN), candidate(engine, STONE)
    for task_id in (first, second):
        decide(engine, DecisionLine(task_id, "accept"), despite=True)
    before = engine.workspace.tasks.get(first)
    assert decide(engine, DecisionLine(first, "accept"), despite=True).result == "unchanged"
    assert engine.workspace.tasks.get(first) == before


def test_the_same_lines_again_change_nothing(engine: Engine) -> None:
    task_id, other = candidate(engine, RAIN), candidate(engine, "Name a fish.")
    _, instance_id = with_instance(engine)
    owner = engine.workspace.instances.get(instance_id).task_id
    lines = [
        DecisionLine(other, "edit", instruction="Name four fish of the sea."),
        DecisionLine(other, "label", label="generation"),
        DecisionLine(other, "reject", reason="dull"),
        DecisionLine(task_id, "accept"),
        DecisionLine(owner, "edit", instance_id, output="Ebro, Duero, Tagus"),
        DecisionLine(owner, "drop", instance_id),
    ]
    assert [decide(engine, line).result for line in lines] == ["done"] * 6
    again = [*lines[:2], lines[3], lines[5]]
    last = engine.workspace.decisions.last_id()
    assert [decide(engine, line).result for line in again] == ["unchanged"] * 4
    assert engine.workspace.decisions.last_id() == last


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (DecisionLine(99, "accept"), "Task 99 is a seed; seeds stay as they are."),
        (DecisionLine(9999, "reject"), "There is no task 9999."),
        (DecisionLine(9999, "accept", despite=True), "There is no task 9999."),
        (DecisionLine(9999, "undo"), "There is nothing to undo on task 9999"),
        (DecisionLine(99, "drop", 9999), "There is no instance 9999."),
    ],
)
def test_what_cannot_be_decided_on_is_refused_with_a_sentence(
    engine: Engine, line: DecisionLine, sentence: str
) -> None:
    last = engine.workspace.decisions.last_id()
    outcome = decide(engine, line)
    assert outcome.result == "refused"
    assert outcome.sentence.startswith(sentence)
    assert engine.workspace.decisions.last_id() == last


def test_an_edit_says_what_the_filters_think_of_it_and_one_in_the_pool_must_pass(engine: Engine) -> None:
    engine.decisions.accept(candidate(engine, RAIN))
    task_id = candidate(engine, "Name three rivers of Spain.")
    edited = decide(engine, DecisionLine(task_id, "edit", instruction=STONE))
    assert edited.result == "done"
    assert edited.sentence.startswith("Edited. The filters object to the new wording: ROUGE-L 0.88")
    decide(engine, DecisionLine(task_id, "edit", instruction="Name three rivers of Spain."))
    decide(engine, DecisionLine(task_id, "accept"))
    refused = decide(engine, DecisionLine(task_id, "edit", instruction=STONE))
    assert refused.result == "refused"
    assert refused.sentence.endswith("The task is in the pool, so its wording must pass the filters.")


def test_each_line_is_a_step_which_undo_takes_back_one_at_a_time(engine: Engine) -> None:
    first, second = candidate(engine, RAIN), candidate(engine, "Name three rivers of Spain.")
    for task_id in (first, second):
        decide(engine, DecisionLine(task_id, "accept"))
    engine.decisions.undo()
    states = [task.state for task in engine.workspace.tasks.get_many([first, second])]
    assert states == ["accepted", "pending"]


def test_undo_takes_back_the_last_step_on_its_task_and_then_the_one_before(engine: Engine) -> None:
    first, second = candidate(engine, RAIN), candidate(engine, "Name three rivers of Spain.")
    for line in (
        DecisionLine(first, "label", label="classification"),
        DecisionLine(first, "accept"),
        DecisionLine(second, "accept"),
    ):
        decide(engine, line)
    undo = DecisionLine(first, "undo")
    assert decide(engine, undo).sentence == "Undone: accept."
    assert engine.workspace.tasks.get(first).state == "pending"
    assert decide(engine, undo).sentence == "Undone: relabel."
    assert engine.workspace.tasks.get(first).label is None
    assert decide(engine, undo).result == "refused"
    assert engine.workspace.tasks.get(second).state == "accepted"
    assert check(engine.workspace.path).is_well


def test_undo_reaches_a_decision_on_an_instance(engine: Engine) -> None:
    task_id, instance_id = with_instance(engine)
    decide(engine, DecisionLine(task_id, "drop", instance_id))
    assert decide(engine, DecisionLine(task_id, "undo")).sentence == "Undone: drop."
    assert engine.workspace.instances.get(instance_id).state == "kept"


def test_undo_of_one_task_takes_no_other_with_it(engine: Engine) -> None:
    ids = [candidate(engine, RAIN), candidate(engine, "Name three rivers of Spain.")]
    engine.decisions.accept_all(ids)
    refused = decide(engine, DecisionLine(ids[0], "undo"))
    assert refused.result == "refused"
    assert "in one step with 1 more" in refused.sentence
    assert {task.state for task in engine.workspace.tasks.get_many(ids)} == {"accepted"}


def test_undo_leaves_what_somebody_at_work_has_decided(engine: Engine, workspace: Workspace) -> None:
    task_id = candidate(engine, RAIN)
    with Workspace.open(workspace.path) as other_workspace:
        other = Engine(other_workspace, resolve({}))
        other.enter()
        other.decisions.accept(task_id)
        assert decide(engine, DecisionLine(task_id, "undo")).result == "refused"
        other_workspace.end_run(at="then")
    assert decide(engine, DecisionLine(task_id, "undo")).result == "done"


def test_an_instance_of_another_task_is_not_touched(engine: Engine) -> None:
    task_id, instance_id = with_instance(engine)
    other = candidate(engine, RAIN)
    refused = decide(engine, DecisionLine(other, "drop", instance_id))
    assert refused == Outcome("refused", f"Instance {instance_id} is of task {task_id}, not {other}.")
    assert engine.workspace.instances.get(instance_id).state == "kept"


def test_an_edit_of_an_instance_keeps_the_text_that_it_does_not_name(engine: Engine) -> None:
    task_id, instance_id = with_instance(engine)
    decide(engine, DecisionLine(task_id, "edit", instance_id, input="south"))
    instance = engine.workspace.instances.get(instance_id)
    assert (instance.input, instance.output) == ("south", "Ebro, Duero, Miño")
    assert decide(engine, DecisionLine(task_id, "edit", instance_id, output=" ")).result == "refused"


def test_a_task_without_a_clear_label_is_accepted_with_a_hint(engine: Engine) -> None:
    task_id = candidate(engine, RAIN)
    engine.workspace.tasks.set_label(task_id, "unknown")
    assert (
        "gets no instances until the label is set" in decide(engine, DecisionLine(task_id, "accept")).sentence
    )


def test_decisions_carry_the_name_of_the_person(engine: Engine, workspace: Workspace) -> None:
    workspace.decisions.person = "anna"
    task_id, instance_id = with_instance(engine)
    decide(engine, DecisionLine(task_id, "drop", instance_id))
    decide(engine, DecisionLine(task_id, "undo"))
    people = {one.person for one in workspace.decisions.of_task(task_id)}
    people |= {one.person for one in workspace.decisions.on_instances_of(task_id)}
    assert people == {"anna"}
    assert workspace.decisions.deciders([task_id, 1]) == {task_id: ["anna"], 1: ["auto"]}


def test_texts_that_cannot_be_stored_are_stored_without_what_cannot(engine: Engine, tmp_path: Path) -> None:
    task_id = candidate(engine, RAIN)
    assert (
        decide(engine, DecisionLine(task_id, "edit", instruction="Name a \0 \ud800 fish.")).result == "done"
    )
    assert engine.workspace.tasks.get(task_id).instruction == "Name a \ufffd \ufffd fish."
    decide(engine, DecisionLine(task_id, "reject", reason="a\0b"))
    assert engine.workspace.decisions.of_task(task_id)[-1].tag == "a\ufffdb"
