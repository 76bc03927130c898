"""Decisions are replayed one after the other: what lacks, cannot be read, or does not follow is found."""

import json
from typing import Any

import pytest

from selfinstruct.db.check.replay import Last, Replayed, Row, as_row, differs, replay


def task(state: str, instruction: str = "Name a river.", label: str | None = None) -> str:
    return json.dumps({"state": state, "instruction": instruction, "label": label})


def instance(state: str, output: str = "The Po.", reason: object = None) -> str:
    return json.dumps({"input": "", "output": output, "state": state, "reason": reason})


def row(number: int, kind: str = "accept", **values: Any) -> Row:
    usual: dict[str, Any] = {"task_id": 7, "instance_id": None, "who": "human", "undoes": None}
    return Row(**{"id": number, "kind": kind, **usual, **values})


def step(number: int, kind: str, before: str, after: str, **values: Any) -> Row:
    return row(number, kind, before=task(before), after=task(after), **values)


def on_instance(number: int, kind: str, before: str, after: str, **values: Any) -> Row:
    return row(number, kind, before=instance(before), after=instance(after), **{"instance_id": 3, **values})


def faults(*rows: Row) -> list[str]:
    return replay(rows).faults


def test_decisions_that_follow_from_each_other_have_no_faults() -> None:
    replayed = replay(
        [
            step(1, "accept", "pending", "accepted"),
            step(2, "undo", "accepted", "pending", undoes=1),
            step(3, "redo", "pending", "accepted", undoes=2),
            step(4, "reject", "accepted", "rejected"),
            step(5, "restore", "rejected", "pending"),
            step(6, "reject", "pending", "rejected", task_id=8, who="auto"),
            on_instance(7, "drop", "kept", "dropped", who="auto"),
            on_instance(8, "undo", "dropped", "kept", undoes=7),
        ]
    )
    assert (replayed.count, replayed.faults, replayed.missing, replayed.unreadable) == (8, [], [], [])
    assert replayed.tasks == {
        7: Last(5, json.loads(task("pending")), by_person=True, at_first=json.loads(task("pending"))),
        8: Last(6, json.loads(task("rejected")), by_person=False, at_first=json.loads(task("pending"))),
    }
    assert replayed.instances == {
        3: Last(8, json.loads(instance("kept")), by_person=True, at_first=json.loads(instance("kept")))
    }


def test_what_a_person_has_decided_once_stays_theirs() -> None:
    rows = [
        step(1, "accept", "pending", "accepted"),
        step(2, "reject", "accepted", "rejected", who="auto"),
        step(3, "restore", "rejected", "pending", who="auto"),
    ]
    assert replay(rows).tasks[7].by_person


@pytest.mark.parametrize(
    ("ids", "up_to", "missing"),
    [
        ([1, 2], 0, []),
        ([1, 2], 2, []),
        ([1, 2], 3, [(3, 3)]),
        ([2, 5], 0, [(1, 1), (3, 4)]),
        ([2, 5], 7, [(1, 1), (3, 4), (6, 7)]),
        ([], 0, []),
        ([], 1, [(1, 1)]),
    ],
)
def test_numbers_that_lack_are_found(ids: list[int], up_to: int, missing: list[tuple[int, int]]) -> None:
    rows = [step(number, "accept", "pending", "accepted", task_id=number) for number in ids]
    assert replay(rows, up_to=up_to).missing == missing


@pytest.mark.parametrize("damaged", ["{", "[]", "{}", "null", None, "[" * 100_000, instance("kept")])
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_decision_that_cannot_be_read_is_found_and_passed_over(side: str, damaged: Any) -> None:
    whole = step(1, "accept", "pending", "accepted")
    texts: dict[str, Any] = {"before": task("accepted"), "after": task("rejected"), side: damaged}
    replayed = replay([whole, row(2, "reject", **texts)])
    assert replayed.unreadable == [2]
    assert replayed.count == 2
    assert replayed.tasks[7].id == 1
    texts = {"before": instance("kept"), "after": instance("dropped"), side: task("accepted")}
    assert replay([row(1, "drop", instance_id=3, **texts)]).unreadable == [1]


def test_a_decision_that_found_another_state_than_the_last_one_left_is_found() -> None:
    first = step(1, "accept", "pending", "accepted")
    assert faults(first, step(2, "reject", "pending", "rejected")) == [
        "Decision 2 found task 7 in another state than decision 1 left it in."
    ]
    reworded = row(2, "reject", before=task("accepted", "Other."), after=task("rejected", "Other."))
    assert len(faults(first, reworded)) == 1
    kept = on_instance(1, "drop", "kept", "dropped")
    assert faults(kept, on_instance(2, "restore", "kept", "kept")) == [
        "Decision 2 found instance 3 in another state than decision 1 left it in."
    ]


@pytest.mark.parametrize(
    ("left", "found", "follows"),
    [
        (None, "generation", True),
        ("unknown", "generation", True),
        (None, None, True),
        ("generation", None, False),
        ("generation", "classification", False),
    ],
)
def test_a_label_may_have_come_from_the_model_only_where_there_was_none(
    left: str | None, found: str | None, follows: bool
) -> None:
    rows = [
        row(1, before=task("pending", label=left), after=task("accepted", label=left)),
        row(2, "reject", before=task("accepted", label=found), after=task("rejected", label=found)),
    ]
    assert (faults(*rows) == []) == follows
    other = rows[1]._replace(before=task("accepted", "Other.", label=found))
    assert len(faults(rows[0], other)) == 1


@pytest.mark.parametrize("state", ["accepted", "rejected"])
def test_a_task_is_undecided_before_its_first_decision(state: str) -> None:
    assert faults(step(1, "edit", state, state)) == [
        f"Decision 1 is the first on task 7, but found it {state}."
    ]
    assert faults(on_instance(1, "edit", "dropped", "dropped")) == []


@pytest.mark.parametrize(
    ("kind", "after"), [("accept", "pending"), ("reject", "accepted"), ("restore", "rejected")]
)
def test_a_decision_that_left_another_state_than_it_is_for_is_found(kind: str, after: str) -> None:
    assert faults(step(1, kind, "pending", after)) == [
        f"Decision 1 is to {kind} task 7, but left it {after}."
    ]
    assert faults(on_instance(1, "restore", "dropped", "kept")) == []


@pytest.mark.parametrize(
    ("kind", "undoes", "said"),
    [
        ("undo", None, "Decision 4 (undo) does not match what it reverts."),
        ("redo", None, "Decision 4 (redo) does not match what it reverts."),
        ("edit", 1, "Decision 4 (edit) does not match what it reverts."),
        ("undo", 1, None),
        ("undo", 2, "Decision 4 (undo) reverts decision 2, which it cannot."),
        ("undo", 3, "Decision 4 (undo) reverts decision 3, which it cannot."),
        ("undo", 99, "Decision 4 (undo) reverts decision 99, which it cannot."),
        ("redo", 1, "Decision 4 (redo) reverts decision 1, which it cannot."),
        ("redo", 3, None),
    ],
)
def test_what_takes_back_fits_what_it_takes_back(kind: str, undoes: int | None, said: str | None) -> None:
    rows = [
        step(1, "accept", "pending", "accepted"),
        step(2, "accept", "pending", "accepted", task_id=8),
        step(3, "undo", "accepted", "pending", undoes=1),
        step(4, kind, "pending", "pending", undoes=undoes),
    ]
    assert faults(*rows) == ([said] if said else [])


def test_a_step_on_an_instance_does_not_take_back_one_on_its_task() -> None:
    rows = [
        step(1, "accept", "pending", "accepted"),
        on_instance(2, "undo", "kept", "kept", undoes=1),
    ]
    assert faults(*rows) == ["Decision 2 (undo) reverts decision 1, which it cannot."]


@pytest.mark.parametrize(
    ("stored", "differing"),
    [
        (("accepted", "Name a river.", "generation", 1), None),
        (("pending", "Name a river.", "generation", 1), "state"),
        (("accepted", "Other.", "generation", 1), "instruction"),
        (("accepted", "Name a river.", "classification", 1), "label"),
        (("accepted", "Name a river.", "generation", 0), "held"),
    ],
)
def test_the_first_value_that_does_not_follow_is_named(
    stored: tuple[str, str, str, int], differing: str | None
) -> None:
    last = Last(1, json.loads(task("accepted", label="generation")), by_person=True, at_first={})
    assert differs(last, stored) == differing


def test_a_task_without_decisions_is_undecided_and_a_label_by_the_model_is_free() -> None:
    assert differs(None, ("pending", "x", None, 0)) is None
    assert differs(None, ("accepted", "x", None, 0)) == "state"
    for label in (None, "unknown"):
        last = Last(1, json.loads(task("accepted", label=label)), by_person=False, at_first={})
        assert differs(last, ("accepted", "Name a river.", "generation", 0)) is None


def test_an_instance_is_stored_with_the_reason_of_its_last_decision() -> None:
    why = {"code": "cut", "sentence": "It was cut."}
    assert as_row(json.loads(instance("dropped", reason=why))) == ["", "The Po.", "dropped", *why.values()]
    assert as_row(json.loads(instance("kept"))) == ["", "The Po.", "kept", None, None]


def test_nothing_to_replay_is_nothing_wrong() -> None:
    assert replay([]) == Replayed()
