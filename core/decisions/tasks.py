"""Decisions on tasks, by the same rules for people, unattended runs and concurrent programs.

Each runs in a transaction that first catches up with all other decisions, assesses the candidate again
before accepting it, and appends its row. So the same instruction can never be accepted twice.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from selfinstruct.core.decisions.instances import InstanceDecider
from selfinstruct.core.errors import DecisionRefusedError, RefusedByFiltersError, UnchangedError
from selfinstruct.core.events import Event, TaskDecided
from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.pool.assessor import Assessment, Assessor
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.core.util.time_slices import Sliced, at_once
from selfinstruct.db.records import (
    AnyDecision,
    Decision,
    DecisionKind,
    InstanceDecision,
    Label,
    PoolChange,
    Reason,
    Standing,
    Task,
    Who,
)
from selfinstruct.db.tables.decisions import TakingBack
from selfinstruct.db.workspace import Workspace

MANY = 200
"""A step on at least this many tasks runs in slices."""
_A_SLICE, _A_SLICE_S = 64, 0.008
"""Limits of one slice, which is one transaction: number of tasks, and seconds."""


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """The result of one step: the tasks decided on, and why the others were refused."""

    done: tuple[int, ...]
    refused: Mapping[int, DecisionRefusedError]
    flipped: frozenset[int]
    """Ids of other candidates whose verdict changed."""
    left: int
    """Number of tasks not reached because the step was stopped."""
    before_vectors: frozenset[int] = frozenset()
    """Ids of tasks accepted before all vectors needed to assess them were there."""
    spared: tuple[int, ...] = ()
    """Ids of tasks left alone because they were already decided on."""

    def require_all(self) -> None:
        """Raise the first refusal, if any."""
        for error in self.refused.values():
            raise error


class Decider:
    """Records decisions on the tasks of one workspace.

    Each method that ends in `_all` is one undo step; it decides on the tasks that it can and reports the
    others as refused. Methods for a single task raise instead. Methods that end in `-ing` do the same in
    time slices (`core.util.time_slices`): a step on many tasks is then several transactions, but still one
    undo step, even if it is stopped or the program ends halfway.
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
        """Decisions on instances; `undo` and `redo` cover them, in one history with decisions on tasks."""

    def accept(self, task_id: int, *, despite: Sequence[Reason] = ()) -> None:
        """Put a task into the pool.

        Args:
            task_id: A pending or rejected task.
            despite: Reasons that the person has seen and overrides.

        Raises:
            RefusedByFiltersError: Assessed again, there are reasons against it besides those in `despite`.
            DecisionRefusedError: It is already in the pool.
        """
        self.accept_all([task_id], despite={task_id: despite}).require_all()

    def accept_all(
        self, task_ids: Iterable[int], *, despite: Mapping[int, Sequence[Reason]] | None = None
    ) -> DecisionResult:
        """Put tasks into the pool, each assessed against the pool including those accepted before it."""
        return at_once(self.accepting(task_ids, despite=despite))

    def accepting(
        self,
        task_ids: Iterable[int],
        *,
        despite: Mapping[int, Sequence[Reason]] | None = None,
        undecided_only: bool = False,
    ) -> Sliced[DecisionResult]:
        """`accept_all`, in slices when there are many; `undecided_only` skips tasks already decided on."""
        before_vectors: set[int] = set()

        def accepted(task: Task) -> Standing:
            if task.state == "accepted":
                raise UnchangedError(f"Task {task.id} is already accepted.")
            assessment = self._assessor.assess_task(task.id, task.instruction)
            if not set(assessment.reasons) <= set((despite or {}).get(task.id, ())):
                raise RefusedByFiltersError(assessment.reasons)
            if assessment.awaited:
                before_vectors.add(task.id)
            return replace(task.standing, state="accepted")

        decided = yield from self._deciding("accept", task_ids, accepted, undecided_only=undecided_only)
        return replace(decided, before_vectors=frozenset(before_vectors.intersection(decided.done)))

    def reject(self, task_id: int, *, tag: str | None = None) -> None:
        """Reject a candidate, or remove a task from the pool; `tag` is the person's reason.

        Raises:
            DecisionRefusedError: It is already rejected, or it is a seed.
        """
        self.reject_all([task_id], tag=tag).require_all()

    def reject_all(self, task_ids: Iterable[int], *, tag: str | None = None) -> DecisionResult:
        """Reject candidates, or remove tasks from the pool."""
        return at_once(self.rejecting(task_ids, tag=tag))

    def rejecting(
        self, task_ids: Iterable[int], *, tag: str | None = None, undecided_only: bool = False
    ) -> Sliced[DecisionResult]:
        """`reject_all`, in slices when there are many; `undecided_only` skips tasks already decided on."""
        return self._deciding(
            "reject",
            task_ids,
            lambda task: replace(task.standing, state="rejected"),
            tag=None if tag is None else storable_text(tag),
            undecided_only=undecided_only,
        )

    def restore_all(self, task_ids: Iterable[int]) -> DecisionResult:
        """Turn rejected tasks back into candidates, assessed against the current pool."""
        return at_once(self.restoring(task_ids))

    def restoring(self, task_ids: Iterable[int]) -> Sliced[DecisionResult]:
        """`restore_all`, in slices when there are many."""

        def restored(task: Task) -> Standing:
            if task.state == "accepted":
                raise DecisionRefusedError(f"Task {task.id} is not rejected.")
            return replace(task.standing, state="pending")

        return self._deciding("restore", task_ids, restored)

    def edit(self, task_id: int, instruction: str, *, seen: str | None = None) -> Assessment:
        """Edit a task's instruction; it is assessed again, and its label is requested again.

        Instances of the previous wording are kept with it, and count again if the edit is undone.

        Args:
            task_id: A task that is not a seed.
            instruction: The new wording.
            seen: The wording that the person started from; if given, the task must still have it.

        Returns the assessment of the new wording.

        Raises:
            RefusedByFiltersError: The task is in the pool, and filters object to the new wording.
            DecisionRefusedError: The text is empty or unchanged, or somebody else has edited the task.
        """
        wording = clean_instruction(storable_text(instruction))
        if not wording:
            raise DecisionRefusedError("An instruction cannot be empty.")

        def reworded(task: Task) -> Standing:
            if seen is not None and task.instruction != seen:
                raise DecisionRefusedError(
                    f"Somebody else has edited task {task.id} in the meantime, so your edit was not stored."
                )
            if task.instruction == wording:
                return task.standing
            # Nothing enters the pool against the filters, except where a person overrides them.
            in_pool = task.state == "accepted"
            if in_pool and (reasons := self._assessor.assess(wording, but=task.id).reasons):
                raise RefusedByFiltersError(reasons)
            return Standing(task.state, wording, None)

        at_once(self._deciding("edit", [task_id], reworded)).require_all()
        return self._assessor.assess(wording, but=task_id)

    def relabel(self, task_id: int, label: Label) -> None:
        """Set a task's label.

        Raises:
            DecisionRefusedError: It already has that label.
        """
        self.relabel_all([task_id], label).require_all()

    def relabel_all(self, task_ids: Iterable[int], label: Label) -> DecisionResult:
        """Set the label of tasks."""
        return at_once(self.relabelling(task_ids, label))

    def relabelling(self, task_ids: Iterable[int], label: Label) -> Sliced[DecisionResult]:
        """`relabel_all`, in slices when there are many."""
        return self._deciding("relabel", task_ids, lambda task: replace(task.standing, label=label))

    def undo(self) -> list[AnyDecision]:
        """Undo a person's last step; returns the decisions that were undone, empty if there is none.

        Decisions that are superseded by later ones, or whose undo would put near-duplicates into the pool,
        are skipped; the next undo continues with the step before.

        Raises:
            DecisionRefusedError: Every decision of the step was skipped.
        """
        return at_once(self.undoing())

    def undoing(self) -> Sliced[list[AnyDecision]]:
        """`undo`, in slices when the step is a large one."""
        return self._taking_back("undo", self._workspace.decisions.to_undo)

    def undo_on(self, task_id: int) -> list[AnyDecision]:
        """Undo a person's last step on one task or its instances, as `undo` does with the last step of all.

        Raises:
            DecisionRefusedError: As with `undo`, or the step has decided on other tasks as well.
        """

        def last_on_task() -> int | None:
            step = self._workspace.decisions.to_undo(on=task_id)
            if step is not None and (others := self._workspace.decisions.tasks_in(step) - 1):
                raise DecisionRefusedError(
                    f"Task {task_id} was decided on in one step with {others:,} more, which are only undone"
                    " together, in the curator."
                )
            return step

        return at_once(self._taking_back("undo", last_on_task))

    def redo(self) -> list[AnyDecision]:
        """Redo the last undo if nothing was decided since; returns the reverted undos, empty if none.

        Raises:
            DecisionRefusedError: As with `undo`.
        """
        return at_once(self.redoing())

    def redoing(self) -> Sliced[list[AnyDecision]]:
        """`redo`, in slices when the step is a large one."""
        return self._taking_back("redo", self._workspace.decisions.to_redo)

    def stop(self) -> None:
        """Stop the step that is running in slices; the part already done stays."""
        self._stopping = True

    def _taking_back(self, kind: TakingBack, find: Callable[[], int | None]) -> Sliced[list[AnyDecision]]:
        """Undo or redo a step in slices, under its own step number, so that interrupted it stays one step."""
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
        """Revert a decision, or return why that is impossible; it is then recorded as reverted anyway."""
        task = self._get(decision.task_id)
        after, dispute = _reverted(task.standing, decision), None
        if _moved_on(task, decision):
            dispute = f"Task {task.id} has been decided on again since, so this cannot be reverted."
        elif after.state == "accepted" and task.standing != replace(after, label=task.label):
            dispute = self._taken_place(task.id, after.instruction, since=decision.id, step=step)
        self.append(
            task,
            kind,
            decision.who,
            task.standing if dispute else after,
            step=step,
            undoes=decision.id,
            tag=decision.tag if decision.is_of_command else None,
        )
        return dispute

    def _taken_place(self, task_id: int, instruction: str, *, since: int, step: int) -> str | None:
        """Return why a wording cannot rejoin the pool: a near-duplicate has joined since; None if not so."""
        for near_id in self._assessor.too_close(task_id, instruction):
            came_since = any(
                decision.id > since and decision.step != step
                for decision in self._workspace.decisions.of_task(near_id)
                if decision.after.state == "accepted"
                and replace(decision.before, label=decision.after.label) != decision.after
            )
            if came_since and near_id != task_id:
                return f"Task {near_id}, which is too similar to {task_id}, has joined the pool since."
        return None

    def settle(self, task_id: int, assessment: Assessment, emit: Callable[[Event], None]) -> None:
        """Decide by the verdict, without a person, in the transaction that assessed the candidate."""
        task = self._workspace.tasks.get(task_id)
        passes = not assessment.reasons
        after = replace(task.standing, state="accepted" if passes else "rejected")
        kind: DecisionKind = "accept" if passes else "reject"
        self.append(task, kind, "auto", after, step=self._workspace.decisions.next_step())
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
                            raise UnchangedError(_nothing_to_change(task, kind))
                    except DecisionRefusedError as error:
                        refused[task_id] = error
                    else:
                        flipped |= self.append(task, kind, "human", after, step=step, tag=tag)
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

    def append(
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
        """Append a decision and assess what it affects, inside a step of the assessor.

        Returns the ids of the candidates whose verdicts changed.
        """
        decision_id = self._workspace.decisions.add(
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
        self._assessor.apply(
            PoolChange(decision_id, task.id, task.origin, after.state, after.instruction, after.label)
        )
        return self._assessor.assess_around(task.id, task.standing, after)


def _until(number: int) -> Callable[[], bool]:
    """Return a check for whether a slice has used up its time; steps on few tasks have no limit."""
    if number < MANY:
        return lambda: False
    end = time.perf_counter() + _A_SLICE_S
    return lambda: time.perf_counter() >= end


def _moved_on(task: Task, decision: Decision) -> bool:
    """Whether a task has been decided on since; a label that the model set does not count."""
    now, then = task.standing, decision.after
    by_hand = then.label is not None and then.label != decision.before.label
    return (by_hand and now.label != then.label) or (now.state, now.instruction) != (
        then.state,
        then.instruction,
    )


def _reverted(now: Standing, decision: Decision) -> Standing:
    """Return `now` with a decision reverted; later changes, such as a label from the model, stay."""
    before, after = decision.before, decision.after
    reworded = before.instruction != after.instruction
    return Standing(
        state=before.state if before.state != after.state else now.state,
        instruction=before.instruction if reworded else now.instruction,
        label=before.label if reworded or before.label != after.label else now.label,
    )


def _nothing_to_change(task: Task, kind: DecisionKind) -> str:
    if kind == "relabel":
        return f"Task {task.id} already has this label."
    if kind == "edit":
        return f"Task {task.id} already has this wording."
    return f"Task {task.id} is already {'a candidate' if task.state == 'pending' else task.state}."
