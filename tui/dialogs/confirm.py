"""Confirmation before an action that cannot be undone."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from selfinstruct.tui.dialogs.base import Dialog
from selfinstruct.tui.keys.own_keys import bindings


class ConfirmScreen(Dialog[bool]):
    """A yes-or-no question; the result is True for yes, None for no.

    Args:
        title: The action to confirm.
        question: The question, as safe text.
        yes: What the confirming key does, such as "sends them".
    """

    PLACE = "confirm"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("confirm")]

    def __init__(self, title: str, question: str, *, yes: str) -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._yes = yes

    def compose(self) -> ComposeResult:
        """Lay out the question and its two keys."""
        with Vertical(id="confirm-box") as box:
            box.border_title = self._title
            keys = self.keys_line({"confirm": self._yes, "cancel": "cancels"})
            yield Static(Content.assemble(f"{self._question}\n\n", keys))

    def action_confirm(self) -> None:
        """Close with yes."""
        self.dismiss(True)
