"""The keys of the screen at hand, made from the registry of actions."""

from collections.abc import Mapping
from itertools import groupby
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from selfinstruct.tui.dialogs.base import Dialog
from selfinstruct.tui.keys.actions import ScreenName, on_screen
from selfinstruct.tui.keys.bindings import keys_shown


def keys_line(keys: Mapping[str, str]) -> Content:
    """Keys with what they do, in a line: for a dialog that has no footer."""
    parts = [((key, "bold $footer-key-foreground"), f" {what}") for key, what in keys.items()]
    return Content("   ").join(Content.assemble(*part) for part in parts)


class KeysScreen(Dialog[None]):
    """Lists the actions of a screen with their keys.

    Args:
        screen: The screen at hand.
        chosen: Keys that the person has chosen for actions.
        read_only: Whether what changes the workspace is left out.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,f1", "dismiss", "Close"),
    ]

    def __init__(self, screen: ScreenName, chosen: Mapping[str, str], *, read_only: bool) -> None:
        super().__init__()
        self._screen_name = screen
        self._chosen = chosen
        self._read_only = read_only

    def compose(self) -> ComposeResult:
        """One group of actions after the other."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column()
        possible = [a for a in on_screen(self._screen_name) if not (a.writes and self._read_only)]
        for group, actions in groupby(possible, key=lambda action: action.group):
            table.add_row(Text(group, style="bold"))
            for action in actions:
                keys = Text(f"  {keys_shown(action, self._chosen)}")
                table.add_row(keys, Text(f"{action.label}: {action.help}"))
        table.add_row(Text("Other", style="bold"))
        table.add_row(Text("  ^p"), Text("The palette: every action by name."))
        table.add_row(Text("  Tab"), Text("The other pane; arrows scroll it, j and k go through its tasks."))
        table.add_row(Text("  Esc"), Text("Closes this list."))
        with VerticalScroll(id="keys-box") as box:
            box.border_title = f"Keys of {self._screen_name}"
            yield Static(table)
