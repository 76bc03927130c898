"""A scrollable pane, controlled by the keys of its screen."""

from textual.containers import VerticalScroll


class ScrollPane(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Scrolls by the screen's actions, since Textual's own scrolling keys cannot be set in `[keys]`."""

    def move_by(self, lines: int) -> None:
        """Scroll down by lines; up if negative."""
        self.scroll_relative(y=lines, animate=False)

    def move_page(self, pages: int) -> None:
        """Scroll down by pages; up if negative."""
        self.scroll_relative(y=pages * self.scrollable_content_region.height, animate=False)

    def move_home(self) -> None:
        """Scroll to the top."""
        self.scroll_home(animate=False)

    def move_end(self) -> None:
        """Scroll to the bottom."""
        self.scroll_end(animate=False)
