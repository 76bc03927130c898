"""Decisions: one rule for a person, a script, and several programs on one workspace.

Each is one transaction that catches up with everybody's decisions, judges again where it accepts, and
appends its row. So no two can ever both accept the same instruction.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from selfinstruct.core.errors import DecisionRefusedError
from selfinstruct.core.events import Event, TaskDecided
from selfinstruct.core.filters import clean_instruction
from selfinstruct.core.judge import Judge, Judgement
from selfinstruct.db.rows import Decision, DecisionKind, Label, Reason, Standing, Task, Who
from selfinstruct.db.workspace import Workspace


class RefusedByJudgeError(DecisionRefusedError):
    """A candidate cannot be accepted as it is; `reasons` are why, and may be overruled knowingly."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(reasons[0].sentence)
        self.reasons = tuple(reasons)


class Decider:
    """Takes decisions on the tasks of one workspace."""

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

    def accept(self, task_id: int, *, despite: Sequence[Reason] = ()) -> None:
        """Put a task into the pool.

        Args:
            task_id: A pending or rejected task.
            despite: Reasons that the person has seen and overrules.

        Raises:
            RefusedByJudgeError: judged again now, there are other reasons against it.
            DecisionRefusedError: it is in the pool already.
        """
        with self._judging.step():
            task = self._get(task_id)
            if task.state == "accepted":
                raise DecisionRefusedError(f"Task {task_id} is accepted already.")
            judgement = self._judging.judge_task(task_id, task.instruction)
            refused = not set(judgement.reasons) <= set(despite)
            if not refused:
                self._append(task, "accept", "human", replace(task.standing, state="accepted"))
        if refused:
            raise RefusedByJudgeError(judgement.reasons)
        self._emit(TaskDecided(task_id, "accept", "human"))

    def reject(self, task_id: int) -> None:
        """Keep a task out of the pool, or take it out.

        Raises:
            DecisionRefusedError: it is rejected already, or it is a seed.
        """
        self._change(task_id, "reject", lambda task: replace(task.standing, state="rejected"))

    def edit(self, task_id: int, instruction: str) -> Judgement:
        """Reword a candidate; it is judged again, and asked about again for its label.

        Returns the judgement of the new wording.

        Raises:
            DecisionRefusedError: the text is empty or unchanged, or the task is in the pool.
        """
        wording = clean_instruction(instruction)
        if not wording:
            raise DecisionRefusedError("An instruction needs words.")

        def reworded(task: Task) -> Standing:
            if task.state == "accepted":
                raise DecisionRefusedError(
                    "It is in the pool as it is. Undo its acceptance first, then edit it."
                )
            return Standing(task.state, wording, None)

        self._change(task_id, "edit", reworded)
        with self._judging.step():
            return self._judging.judge_task(task_id, wording)

    def relabel(self, task_id: int, label: Label) -> None:
        """Say whether a task is a classification task.

        Raises:
            DecisionRefusedError: it has that label already.
        """
        self._change(task_id, "relabel", lambda task: replace(task.standing, label=label))

    def undo(self) -> Decision | None:
        """Take back a person's last decision that stands; returns it, or None when there is none.

        Raises:
            DecisionRefusedError: somebody has decided on the same task since.
        """
        with self._judging.step():
            decision = self._workspace.decisions.last_of_human()
            if decision is None:
                return None
            task = self._get(decision.task_id)
            if task.standing.state != decision.after.state or task.instruction != decision.after.instruction:
                raise DecisionRefusedError(
                    f"Task {task.id} has been decided on again since: its {decision.kind} cannot be undone."
                )
            after = _reverted(task.standing, decision)
            self._append(task, "undo", "human", after, undoes=decision.id)
            if after.state != "accepted":
                self._judging.judge_task(task.id, after.instruction)
        self._emit(TaskDecided(task.id, "undo", "human"))
        return decision

    def settle(self, task_id: int, judgement: Judgement, emit: Callable[[Event], None]) -> None:
        """Decide as the verdict says, without a person; inside the transaction that judged it."""
        task = self._workspace.tasks.get(task_id)
        passes = not judgement.reasons
        after = replace(task.standing, state="accepted" if passes else "rejected")
        kind: DecisionKind = "accept" if passes else "reject"
        self._append(task, kind, "auto", after)
        emit(TaskDecided(task_id, kind, "auto"))

    def _change(self, task_id: int, kind: DecisionKind, change: Callable[[Task], Standing]) -> None:
        with self._judging.step():
            task = self._get(task_id)
            after = change(task)
            if after == task.standing:
                raise DecisionRefusedError(f"That is how task {task_id} is already.")
            self._append(task, kind, "human", after)
        self._emit(TaskDecided(task_id, kind, "human"))

    def _get(self, task_id: int) -> Task:
        try:
            task = self._workspace.tasks.get(task_id)
        except KeyError:
            raise DecisionRefusedError(f"There is no task {task_id}.") from None
        if task.origin == "seed":
            raise DecisionRefusedError(f"Task {task_id} is a seed; seeds stay as they are.")
        return task

    def _append(
        self, task: Task, kind: DecisionKind, who: Who, after: Standing, *, undoes: int | None = None
    ) -> None:
        self._workspace.decisions.add(
            task.id, kind, who=who, at=self._clock(), before=task.standing, after=after, undoes=undoes
        )
        self._judging.catch_up()


def _reverted(now: Standing, decision: Decision) -> Standing:
    """`now` without what a decision changed; what came since, such as the model's label, stays."""
    before, after = decision.before, decision.after
    reworded = before.instruction != after.instruction
    return Standing(
        state=before.state if before.state != after.state else now.state,
        instruction=before.instruction if reworded else now.instruction,
        label=before.label if reworded or before.label != after.label else now.label,
    )
