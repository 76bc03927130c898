"""Moving in the panes of a screen."""

from typing import Protocol


class Pane(Protocol):
    """What the keys for moving move: a cursor, or the text itself."""

    def move_by(self, steps: int, /) -> None:
        """Move by some rows, choices or lines; up if negative."""

    def move_page(self, pages: int, /) -> None:
        """Move by what is on the screen."""

    def move_home(self) -> None:
        """Move to the beginning."""

    def move_end(self) -> None:
        """Move to the end."""


class PaneActions:
    """The actions that move; to be mixed into a screen with panes."""

    @property
    def moved(self) -> Pane:
        """The pane that is moved."""
        raise NotImplementedError

    def action_down(self) -> None:
        """One step down."""
        self.moved.move_by(1)

    def action_up(self) -> None:
        """One step up."""
        self.moved.move_by(-1)

    def action_page_down(self) -> None:
        """Down by a screen."""
        self.moved.move_page(1)

    def action_page_up(self) -> None:
        """Up by a screen."""
        self.moved.move_page(-1)

    def action_first(self) -> None:
        """To the beginning."""
        self.moved.move_home()

    def action_last(self) -> None:
        """To the end."""
        self.moved.move_end()
