"""What is typed in one burst with the key that opens a dialog belongs to the dialog."""

from typing import ClassVar, TypeVar

from textual import events
from textual.widgets import TextArea

from selfinstruct.tui.dialogs.base import Dialog
from selfinstruct.tui.text.exact_text import ExactTextArea, is_format_character

Result = TypeVar("Result")


class TypingArea(ExactTextArea):
    """A text area that takes its keys in their order; a binding comes after what is queued behind it."""

    def on_key(self, event: events.Key) -> None:
        """Take what a text area has a binding for, so that it does not come to the application."""
        if event.key == "backspace":
            event.prevent_default()
            event.stop()
            self.action_delete_left()


class TakingScreen(Dialog[Result]):
    """A dialog to which keys belong that were typed before it could take them."""

    def takes(self, key: events.Key) -> bool:
        """Whether a key is for the dialog, and not one that does something in the program."""
        raise NotImplementedError

    def take_ahead(self, key: events.Key) -> None:
        """Take a key that was typed before this screen could have it."""
        raise NotImplementedError


class TypingScreen(TakingScreen[Result]):
    """A dialog for text, which loses nothing that was typed before it could take it."""

    NAMED_KEYS: ClassVar[frozenset[str]] = frozenset({"enter", "backspace"})
    """Keys besides those of characters that its text areas take themselves."""
    IN_ORDER: ClassVar[frozenset[str]] = frozenset()
    """Actions whose keys its text areas take in the order of all keys."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead: list[events.Key] = []
        self._area: TextArea | None = None

    def takes(self, key: events.Key) -> bool:
        """Whether a key is for the text, and not one that does something in the program."""
        return (
            key.is_printable
            or is_format_character(key)
            or key.key in self.NAMED_KEYS
            or self.in_order(key) is not None
        )

    def in_order(self, key: events.Key) -> str | None:
        """The action of a key that the text areas take in its order; None: it has none."""
        action = self.action_for(key)
        return action.name if action is not None and action.name in self.IN_ORDER else None

    def take_ahead(self, key: events.Key) -> None:
        """Take a key that was typed before this screen could have it."""
        self._ahead.append(key)
        self._pass_on()

    def begin_typing(self, area: TextArea) -> None:
        """Put the focus into a text area at once, and give it what was typed ahead."""
        self.set_focus(area)
        self._area = area
        self._pass_on()

    def _pass_on(self) -> None:
        if self._area is not None:
            for key in self._ahead:
                self._area.post_message(events.Key(key.key, key.character))
            self._ahead.clear()
