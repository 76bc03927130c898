"""Asking whether a key may go to a host, once for each pair on this machine."""

from collections.abc import Iterable
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from selfinstruct.core.endpoint.key_consent import KeyConsent, KeyUse, named_together
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.settings.model import Settings
from selfinstruct.tui.dialogs.base import Dialog
from selfinstruct.tui.text.safe_text import safe_line


class KeyConsentScreen(Dialog[bool]):
    """Gives True when the person allows it. Enter does nothing: it may come from what was typed before.

    Args:
        use: The variable and the host.
    """

    # Fixed: the [keys] of a stranger's settings must not answer for the person.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Allow"),
        Binding("escape,n", "dismiss(False)", "Do not send it", key_display="Esc"),
    ]

    def __init__(self, use: KeyUse) -> None:
        super().__init__()
        self._use = use

    def compose(self) -> ComposeResult:
        """Who wants which key, and the two keys that answer."""
        with Vertical(id="consent-box") as box:
            box.border_title = "May this key be sent?"
            yield Static(
                f"The settings in force would send the key in {safe_line(self._use.variable)} to\n\n"
                f"    {safe_line(self._use.origin)}\n\n"
                "They may come from whoever made this workspace, or a selfinstruct.toml in this folder. Allow"
                " it only if that host is the one the key is for. Your answer is kept on this machine.\n",
                markup=False,
            )
            key = "bold $footer-key-foreground"
            yield Static(Content.assemble(("y", key), " allows it   ", ("Esc", key), " does not send it"))


async def may_send_keys(
    app: App[None], consent: KeyConsent, settings: Settings, *, typed: Iterable[str] = ()
) -> bool:
    """Ask about each key that these settings would send and nobody has allowed; to be awaited in a worker.

    Args:
        app: Where to ask.
        consent: What the person has said so far; it takes note of the answers.
        settings: The settings that are about to be used.
        typed: The names of those that the person has just typed: a variable and its address both typed are
            a word of theirs.

    Returns whether nobody has said no; the endpoint still refuses what it must, with its sentence.
    """
    try:
        consent.give(named_together(settings, typed))
        missing = consent.missing(settings)
    except EndpointUnusableError:
        return True
    for use in missing:
        if use.can_be_told:
            if not await app.push_screen_wait(KeyConsentScreen(use)):
                return False
            consent.give([use])
    return True
