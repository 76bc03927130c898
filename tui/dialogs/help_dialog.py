"""The list of the current screen's keys, generated from the registry of actions."""

from collections.abc import Mapping
from itertools import groupby
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from selfinstruct.tui.dialogs.base import Dialog
from selfinstruct.tui.keys.actions import PARTS, actions_in
from selfinstruct.tui.keys.key_names import keys_shown
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.keys.screens import SCREEN_OF
from selfinstruct.tui.widgets.pane_actions import PaneActions
from selfinstruct.tui.widgets.scroll_pane import ScrollPane


class KeysScreen(PaneActions, Dialog[None]):
    """Lists the actions of a screen with their keys.

    Args:
        place: The current screen or dialog.
        read_only: Whether to omit actions that change the workspace.
        here: What actions do in their present context, as label and help, where that differs; by action name.
    """

    PLACE = "key_list"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("key_list")]

    def __init__(
        self, place: str, *, read_only: bool, here: Mapping[str, tuple[str, str]] | None = None
    ) -> None:
        super().__init__()
        self._here = here or {}
        self._place = place
        self._read_only = read_only

    def compose(self) -> ComposeResult:
        """Lay out the actions by group."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column()
        places = (self._place, *PARTS.get(self._place, ()))
        listed = dict.fromkeys(action for place in places for action in actions_in(place))
        possible = [action for action in listed if not (action.writes and self._read_only)]
        for group, actions in groupby(possible, key=lambda action: action.group):
            table.add_row(Text(group, style="bold"))
            for action in actions:
                keys = Text(f"  {keys_shown(action, self.chosen_keys)}")
                label, about = self._here.get(action.name, (action.label, action.help))
                table.add_row(keys, Text(f"{label}: {about}"))
        table.add_row(Text("This list", style="bold"))
        table.add_row(Text(f"  {self.with_keys('{cancel}')}"), Text("Close it."))
        with ScrollPane(id="keys-box") as box:
            box.border_title = f"Keys of {self._place if self._place in SCREEN_OF else 'this dialog'}"
            yield Static(table)

    @property
    def moved(self) -> ScrollPane:
        """The list, which the movement keys scroll."""
        return self.query_one(ScrollPane)

    def action_close_keys(self) -> None:
        """Close the list."""
        self.dismiss()
