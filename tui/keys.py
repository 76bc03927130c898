"""The keys of the screen at hand, made from the registry of actions."""

from itertools import groupby
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
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
        parts: list[str | tuple[str, str]] = []
        for group, actions in groupby(ACTIONS, key=lambda action: action.group):
            parts.append((f"{group}\n", "bold"))
            parts += [f"  {keys_shown(action):<12} {action.label}: {action.help}\n" for action in actions]
        parts.append(
            ("^p opens the palette; Tab moves between the panes; Esc closes this list.", "$text-muted")
        )
        with VerticalScroll(id="keys-box") as box:
            box.border_title = "Keys"
            yield Static(Content.assemble(*parts))
