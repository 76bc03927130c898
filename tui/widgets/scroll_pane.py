"""A pane that scrolls, by the keys of its screen."""

from textual.containers import VerticalScroll


class ScrollPane(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Scrolls when its screen says so: Textual's own keys for scrolling could not be chosen in `[keys]`."""

    def move_by(self, lines: int) -> None:
        """Scroll down by some lines, or up."""
        self.scroll_relative(y=lines, animate=False)

    def move_page(self, pages: int) -> None:
        """Scroll down by a screen, or up."""
        self.scroll_relative(y=pages * self.scrollable_content_region.height, animate=False)

    def move_home(self) -> None:
        """Scroll to the top."""
        self.scroll_home(animate=False)

    def move_end(self) -> None:
        """Scroll to the bottom."""
        self.scroll_end(animate=False)
