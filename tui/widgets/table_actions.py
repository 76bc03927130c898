"""Moving in the one table of a screen."""

from typing import Any

from selfinstruct.tui.widgets.window_table import WindowTable


class TableActions:
    """The actions that move the cursor of a screen's table; to be mixed into a screen that has one."""

    @property
    def table(self) -> WindowTable[Any]:
        """The table."""
        raise NotImplementedError

    def action_down(self) -> None:
        """Next row."""
        self.table.move_by(1)

    def action_up(self) -> None:
        """Previous row."""
        self.table.move_by(-1)

    def action_page_down(self) -> None:
        """Down by a screen."""
        self.table.move_by(self.table.page)

    def action_page_up(self) -> None:
        """Up by a screen."""
        self.table.move_by(-self.table.page)

    def action_first(self) -> None:
        """First row."""
        self.table.move_home()

    def action_last(self) -> None:
        """Last row."""
        self.table.move_end()
