"""Base class of screens with a filter line above their table."""

from array import array
from functools import partial
from typing import Any

from textual import events, on
from textual.widgets import Input
from textual.worker import Worker

from selfinstruct.core.task_query import QueryError, parse_filter
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.records import Order
from selfinstruct.tui.background.workers import start_worker
from selfinstruct.tui.screens.deciding import DecidingScreen
from selfinstruct.tui.widgets.text_line import TextLine
from selfinstruct.tui.widgets.titles import entitle
from selfinstruct.tui.widgets.window_table import WindowTable


def filter_line() -> Input:
    """Create the filter line; its placeholder shows the query syntax."""
    return TextLine(
        placeholder="/ words, label:clf, state:rejected, verdict:similar, origin:model, score>0.6",
        id="filter",
    )


class FilteredScreen(DecidingScreen):
    """A screen whose table shows the tasks that match its filter line, searched as the user types."""

    _search: Worker[None] | None = None

    @property
    def table(self) -> WindowTable[Any]:
        """The table of rows."""
        raise NotImplementedError

    @property
    def order(self) -> Order:
        """The sort order of the rows."""
        return "id"

    def show_found(self, found: "array[int]", *, at: int | None) -> None:
        """Show the matching tasks, with the cursor on `at` if it is among them."""
        raise NotImplementedError

    def count(self) -> int:
        """Return the number of rows without a filter."""
        raise NotImplementedError

    @property
    def filter(self) -> Input:
        """The filter line."""
        return self.query_one("#filter", Input)

    @property
    def is_settled(self) -> bool:
        """Whether the rows match the filter, with no search running."""
        return self._search is None or self._search.is_finished

    def load(self, *, at: int | None = None) -> None:
        """Search for the filter and show the matches; the next key stroke cancels the search."""
        self._search = start_worker(
            self, partial(self._load, at, self.table.current), group="search", exclusive=True
        )

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
        self._show_filter_help()
        # If the cursor has moved during the search, it stays where it is.
        self.show_found(found, at=at if self.table.current == current else self.table.current)

    def clear_filter(self) -> None:
        """Clear the filter line without a new search."""
        with self.filter.prevent(Input.Changed):
            self.filter.value = ""

    @on(events.DescendantFocus, "#filter")
    def _show_filter_help(self) -> None:
        if self.focused is self.filter:  # the focus may have moved on already
            self.say(self._filter_help, lasts=True)

    @on(events.DescendantBlur, "#filter")
    def _hide_filter_help(self) -> None:
        if self.said == (self._filter_help, False):
            self.say("")

    @property
    def _filter_help(self) -> str:
        return self.with_keys("{submit} goes to the rows, {back} goes back. Words match in the instruction.")

    @on(Input.Changed, "#filter")
    def _filter_changed(self) -> None:
        self.load(at=self.table.current)

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.load(at=self.table.current)
        self.set_focus(self.table)

    def action_filter(self) -> None:
        """Focus the filter line."""
        self.set_focus(self.filter)

    async def action_back(self) -> None:
        """Leave the filter line, then clear it, then go back as on every screen."""
        if self.focused is self.filter:
            self.set_focus(self.table)
        elif self.filter.value and self.focused is self.table and not self.is_zoomed:
            self.filter.value = ""
        else:
            await super().action_back()
