"""Asking for consent to send an API key to a host, once per pair on this machine."""

from collections.abc import Mapping
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
    """Asks whether an API key may be sent to a host; the result is True if allowed.

    Enter does nothing: it may be left over from earlier typing.

    Args:
        use: The environment variable that holds the key, and the host.
    """

    # Not configurable: the [keys] of untrusted settings must not answer for the person.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Allow"),
        Binding("escape,n", "dismiss(False)", "Do not send it", key_display="Esc"),
        Binding("ctrl+c", "screen.copy_text", "Copy selection"),
    ]

    def __init__(self, use: KeyUse) -> None:
        super().__init__()
        self._use = use

    def compose(self) -> ComposeResult:
        """Lay out which key would go where, and the two keys that answer."""
        with Vertical(id="consent-box") as box:
            box.border_title = "Send this API key?"
            yield Static(
                f"The current settings would send the API key in {safe_line(self._use.variable)} to\n\n"
                f"    {safe_line(self._use.origin)}\n\n"
                "These settings may come from somebody else: from the author of this workspace, or from a"
                " selfinstruct.toml in this folder. Allow it only if the key belongs to that host. Your"
                " answer is remembered on this machine.\n",
                markup=False,
            )
            key = "bold $footer-key-foreground"
            yield Static(Content.assemble(("y", key), " allows it   ", ("Esc", key), " does not send it"))


async def may_send_keys(
    app: App[None], consent: KeyConsent, settings: Settings, *, typed: Mapping[str, str] | None = None
) -> bool:
    """Ask for consent to each API key that these settings would send without consent so far.

    Must be awaited in a worker.

    Args:
        app: The application in which to ask.
        consent: The consent given so far; records the answers.
        settings: The settings about to be used.
        typed: What the person has just typed, by the name of the setting. Typing both a variable and its
            address counts as consent.

    Returns:
        False if the person refused. The endpoint still refuses keys without consent, with its own message.
    """
    try:
        consent.give(named_together(settings, typed or {}))
        missing = consent.missing(settings)
    except EndpointUnusableError:
        return True
    for use in missing:
        if use.can_be_told:
            if not await app.push_screen_wait(KeyConsentScreen(use)):
                return False
            consent.give([use])
    return True
