"""The Pool screen: all tasks in all states, with a search as you type."""

from array import array
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from selfinstruct.db.records import Order
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.keys.screens import ScreenName
from selfinstruct.tui.screens.filtered import FilteredScreen, filter_line
from selfinstruct.tui.screens.tasks.base import TasksScreen
from selfinstruct.tui.screens.tasks.table import CandidateTable
from selfinstruct.tui.widgets.titles import entitle


class PoolScreen(FilteredScreen, TasksScreen):
    """All tasks below a filter line; every decision works here too."""

    NAME: ClassVar[ScreenName] = "pool"
    NEWEST_FIRST: ClassVar[bool] = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("pool")]
    NOTHING = "No task matches.\n\n{back} clears the filter, and then goes back to the candidates."

    def compose_body(self) -> ComposeResult:
        """Yield the filter line above table and detail."""
        yield filter_line()
        yield from super().compose_body()

    @property
    def table(self) -> CandidateTable:
        """The table of tasks."""
        return self.query_one("#candidates", CandidateTable)

    @property
    def order(self) -> Order:
        """The sort order of the table."""
        return self.table.order

    def count(self) -> int:
        """Return the number of tasks."""
        return self.engine.workspace.tasks.count()

    def show_found(self, found: "array[int]", *, at: int | None) -> None:
        """Show the matching tasks."""
        entitle(self.table, f"Showing {len(found):,} of {self.count():,}")
        self.show_rows(found, at=at)

    async def open_task(self, task_id: int) -> None:
        """Put the cursor on a task, after clearing the filter that might hide it."""
        self.clear_filter()
        self.load(at=task_id)
        self.set_focus(self.table)

    def refresh_view(self) -> None:
        """Reread the rows; without a filter, show the number of new tasks in the title."""
        count, shown = self.count(), len(self.table.ids)
        if count != shown and not self.filter.value:
            new = f"{count - shown:,} new, {self.with_keys('{submit} in the filter shows them')}"
            entitle(self.table, f"Showing {shown:,} of {count:,} · {new}")
        super().refresh_view()

    async def action_back(self) -> None:
        """Clear the marks first, then the filter."""
        if self.table.marked and self.focused is self.table:
            await TasksScreen.action_back(self)
        else:
            await super().action_back()
