"""Decisions on instances: edit, drop, restore, add by hand; undo and redo are those of the `Decider`.

Only the instances of accepted tasks are decided on. What a person keeps has an output and no twin.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from selfinstruct.core.errors import DecisionRefusedError
from selfinstruct.core.events import Event, TaskDecided
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.db.records import (
    DecisionKind,
    Instance,
    InstanceDecision,
    InstanceStanding,
    NewInstance,
    Reason,
    Task,
)
from selfinstruct.db.workspace import Workspace

BY_HAND = Reason("by_hand", "A person dropped it.")
_BLANK_START = re.compile(r"\A(?:[^\S\n]*\n)*")
_BLANK_END = re.compile(r"(?<!\s)\s*\Z")


class InstanceDecider:
    """Takes a person's decisions on the instances of one workspace, each in a step of its own."""

    def __init__(
        self, workspace: Workspace, *, clock: Callable[[], str], emit: Callable[[Event], None]
    ) -> None:
        self._workspace = workspace
        self._clock = clock
        self._emit = emit

    def edit(self, instance_id: int, given: str, output: str) -> None:
        """Change an instance's input (may be empty) and output; one that was dropped is kept from now on.

        Raises:
            DecisionRefusedError: there is no output, nothing is changed, another kept instance is the
                same, or its task is not in the pool as it was then.
        """

        def edited(instance: Instance) -> InstanceStanding:
            texts = _clean(given, instance.input), _clean(output, instance.output)
            return self._sound(InstanceStanding(*texts, "kept", None), instance)

        self._decide("edit", instance_id, edited)

    def drop(self, instance_id: int) -> None:
        """Leave an instance out of training files; it stays visible.

        Raises:
            DecisionRefusedError: it is dropped already, or its task is not in the pool as it was then.
        """

        def dropped(instance: Instance) -> InstanceStanding:
            if instance.state != "kept":
                raise DecisionRefusedError("This instance is dropped already.")
            return replace(instance.standing, state="dropped", reason=BY_HAND)

        self._decide("drop", instance_id, dropped)

    def restore(self, instance_id: int) -> None:
        """Keep an instance that was dropped, by whatever rule or person.

        Raises:
            DecisionRefusedError: it is kept already, it has no output, another kept instance is the
                same, or its task is not in the pool as it was then.
        """

        def restored(instance: Instance) -> InstanceStanding:
            if instance.state == "kept":
                raise DecisionRefusedError("This instance is kept already.")
            return self._sound(replace(instance.standing, state="kept", reason=None), instance)

        self._decide("restore", instance_id, restored)

    def add(self, task_id: int, given: str, output: str) -> int:
        """Add an instance by hand to an accepted task; returns its id.

        Raises:
            DecisionRefusedError: there is no output, a kept instance is the same, the task's label is
                not clear, or it is not in the pool.
        """
        new = NewInstance(_clean(given), _clean(output), "withdrawn")
        with self._workspace.transaction():
            task = self._accepted(task_id)
            if task.label is None or task.label == "unknown":
                raise DecisionRefusedError(
                    "Its label is not clear yet, and instances belong to a label. Set the label first."
                )
            (instance_id,) = self._workspace.instances.add(
                task_id, task.instruction, task.label, [new], request_id=None
            )
            instance = self._workspace.instances.get(instance_id)
            self._append(instance, "add", self._sound(replace(instance.standing, state="kept"), instance))
        self._emit(TaskDecided(task_id, "add", "human"))
        return instance_id

    def _dispute(self, decision: InstanceDecision) -> str | None:
        """Why a decision cannot be taken back: its instance is no longer as it left it; None if it is."""
        twin = decision.before.state == "kept" and any(
            other.id != decision.instance_id and other.standing == decision.before
            for other in self._workspace.instances.of_task(decision.task_id)
        )
        if twin:
            return f"Task {decision.task_id} has the same instance by now, so that cannot be taken back."
        if self._workspace.instances.get(decision.instance_id).standing == decision.after:
            return None
        return (
            f"An instance of task {decision.task_id} has been decided on again since, so that cannot be"
            " taken back."
        )

    def take_back(self, decision: InstanceDecision, kind: DecisionKind, *, step: int) -> str | None:
        """Take a decision back, or say why that cannot be; then it counts as taken back all the same."""
        instance = self._workspace.instances.get(decision.instance_id)
        dispute = self._dispute(decision)
        after = instance.standing if dispute else decision.before
        self._append(instance, kind, after, step=step, undoes=decision.id)
        return dispute

    def _decide(
        self, kind: DecisionKind, instance_id: int, change: Callable[[Instance], InstanceStanding]
    ) -> None:
        with self._workspace.transaction():
            instance = self._get(instance_id)
            after = change(instance)
            if after == instance.standing:
                raise DecisionRefusedError("Nothing to change: the instance is so already.")
            self._append(instance, kind, after)
        self._emit(TaskDecided(instance.task_id, kind, "human"))

    def _append(
        self,
        instance: Instance,
        kind: DecisionKind,
        after: InstanceStanding,
        *,
        step: int | None = None,
        undoes: int | None = None,
    ) -> None:
        decisions = self._workspace.decisions
        decisions.add_on_instance(
            instance,
            kind,
            step=step or decisions.next_step(),
            at=self._clock(),
            after=after,
            undoes=undoes,
        )

    def _get(self, instance_id: int) -> Instance:
        try:
            instance = self._workspace.instances.get(instance_id)
        except KeyError:
            raise DecisionRefusedError(f"There is no instance {instance_id}.") from None
        task = self._accepted(instance.task_id)
        if instance not in self._workspace.instances.of_task(task.id):
            raise DecisionRefusedError(
                f"Task {task.id} has another label or wording by now; the instance belongs to the one before."
            )
        return instance

    def _accepted(self, task_id: int) -> Task:
        try:
            task = self._workspace.tasks.get(task_id)
        except KeyError:
            raise DecisionRefusedError(f"There is no task {task_id}.") from None
        if task.origin == "seed":
            raise DecisionRefusedError(f"Task {task_id} is a seed; seeds stay as they are.")
        if task.state != "accepted":
            raise DecisionRefusedError(f"Task {task_id} is not in the pool. Accept it first.")
        return task

    def _sound(self, after: InstanceStanding, instance: Instance) -> InstanceStanding:
        """`after`, if an instance may be kept like that."""
        if not after.output.strip():
            raise DecisionRefusedError("An instance needs an output.")
        for other in self._workspace.instances.of_task(instance.task_id):
            if other.id != instance.id and other.standing == after:
                raise DecisionRefusedError("The task has the same instance already.")
        return after


def _clean(text: str, before: str = "") -> str:
    """A person's text as it is stored: without the blank ends that it did not have `before`."""
    text = storable_text(text)
    start, end = _BLANK_START.search(text), _BLANK_END.search(text)
    if end is not None and not before.endswith(end[0]):
        text = text[: end.start()]
    if start is not None and not before.startswith(start[0]):
        text = text[start.end() :]
    return text
