"""Answers read again: what an older reader got wrong is put right, and what people have decided stays."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.method.vocabulary import NO_OWN_NAMES
from selfinstruct.core.reparsing.apply import applying
from selfinstruct.core.reparsing.changes import REPARSED
from selfinstruct.core.reparsing.plan import plan
from selfinstruct.core.requests.answer_reader import AnswerReader
from selfinstruct.core.settings.sources import resolve
from selfinstruct.core.util.time_slices import at_once
from selfinstruct.db.check.check import check
from selfinstruct.db.records import InstanceState, Label, NewInstance, Task
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.reparsing.old_readings import Ledger, OldReader, instances_in, rows_of, tasks_in

SEA, RAIN, TOWN = (
    "Write a poem about the sea in winter.",
    "Describe the smell of rain on warm stone.",
    "Plan a walk through an old town.",
)


def titled(read: list[str]) -> list[str]:
    """As a reader does that leaves a title in front of a task."""
    return [f"**Title:** {one}" for one in read]


def with_heads(read: list[NewInstance]) -> list[NewInstance]:
    """As a reader does that leaves the name of a field in front of the text."""
    return [replace(one, output=f"Output: {one.output}") for one in read]


def flipped(label: Label) -> Label:
    return "generation" if label == "classification" else "classification"


def task_of(ledger: Ledger, task_id: int) -> Task:
    return ledger.workspace.tasks.get(task_id)


def nothing_is_left(ledger: Ledger) -> bool:
    return plan(ledger.engine).is_empty


# What changes


def test_a_workspace_that_was_read_by_the_present_reader_stays_as_it_is(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on())
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves."), ("the ice", "Ice."))
    planned = plan(ledger.engine)
    assert (planned.answers, planned.is_empty, planned.spared) == (3, True, [])


def test_a_candidate_gets_the_wording_that_is_read_now(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_tasks=titled)
    ids = ledger.propose(SEA, RAIN)
    ledger.reparse()
    assert [task_of(ledger, task_id).instruction for task_id in ids] == [SEA, RAIN]
    assert {task_of(ledger, task_id).verdict for task_id in ids} == {"pass"}, "assessed by the new wording"
    assert nothing_is_left(ledger)


def test_a_reworded_task_of_the_pool_gets_its_label_and_instances_anew(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_tasks=lambda read: [f"Poem task: {one}" for one in read])
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("", "Waves."))
    planned, _ = ledger.reparse()
    assert (planned.labels_again, planned.instances_again) == (1, 1)
    assert task_of(ledger, task_id).standing == replace(
        task_of(ledger, task_id).standing, state="accepted", instruction=SEA, label=None
    )
    request = ledger.workspace.requests.get(ledger.engine.planner.next_of_pool() or 0)
    assert (request.stage, request.task_id, request.instruction) == ("classify", task_id, SEA)


def test_what_is_no_task_is_rejected(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_tasks=lambda read: ["I hope these tasks help you!", *read])
    junk, good = ledger.propose(SEA)
    ledger.reparse()
    assert task_of(ledger, junk).state == "rejected"
    assert task_of(ledger, good).state == "pending"
    (decision,) = ledger.workspace.decisions.of_task(junk)
    assert (decision.kind, decision.tag) == ("reject", "reparse")
    assert nothing_is_left(ledger)


@pytest.mark.parametrize("held", [True, False])
def test_a_task_that_was_missed_is_a_candidate_like_the_others(engine_on: OpenEngine, held: bool) -> None:
    ledger = Ledger(engine_on(), of_tasks=lambda read: read[:1])
    (first,) = ledger.propose(SEA, RAIN, held=held)
    ledger.reparse()
    found = ledger.workspace.tasks.get(first + 1)
    assert (found.instruction, found.state, found.verdict) == (RAIN, "pending", "pass")
    assert found.batch == task_of(ledger, first).batch
    to_decide = ledger.workspace.tasks.to_decide()
    assert (found.id in to_decide) == (first in to_decide) == (not held)
    assert nothing_is_left(ledger)
    assert check(ledger.workspace.path).is_well


@pytest.mark.parametrize("answer", ["Yes", "No", "That depends."])
def test_a_label_becomes_what_is_read_now(engine_on: OpenEngine, answer: str) -> None:
    ledger = Ledger(engine_on(), of_label=flipped)
    task_id = ledger.accepted(SEA, answer)
    planned, _ = ledger.reparse()
    label = task_of(ledger, task_id).label
    assert label == {"Yes": "classification", "No": "generation"}.get(answer, "unknown")
    assert planned.instances_again == (label != "unknown")
    assert nothing_is_left(ledger)


def test_a_label_that_is_unclear_now_can_be_asked_for_again(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_label=flipped)
    task_id = ledger.accepted(SEA, "That depends.")
    ledger.reparse()
    ledger.workspace.tasks.release_unclear()
    assert ledger.workspace.tasks.to_classify() == task_id
    assert check(ledger.workspace.path).is_well
    ledger.engine._working.intake._reader = AnswerReader("en", NO_OWN_NAMES)
    ledger.label(task_id, "No")
    assert check(ledger.workspace.path).is_well


def test_instances_become_what_is_read_now(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_instances=with_heads)
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves and salt."), ("the ice", "Ice and silence."))
    ledger.reparse()
    assert rows_of(ledger.workspace, task_id) == [
        ("the sea", "Waves and salt."),
        ("the ice", "Ice and silence."),
    ]
    dropped = [one for one in ledger.workspace.instances.of_task(task_id) if one.state == "dropped"]
    assert [one.reason for one in dropped] == [REPARSED, REPARSED]
    assert nothing_is_left(ledger)
    assert check(ledger.workspace.path).is_well


def test_an_instance_with_the_same_text_is_kept_or_dropped_as_it_is_now(engine_on: OpenEngine) -> None:
    def other_way_round(read: list[NewInstance]) -> list[NewInstance]:
        return [replace(one, state="dropped" if one.state == "kept" else "kept", reason=None) for one in read]

    ledger = Ledger(engine_on(), of_instances=other_way_round)
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves."), ("the ice", ""))
    before = ledger.workspace.instances.of_task(task_id)
    ledger.reparse()
    after = ledger.workspace.instances.of_task(task_id)
    assert [one.id for one in after] == [one.id for one in before]
    assert rows_of(ledger.workspace, task_id) == [("the sea", "Waves.")]
    assert after[1].reason is not None
    assert after[1].reason.code == "empty_output"
    assert nothing_is_left(ledger)


def test_answers_are_read_in_the_language_of_the_workspace(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(language="ja"), of_label=flipped)
    (task_id,) = ledger.propose("冬の海についての詩を書いてください。")
    ledger.label(task_id, "はい")
    ledger.reparse()
    assert task_of(ledger, task_id).label == "classification"
    assert nothing_is_left(ledger)


def test_words_that_a_person_names_later_read_the_earlier_answers(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(words={"yes": ["ja"]}), of_label=lambda label: "unknown")
    (task_id,) = ledger.propose(SEA)
    ledger.label(task_id, "Ja.")
    ledger.reparse()
    assert task_of(ledger, task_id).label == "classification"


def test_a_reworded_task_gets_a_vector_of_its_new_wording(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(embeddings="offline"), of_tasks=titled)
    (task_id,) = ledger.propose(SEA)
    ledger.reparse()
    request_id = ledger.engine.planner.embed()
    while request_id is not None and task_id not in ledger.workspace.requests.get(request_id).in_context:
        request_id = ledger.engine.planner.embed()
    assert request_id is not None
    assert SEA in ledger.workspace.requests.get(request_id).prompt
    assert nothing_is_left(ledger)


def test_instances_in_another_order_are_no_change(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_instances=lambda read: read[::-1])
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves."), ("the ice", "Ice."))
    assert nothing_is_left(ledger)


def test_additional_instances_are_compared_with_those_of_the_answers_before(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_instances=with_heads)
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves."))
    ledger.instances(task_id, ("the sea", "Waves."), ("the ice", "Ice."), more=True)
    ledger.reparse()
    assert rows_of(ledger.workspace, task_id) == [("the sea", "Waves."), ("the ice", "Ice.")]
    assert nothing_is_left(ledger)


def test_instances_that_are_found_need_no_request(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_instances=lambda read: [])
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves."))
    planned, _ = ledger.reparse()
    assert rows_of(ledger.workspace, task_id) == [("the sea", "Waves.")]
    assert ledger.engine.planner.is_idle()
    assert (planned.labels_again, planned.instances_again) == (0, 0)


def test_an_answer_that_could_not_be_read_is_taken_in_by_the_next_run(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on())
    request_id = ledger.engine.planner.propose(1)
    body = b'{"choices": [{"message": {"content": "9. Write a poem about the sea in winter."}}]}'
    ledger.body(request_id, body)
    ledger.workspace.requests.fail(request_id, "The answer has no text.")
    planned, applied = ledger.reparse()
    assert ([one.id for one in planned.readable], applied.readable) == ([request_id], 1)
    assert ledger.workspace.requests.get(request_id).state == "answered"
    assert nothing_is_left(ledger)
    assert ledger.engine.planner.left_over(resend=False).taken_over == [request_id]
    ledger.engine.take_in(request_id)
    assert [row[2] for row in tasks_in(ledger.workspace)] == [SEA]


def test_an_answer_that_cannot_be_read_stays_failed(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on())
    request_id = ledger.engine.planner.propose(1)
    ledger.body(request_id, b"<html>")
    ledger.engine.take_in(request_id)
    assert nothing_is_left(ledger)


def test_a_failed_request_that_was_replaced_stays_failed(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on())
    request_id = ledger.engine.planner.propose(1)
    ledger.body(request_id, b'{"choices": [{"message": {"content": "9. Write a poem."}}]}')
    ledger.workspace.requests.fail(request_id, "The answer has no text.")
    ledger.engine.planner.send_again(ledger.workspace.requests.get(request_id))
    assert nothing_is_left(ledger)


def test_what_came_of_an_answer_that_cannot_be_read_now_stays(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on())
    ledger.propose(SEA)
    ledger.workspace._db.execute("UPDATE attempts SET body = CAST('{}' AS BLOB)")
    planned = plan(ledger.engine)
    assert planned.is_empty
    assert planned.unreadable == 1


# The filters


COLD = "Describe the smell of rain on cold stone."
GLUED = (
    f"{COLD} It smells of dust, of iron, of leaves that have been lying there for weeks, and of nothing else."
)
LONG = "Describe the smell of rain on warm stone and of snow on pine trees at night."


def as_before(**wordings: str) -> Callable[[list[str]], list[str]]:
    """Read some tasks as other wordings."""
    return lambda read: [wordings.get(one, one) for one in read]


def test_a_wording_that_the_filters_refuse_stays_out_of_the_pool(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_tasks=as_before(**{COLD: GLUED}))
    ledger.accepted(RAIN)
    task_id = ledger.accepted(COLD)
    before = tasks_in(ledger.workspace)
    planned = plan(ledger.engine)
    assert planned.is_empty
    (spared,) = planned.spared
    assert (spared.task_id, spared.why, spared.wording) == (task_id, "filters", COLD)
    assert spared.reason is not None
    assert spared.reason.code == "too_similar"
    assert tasks_in(ledger.workspace) == before
    assert task_of(ledger, task_id).instruction == GLUED


def test_a_task_that_is_reworded_or_none_makes_room_for_others(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_tasks=as_before(**{COLD: GLUED, LONG: RAIN}))
    cold, long = ledger.accepted(COLD), ledger.accepted(LONG)
    planned, applied = ledger.reparse()
    assert [change.task.id for change in planned.reworded] == [long, cold]
    assert [task_of(ledger, task_id).instruction for task_id in (cold, long)] == [COLD, LONG]
    assert applied.spared == ()
    assert nothing_is_left(ledger)


def test_a_plan_leaves_the_pool_as_it_is(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_tasks=as_before(**{COLD: GLUED, LONG: RAIN}))
    ledger.accepted(COLD)
    ledger.accepted(LONG)
    ledger.engine.assessor.catch_up()
    nearest = ledger.engine.assessor.assess(RAIN).nearest
    plan(ledger.engine)
    ledger.engine.assessor.catch_up()
    assert ledger.engine.assessor.assess(RAIN).nearest == nearest


# What people have decided


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
    planned = plan(ledger.engine)
    assert planned.is_empty
    assert {one.why for one in planned.spared} == {"person"}
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
    planned = plan(ledger.engine)
    assert planned.is_empty
    assert [one.why for one in planned.spared] == ["person"]


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
    planned, _ = ledger.reparse()
    assert ledger.workspace.instances.get(first.id) == decided
    assert sum(one.of_instance for one in planned.spared) == 1
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


def test_what_is_decided_while_it_is_applied_is_spared(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selfinstruct.core.reparsing.apply._A_SLICE_S", 0)
    ledger = Ledger(engine_on(), of_tasks=titled)
    first, second = ledger.propose(SEA, RAIN)
    with Workspace.open(ledger.workspace.path) as other_workspace:
        other = Engine(other_workspace, resolve({}))
        work = applying(ledger.engine, plan(ledger.engine))
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
    planned = plan(ledger.engine)
    decisions = ledger.engine.decisions
    decisions.reject(candidate)
    decisions.restore_all([candidate])
    (one,) = ledger.workspace.instances.of_task(task_id)
    decisions.instances.edit(one.id, one.input, "Foam.")
    decisions.instances.edit(one.id, one.input, one.output)
    applied = at_once(applying(ledger.engine, planned))
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
        theirs = plan(other)
        _, applied = ledger.reparse()
        after = tasks_in(ledger.workspace), instances_in(ledger.workspace)
        late = at_once(applying(other, theirs))
    assert applied.decisions
    assert late.decisions == 0
    assert {one.why for one in late.spared} == {"meanwhile"}
    assert (tasks_in(ledger.workspace), instances_in(ledger.workspace)) == after


def test_of_two_answers_about_the_first_instances_only_the_one_that_was_taken_counts(
    engine_on: OpenEngine,
) -> None:
    ledger = Ledger(engine_on())
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves."))
    ledger.instances(task_id, ("the sea", "Foam."), ("the ice", "Ice."))
    assert rows_of(ledger.workspace, task_id) == [("the sea", "Waves.")]
    assert nothing_is_left(ledger)


def test_of_two_answers_about_the_first_instances_the_first_with_any_counts(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_instances=lambda read: [])
    task_id = ledger.accepted(SEA)
    ledger.answer(ledger.engine.planner.instantiate(task_id), "")
    ledger.instances(task_id, ("the sea", "Waves."))
    ledger.instances(task_id, ("the sea", "Foam."))
    ledger.reparse()
    assert rows_of(ledger.workspace, task_id) == [("the sea", "Waves.")]
    assert nothing_is_left(ledger)


# Undo


def mistaken(engine: Engine, label: str = "Yes") -> Ledger:
    """A workspace with every kind of mistake; the label of its accepted task is read wrong if it is Yes."""

    def of_tasks(read: list[str]) -> list[str]:
        return read if read == [SEA] else ["Here are the tasks that you asked me for:", *titled(read)[:2]]

    ledger = Ledger(engine, of_tasks=of_tasks, of_label=lambda read: "generation", of_instances=with_heads)
    ledger.propose(RAIN, TOWN, "Name three rivers that flow into a cold sea.")
    in_pool = ledger.accepted(SEA, label)
    ledger.instances(in_pool, ("the sea", "Waves."), ("the ice", "Ice and silence."))
    ledger.engine.decisions.instances.add(in_pool, "the sea", "Foam and salt.")
    return ledger


def test_undo_takes_all_of_it_back_in_one_step_and_redo_brings_it_again(engine_on: OpenEngine) -> None:
    ledger = mistaken(engine_on())
    workspace = ledger.workspace
    before = tasks_in(workspace), instances_in(workspace)
    planned, applied = ledger.reparse()
    assert planned.reworded
    assert planned.rejected
    assert planned.found
    assert planned.relabelled
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


# Killed, and read at random


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
    work = applying(ledger.engine, plan(ledger.engine))
    for _ in range(slices):
        if next(work, None) is None:
            break
    work.close()
    with Workspace.open(workspace.path) as next_workspace:
        engine = Engine(next_workspace, resolve({}))
        at_once(applying(engine, plan(engine)))
        assert plan(engine).is_empty
    assert check(workspace.path).is_well
    with Workspace.open(tmp_path / "whole.db", create=True) as whole:
        straight = mistaken(Engine(whole, resolve({})))
        straight.reparse()
        assert state_of(workspace) == state_of(whole)


class Mistakes:
    """Mistakes at random, such as older readers made."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def of_tasks(self, read: list[str]) -> list[str]:
        made: list[str] = []
        for one in read:
            kind = self._rng.choice(("right", "right", "missed", "titled", "glued", "junk"))
            made += {
                "right": [one],
                "missed": [],
                "titled": [f"**Title:** {one}"],
                "glued": [f"{one} Output: {one[::-1]} {one[::-1]}"],
                "junk": [one, f"Note {self._rng.random()}"],
            }[kind]
        return made

    def of_label(self, label: Label) -> Label:
        return self._rng.choice((label, "classification", "generation", "unknown"))

    def of_instances(self, read: list[NewInstance]) -> list[NewInstance]:
        made: list[NewInstance] = []
        for one in read:
            kind = self._rng.choice(("right", "missed", "head", "swapped", "flipped", "twice"))
            other: InstanceState = "dropped" if one.state == "kept" else "kept"
            made += {
                "right": [one],
                "missed": [],
                "head": with_heads([one]),
                "swapped": [replace(one, input=one.output, output=one.input)],
                "flipped": [replace(one, state=other, reason=None)],
                "twice": [one, one],
            }[kind]
        self._rng.shuffle(made)
        return made


_PROPOSED = (SEA, RAIN, TOWN, "Name three rivers that flow into a cold sea.", "Count to ten in old Latin.")
_PAIRS = (("the sea", "Waves."), ("the ice", "Ice and silence."), ("", "Nothing at all."), ("the sky", ""))


@pytest.mark.parametrize("seed", range(20))
def test_afterwards_it_is_as_if_the_present_reader_had_read_it(engine_on: OpenEngine, seed: int) -> None:
    rng = random.Random(seed)
    mistakes = Mistakes(rng)
    ledger = Ledger(
        engine_on(),
        of_tasks=mistakes.of_tasks,
        of_label=mistakes.of_label,
        of_instances=mistakes.of_instances,
    )
    task_ids = [task_id for _ in range(3) for task_id in ledger.propose(*_PROPOSED)]
    asked: dict[int, tuple[str, list[tuple[str, str]]]] = {}
    for task_id in task_ids:
        answer = rng.choice(("Yes", "No", "That depends."))
        pairs = rng.sample(_PAIRS, rng.randint(1, len(_PAIRS)))
        ledger.label(task_id, answer)
        if task_of(ledger, task_id).label != "unknown":
            ledger.instances(task_id, *pairs)
            asked[task_id] = answer, pairs
    wordings = {task_id: task_of(ledger, task_id).instruction for task_id in task_ids}
    labels = {task_id: task_of(ledger, task_id).label for task_id in task_ids}
    ledger.reparse()

    there = [row for row in tasks_in(ledger.workspace) if row[1] != "rejected"]
    assert sorted(row[2] for row in there) == sorted([*_PROPOSED] * 3)
    for task_id, (answer, pairs) in asked.items():
        task = task_of(ledger, task_id)
        if task.state == "rejected":
            continue
        if task.instruction != wordings[task_id]:
            assert task.label is None, "it is requested again"
            continue
        right = {"Yes": "classification", "No": "generation"}.get(answer, "unknown")
        assert task.label == right
        if right == labels[task_id]:
            kept = [(given, output) for given, output in pairs if output]
            assert sorted(rows_of(ledger.workspace, task_id)) == sorted(kept)
    assert nothing_is_left(ledger)
    assert check(ledger.workspace.path).is_well
    before = tasks_in(ledger.workspace)
    ledger.engine.decisions.undo()
    ledger.engine.decisions.redo()
    assert tasks_in(ledger.workspace) == before
