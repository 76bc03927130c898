"""What screens share whose rows are looked through with a filter line."""

from array import array
from typing import Any

from textual import events, on
from textual.widgets import Input
from textual.worker import Worker

from selfinstruct.core.task_query import QueryError, parse_filter
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.records import Order
from selfinstruct.tui.screens.undo_redo import DecidingScreen
from selfinstruct.tui.text.exact_text import ExactInput
from selfinstruct.tui.widgets.titles import entitle
from selfinstruct.tui.widgets.window_table import WindowTable


def filter_line() -> Input:
    """The line above the rows, with what it understands."""
    return ExactInput(
        placeholder="/ words, label:clf, state:rejected, verdict:similar, origin:model, score>0.6",
        id="filter",
    )


class FilteredScreen(DecidingScreen):
    """A screen whose table shows the tasks that its filter line describes, as one types."""

    _search: Worker[None] | None = None

    @property
    def table(self) -> WindowTable[Any]:
        """The rows."""
        raise NotImplementedError

    @property
    def order(self) -> Order:
        """What the rows are sorted by."""
        return "id"

    def show_found(self, found: "array[int]", *, at: int | None) -> None:
        """Show the tasks that were found, with the cursor on `at` if it is among them."""
        raise NotImplementedError

    def count(self) -> int:
        """How many rows there are without a filter."""
        raise NotImplementedError

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
            found = await self.session.finder.find(wanted, self.order)
        except (QueryError, WorkspaceError) as error:
            self.filter.add_class("-wrong")
            entitle(self.table, f"Still showing {len(self.table.ids):,} of {self.count():,}")
            self.say(str(error), error=True)
            return
        if not self.is_up:
            return  # the program has ended meanwhile
        self.filter.remove_class("-wrong")
        self._say_how_to_filter()
        # Where the cursor has gone while the search went on, it stays.
        self.show_found(found, at=at if self.table.current == current else self.table.current)

    def clear_filter(self) -> None:
        """Empty the line without looking again."""
        with self.filter.prevent(Input.Changed):
            self.filter.value = ""

    @on(events.DescendantFocus, "#filter")
    def _say_how_to_filter(self) -> None:
        if self.focused is self.filter:  # not where the focus has only passed by
            self.say(self._how_to_filter, lasts=True)

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
        elif self.filter.value and self.focused is self.table and not self.is_zoomed:
            self.filter.value = ""
        else:
            await super().action_back()
