"""Applies the differences, in short transactions that share one undo step."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from selfinstruct.core.engine import Engine, utc_now
from selfinstruct.core.reparsing.changes import (
    REPARSED,
    Applied,
    Differences,
    InstanceChange,
    InstancesChange,
    Spared,
    TaskChange,
    TaskFound,
)
from selfinstruct.core.reparsing.comparing import is_decided_since
from selfinstruct.core.util.time_slices import Sliced
from selfinstruct.db.records import REPARSE, DecisionKind, Instance, InstanceStanding, NewInstance, Request

_A_SLICE_S = 0.02
"""Seconds after which a transaction ends, so that other programs can write."""

_Step = Callable[[], Spared | None]


def applying(engine: Engine, differences: Differences) -> Sliced[Applied]:
    """Apply differences in time slices, as decisions of one step.

    Whatever somebody has changed or decided on since they were found is spared. A part that is applied
    stays if the program is killed; the rest is found again.
    """
    return _Applying(engine, differences).run()


class _Applying:
    def __init__(self, engine: Engine, differences: Differences) -> None:
        self._workspace = engine.workspace
        self._assessor = engine.assessor
        self._decider = engine.decisions
        self._differences = differences
        self._step_number: int | None = None
        self._decisions = 0
        self._readable = 0
        self._added: dict[int, set[int]] = {}
        """The tasks added for each request."""

    def run(self) -> Sliced[Applied]:
        differences = self._differences
        # Tasks before instances, which count by the wording and label of their task.
        of_tasks = (
            *differences.rejected,
            *differences.reworded,
            *differences.restored,
            *differences.relabelled,
        )
        steps: deque[_Step] = deque(partial(self._change_task, change) for change in of_tasks)
        steps += [partial(self._add_task, found) for found in differences.found]
        steps += [partial(self._change_instances, change) for change in differences.instances]
        steps += [partial(self._read_again, request) for request in differences.readable]
        total = len(steps)
        spared: list[Spared] = []
        while steps:
            with (yield from self._assessor.step_when_free()):
                end = time.perf_counter() + _A_SLICE_S
                is_time = False
                while steps and not is_time:
                    left_alone = steps.popleft()()
                    if left_alone is not None:
                        spared.append(left_alone)
                    is_time = time.perf_counter() >= end
            yield 1 - len(steps) / total
        return Applied(self._decisions, self._readable, tuple(spared))

    def _step(self) -> int:
        """Return the step that all decisions share; the first of them has its number."""
        if self._step_number is None:
            self._step_number = self._workspace.decisions.next_step()
        self._decisions += 1
        return self._step_number

    def _change_task(self, change: TaskChange) -> Spared | None:
        task = self._workspace.tasks.get(change.task.id)
        decisions = self._workspace.decisions.of_task(task.id)
        if task.standing != change.task.standing or is_decided_since(decisions, self._differences.up_to):
            return Spared(task.id, "meanwhile")
        wording = change.after.instruction
        if change.kind == "edit" and task.state == "accepted":
            reasons = self._assessor.assess(wording, but=task.id).reasons
            if reasons:
                return Spared(task.id, "filters", reason=reasons[0], wording=wording)
        self._decider.append(task, change.kind, "auto", change.after, step=self._step(), tag=REPARSE)
        return None

    def _add_task(self, found: TaskFound) -> Spared | None:
        tasks, request = self._workspace.tasks, found.request
        added = self._added.setdefault(request.id, set())
        there = {task.id for task in tasks.proposed_in(request.id, request.batch)}
        if there - added != found.known:
            return Spared(min(there - added - found.known, default=0), "meanwhile")
        task_id = tasks.add(
            found.instruction,
            origin="model",
            at=utc_now(),
            batch=request.batch,
            request_id=request.id,
            held=request.held,
        )
        added.add(task_id)
        # An undo returns it to the state that it had before the step: tasks are never deleted.
        task = tasks.get(task_id)
        rejected = replace(task.standing, state="rejected")
        self._decider.append(task, "reject", "auto", rejected, step=self._workspace.decisions.next_step())
        self._decider.append(
            tasks.get(task_id), "restore", "auto", task.standing, step=self._step(), tag=REPARSE
        )
        return None

    def _change_instances(self, change: InstancesChange) -> Spared | None:
        request = change.request
        assert request.task_id is not None
        task = self._workspace.tasks.get(request.task_id)
        stored = self._workspace.instances.of_request(request.id, task.id)
        decisions = self._workspace.decisions.on_instances_of(task.id)
        if (
            (task.instruction, task.label) != (request.instruction, request.label)
            or tuple(stored) != change.stored
            or is_decided_since(decisions, self._differences.up_to)
        ):
            return Spared(task.id, "meanwhile", of_instance=True)
        for one in change.changes:
            self._change_instance(one, request)
        return None

    def _change_instance(self, change: InstanceChange, request: Request) -> None:
        stored, read = change.stored, change.read
        if stored is not None and change.is_same_text:
            assert read is not None
            kind: DecisionKind = "drop" if read.state == "dropped" else "restore"
            if stored.state == "withdrawn":
                kind = "add"
            self._decide(stored, kind, _standing(read))
            return
        if stored is not None:
            self._decide(stored, "drop", replace(stored.standing, state="dropped", reason=REPARSED))
        if read is not None:
            assert request.task_id is not None
            assert request.instruction is not None
            assert request.label is not None
            hidden = replace(read, state="withdrawn", reason=None)
            (instance_id,) = self._workspace.instances.add(
                request.task_id, request.instruction, request.label, [hidden], request_id=request.id
            )
            self._decide(self._workspace.instances.get(instance_id), "add", _standing(read))

    def _decide(self, instance: Instance, kind: DecisionKind, after: InstanceStanding) -> None:
        self._workspace.decisions.add_on_instance(
            instance, kind, step=self._step(), at=utc_now(), after=after, who="auto", tag=REPARSE
        )

    def _read_again(self, request: Request) -> Spared | None:
        self._readable += self._workspace.requests.read_again(request.id)
        return None


def _standing(read: NewInstance) -> InstanceStanding:
    return InstanceStanding(read.input, read.output, read.state, read.reason)
