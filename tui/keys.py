"""The keys of the screen at hand, made from the registry of actions."""

from itertools import groupby
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from selfinstruct.tui.actions import ACTIONS, keys_shown


class KeysScreen(ModalScreen[None]):
    """Lists every action with its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,f1", "app.pop_screen", "Close"),
    ]

    def compose(self) -> ComposeResult:
        """One group of actions after the other."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column()
        for group, actions in groupby(ACTIONS, key=lambda action: action.group):
            table.add_row(Text(group, style="bold"))
            for action in actions:
                table.add_row(Text(f"  {keys_shown(action)}"), Text(f"{action.label}: {action.help}"))
        table.add_row(Text("Other", style="bold"))
        table.add_row(Text("  ^p"), Text("The palette: every action by name, and the themes."))
        table.add_row(Text("  Tab"), Text("The other pane; arrows scroll it."))
        table.add_row(Text("  Esc"), Text("Closes this list."))
        with VerticalScroll(id="keys-box") as box:
            box.border_title = "Keys"
            yield Static(table)
