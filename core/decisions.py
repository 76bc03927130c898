"""Decisions: one rule for a person, a script, and several programs on one workspace.

Each is one transaction that catches up with everybody's decisions, judges again where it accepts, and
appends its row. So no two can ever both accept the same instruction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from selfinstruct.core.answers import storable_text
from selfinstruct.core.errors import DecisionRefusedError
from selfinstruct.core.events import Event, TaskDecided
from selfinstruct.core.filters import clean_instruction
from selfinstruct.core.instance_decisions import InstanceDecider
from selfinstruct.core.judge import Judge, Judgement
from selfinstruct.db.rows import (
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
from selfinstruct.db.workspace import Workspace


class RefusedByJudgeError(DecisionRefusedError):
    """A candidate cannot be accepted as it is; `reasons` are why, and may be overruled knowingly."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(reasons[0].sentence)
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one step: the tasks decided on, and why the others were not."""

    done: tuple[int, ...]
    refused: Mapping[int, DecisionRefusedError]
    flipped: frozenset[int] = frozenset()
    """Other candidates whose verdict is another now."""


class Decider:
    """Takes decisions on the tasks of one workspace.

    Each method that ends in `_all` is one step, undone as a whole; it decides on what it can and says
    what it cannot. The others decide on one task or raise.
    """

    def __init__(
        self,
        workspace: Workspace,
        judging: Judge,
        *,
        clock: Callable[[], str],
        emit: Callable[[Event], None],
    ) -> None:
        self._workspace = workspace
        self._judging = judging
        self._clock = clock
        self._emit = emit
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
    ) -> Decided:
        """Put tasks into the pool, each judged against the pool with those before it."""

        def accepted(task: Task) -> Standing:
            if task.state == "accepted":
                raise DecisionRefusedError(f"Task {task.id} is accepted already.")
            judgement = self._judging.judge_task(task.id, task.instruction)
            if not set(judgement.reasons) <= set((despite or {}).get(task.id, ())):
                raise RefusedByJudgeError(judgement.reasons)
            return replace(task.standing, state="accepted")

        return self._decide("accept", task_ids, accepted)

    def reject(self, task_id: int, *, tag: str | None = None) -> None:
        """Keep a task out of the pool, or take it out; `tag` says why.

        Raises:
            DecisionRefusedError: it is rejected already, or it is a seed.
        """
        _raise(self.reject_all([task_id], tag=tag))

    def reject_all(self, task_ids: Iterable[int], *, tag: str | None = None) -> Decided:
        """Keep tasks out of the pool, or take them out."""
        return self._decide(
            "reject", task_ids, lambda task: replace(task.standing, state="rejected"), tag=tag
        )

    def restore_all(self, task_ids: Iterable[int]) -> Decided:
        """Let rejected tasks be candidates again; they are judged as things stand now."""

        def restored(task: Task) -> Standing:
            if task.state != "rejected":
                raise DecisionRefusedError(f"Task {task.id} is not rejected.")
            return replace(task.standing, state="pending")

        return self._decide("restore", task_ids, restored)

    def edit(self, task_id: int, instruction: str, *, seen: str | None = None) -> Judgement:
        """Reword a candidate; it is judged again, and asked about again for its label.

        Args:
            task_id: A task that is not in the pool.
            instruction: The new wording.
            seen: The wording that the person began with, if it must still be that.

        Returns the judgement of the new wording.

        Raises:
            DecisionRefusedError: the text is empty or unchanged, the task is in the pool, or somebody has
                reworded it meanwhile.
        """
        wording = clean_instruction(storable_text(instruction))
        if not wording:
            raise DecisionRefusedError("An instruction needs words.")

        def reworded(task: Task) -> Standing:
            if task.state == "accepted":
                raise DecisionRefusedError(
                    "It is in the pool as it is. Undo its acceptance first, then edit it."
                )
            if seen is not None and task.instruction != seen:
                raise DecisionRefusedError(
                    f"Somebody has reworded task {task.id} meanwhile, so that yours was not stored."
                )
            return Standing(task.state, wording, None)

        _raise(self._decide("edit", [task_id], reworded))
        return self._judging.judge(wording)

    def relabel(self, task_id: int, label: Label) -> None:
        """Say whether a task is a classification task.

        Raises:
            DecisionRefusedError: it has that label already.
        """
        _raise(self.relabel_all([task_id], label))

    def relabel_all(self, task_ids: Iterable[int], label: Label) -> Decided:
        """Say whether tasks are classification tasks."""
        return self._decide("relabel", task_ids, lambda task: replace(task.standing, label=label))

    def undo(self) -> list[AnyDecision]:
        """Take back a person's last step that stands; returns what was taken back, empty if there is none.

        What somebody has decided on again since, or what would put near-duplicates into the pool, stays
        as it is; the next undo goes on with the step before.

        Raises:
            DecisionRefusedError: that is so for the whole step.
        """
        return self._take_back("undo", self._workspace.decisions.to_undo)

    def redo(self) -> list[AnyDecision]:
        """Take back the last undo, if nothing was decided since; returns the undos, none when there are none.

        Raises:
            DecisionRefusedError: as with `undo`.
        """
        return self._take_back("redo", self._workspace.decisions.to_redo)

    def _take_back(self, kind: DecisionKind, find: Callable[[], list[AnyDecision]]) -> list[AnyDecision]:
        done: list[AnyDecision] = []
        disputes: list[str] = []
        with self._judging.step():
            step = self._workspace.decisions.next_step()
            for decision in find():
                if isinstance(decision, InstanceDecision):
                    dispute = self.instances.take_back(decision, kind, step=step)
                else:
                    dispute = self._take_back_one(decision, kind, step=step)
                if dispute is None:
                    done.append(decision)
                else:
                    disputes.append(dispute)
        for decision in done:
            self._emit(TaskDecided(decision.task_id, kind, "human"))
        if disputes and not done:
            raise DecisionRefusedError(disputes[0])
        return done

    def _take_back_one(self, decision: Decision, kind: DecisionKind, *, step: int) -> str | None:
        """Take a decision back, or say why that cannot be; then it counts as taken back all the same."""
        task = self._get(decision.task_id)
        after, dispute = _reverted(task.standing, decision), None
        if _moved_on(task, decision):
            dispute = f"Task {task.id} has been decided on again since, so that cannot be taken back."
        elif after.state == "accepted" and task.state != "accepted":
            dispute = self._taken_place(task.id, after.instruction, since=decision.id, step=step)
        self._append(task, kind, "human", task.standing if dispute else after, step=step, undoes=decision.id)
        return dispute

    def _taken_place(self, task_id: int, instruction: str, *, since: int, step: int) -> str | None:
        """Why a task cannot come back into the pool: one that is too close has come into it since."""
        for near in self._judging.index.above(instruction, self._judging.filters.rouge_l):
            came_since = any(
                decision.id > since and decision.step != step
                for decision in self._workspace.decisions.of_task(near.id)
                if decision.before.state != "accepted" and decision.after.state == "accepted"
            )
            if came_since:
                return f"Task {near.id}, which is too close to {task_id}, has come into the pool since."
        return None

    def settle(self, task_id: int, judgement: Judgement, emit: Callable[[Event], None]) -> None:
        """Decide as the verdict says, without a person; inside the transaction that judged it."""
        task = self._workspace.tasks.get(task_id)
        passes = not judgement.reasons
        after = replace(task.standing, state="accepted" if passes else "rejected")
        kind: DecisionKind = "accept" if passes else "reject"
        self._append(task, kind, "auto", after, step=self._workspace.decisions.next_step())
        emit(TaskDecided(task_id, kind, "auto"))

    def _decide(
        self,
        kind: DecisionKind,
        task_ids: Iterable[int],
        change: Callable[[Task], Standing],
        *,
        tag: str | None = None,
    ) -> Decided:
        done: list[int] = []
        refused: dict[int, DecisionRefusedError] = {}
        flipped: set[int] = set()
        with self._judging.step():
            step = self._workspace.decisions.next_step()
            for task_id in task_ids:
                try:
                    task = self._get(task_id)
                    after = change(task)
                    if after == task.standing:
                        raise DecisionRefusedError(f"Nothing to change: task {task_id} is so already.")
                except DecisionRefusedError as error:
                    refused[task_id] = error
                else:
                    flipped |= self._append(task, kind, "human", after, step=step, tag=tag)
                    done.append(task_id)
        for task_id in done:
            self._emit(TaskDecided(task_id, kind, "human"))
        return Decided(tuple(done), refused, frozenset(flipped.difference(done)))

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
        self._judging.catch_up()
        return self._judging.judge_around(task.id, task.standing, after)


def _raise(decided: Decided) -> None:
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
