"""What is read now against what is stored: only what no person has decided on is changed."""

from typing import Any

import pytest

from selfinstruct.core.reparsing.changes import InstanceChange, Spared, TaskChange
from selfinstruct.core.reparsing.comparing import (
    StoredInstance,
    StoredTask,
    compare_instances,
    compare_label,
    compare_tasks,
    is_decided_since,
)
from selfinstruct.db.records import (
    REPARSE,
    Decision,
    Instance,
    InstanceDecision,
    InstanceStanding,
    Label,
    NewInstance,
    Standing,
    State,
    Task,
)

SEA, RAIN, TOWN = (
    "Write a poem about the sea in winter.",
    "Describe the smell of rain on warm stone.",
    "Plan a walk through an old town.",
)
OTHER = f"Title: {SEA}"


def task(
    instruction: str = SEA, state: State = "pending", label: Label | None = None, number: int = 7
) -> Task:
    return Task(number, "model", None, instruction, label, state, None, None, None, 1, 1, None, None)


def decision(number: int, before: Standing, after: Standing, **values: Any) -> Decision:
    usual: dict[str, Any] = {"kind": "edit", "who": "human", "undoes": None, "tag": None}
    return Decision(number, number, 7, at="now", before=before, after=after, **(usual | values))


def standing(instruction: str = SEA, state: State = "pending", label: Label | None = None) -> Standing:
    return Standing(state, instruction, label)


EDITED = decision(1, standing(OTHER), standing(SEA))
ACCEPTED = decision(2, standing(SEA), standing(SEA, "accepted"), kind="accept")
REPARSED = decision(3, standing(SEA), standing(SEA, "rejected"), kind="reject", who="auto", tag=REPARSE)
BY_PROGRAM = decision(3, standing(SEA), standing(SEA, "rejected"), kind="reject", who="auto")


def undo(number: int, undone: Decision) -> Decision:
    return decision(number, undone.after, undone.before, kind="undo", undoes=undone.id)


def test_decisions_of_people_stand_until_they_are_undone_and_again_when_they_are_redone() -> None:
    undone = undo(5, ACCEPTED)
    redone = decision(6, undone.after, undone.before, kind="redo", undoes=5)
    for decisions, standing_ones in (
        ([EDITED, ACCEPTED, BY_PROGRAM], [EDITED, ACCEPTED]),
        ([EDITED, ACCEPTED, undone], [EDITED]),
        ([ACCEPTED, undone, redone], [redone]),
    ):
        assert StoredTask(task(), decisions).by_people == standing_ones


def test_the_wording_that_was_read_is_the_one_before_the_first_edit() -> None:
    again = decision(4, standing(SEA), standing(TOWN))
    assert StoredTask(task(TOWN), [EDITED, ACCEPTED, again]).wording_read == OTHER
    assert StoredTask(task(SEA), [ACCEPTED]).wording_read == SEA
    assert StoredTask(task(OTHER), [EDITED, undo(5, EDITED)]).wording_read == OTHER


@pytest.mark.parametrize(
    ("state", "decisions", "is_rejected"),
    [
        ("rejected", [REPARSED], True),
        ("rejected", [BY_PROGRAM], False),
        ("rejected", [REPARSED, decision(4, standing(SEA, "rejected"), standing(RAIN, "rejected"))], True),
        ("pending", [REPARSED, undo(5, REPARSED)], False),
        ("rejected", [ACCEPTED, decision(4, standing(SEA, "accepted"), standing(SEA, "rejected"))], False),
        ("rejected", [], False),
    ],
)
def test_a_task_is_rejected_here_where_reparsing_has_moved_it_last(
    state: State, decisions: list[Decision], is_rejected: bool
) -> None:
    assert StoredTask(task(state=state), decisions).is_rejected_here == is_rejected


def test_a_decision_of_a_person_counts_from_the_one_after_the_last_known() -> None:
    assert is_decided_since([ACCEPTED], 1)
    assert not is_decided_since([ACCEPTED], 2)
    assert not is_decided_since([BY_PROGRAM], 0)
    assert not is_decided_since([], 0)


def test_each_stored_task_is_left_reworded_rejected_or_restored() -> None:
    same, other = (
        StoredTask(task(number=1), []),
        StoredTask(task(f"Title: {RAIN}", "accepted", "generation", 2), []),
    )
    junk = StoredTask(task("I hope these help you!", number=3), [])
    gone = StoredTask(task(TOWN, "rejected", number=4), [REPARSED])
    compared = compare_tasks([SEA, RAIN, TOWN, "Name a fish."], [same, other, junk, gone])
    assert compared.reworded == [TaskChange(other.task, "edit", Standing("accepted", RAIN, None))]
    assert compared.rejected == [
        TaskChange(junk.task, "reject", Standing("rejected", junk.task.instruction, None))
    ]
    assert compared.restored == [TaskChange(gone.task, "restore", Standing("pending", TOWN, None))]
    assert compared.found == ["Name a fish."]
    assert compared.none == {3}
    assert compared.spared == []


def test_a_rejected_task_that_is_none_stays_rejected() -> None:
    junk = StoredTask(task("I hope these help you!", "rejected", number=3), [BY_PROGRAM])
    compared = compare_tasks([SEA], [junk])
    assert (compared.rejected, compared.none, compared.found) == ([], {3}, [SEA])


@pytest.mark.parametrize(
    ("read", "state", "spared"),
    [
        ([SEA], "accepted", False),
        ([OTHER], "accepted", True),
        ([RAIN], "accepted", True),
        ([], "pending", True),
        ([], "rejected", False),
    ],
)
def test_a_task_of_a_person_is_spared_where_it_is_read_otherwise(
    read: list[str], state: State, spared: bool
) -> None:
    compared = compare_tasks(read, [StoredTask(task(state=state), [ACCEPTED])])
    assert compared.spared == ([Spared(7, "person")] if spared else [])
    assert (compared.reworded, compared.rejected, compared.restored, compared.none) == ([], [], [], set())


@pytest.mark.parametrize(
    ("label", "stored", "decisions", "changed"),
    [
        ("generation", "generation", [], None),
        ("generation", "classification", [], True),
        ("generation", None, [ACCEPTED], True),
        ("unknown", "generation", [], True),
        (
            "generation",
            "classification",
            [decision(1, standing(), standing(label="classification"), kind="relabel")],
            False,
        ),
        (
            "generation",
            "classification",
            [decision(1, standing(OTHER), standing(OTHER, label="classification"), kind="relabel")],
            True,
        ),
        (
            "generation",
            "classification",
            [decision(1, standing(label="classification"), standing(SEA, "accepted", "classification"))],
            True,
        ),
    ],
)
def test_a_label_changes_unless_a_person_gave_it_to_this_wording(
    label: Label, stored: Label | None, decisions: list[Decision], changed: bool | None
) -> None:
    found = compare_label(label, StoredTask(task(label=stored), decisions))
    if changed is None:
        assert found is None
    elif changed:
        assert found == TaskChange(task(label=stored), "relabel", standing(label=label))
    else:
        assert found == Spared(7, "person")


def instance(number: int, output: str, state: Any = "kept") -> Instance:
    return Instance(number, 7, "", output, state, None, 1)


def on_instance(number: int, before: str, after: str, **values: Any) -> InstanceDecision:
    usual: dict[str, Any] = {"kind": "edit", "who": "human", "undoes": None, "tag": None}
    texts = [InstanceStanding("", output, "kept", None) for output in (before, after)]
    return InstanceDecision(
        number, number, 7, 1, at="now", before=texts[0], after=texts[1], **(usual | values)
    )


def test_each_stored_instance_is_left_changed_or_dropped_and_others_are_found() -> None:
    same, other = instance(1, "Waves and foam."), instance(2, "Output: Ice and silence.")
    gone, dropped = instance(3, "I hope this helps!"), instance(4, "Salt and wind.", "dropped")
    kept_now = instance(5, "Snow on the pier.", "dropped")
    read = [
        NewInstance("", "Waves and foam."),
        NewInstance("", "Ice and silence."),
        NewInstance("", "Snow on the pier."),
        NewInstance("", "Gulls."),
    ]
    compared = compare_instances(
        read, [StoredInstance(one, []) for one in (same, other, gone, dropped, kept_now)], 7
    )
    assert compared.changes == [
        InstanceChange(other, read[1]),
        InstanceChange(gone, None),
        InstanceChange(kept_now, read[2]),
        InstanceChange(None, read[3]),
    ]
    assert [one.output for one in compared.result] == [one.output for one in read]
    assert {(one.task_id, one.state) for one in compared.result} == {(7, "kept")}
    assert compared.spared == []


@pytest.mark.parametrize(
    ("read", "state", "spared", "remains"),
    [
        (["Waves."], "kept", False, True),
        (["Output: Waves."], "kept", True, True),
        ([], "kept", True, True),
        ([], "dropped", False, True),
        ([], "withdrawn", False, False),
    ],
)
def test_an_instance_of_a_person_is_spared_where_it_is_read_otherwise(
    read: list[str], state: str, spared: bool, remains: bool
) -> None:
    stored = StoredInstance(instance(1, "Foam.", state), [on_instance(1, "Waves.", "Foam.")])
    assert stored.text_read == "\0Waves."
    compared = compare_instances([NewInstance("", output) for output in read], [stored], 7)
    assert compared.spared == ([Spared(7, "person", of_instance=True)] if spared else [])
    assert [one for one in compared.changes if one.stored is not None] == []
    assert (stored.instance in compared.result) == remains


def test_a_dropped_instance_comes_back_only_with_the_same_text() -> None:
    dropped = StoredInstance(instance(1, "Output: Waves.", "dropped"), [])
    read = NewInstance("", "Waves.")
    assert compare_instances([read], [dropped], 7).changes == [InstanceChange(None, read)]
