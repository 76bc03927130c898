"""The curator as an application: its screens, its palette, and how it ends."""

from collections.abc import Callable, Iterable

from textual import events
from textual.app import App, SystemCommand
from textual.screen import Screen

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import Event
from selfinstruct.tui.actions import ACTIONS
from selfinstruct.tui.curate_screen import CurateScreen, Happened
from selfinstruct.tui.edit import EditScreen


class CuratorApp(App[None]):
    """The curator over one engine, which it closes in the end.

    Args:
        engine: An engine whose events the curator may listen to.
        resend: Whether requests in doubt are sent again although they may cost.
    """

    TITLE = "selfinstruct"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it so
        (0, "-narrow"),
        (100, "-wide"),
    ]
    COMMAND_PALETTE_DISPLAY = "^p"

    def __init__(self, engine: Engine, *, resend: bool = False) -> None:
        super().__init__()
        self._engine = engine
        self._engine.listener = self._tell
        self.curate = CurateScreen(engine, resend=resend)

    def get_default_screen(self) -> Screen[None]:
        """Curating is home."""
        return self.curate

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every action, then Textual's own."""
        for action in ACTIONS:
            yield SystemCommand(f"{action.group}: {action.label}", action.help, self._runner(action.name))
        yield from super().get_system_commands(screen)

    def _runner(self, name: str) -> Callable[[], None]:
        def run() -> None:
            self.call_later(self.run_action, name, self.curate)

        return run

    def _tell(self, event: Event) -> None:
        self.curate.post_message(Happened(event))

    def on_key(self, event: events.Key) -> None:
        """Give the editor what was typed in one burst with the key that opened it.

        Such keys were on their way to the table; the editor's own keys never come here.
        """
        if isinstance(self.screen, EditScreen) and (
            event.is_printable or event.key in {"enter", "backspace"}
        ):
            event.stop()
            event.prevent_default()
            self.screen.take_ahead(event)

    async def action_quit(self) -> None:
        """Ctrl+Q means the same as q; a dialog with text in it is left first."""
        if self.screen is self.curate:
            self.curate.action_leave()

    async def on_unmount(self) -> None:
        """End the run."""
        await self.curate.stop()
        await self._engine.close()

    def _fatal_error(self) -> None:
        """Say that the program failed; Textual's own way would print variables, keys among them."""
        self._exit_renderables.append(
            f"selfinstruct-tui failed: {self._exception!r}. Everything decided is kept; please report this."
        )
        self._close_messages_no_wait()
