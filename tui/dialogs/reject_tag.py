"""Rejecting with a tag: one key for the reason."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from selfinstruct.tui.dialogs.base import TakingScreen
from selfinstruct.tui.keys.actions import TAGS
from selfinstruct.tui.keys.own_keys import bindings


class TagScreen(TakingScreen[str | None]):
    """Asks for the reason of a rejection; the result is the tag, or None if cancelled."""

    PLACE = "reject_tag"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("reject_tag")]

    def compose(self) -> ComposeResult:
        """Lay out the tags and their keys."""
        with Vertical(id="tags-box") as box:
            box.border_title = "Reject because it is"
            yield Static(self.keys_line({f"tag_{tag}": tag for tag in TAGS} | {"cancel": "cancels"}))

    def takes(self, key: events.Key) -> bool:
        """Return whether a key selects a tag."""
        action = self.action_for(key)
        return action is not None and action.name.startswith("tag_")

    def take_ahead(self, key: events.Key) -> None:
        """Close with the tag of a key."""
        if (action := self.action_for(key)) is not None:
            self.action_tag(action.name.removeprefix("tag_"))

    def action_tag(self, tag: str) -> None:
        """Close with a tag."""
        self.dismiss(tag)
