"""The base class of dialogs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import events, on
from textual.await_complete import AwaitComplete
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from selfinstruct.tui.background.error_handling import SurvivesErrors
from selfinstruct.tui.keys.actions import Action
from selfinstruct.tui.keys.key_names import with_keys
from selfinstruct.tui.keys.own_keys import action_of
from selfinstruct.tui.widgets.own_styles import OwnStyles

if TYPE_CHECKING:
    from selfinstruct.tui.app import CuratorApp

Result = TypeVar("Result")


class Dialog(SurvivesErrors, OwnStyles, ModalScreen[Result], inherit_bindings=False):
    """A modal dialog; closing it is idempotent, since several keys of one burst may ask for it.

    A subclass sets `PLACE` and takes its bindings from there, unless its keys must stay what they are.
    """

    PLACE: ClassVar[str | None] = None
    """Name of the dialog in the registry of actions; None if its keys are not configurable."""

    @property
    def chosen_keys(self) -> Mapping[str, str]:
        """The person's own key bindings, by action."""
        return cast("CuratorApp", self.app).session.settings.keys

    def with_keys(self, sentence: str) -> str:
        """Replace action names in braces by the person's keys, as in "{cancel} closes it"."""
        return with_keys(sentence, self.chosen_keys)

    def action_for(self, key: events.Key) -> Action | None:
        """Return the action of the registry that a key triggers in this dialog."""
        return None if self.PLACE is None else action_of(key, self.PLACE, self.chosen_keys)

    def keys_line(self, what: Mapping[str, str]) -> Content:
        """Render keys with what they do, for a dialog without a footer.

        Args:
            what: What each action does, by action name.
        """
        parts = [
            ((self.with_keys(f"{{{name}}}"), "bold $footer-key-foreground"), f" {does}")
            for name, does in what.items()
        ]
        return Content("   ").join(Content.assemble(*part) for part in parts)

    _warned = False
    """Whether the person has just been warned that unsaved text would be discarded."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close the dialog with a result, unless it is closed already."""
        return super().dismiss(result) if self.is_current else AwaitComplete()

    def may_discard(self, *, typed: bool) -> bool:
        """Return whether to close without saving: nothing is unsaved, or the person was just warned.

        Otherwise the dialog shows a warning that the next attempt discards the text.

        Args:
            typed: Whether there is unsaved text.
        """
        ask = typed and not self._warned
        self._warned = ask
        return not ask

    @property
    def discard_warning(self) -> str:
        """The sentence that warns before typed text is discarded."""
        return self.with_keys("What you have typed is not saved. {cancel} again discards it.")

    @on(Input.Changed)
    def expect_warning(self) -> None:
        """Require a new warning before newly typed text is discarded."""
        self._warned = False

    def action_cancel(self) -> None:
        """Close the dialog without a result."""
        self.dismiss(None)


class TakingScreen(Dialog[Result]):
    """A dialog that receives keys typed before it was ready for them."""

    def takes(self, key: events.Key) -> bool:
        """Return whether a key is input for the dialog, rather than the key of an action."""
        raise NotImplementedError

    def take_ahead(self, key: events.Key) -> None:
        """Handle a key typed before this screen was ready."""
        raise NotImplementedError
