"""Rows to export: of one turn, with an input, with a system prompt, with several turns."""

from selfinstruct.db.records import Conversation, NewInstance, Standing, TrainingRow, Turn
from selfinstruct.db.workspace import Workspace

PLAIN = TrainingRow(1, "model", "Write a haiku.", "", "Late rain")
WITH_INPUT = TrainingRow(2, "model", "Name a river.", "Kenya", "the Tana")
WITH_SYSTEM = TrainingRow(3, "imported", "Name a bird.", "", "wren", conversation=Conversation("Be brief."))
TALK = TrainingRow(
    4,
    "imported",
    "Name a tree.",
    "in Spain",
    "the ash",
    conversation=Conversation("", (Turn("assistant", "oak"), Turn("user", "Another one."))),
)


def put(workspace: Workspace, *rows: TrainingRow) -> None:
    """Store rows as instances of accepted tasks: rows with the same task id belong to one task."""
    tasks: dict[int, int] = {}
    with workspace.transaction():
        for row in rows:
            if row.task_id not in tasks:
                tasks[row.task_id] = task_id = workspace.tasks.add(
                    row.instruction, origin=row.origin, at="now", label="generation"
                )
                workspace.decisions.add(
                    task_id,
                    "accept",
                    step=workspace.decisions.next_step(),
                    who="human",
                    at="now",
                    before=Standing("pending", row.instruction, "generation"),
                    after=Standing("accepted", row.instruction, "generation"),
                )
            made = [NewInstance(row.input, row.output, conversation=row.conversation)]
            workspace.instances.add(tasks[row.task_id], row.instruction, "generation", made, request_id=None)
