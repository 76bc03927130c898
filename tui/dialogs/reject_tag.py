"""Why a candidate is rejected, said with one key."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from selfinstruct.tui.dialogs.help_dialog import keys_line
from selfinstruct.tui.dialogs.type_ahead import TakingScreen

TAGS = {"w": "wrong", "u": "unsafe", "d": "duplicate", "c": "unclear", "o": "other"}


class TagScreen(TakingScreen[str | None]):
    """Gives the tag, or None when the person thinks better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Do not reject")]

    def compose(self) -> ComposeResult:
        """A line with the tags and their keys."""
        with Vertical(id="tags-box") as box:
            box.border_title = "Reject because it is"
            yield Static(keys_line({**TAGS, "Esc": "not at all"}))

    def takes(self, key: events.Key) -> bool:
        """A key that stands for a tag."""
        return key.key in TAGS

    def take_ahead(self, key: events.Key) -> None:
        """Take the tag of a key."""
        self.dismiss(TAGS[key.key])

    def on_key(self, event: events.Key) -> None:
        """Take the tag of the key."""
        if self.takes(event):
            event.stop()
            self.take_ahead(event)
