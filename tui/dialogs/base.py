"""What all dialogs have."""

from typing import TypeVar

from textual import on
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

Result = TypeVar("Result")

DISCARDS = "What you have typed is not saved. Esc again discards it."


class Dialog(ModalScreen[Result]):
    """A dialog that is closed once, however many keys of one burst would close it."""

    _warned = False
    """Whether the person knows that what is typed is about to be discarded."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close it with a result."""
        return super().dismiss(result) if self.is_current else AwaitComplete()

    def may_discard(self, *, typed: bool) -> bool:
        """Whether to close without saving: nothing is typed, or this is the second time in a row.

        Where it is not, the dialog says that the next time discards what is typed.
        """
        ask = typed and not self._warned
        self._warned = ask
        return not ask

    @on(TextArea.Changed)
    @on(Input.Changed)
    def expect_warning(self) -> None:
        """Ask again before what is typed since is discarded."""
        self._warned = False
