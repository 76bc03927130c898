"""Compares what an answer yields now with what is stored of it. Pure.

A task or instance that a person has decided on stays as it is, unless they have undone that. What an earlier
reparsing decided counts as read, not as decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from selfinstruct.core.reparsing.changes import InstanceChange, Spared, TaskChange, text_of
from selfinstruct.core.reparsing.matching import match
from selfinstruct.db.records import (
    REPARSE,
    AnyDecision,
    Decision,
    Instance,
    InstanceDecision,
    Label,
    NewInstance,
    Standing,
    Task,
)

_Taken = TypeVar("_Taken", Decision, InstanceDecision)


@dataclass(frozen=True, slots=True)
class StoredTask:
    """A task with the decisions on it, oldest first."""

    task: Task
    decisions: Sequence[Decision]

    @property
    def by_people(self) -> list[Decision]:
        """The decisions of people that stand."""
        return _by_people(self.decisions)

    @property
    def wording_read(self) -> str:
        """The wording as it was read from the answer, before a person edited it."""
        edits = [one for one in self.by_people if one.before.instruction != one.after.instruction]
        return edits[0].before.instruction if edits else self.task.instruction

    @property
    def is_rejected_here(self) -> bool:
        """Whether it is rejected because reparsing, or the undo of one, left it so."""
        moves = [one for one in self.decisions if one.before.state != one.after.state]
        if self.task.state != "rejected" or not moves:
            return False
        return moves[-1].is_of_command and moves[-1].tag == REPARSE


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """An instance with the decisions on it, oldest first."""

    instance: Instance
    decisions: Sequence[InstanceDecision]

    @property
    def by_people(self) -> list[InstanceDecision]:
        """The decisions of people that stand."""
        return _by_people(self.decisions)

    @property
    def text_read(self) -> str:
        """Input and output as they were read from the answer, before a person edited them."""
        edits = [one for one in self.by_people if text_of(one.before) != text_of(one.after)]
        return text_of(edits[0].before if edits else self.instance)


def _by_people(decisions: Sequence[_Taken]) -> list[_Taken]:
    """Return the decisions of people that stand: not undone, or redone."""
    reverted = {one.undoes for one in decisions}
    return [one for one in decisions if one.who == "human" and one.kind != "undo" and one.id not in reverted]


def is_decided_since(decisions: Sequence[AnyDecision], up_to: int) -> bool:
    """Whether a person has taken one of these decisions after the decision `up_to`."""
    return any(one.who == "human" and one.id > up_to for one in decisions)


@dataclass
class TasksCompared:
    """The differences between the tasks in an answer and those stored for it."""

    rejected: list[TaskChange] = field(default_factory=list)
    reworded: list[TaskChange] = field(default_factory=list)
    restored: list[TaskChange] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    spared: list[Spared] = field(default_factory=list)
    none: set[int] = field(default_factory=set)
    """Ids of the stored tasks that are not tasks, and that no person has decided on."""


def compare_tasks(read: Sequence[str], stored: Sequence[StoredTask]) -> TasksCompared:
    """Compare the tasks that an answer proposes with those stored for it.

    Args:
        read: The instructions in the answer.
        stored: The tasks that came from it, by id.
    """
    compared = TasksCompared()
    gone = {index for index, one in enumerate(stored) if one.is_rejected_here}
    matched = match([one.wording_read for one in stored], read, exact_only=gone)
    for index, one in enumerate(stored):
        task, position = one.task, matched.get(index)
        wording = None if position is None else read[position]
        if one.by_people:
            differs = task.state != "rejected" if wording is None else wording != one.wording_read
            if differs:
                compared.spared.append(Spared(task.id, "person"))
        elif wording is None:
            compared.none.add(task.id)
            if task.state != "rejected":
                after = replace(task.standing, state="rejected")
                compared.rejected.append(TaskChange(task, "reject", after))
        elif wording != task.instruction:
            compared.reworded.append(TaskChange(task, "edit", Standing(task.state, wording, None)))
        elif index in gone:
            after = replace(task.standing, state="pending")
            compared.restored.append(TaskChange(task, "restore", after))
    compared.found = [read[index] for index in sorted(set(range(len(read))).difference(matched.values()))]
    return compared


def compare_label(label: Label, stored: StoredTask) -> TaskChange | Spared | None:
    """Compare the label in an answer with that of the task, which still has the wording that was asked about.

    Returns None if they are equal.
    """
    task = stored.task
    if label == task.label:
        return None
    by_hand = any(
        one.after.label not in {None, one.before.label} and one.after.instruction == task.instruction
        for one in stored.by_people
    )
    if by_hand:
        return Spared(task.id, "person")
    return TaskChange(task, "relabel", replace(task.standing, label=label))


@dataclass
class InstancesCompared:
    """The differences between the instances in an answer and those stored for it."""

    changes: list[InstanceChange] = field(default_factory=list)
    spared: list[Spared] = field(default_factory=list)
    result: list[Instance] = field(default_factory=list)
    """The instances of the answer after the changes, without those that it does not contain."""


def compare_instances(
    read: Sequence[NewInstance], stored: Sequence[StoredInstance], task_id: int
) -> InstancesCompared:
    """Compare the instances in an answer with those stored for it.

    Args:
        read: The instances in the answer, kept or dropped by the rules.
        stored: The instances that came from it, by id, in any state.
        task_id: Their task.
    """
    compared = InstancesCompared()
    hidden = {index for index, one in enumerate(stored) if one.instance.state != "kept" and not one.by_people}
    matched = match([one.text_read for one in stored], [text_of(one) for one in read], exact_only=hidden)
    for index, one in enumerate(stored):
        position = matched.get(index)
        now = None if position is None else read[position]
        _compare_instance(now, one, compared)
    for index in sorted(set(range(len(read))).difference(matched.values())):
        compared.changes.append(InstanceChange(None, read[index]))
        compared.result.append(_as_stored(read[index], task_id))
    return compared


def _compare_instance(read: NewInstance | None, stored: StoredInstance, compared: InstancesCompared) -> None:
    instance = stored.instance
    if stored.by_people:
        differs = instance.state == "kept" if read is None else text_of(read) != stored.text_read
        if differs:
            compared.spared.append(Spared(instance.task_id, "person", of_instance=True))
        if instance.state != "withdrawn":
            compared.result.append(instance)
    elif read is None:
        if instance.state == "kept":
            compared.changes.append(InstanceChange(instance, None))
    else:
        if text_of(read) != text_of(instance) or read.state != instance.state:
            compared.changes.append(InstanceChange(instance, read))
        compared.result.append(_as_stored(read, instance.task_id))


def _as_stored(read: NewInstance, task_id: int) -> Instance:
    return Instance(0, task_id, read.input, read.output, read.state, read.reason, None)
