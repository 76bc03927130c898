"""The table of accepted tasks, with the number of kept instances of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from selfinstruct.db.records import Task
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.text.safe_text import SHORT_LABELS, safe_line
from selfinstruct.tui.widgets.window_table import Column, WindowTable


@dataclass(frozen=True, slots=True)
class Accepted:
    """A task with the number of its kept instances."""

    task: Task
    kept: int


class AcceptedTable(WindowTable[Accepted]):
    """A table of accepted tasks; tasks without instances, or removed from the pool since, are marked so.

    Args:
        workspace: The source of the rows.
        id: The widget's id.
    """

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("id", 7, right=True),
        Column("kept", 8, right=True),
        Column("label", 7, needs=56),
        Column("instruction", 0),
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--passes", "table--fails", "table--decided"}

    def __init__(self, workspace: Workspace, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._workspace = workspace

    def fetch(self, ids: Sequence[int]) -> Iterable[tuple[int, Accepted]]:
        """Read tasks and count their instances."""
        kept = self._workspace.instances.kept(ids)
        for task in self._workspace.tasks.get_many(ids):
            yield task.id, Accepted(task, kept.get(task.id, 0))

    def component(self, row: Accepted) -> str:
        """Return the style: highlighted without instances, muted if no longer accepted."""
        if row.task.state != "accepted":
            return "table--decided"
        return "table--passes" if row.kept else "table--fails"

    def cells(self, row: Accepted) -> Sequence[str]:
        """Return the texts in column order."""
        kept = str(row.kept) if row.kept else "✗ none"
        return [
            str(row.task.id),
            kept if row.task.state == "accepted" else row.task.state,
            SHORT_LABELS[row.task.label],
            safe_line(row.task.instruction),
        ]
