"""Type-ahead: keys typed in one burst with the key that opens a dialog go to the dialog."""

from typing import ClassVar, TypeVar

from textual import events, on
from textual.widgets import TextArea

from selfinstruct.tui.dialogs.base import TakingScreen
from selfinstruct.tui.text.exact_text import ExactTextArea
from selfinstruct.tui.text.typed_text import is_format_character

Result = TypeVar("Result")


class TypingArea(ExactTextArea):
    """A text area that handles all its keys in order; a binding would run after keys queued behind it."""

    def on_key(self, event: events.Key) -> None:
        """Handle backspace directly rather than through its binding."""
        if event.key == "backspace":
            event.prevent_default()
            event.stop()
            self.action_delete_left()


class TypingScreen(TakingScreen[Result]):
    """A dialog with text areas, which buffers type-ahead until one of them has the focus."""

    NAMED_KEYS: ClassVar[frozenset[str]] = frozenset({"enter", "backspace"})
    """Non-character keys that the text areas handle themselves."""
    IN_ORDER: ClassVar[frozenset[str]] = frozenset()
    """Actions whose keys the text areas handle in key order."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead: list[events.Key] = []
        self._area: TextArea | None = None

    @on(TextArea.Changed)
    def expect_warning(self) -> None:
        """Require a new warning before newly typed text is discarded."""
        super().expect_warning()

    def takes(self, key: events.Key) -> bool:
        """Return whether a key is input for the text areas, rather than the key of an action."""
        return (
            key.is_printable
            or is_format_character(key)
            or key.key in self.NAMED_KEYS
            or self.in_order(key) is not None
        )

    def in_order(self, key: events.Key) -> str | None:
        """Return the name of the action in `IN_ORDER` that a key triggers; None if there is none."""
        action = None if key.is_printable else self.action_for(key)
        return action.name if action is not None and action.name in self.IN_ORDER else None

    def take_ahead(self, key: events.Key) -> None:
        """Handle a key typed before this screen was ready."""
        self._ahead.append(key)
        self._pass_on()

    def begin_typing(self, area: TextArea) -> None:
        """Focus a text area immediately, and send it the type-ahead."""
        self.set_focus(area)
        self._area = area
        self._pass_on()

    def _pass_on(self) -> None:
        if self._area is not None:
            for key in self._ahead:
                self._area.post_message(events.Key(key.key, key.character))
            self._ahead.clear()
