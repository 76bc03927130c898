"""Decisions: one rule for a person, a script, and several programs on one workspace.

Each is taken in a transaction that catches up with everybody's decisions, judges again where it accepts,
and appends its row. So no two can ever both accept the same instruction.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from selfinstruct.core.decisions.instances import InstanceDecider
from selfinstruct.core.errors import DecisionRefusedError
from selfinstruct.core.events import Event, TaskDecided
from selfinstruct.core.method.parsing import clean_instruction
from selfinstruct.core.pool.assessor import Assessment, Assessor
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.core.util.time_slices import Sliced, at_once
from selfinstruct.db.records import (
    AnyDecision,
    Decision,
    DecisionKind,
    InstanceDecision,
    Label,
    Reason,
    Standing,
    Task,
    Who,
)
from selfinstruct.db.tables.decisions import TakingBack
from selfinstruct.db.workspace import Workspace

MANY = 200
"""A step on so many tasks is carried out in slices."""
_A_SLICE, _A_SLICE_S = 64, 0.008
"""Tasks of one transaction then, at most, and how long it goes on with another one, in seconds."""


class RefusedByFiltersError(DecisionRefusedError):
    """A candidate cannot be accepted as it is; `reasons` are why, and may be overruled knowingly."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(reasons[0].sentence)
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """What became of one step: the tasks decided on, and why the others were not."""

    done: tuple[int, ...]
    refused: Mapping[int, DecisionRefusedError]
    flipped: frozenset[int] = frozenset()
    """Other candidates whose verdict is another now."""
    left: int = 0
    """How many it has not come to, since it was stopped."""
    before_vectors: frozenset[int] = frozenset()
    """Those that were accepted before all vectors had come that they are judged by."""
    spared: tuple[int, ...] = ()
    """Those that had been decided on before, and stay so."""


class Decider:
    """Takes decisions on the tasks of one workspace.

    Each method that ends in `_all` is one step, undone as a whole; it decides on what it can and says
    what it cannot. The others decide on one task or raise. What ends in `-ing` is work for
    `core.slices`: a step on many tasks is then several transactions, and one step all the same, also when
    it was stopped or the program ended in between.
    """

    def __init__(
        self,
        workspace: Workspace,
        assessor: Assessor,
        *,
        clock: Callable[[], str],
        emit: Callable[[Event], None],
    ) -> None:
        self._workspace = workspace
        self._assessor = assessor
        self._clock = clock
        self._emit = emit
        self._stopping = False
        self.instances = InstanceDecider(workspace, clock=clock, emit=emit)
        """Decisions on instances; `undo` and `redo` here cover them, in the one order of a person's steps."""

    def accept(self, task_id: int, *, despite: Sequence[Reason] = ()) -> None:
        """Put a task into the pool.

        Args:
            task_id: A pending or rejected task.
            despite: Reasons that the person has seen and overrules.

        Raises:
            RefusedByJudgeError: judged again now, there are other reasons against it.
            DecisionRefusedError: it is in the pool already.
        """
        _raise(self.accept_all([task_id], despite={task_id: despite}))

    def accept_all(
        self, task_ids: Iterable[int], *, despite: Mapping[int, Sequence[Reason]] | None = None
    ) -> DecisionResult:
        """Put tasks into the pool, each judged against the pool with those before it."""
        return at_once(self.accepting(task_ids, despite=despite))

    def accepting(
        self,
        task_ids: Iterable[int],
        *,
        despite: Mapping[int, Sequence[Reason]] | None = None,
        undecided_only: bool = False,
    ) -> Sliced[DecisionResult]:
        """`accept_all`, in slices when there are many; `undecided_only` spares what is decided already."""
        before_vectors: set[int] = set()

        def accepted(task: Task) -> Standing:
            if task.state == "accepted":
                raise DecisionRefusedError(f"Task {task.id} is accepted already.")
            assessment = self._assessor.assess_task(task.id, task.instruction)
            if not set(assessment.reasons) <= set((despite or {}).get(task.id, ())):
                raise RefusedByFiltersError(assessment.reasons)
            if assessment.awaited:
                before_vectors.add(task.id)
            return replace(task.standing, state="accepted")

        decided = yield from self._deciding("accept", task_ids, accepted, undecided_only=undecided_only)
        return replace(decided, before_vectors=frozenset(before_vectors.intersection(decided.done)))

    def reject(self, task_id: int, *, tag: str | None = None) -> None:
        """Keep a task out of the pool, or take it out; `tag` says why.

        Raises:
            DecisionRefusedError: it is rejected already, or it is a seed.
        """
        _raise(self.reject_all([task_id], tag=tag))

    def reject_all(self, task_ids: Iterable[int], *, tag: str | None = None) -> DecisionResult:
        """Keep tasks out of the pool, or take them out."""
        return at_once(self.rejecting(task_ids, tag=tag))

    def rejecting(
        self, task_ids: Iterable[int], *, tag: str | None = None, undecided_only: bool = False
    ) -> Sliced[DecisionResult]:
        """`reject_all`, in slices when there are many; `undecided_only` spares what is decided already."""
        return self._deciding(
            "reject",
            task_ids,
            lambda task: replace(task.standing, state="rejected"),
            tag=None if tag is None else storable_text(tag),
            undecided_only=undecided_only,
        )

    def restore_all(self, task_ids: Iterable[int]) -> DecisionResult:
        """Let rejected tasks be candidates again; they are judged as things stand now."""
        return at_once(self.restoring(task_ids))

    def restoring(self, task_ids: Iterable[int]) -> Sliced[DecisionResult]:
        """`restore_all`, in slices when there are many."""

        def restored(task: Task) -> Standing:
            if task.state != "rejected":
                raise DecisionRefusedError(f"Task {task.id} is not rejected.")
            return replace(task.standing, state="pending")

        return self._deciding("restore", task_ids, restored)

    def edit(self, task_id: int, instruction: str, *, seen: str | None = None) -> Assessment:
        """Reword a task; it is judged again, and asked about again for its label.

        The instances of the earlier wording are kept for it, and count again once the rewording is undone.

        Args:
            task_id: A task that is no seed.
            instruction: The new wording.
            seen: The wording that the person began with, if it must still be that.

        Returns the judgement of the new wording.

        Raises:
            RefusedByFiltersError: the task is in the pool, and there are reasons against the new wording.
            DecisionRefusedError: the text is empty or unchanged, or somebody has reworded the task meanwhile.
        """
        wording = clean_instruction(storable_text(instruction))
        if not wording:
            raise DecisionRefusedError("An instruction needs words.")

        def reworded(task: Task) -> Standing:
            if seen is not None and task.instruction != seen:
                raise DecisionRefusedError(
                    f"Somebody has reworded task {task.id} meanwhile, so that yours was not stored."
                )
            if task.instruction == wording:
                return task.standing
            # The pool holds nothing that the filters object to, but for what a person has overruled.
            in_pool = task.state == "accepted"
            if in_pool and (reasons := self._assessor.assess(wording, but=task.id).reasons):
                raise RefusedByFiltersError(reasons)
            return Standing(task.state, wording, None)

        _raise(at_once(self._deciding("edit", [task_id], reworded)))
        return self._assessor.assess(wording, but=task_id)

    def relabel(self, task_id: int, label: Label) -> None:
        """Say whether a task is a classification task.

        Raises:
            DecisionRefusedError: it has that label already.
        """
        _raise(self.relabel_all([task_id], label))

    def relabel_all(self, task_ids: Iterable[int], label: Label) -> DecisionResult:
        """Say whether tasks are classification tasks."""
        return at_once(self.relabelling(task_ids, label))

    def relabelling(self, task_ids: Iterable[int], label: Label) -> Sliced[DecisionResult]:
        """`relabel_all`, in slices when there are many."""
        return self._deciding("relabel", task_ids, lambda task: replace(task.standing, label=label))

    def undo(self) -> list[AnyDecision]:
        """Take back a person's last step that stands; returns what was taken back, empty if there is none.

        What somebody has decided on again since, or what would put near-duplicates into the pool, stays
        as it is; the next undo goes on with the step before.

        Raises:
            DecisionRefusedError: that is so for the whole step.
        """
        return at_once(self.undoing())

    def undoing(self) -> Sliced[list[AnyDecision]]:
        """`undo`, in slices when the step is a large one."""
        return self._taking_back("undo", self._workspace.decisions.to_undo)

    def redo(self) -> list[AnyDecision]:
        """Take back the last undo, if nothing was decided since; returns the undos, none when there are none.

        Raises:
            DecisionRefusedError: as with `undo`.
        """
        return at_once(self.redoing())

    def redoing(self) -> Sliced[list[AnyDecision]]:
        """`redo`, in slices when the step is a large one."""
        return self._taking_back("redo", self._workspace.decisions.to_redo)

    def stop(self) -> None:
        """End the step that is being carried out in slices after what is done of it, which stands."""
        self._stopping = True

    def _taking_back(self, kind: TakingBack, find: Callable[[], int | None]) -> Sliced[list[AnyDecision]]:
        """Undos and redos belong to the step itself: half undone and gone on with, it is still one step."""
        self._stopping = False
        decisions = self._workspace.decisions
        step, total, before = None, 0, None
        done: list[AnyDecision] = []
        disputes: list[str] = []
        while not self._stopping:
            with (yield from self._assessor.step_when_free()):
                if step is None:
                    step = find()
                    if step is None:
                        return []
                    total = decisions.count_standing(step, kind)
                is_time = _until(total)
                most = min(total, _A_SLICE) if total >= MANY else total
                found = decisions.standing(step, kind, before=before, most=most)
                taken: list[tuple[AnyDecision, str | None]] = []
                for decision in found:
                    taken.append((decision, self._take_back(decision, kind, step=step)))
                    if is_time():
                        break
            for decision, dispute in taken:
                before = decision.id
                if dispute is None:
                    done.append(decision)
                    self._emit(TaskDecided(decision.task_id, kind, "human"))
                else:
                    disputes.append(dispute)
            if not found or len(done) + len(disputes) >= total:
                break
            yield (len(done) + len(disputes)) / total
        if disputes and not done:
            raise DecisionRefusedError(disputes[0])
        return done

    def _take_back(self, decision: AnyDecision, kind: TakingBack, *, step: int) -> str | None:
        if isinstance(decision, InstanceDecision):
            return self.instances.take_back(decision, kind, step=step)
        return self._take_back_one(decision, kind, step=step)

    def _take_back_one(self, decision: Decision, kind: DecisionKind, *, step: int) -> str | None:
        """Take a decision back, or say why that cannot be; then it counts as taken back all the same."""
        task = self._get(decision.task_id)
        after, dispute = _reverted(task.standing, decision), None
        if _moved_on(task, decision):
            dispute = f"Task {task.id} has been decided on again since, so that cannot be taken back."
        elif after.state == "accepted" and task.standing != replace(after, label=task.label):
            dispute = self._taken_place(task.id, after.instruction, since=decision.id, step=step)
        self._append(task, kind, "human", task.standing if dispute else after, step=step, undoes=decision.id)
        return dispute

    def _taken_place(self, task_id: int, instruction: str, *, since: int, step: int) -> str | None:
        """Why a task cannot come back into the pool: one that is too close has come into it since."""
        for near_id in self._assessor.too_close(task_id, instruction):
            came_since = any(
                decision.id > since and decision.step != step
                for decision in self._workspace.decisions.of_task(near_id)
                if decision.after.state == "accepted"
                and replace(decision.before, label=decision.after.label) != decision.after
            )
            if came_since and near_id != task_id:
                return f"Task {near_id}, which is too close to {task_id}, has come into the pool since."
        return None

    def settle(self, task_id: int, assessment: Assessment, emit: Callable[[Event], None]) -> None:
        """Decide as the verdict says, without a person; inside the transaction that judged it."""
        task = self._workspace.tasks.get(task_id)
        passes = not assessment.reasons
        after = replace(task.standing, state="accepted" if passes else "rejected")
        kind: DecisionKind = "accept" if passes else "reject"
        self._append(task, kind, "auto", after, step=self._workspace.decisions.next_step())
        emit(TaskDecided(task_id, kind, "auto"))

    def _deciding(
        self,
        kind: DecisionKind,
        task_ids: Iterable[int],
        change: Callable[[Task], Standing],
        *,
        tag: str | None = None,
        undecided_only: bool = False,
    ) -> Sliced[DecisionResult]:
        self._stopping = False
        ids = list(task_ids)
        most = _A_SLICE if len(ids) >= MANY else len(ids)
        came_to, step = 0, 0
        done: list[int] = []
        spared: list[int] = []
        refused: dict[int, DecisionRefusedError] = {}
        flipped: set[int] = set()
        while came_to < len(ids) and not self._stopping:
            part: list[int] = []
            with (yield from self._assessor.step_when_free()):
                is_time = _until(len(ids))
                if not done:
                    step = self._workspace.decisions.next_step()
                for task_id in ids[came_to : came_to + most]:
                    came_to += 1
                    try:
                        task = self._get(task_id)
                        if undecided_only and task.state != "pending":
                            spared.append(task_id)
                            continue
                        after = change(task)
                        if after == task.standing:
                            raise DecisionRefusedError(f"Nothing to change: task {task_id} is so already.")
                    except DecisionRefusedError as error:
                        refused[task_id] = error
                    else:
                        flipped |= self._append(task, kind, "human", after, step=step, tag=tag)
                        part.append(task_id)
                    if is_time():
                        break
            done += part
            for task_id in part:
                self._emit(TaskDecided(task_id, kind, "human"))
            if came_to < len(ids):
                yield came_to / len(ids)
        return DecisionResult(
            tuple(done),
            refused,
            frozenset(flipped.difference(done)),
            len(ids) - came_to,
            spared=tuple(spared),
        )

    def _get(self, task_id: int) -> Task:
        try:
            task = self._workspace.tasks.get(task_id)
        except KeyError:
            raise DecisionRefusedError(f"There is no task {task_id}.") from None
        if task.origin == "seed":
            raise DecisionRefusedError(f"Task {task_id} is a seed; seeds stay as they are.")
        return task

    def _append(
        self,
        task: Task,
        kind: DecisionKind,
        who: Who,
        after: Standing,
        *,
        step: int,
        undoes: int | None = None,
        tag: str | None = None,
    ) -> set[int]:
        self._workspace.decisions.add(
            task.id,
            kind,
            step=step,
            who=who,
            at=self._clock(),
            before=task.standing,
            after=after,
            undoes=undoes,
            tag=tag,
        )
        self._assessor.catch_up()
        return self._assessor.assess_around(task.id, task.standing, after)


def _until(number: int) -> Callable[[], bool]:
    """Tells when a transaction has lasted long enough; one of few tasks is never too long."""
    if number < MANY:
        return lambda: False
    end = time.perf_counter() + _A_SLICE_S
    return lambda: time.perf_counter() >= end


def _raise(decided: DecisionResult) -> None:
    for error in decided.refused.values():
        raise error


def _moved_on(task: Task, decision: Decision) -> bool:
    """Whether a task is no longer as the decision left it; the model's labels are no decisions."""
    now, then = task.standing, decision.after
    by_hand = then.label is not None and then.label != decision.before.label
    return (by_hand and now.label != then.label) or (now.state, now.instruction) != (
        then.state,
        then.instruction,
    )


def _reverted(now: Standing, decision: Decision) -> Standing:
    """`now` without what a decision changed; what came since, such as the model's label, stays."""
    before, after = decision.before, decision.after
    reworded = before.instruction != after.instruction
    return Standing(
        state=before.state if before.state != after.state else now.state,
        instruction=before.instruction if reworded else now.instruction,
        label=before.label if reworded or before.label != after.label else now.label,
    )
