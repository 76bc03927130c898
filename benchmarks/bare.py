"""A bare Textual app of one screen, which the curator is measured against.

It looks like the curator and does nothing: as many rows as the screen shows, a cursor among them, and on the
right the text of the row under it. Each key redraws both panes, as it does in the curator.
"""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Footer, Static

_ROWS = 26
_FIRST_ID = 1001
_PAGE = 8
_WORDS = "Describe the smell of rain on warm stone to a reader who has never left the city, in plain words."


class BareApp(App[None]):
    """Rows on the left, the one under the cursor on the right."""

    CSS = """
    #status { height: 1; }
    #rows { width: 3fr; height: 1fr; border: round $surface-lighten-2; }
    #rows { text-wrap: nowrap; text-overflow: ellipsis; }
    #detail { width: 2fr; height: 1fr; border: round $surface-lighten-2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move(1)", "Down"),
        Binding("k", "move(-1)", "Up"),
        Binding("ctrl+d", f"move({_PAGE})", "Page down"),
        Binding("ctrl+u", f"move(-{_PAGE})", "Page up"),
        Binding("q", "quit", "Quit"),
    ]

    def compose(self) -> ComposeResult:
        """Status line, rows and detail, footer."""
        yield Static("bare   pool of none", id="status")
        with Horizontal():
            yield Static(id="rows")
            yield Static(id="detail")
        yield Footer()

    def on_mount(self) -> None:
        """Show the first row."""
        self._cursor = 0
        self._show()

    def action_move(self, rows: int) -> None:
        """Move the cursor; it stops at both ends."""
        self._cursor = max(0, min(_ROWS - 1, self._cursor + rows))
        self._show()

    def _show(self) -> None:
        lines = [Content(f"   {_FIRST_ID + row} pass 0.42 gen {_text(row)}\n") for row in range(_ROWS)]
        lines[self._cursor] = lines[self._cursor].stylize("bold reverse")
        self.query_one("#rows", Static).update(Content.assemble(*lines))
        detail = self.query_one("#detail", Static)
        detail.border_title = str(_FIRST_ID + self._cursor)
        detail.update(Content("\n\n".join([_text(self._cursor)] * 4)))


def _text(row: int) -> str:
    return f"{row + 1}. {_WORDS}"


if __name__ == "__main__":
    BareApp().run()
