"""Why a candidate is rejected, said with one key."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

TAGS = {"w": "wrong", "u": "unsafe", "d": "duplicate", "c": "unclear", "o": "other"}


class TagScreen(ModalScreen[str | None]):
    """Gives the tag, or None when the person thinks better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Do not reject")]

    def compose(self) -> ComposeResult:
        """A line with the tags and their keys."""
        with Vertical(id="tags-box") as box:
            box.border_title = "Reject because it is"
            yield Static(
                "   ".join(f"{key} {tag}" for key, tag in TAGS.items()) + "   Esc: not at all", markup=False
            )

    def on_key(self, event: events.Key) -> None:
        """Take the tag of the key."""
        tag = TAGS.get(event.key)
        if tag is not None:
            event.stop()
            self.dismiss(tag)
