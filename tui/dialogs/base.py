"""What all dialogs have."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import events, on
from textual.await_complete import AwaitComplete
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

from selfinstruct.tui.keys.actions import Action
from selfinstruct.tui.keys.bindings import action_of, with_keys

if TYPE_CHECKING:
    from selfinstruct.tui.app import CuratorApp

from selfinstruct.tui.background.error_handling import SurvivesErrors

Result = TypeVar("Result")

DISCARDS = "What you have typed is not saved. Esc again discards it."


class Dialog(SurvivesErrors, ModalScreen[Result]):
    """A dialog that is closed once, however many keys of one burst would close it.

    A subclass takes the bindings of its place.
    """

    PLACE: ClassVar[str]
    """Its name in the registry of actions."""

    @property
    def chosen_keys(self) -> Mapping[str, str]:
        """The keys that the person has chosen for actions."""
        return cast("CuratorApp", self.app).session.settings.keys

    def with_keys(self, sentence: str) -> str:
        """A sentence of ours with the person's key where the name of an action is: "{cancel} closes it"."""
        return with_keys(sentence, self.chosen_keys)

    def action_for(self, key: events.Key) -> Action | None:
        """What a key does here."""
        return action_of(key, self.PLACE, self.chosen_keys)

    def keys_line(self, what: Mapping[str, str]) -> Content:
        """What each action does, by its name, after its key: for a dialog that has no footer."""
        parts = [
            ((self.with_keys(f"{{{name}}}"), "bold $footer-key-foreground"), f" {does}")
            for name, does in what.items()
        ]
        return Content("   ").join(Content.assemble(*part) for part in parts)

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

    def action_cancel(self) -> None:
        """Close it without a result."""
        self.dismiss(None)
