"""Everything there is: all tasks in all states, looked through as one types."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input
from textual.worker import Worker

from selfinstruct.core.task_query import QueryError, parse_filter
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.tui.keys.actions import ScreenName
from selfinstruct.tui.keys.bindings import bindings
from selfinstruct.tui.screens.tasks.base import TasksScreen
from selfinstruct.tui.text.exact_text import ExactInput
from selfinstruct.tui.widgets.titles import entitle


class PoolScreen(TasksScreen):
    """All tasks with a filter line above them; every decision works here too."""

    NAME: ClassVar[ScreenName] = "pool"
    NEWEST_FIRST: ClassVar[bool] = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("pool")]
    NOTHING = "Nothing is like that.\n\n{back} clears the filter, and then goes back to the candidates."

    def compose_body(self) -> ComposeResult:
        """The filter line over table and detail."""
        yield ExactInput(
            placeholder="/ words, label:clf, state:rejected, verdict:similar, origin:model, score>0.6",
            id="filter",
        )
        yield from super().compose_body()

    _search: Worker[None] | None = None

    @property
    def filter(self) -> Input:
        """The filter line."""
        return self.query_one("#filter", Input)

    @property
    def is_settled(self) -> bool:
        """Whether the rows are those that the filter describes."""
        return self._search is None or self._search.is_finished

    def load(self, *, at: int | None = None) -> None:
        """Look for what the filter describes, and show it; what is typed next comes first."""
        self._search = self.run_worker(self._load(at, self.table.current), group="search", exclusive=True)

    async def _load(self, at: int | None, current: int | None) -> None:
        try:
            wanted = parse_filter(self.filter.value)
            found = await self.session.finder.find(wanted, self.table.order)
        except (QueryError, WorkspaceError) as error:
            self.filter.add_class("-wrong")
            entitle(
                self.table,
                f"Still showing {len(self.table.ids):,} of {self.engine.workspace.tasks.count():,}",
            )
            self.say(str(error), error=True)
            return
        if not self.is_up:
            return  # the program has ended meanwhile
        self.filter.remove_class("-wrong")
        self._say_how_to_filter()
        entitle(self.table, f"Showing {len(found):,} of {self.engine.workspace.tasks.count():,}")
        # Where the cursor has gone while the search went on, it stays.
        self.show_rows(found, at=at if self.table.current == current else self.table.current)

    async def open_task(self, task_id: int) -> None:
        """Put the cursor on a task, which the filter must not hide."""
        with self.filter.prevent(Input.Changed):
            self.filter.value = ""
        self.load(at=task_id)
        self.set_focus(self.table)

    def refresh_view(self) -> None:
        """Read the rows again, and take new ones in while nothing is looked for."""
        tasks = self.engine.workspace.tasks
        count = tasks.count()
        shown = len(self.table.ids)
        new = f" · {count - shown:,} new, Enter in the filter shows them" if not self.filter.value else ""
        if count != shown and not self.filter.value:
            entitle(self.table, f"Showing {shown:,} of {count:,}{new}")
        super().refresh_view()

    @on(events.DescendantFocus, "#filter")
    def _say_how_to_filter(self) -> None:
        if self.focused is self.filter:  # not where the focus has only passed by
            self.say(self._how_to_filter)

    @on(events.DescendantBlur, "#filter")
    def _say_no_more_how_to_filter(self) -> None:
        if self.said == (self._how_to_filter, False):
            self.say("")

    @property
    def _how_to_filter(self) -> str:
        return self.with_keys("Enter goes to the rows, {back} back. Words are parts of the instruction.")

    @on(Input.Changed, "#filter")
    def _filter_changed(self) -> None:
        self.load(at=self.table.current)

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.load(at=self.table.current)
        self.set_focus(self.table)

    def action_filter(self) -> None:
        """Type into the filter line."""
        self.set_focus(self.filter)

    async def action_back(self) -> None:
        """Leave the filter line, then clear it, then as everywhere."""
        if self.focused is self.filter:
            self.set_focus(self.table)
        elif (
            self.filter.value and self.focused is self.table and not self.table.marked and not self.is_zoomed
        ):
            self.filter.value = ""
        else:
            await super().action_back()
