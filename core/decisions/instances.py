"""Decisions on instances: edit, drop, restore, add. `Decider` handles their undo and redo.

Only instances of accepted tasks can be decided on. A kept instance has an output and no duplicate.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from selfinstruct.core.errors import DecisionRefusedError, UnchangedError
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

BY_HAND = Reason("by_hand", "By a person.")
_BLANK_START = re.compile(r"\A(?:[^\S\n]*\n)*")
_BLANK_END = re.compile(r"(?<!\s)\s*\Z")


class InstanceDecider:
    """Records a person's decisions on the instances of one workspace, each as its own undo step."""

    def __init__(
        self, workspace: Workspace, *, clock: Callable[[], str], emit: Callable[[Event], None]
    ) -> None:
        self._workspace = workspace
        self._clock = clock
        self._emit = emit

    def edit(self, instance_id: int, given: str, output: str) -> None:
        """Change an instance's input (may be empty) and output; editing a dropped instance restores it.

        Raises:
            DecisionRefusedError: The output is empty, nothing changes, the instance would duplicate a kept
                one, or its task has left the pool or has changed since.
        """

        def edited(instance: Instance) -> InstanceStanding:
            texts = _clean(given, instance.input), _clean(output, instance.output)
            return self._sound(InstanceStanding(*texts, "kept", None), instance)

        self._decide("edit", instance_id, edited)

    def drop(self, instance_id: int) -> None:
        """Exclude an instance from training files; it stays visible.

        Raises:
            DecisionRefusedError: It is already dropped, or its task has left the pool or has changed since.
        """

        def dropped(instance: Instance) -> InstanceStanding:
            if instance.state != "kept":
                raise UnchangedError("This instance is already dropped.")
            return replace(instance.standing, state="dropped", reason=BY_HAND)

        self._decide("drop", instance_id, dropped)

    def restore(self, instance_id: int) -> None:
        """Keep an instance that a rule or a person dropped.

        Raises:
            DecisionRefusedError: It is already kept, has no output, would duplicate a kept instance, or its
                task has left the pool or has changed since.
        """

        def restored(instance: Instance) -> InstanceStanding:
            if instance.state == "kept":
                raise UnchangedError("This instance is already kept.")
            return self._sound(replace(instance.standing, state="kept", reason=None), instance)

        self._decide("restore", instance_id, restored)

    def add(self, task_id: int, given: str, output: str) -> int:
        """Add a hand-written instance to an accepted task; returns its id.

        Raises:
            DecisionRefusedError: The output is empty, the instance would duplicate a kept one, or the task
                has no definite label or is not in the pool.
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
        """Return why a decision cannot be reverted, such as later changes; None if it can."""
        twin = decision.before.state == "kept" and any(
            other.id != decision.instance_id and other.standing == decision.before
            for other in self._workspace.instances.of_task(decision.task_id)
        )
        if twin:
            return f"Task {decision.task_id} now has an identical instance, so this cannot be reverted."
        if self._workspace.instances.get(decision.instance_id).standing == decision.after:
            return None
        return (
            f"An instance of task {decision.task_id} has been decided on again since, so this cannot be"
            " reverted."
        )

    def take_back(self, decision: InstanceDecision, kind: DecisionKind, *, step: int) -> str | None:
        """Revert a decision, or return why that is impossible; it is then recorded as reverted anyway."""
        instance = self._workspace.instances.get(decision.instance_id)
        dispute = self._dispute(decision)
        after = instance.standing if dispute else decision.before
        self._append(instance, kind, after, step=step, takes_back=decision)
        return dispute

    def _decide(
        self, kind: DecisionKind, instance_id: int, change: Callable[[Instance], InstanceStanding]
    ) -> None:
        with self._workspace.transaction():
            instance = self._get(instance_id)
            after = change(instance)
            if after == instance.standing:
                raise UnchangedError("The instance already reads like this.")
            self._append(instance, kind, after)
        self._emit(TaskDecided(instance.task_id, kind, "human"))

    def _append(
        self,
        instance: Instance,
        kind: DecisionKind,
        after: InstanceStanding,
        *,
        step: int | None = None,
        takes_back: InstanceDecision | None = None,
    ) -> None:
        decisions = self._workspace.decisions
        decisions.add_on_instance(
            instance,
            kind,
            step=step or decisions.next_step(),
            at=self._clock(),
            after=after,
            who=takes_back.who if takes_back else "human",
            undoes=takes_back.id if takes_back else None,
            tag=takes_back.tag if takes_back and takes_back.is_of_command else None,
        )

    def _get(self, instance_id: int) -> Instance:
        try:
            instance = self._workspace.instances.get(instance_id)
        except KeyError:
            raise DecisionRefusedError(f"There is no instance {instance_id}.") from None
        task = self._accepted(instance.task_id)
        if instance not in self._workspace.instances.of_task(task.id):
            raise DecisionRefusedError(
                f"Task {task.id} has a new label or wording; this instance belongs to the previous one."
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
        """Return `after` if an instance may be kept in that state; refuse otherwise."""
        if not after.output.strip():
            raise DecisionRefusedError("An instance needs an output.")
        for other in self._workspace.instances.of_task(instance.task_id):
            if other.id != instance.id and other.standing == after:
                raise DecisionRefusedError("The task already has an identical instance.")
        return after


def _clean(text: str, before: str = "") -> str:
    """Return text as stored: without leading blank lines and trailing blanks, unless `before` had them."""
    text = storable_text(text)
    start, end = _BLANK_START.search(text), _BLANK_END.search(text)
    if end is not None and not before.endswith(end[0]):
        text = text[: end.start()]
    if start is not None and not before.startswith(start[0]):
        text = text[start.end() :]
    return text
