"""What all dialogs have."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

from selfinstruct.tui.background.error_handling import SurvivesErrors

Result = TypeVar("Result")


class Dialog(SurvivesErrors, ModalScreen[Result]):
    """A dialog that is closed once, however many keys of one burst would close it."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close it with a result."""
        return super().dismiss(result) if self.is_current else AwaitComplete()
