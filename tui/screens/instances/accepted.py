"""The table of accepted tasks, with how many instances of each are kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from selfinstruct.db.records import Task
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.screens.tasks.table import LABELS
from selfinstruct.tui.text.safe_text import safe_line
from selfinstruct.tui.widgets.window_table import Column, WindowTable


@dataclass(frozen=True, slots=True)
class Accepted:
    """A task with the number of its kept instances."""

    task: Task
    kept: int


class AcceptedTable(WindowTable[Accepted]):
    """Accepted tasks; a word marks those without instances, and those that have left the pool since.

    Args:
        workspace: Where the rows are read.
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
        """Those without instances stand out, those that are no longer accepted step back."""
        if row.task.state != "accepted":
            return "table--decided"
        return "table--passes" if row.kept else "table--fails"

    def cells(self, row: Accepted) -> Sequence[str]:
        """In the order of the columns."""
        kept = str(row.kept) if row.kept else "✗ none"
        return [
            str(row.task.id),
            kept if row.task.state == "accepted" else row.task.state,
            LABELS[row.task.label],
            safe_line(row.task.instruction),
        ]
