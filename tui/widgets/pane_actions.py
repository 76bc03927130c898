"""Actions that move the cursor or scroll in the panes of a screen."""

from typing import Protocol


class Pane(Protocol):
    """A pane whose cursor or text the movement keys move."""

    def move_by(self, steps: int, /) -> None:
        """Move down by rows, choices or lines; up if negative."""

    def move_page(self, pages: int, /) -> None:
        """Move down by pages; up if negative."""

    def move_home(self) -> None:
        """Move to the beginning."""

    def move_end(self) -> None:
        """Move to the end."""


class PaneActions:
    """Mixin with the movement actions, for screens with panes."""

    @property
    def moved(self) -> Pane:
        """The pane that the movement keys apply to."""
        raise NotImplementedError

    def action_down(self) -> None:
        """Move down by one step."""
        self.moved.move_by(1)

    def action_up(self) -> None:
        """Move up by one step."""
        self.moved.move_by(-1)

    def action_page_down(self) -> None:
        """Move down by a page."""
        self.moved.move_page(1)

    def action_page_up(self) -> None:
        """Move up by a page."""
        self.moved.move_page(-1)

    def action_first(self) -> None:
        """Move to the beginning."""
        self.moved.move_home()

    def action_last(self) -> None:
        """Move to the end."""
        self.moved.move_end()
