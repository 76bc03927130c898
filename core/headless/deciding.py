"""Decisions from lines: each is one step for undo, taken by the same rules as in the curator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import DecisionRefusedError, RefusedByFiltersError, UnchangedError
from selfinstruct.core.headless.decision_lines import DecisionLine
from selfinstruct.db.errors import QueryRefusedError
from selfinstruct.db.records import Reason

Result = Literal["done", "proposed", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line."""

    result: Result
    """`unchanged`: all was as the line wants it already."""
    sentence: str
    """May contain references to settings."""
    reasons: Sequence[Reason] = ()
    """The filters' reasons, where they object."""


def decide(engine: Engine, line: DecisionLine, *, despite: bool = False) -> Outcome:
    """Carry out a decision, in one transaction and as one step.

    Args:
        engine: The engine; the decision is that of the person of its workspace.
        line: The decision.
        despite: Whether to accept despite the filters, as if the line said so.

    Raises:
        WorkspaceError: The workspace cannot be written; nothing has changed.
    """
    try:
        if line.instance is not None:
            return _decide_on_instance(engine, line, line.instance)
        return _decide_on_task(engine, line, despite=despite or line.despite)
    except RefusedByFiltersError as refusal:
        return Outcome("refused", _objection(line, refusal), refusal.reasons)
    except UnchangedError as error:
        return Outcome("unchanged", error.sentence)
    except DecisionRefusedError as error:
        return Outcome("refused", error.sentence)
    except QueryRefusedError as error:
        return Outcome("refused", str(error))


def _objection(line: DecisionLine, refusal: RefusedByFiltersError) -> str:
    if line.decision == "edit":
        return f"{refusal.sentence} The task is in the pool, so its wording must pass the filters."
    return refusal.sentence


def _decide_on_task(engine: Engine, line: DecisionLine, *, despite: bool) -> Outcome:
    decisions = engine.decisions
    match line.decision:
        case "accept":
            return _accept(engine, line.id, despite=despite)
        case "reject":
            decisions.reject(line.id, tag=line.reason or None)
            return Outcome("done", f"Rejected as {line.reason}." if line.reason else "Rejected.")
        case "edit":
            reasons = decisions.edit(line.id, line.instruction).reasons
            but = f" The filters object to the new wording: {reasons[0].sentence}" if reasons else ""
            return Outcome("done", f"Edited.{but}", reasons)
        case "label":
            decisions.relabel(line.id, line.label)
            return Outcome("done", f"Labelled as {line.label}.")
        case "restore":
            decisions.restore_all([line.id]).require_all()
            return Outcome("done", "Restored.")
    return _undo(engine, line.id)


def _accept(engine: Engine, task_id: int, *, despite: bool) -> Outcome:
    workspace = engine.workspace
    seen: dict[int, Sequence[Reason]] = {}
    with engine.assessor.step():
        (task,) = workspace.tasks.get_many([task_id]) or (None,)
        if despite and task is not None and task.state != "accepted":
            seen[task_id] = engine.assessor.assess_task(task_id, task.instruction).reasons
        decided = engine.decisions.accept_all([task_id], despite=seen)
    decided.require_all()
    sentence = "Accepted."
    if decided.before_vectors:
        sentence += " Not all vectors to compare it with had arrived."
    if workspace.tasks.get(task_id).label == "unknown":
        sentence += " Its label is unclear: it gets no instances until the label is set."
    return Outcome("done", sentence, seen.get(task_id, ()))


def _undo(engine: Engine, task_id: int) -> Outcome:
    undone = engine.decisions.undo_on(task_id)
    if not undone:
        raise DecisionRefusedError(
            f"There is nothing to undo on task {task_id}; what is decided in a program that is still open is"
            " undone there."
        )
    kind = engine.workspace.decisions.kind_of(undone[0])
    return Outcome("done", f"Undone: {kind}.")


def _decide_on_instance(engine: Engine, line: DecisionLine, instance_id: int) -> Outcome:
    workspace, decisions = engine.workspace, engine.decisions.instances
    with workspace.transaction():
        try:
            instance = workspace.instances.get(instance_id)
        except KeyError:
            raise DecisionRefusedError(f"There is no instance {instance_id}.") from None
        if instance.task_id != line.id:
            raise DecisionRefusedError(
                f"Instance {instance_id} is of task {instance.task_id}, not {line.id}."
            )
        match line.decision:
            case "keep":
                decisions.restore(instance_id)
                return Outcome("done", "Kept.")
            case "drop":
                decisions.drop(instance_id)
                return Outcome("done", "Dropped.")
        given = instance.input if line.input is None else line.input
        decisions.edit(instance_id, given, instance.output if line.output is None else line.output)
        return Outcome("done", "Edited.")
