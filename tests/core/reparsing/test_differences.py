"""Answers read again: what an older reader got wrong is corrected, as far as the filters allow."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from selfinstruct.core.method.vocabulary import NO_OWN_NAMES
from selfinstruct.core.reparsing.changes import REPARSED
from selfinstruct.core.reparsing.differences import find_differences
from selfinstruct.core.requests.answer_reader import AnswerReader
from selfinstruct.db.check.check import check
from selfinstruct.db.records import NewInstance
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


def test_a_workspace_that_was_read_by_the_present_reader_stays_as_it_is(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on())
    task_id = ledger.accepted(SEA)
    ledger.instances(task_id, ("the sea", "Waves."), ("the ice", "Ice."))
    differences = find_differences(ledger.engine)
    assert (differences.answers, differences.is_empty, differences.spared) == (3, True, [])


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
    differences, _ = ledger.reparse()
    assert (differences.labels_again, differences.instances_again) == (1, 1)
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
    differences, _ = ledger.reparse()
    label = task_of(ledger, task_id).label
    assert label == {"Yes": "classification", "No": "generation"}.get(answer, "unknown")
    assert differences.instances_again == (label != "unknown")
    assert nothing_is_left(ledger)


def test_a_label_that_is_unclear_now_can_be_asked_for_again(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_label=flipped)
    task_id = ledger.accepted(SEA, "That depends.")
    ledger.reparse()
    ledger.workspace.backlog.release_unclear()
    assert ledger.workspace.backlog.to_classify() == task_id
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
    differences, _ = ledger.reparse()
    assert rows_of(ledger.workspace, task_id) == [("the sea", "Waves.")]
    assert ledger.engine.planner.is_idle()
    assert (differences.labels_again, differences.instances_again) == (0, 0)


def test_an_answer_that_could_not_be_read_is_taken_in_by_the_next_run(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on())
    request_id = ledger.engine.planner.propose(1)
    body = b'{"choices": [{"message": {"content": "9. Write a poem about the sea in winter."}}]}'
    ledger.body(request_id, body)
    ledger.workspace.requests.fail(request_id, "The answer has no text.")
    differences, applied = ledger.reparse()
    assert ([one.id for one in differences.readable], applied.readable) == ([request_id], 1)
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
    differences = find_differences(ledger.engine)
    assert differences.is_empty
    assert differences.unreadable == 1


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
    differences = find_differences(ledger.engine)
    assert differences.is_empty
    (spared,) = differences.spared
    assert (spared.task_id, spared.why, spared.wording) == (task_id, "filters", COLD)
    assert spared.reason is not None
    assert spared.reason.code == "too_similar"
    assert tasks_in(ledger.workspace) == before
    assert task_of(ledger, task_id).instruction == GLUED


def test_a_task_that_is_reworded_or_none_makes_room_for_others(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_tasks=as_before(**{COLD: GLUED, LONG: RAIN}))
    cold, long = ledger.accepted(COLD), ledger.accepted(LONG)
    differences, applied = ledger.reparse()
    assert [change.task.id for change in differences.reworded] == [long, cold]
    assert [task_of(ledger, task_id).instruction for task_id in (cold, long)] == [COLD, LONG]
    assert applied.spared == ()
    assert nothing_is_left(ledger)


def test_a_plan_leaves_the_pool_as_it_is(engine_on: OpenEngine) -> None:
    ledger = Ledger(engine_on(), of_tasks=as_before(**{COLD: GLUED, LONG: RAIN}))
    ledger.accepted(COLD)
    ledger.accepted(LONG)
    ledger.engine.assessor.catch_up()
    nearest = ledger.engine.assessor.assess(RAIN).nearest
    find_differences(ledger.engine)
    ledger.engine.assessor.catch_up()
    assert ledger.engine.assessor.assess(RAIN).nearest == nearest


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
