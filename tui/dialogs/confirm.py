"""A question that is answered with Enter or Esc, before something that cannot be taken back."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from selfinstruct.tui.dialogs.base import Dialog


class ConfirmScreen(Dialog[bool]):
    """Gives True for Enter, False for Esc.

    Args:
        title: What is about to be done.
        question: The question, displayable.
        yes: What Enter does, in a word or two.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss(True)", "Yes"),
        Binding("escape", "dismiss(False)", "Not now", key_display="Esc"),
    ]

    def __init__(self, title: str, question: str, *, yes: str) -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._yes = yes

    def compose(self) -> ComposeResult:
        """The question and its two keys."""
        with Vertical(id="confirm-box") as box:
            box.border_title = self._title
            yield Static(f"{self._question}\n\nEnter  {self._yes}   Esc  not now", markup=False)
