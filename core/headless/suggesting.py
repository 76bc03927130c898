"""Suggestions from lines: what a program would decide, left to a person."""

from selfinstruct.core.errors import DecisionRefusedError
from selfinstruct.core.headless.deciding import Outcome
from selfinstruct.core.headless.decision_lines import DecisionLine
from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.db.errors import QueryRefusedError
from selfinstruct.db.workspace import Workspace


def suggest(workspace: Workspace, line: DecisionLine, *, person: str, at: str) -> Outcome:
    """Store a suggestion about an undecided task; it replaces an earlier one of the same person.

    Args:
        workspace: The workspace.
        line: What is suggested.
        person: Who suggests it.
        at: The current time, as ISO 8601 text.

    Raises:
        WorkspaceError: The workspace cannot be written; nothing has changed.
    """
    try:
        return _suggest(workspace, line, person=person, at=at)
    except DecisionRefusedError as error:
        return Outcome("refused", error.sentence)
    except QueryRefusedError as error:
        return Outcome("refused", str(error))


def _suggest(workspace: Workspace, line: DecisionLine, *, person: str, at: str) -> Outcome:
    wording = clean_instruction(storable_text(line.instruction)) if line.decision == "edit" else None
    if wording == "":
        raise DecisionRefusedError("An instruction cannot be empty.")
    reason = storable_text(line.reason) if line.reason else None
    with workspace.transaction():
        (task,) = workspace.tasks.get_many([line.id]) or (None,)
        if task is None:
            raise DecisionRefusedError(f"There is no task {line.id}.")
        if task.origin == "seed":
            raise DecisionRefusedError(f"Task {line.id} is a seed; seeds stay as they are.")
        if task.state != "pending":
            raise DecisionRefusedError(f"Task {line.id} is already {task.state}.")
        if wording == task.instruction:
            raise DecisionRefusedError(f"Task {line.id} already has this wording.")
        own = [one for one in workspace.suggestions.of_task(line.id) if one.person == person]
        new = (line.suggestion, wording, reason)
        if own and (own[-1].decision, own[-1].instruction, own[-1].reason) == new:
            return Outcome("unchanged", f"{person} already suggests this.")
        workspace.suggestions.add(
            line.id, line.suggestion, instruction=wording, reason=reason, person=person, at=at
        )
    return Outcome("proposed", "Left to a person.")
