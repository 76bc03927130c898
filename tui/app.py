"""The curator as an application: its screens, its palette, its colours, and how it ends."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

from rich.text import Text
from textual import events
from textual.actions import ActionParseResult
from textual.app import App, ScreenStackError, SystemCommand
from textual.await_complete import AwaitComplete
from textual.dom import DOMNode
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import WorkerFailed

from selfinstruct.core.endpoint.key_consent import key_uses
from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import SettingsError
from selfinstruct.core.events import Event
from selfinstruct.core.settings.model import Settings
from selfinstruct.db.errors import DamagedError, WorkspaceError
from selfinstruct.tui.background.error_handling import SurvivesErrors
from selfinstruct.tui.dialogs.key_consent import may_send_keys
from selfinstruct.tui.dialogs.type_ahead import TakingScreen
from selfinstruct.tui.keys.actions import ACTION_OF, Action, actions_in
from selfinstruct.tui.keys.bindings import action_of, check_keys
from selfinstruct.tui.keys.screens import SCREEN_OF, SCREENS, ScreenName
from selfinstruct.tui.screens.base import WorkScreen
from selfinstruct.tui.screens.tasks.curate import CurateScreen
from selfinstruct.tui.session import Session
from selfinstruct.tui.text.clipboard import give_to_program, terminal_sequence
from selfinstruct.tui.text.exact_text import pasted_text
from selfinstruct.tui.text.failure import failure, unexpected
from selfinstruct.tui.text.safe_text import many, safe_line
from selfinstruct.tui.text.terminal_guard import TerminalGuard
from selfinstruct.tui.text.themes import CYCLE, DARK, OWN_THEMES, check_theme

_REFRESH_S = 0.25
"""Events come in bursts; what they changed is shown this often at most."""
_WAIT_TOLD_S = 1.0
"""When another program keeps the workspace for so long, that is told."""
_LOOK_S = 0.5
"""How often the workspace is looked at for what other programs have done."""


_NET = TerminalGuard()


class Happened(Message):
    """The engine has told of something; it is in the workspace already."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class CuratorApp(SurvivesErrors, App[None]):
    """The curator over one engine, which it closes in the end.

    Args:
        engine: An engine whose events the curator may listen to.
        resend: Whether requests in doubt are sent again although they may cost.
        first_run: Whether to begin with the choice of a model.

    Raises:
        SettingsError: the settings name a key or a theme that cannot be.
    """

    TITLE = "selfinstruct"
    # One beside each screen, dialog and widget. All are read at the start, which takes as long as one would.
    CSS_PATH = [*sorted(Path(__file__).parent.rglob("*.tcss"))]  # noqa: RUF012 - Textual declares it so
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it so
        (0, "-narrow"),
        (100, "-wide"),
    ]
    COMMAND_PALETTE_DISPLAY = "^p"
    DEFAULT_MODE = "curate"

    def __init__(self, engine: Engine, *, resend: bool = False, first_run: bool = False) -> None:
        super().__init__()
        check_keys(engine.settings.keys)
        check_theme(engine.settings.theme)
        self.session = Session(engine, resend=resend, ended=self._generation_ended)
        engine.listener = self._tell
        self.curate = CurateScreen(self.session)
        for entry in SCREENS:
            self.add_mode(entry.name, partial(self._make, entry.name))
        self._refresh_due = False
        self._waiting_told = ""
        self._first_run = first_run
        for theme in OWN_THEMES:
            self.register_theme(theme)
        self.look_as_set()

    # Screens

    async def go_to(self, name: ScreenName) -> WorkScreen:
        """Show a screen; each is made when it is first wanted, and stays as it was left."""
        before = self.at_hand
        await self.switch_mode(name)
        if self.at_hand is not before:
            before.forget()
        return self.at_hand

    def _make(self, name: ScreenName) -> WorkScreen:
        if name == "curate":
            return self.curate
        # Imported when first wanted: the home screen is to be up at once.
        module, _, made = SCREEN_OF[name].made_by.partition(":")
        screen: WorkScreen = getattr(import_module(f"selfinstruct.tui.screens.{module}"), made)(self.session)
        return screen

    async def open_task(self, task_id: int) -> None:
        """Show a task among all there are."""
        pool = await self.go_to("pool")
        await pool.open_task(task_id)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every action of the screen at hand, then Textual's own."""
        if isinstance(screen, WorkScreen):
            for action in actions_in(screen.NAME):
                if screen.allows(action):
                    run = self._runner(action, screen)
                    yield SystemCommand(f"{action.group}: {action.label}", action.help, run)
        for command in super().get_system_commands(screen):
            if command.title not in {"Keys", "Quit", "Maximize", "Minimize", "Theme"}:
                yield command

    def _runner(self, action: Action, screen: WorkScreen) -> Callable[[], None]:
        def run() -> None:
            self.call_later(self.run_action, action.run, screen)

        return run

    # What happens

    def on_mount(self) -> None:
        """Begin to work in the background."""
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        # Who stopped the program has written over its screen.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.engine.workspace.changed_by_others()
        self.set_interval(_LOOK_S, self._look)
        self.call_after_refresh(self._start_generation)
        if self._first_run:
            self.call_after_refresh(self._choose_model)

    def _start_generation(self) -> None:
        """Begin, once a person has answered for the keys that nobody has allowed yet."""
        if self.session.read_only or not key_uses(self.session.settings):
            self.session.start()
            return

        async def ask_and_start() -> None:
            await may_send_keys(self, self.engine.consent, self.session.settings)
            self.session.start()

        self.run_worker(ask_and_start())

    def action_help_quit(self) -> None:
        """Say how to quit; Ctrl+C is what people press elsewhere."""
        self.at_hand.say(self.at_hand.with_keys("{leave} quits, and keeps everything."))

    def _choose_model(self) -> None:
        from selfinstruct.tui.screens.settings.choose_model import FirstRunScreen  # noqa: PLC0415 - most starts are not the first

        self.push_screen(FirstRunScreen(self.session.settings, self.engine.consent), self._model_chosen)

    def _model_chosen(self, texts: dict[str, str] | None) -> None:
        if texts is not None:
            self.run_worker(self._take_model(texts))

    async def _take_model(self, texts: dict[str, str]) -> None:
        from selfinstruct.tui.screens.settings.form import changed_in, values_of  # noqa: PLC0415 - as above

        base = self.session.settings
        settings = Settings.model_validate(values_of(texts, base))
        await may_send_keys(self, self.engine.consent, settings, typed=changed_in(texts, base))
        try:
            await self.session.apply(settings)
        except SettingsError as error:
            self.at_hand.say(str(error), error=True)
        else:
            self.curate.greet()
        self.at_hand.refresh_all()

    @property
    def engine(self) -> Engine:
        """The engine of the session."""
        return self.session.engine

    def _tell(self, event: Event) -> None:
        self.post_message(Happened(event))

    def on_happened(self, message: Happened) -> None:
        """Pass an event on to the screen at hand, and home; show soon what it changed."""
        for screen in {self.curate, self.at_hand}:
            if screen.is_up:
                screen.happened(message.event)
        if not self._refresh_due and not self._exit:
            self._refresh_due = True
            self.run_worker(self._refresh())

    async def _refresh(self) -> None:
        """Show what the events have changed, once and not under a person's keys."""
        await asyncio.sleep(_REFRESH_S)
        await self.session.courtesy.wait()
        self._refresh_due = False
        if self.at_hand.is_up:
            self.at_hand.refresh_all()

    def _look(self) -> None:
        self.session.tidy()
        self.session.read_again()
        self._tell_of_waiting()
        if self.engine.workspace.changed_by_others():
            if self.engine.follow_cost_limit() and self.session.attended.at_cost_limit:
                self.session.attended.resume()
            if self.at_hand.is_up:
                self.at_hand.refresh_all()

    def _tell_of_waiting(self) -> None:
        """Say that another program is waited for while that is so, and by how many decisions."""
        if self.engine.workspace.lock_wait.waited_s >= _WAIT_TOLD_S and not self.session.leaving:
            self._waiting_told = "Waiting for another program that is at work on the workspace."
            if put_off := len(self.session.put_off):
                self._waiting_told += f" Not stored yet: {many(put_off, 'decision')}."
            self.at_hand.say(self._waiting_told)
        elif self._waiting_told:
            if self.at_hand.said[0] == self._waiting_told:
                self.at_hand.say("")
            self._waiting_told = ""

    @property
    def at_hand(self) -> WorkScreen:
        """The full screen that a person sees, also behind a dialog."""
        try:
            open_screens = self.screen_stack
        except ScreenStackError:
            return self.curate
        return next((one for one in reversed(open_screens) if isinstance(one, WorkScreen)), self.curate)

    def _generation_ended(self, error: BaseException | None) -> None:
        if isinstance(error, WorkspaceError):
            self.at_hand.say(str(error), error=True)
        elif error is not None:
            self.at_hand.say(
                f"Generation stopped by an error of this program, {failure(error)};"
                + self.at_hand.with_keys(" {next_batch} starts it again."),
                error=True,
            )
        else:
            self.leave_when_done()

    def leave_when_done(self) -> None:
        """End the program if the person has asked for it, and nothing is to be stored any more."""
        if self.session.leaving and not self.session.attended.under_way and not self.session.put_off:
            self.exit()

    # Colours

    def look_as_set(self) -> None:
        """Take colours and keys from the settings."""
        settings = self.session.settings
        self.set_keymap(dict(settings.keys))
        self.theme = settings.theme or DARK

    def next_theme(self) -> None:
        """The next of the themes that are made for this program."""
        place = CYCLE.index(self.theme) if self.theme in CYCLE else -1
        self.theme = CYCLE[(place + 1) % len(CYCLE)]
        self.at_hand.say(f"Theme: {self.theme}.")

    def _remember_theme(self, theme: Theme) -> None:
        if theme.name != self.session.settings.theme:
            try:
                self.session.remember(theme=theme.name)
            except WorkspaceError as error:
                self.tell(error)
            if self.at_hand.is_up:
                self.at_hand.refresh_view()

    async def on_event(self, event: events.Event) -> None:
        """Let generation step back while keys come in, and take pastes as they are stored."""
        if isinstance(event, events.Key | events.MouseEvent):
            self.session.courtesy.touched()
            self._let_labels_settle(event)
        elif isinstance(event, events.Paste):
            event.text = pasted_text(event.text)
        await super().on_event(event)

    def _let_labels_settle(self, event: events.Key | events.MouseEvent) -> None:
        """A label counts when a person goes on: with a click, or any key but the one that changes it."""
        if isinstance(event, events.MouseMove) or not self.session.attended.is_settling:
            return
        known = None
        if isinstance(event, events.Key):
            known = action_of(event, self.at_hand.NAME, self.session.settings.keys)
        if known is None or known.name != "relabel":
            self.session.attended.settle()

    # What comes to the terminal

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through, whichever widget drew it."""
        return [*super().get_line_filters(), _NET]

    def copy_to_clipboard(self, text: str) -> None:
        """Copy what is selected in an editor, exactly."""
        self.run_worker(self.copy(text, "it"), group="copy", exclusive=True)

    async def copy(self, text: str, what: str) -> str:
        """Copy a text exactly as it is stored; returns a sentence on what was done with it."""
        self._clipboard = text
        where = await give_to_program(text)
        if where is not None:
            return f"Copied {what}{where}."
        if self._driver is not None:
            self._driver.write(terminal_sequence(text))
        return f"Sent {what} to the clipboard of the terminal; not every terminal takes it."

    # The end

    def on_key(self, event: events.Key) -> None:
        """Give a dialog what was typed in one burst with the key that opened it.

        Such keys were on their way to the table; the dialog's own keys never come here.
        """
        if isinstance(self.screen, TakingScreen) and self.screen.takes(event):
            event.stop()
            event.prevent_default()
            self.screen.take_ahead(event)

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Carry an action out; a workspace that cannot be written is told, and ends nothing.

        While a step on many tasks is carried out, going back stops it, and other decisions and settings wait.
        """
        if (step := self.session.long_step) is not None:
            known = ACTION_OF.get(action if isinstance(action, str) else action[1])
            if known is not None and known.name == "back":
                step.stop()
                return True
            if known is not None and known.waits:
                step.refuse(known.label)
                return True
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except WorkspaceError as error:
            self._handle_exception(error)
            return True

    def pop_screen(self) -> AwaitComplete:
        """Close what is on top; a second key of the same burst finds nothing left to close."""
        return super().pop_screen() if len(self.screen_stack) > 1 else AwaitComplete()

    async def action_quit(self) -> None:
        """Ctrl+Q means the same as q; a dialog with text in it is left first."""
        if isinstance(self.screen, WorkScreen):
            self.screen.action_leave()

    async def on_unmount(self) -> None:
        """End the run."""
        await self.session.stop()

    def tell(self, error: WorkspaceError) -> None:
        """Say an error of the workspace on the message line; what it cut short can be tried again.

        Raises:
            DamagedError: it is damage, beside which nothing more is to be written.
        """
        if isinstance(error, DamagedError):
            raise error
        self.at_hand.say(str(error), error=True)

    def _handle_exception(self, error: Exception) -> None:
        """Tell an error of the workspace, whatever it comes from; what is no such error ends the program."""
        cause = error.error if isinstance(error, WorkerFailed) else error
        if isinstance(cause, WorkspaceError) and not isinstance(cause, DamagedError):
            self.tell(cause)
        else:
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Say why the program ends; Textual's own way would print variables, keys among them."""
        error: BaseException | None = self._exception
        if isinstance(error, WorkerFailed):
            error = error.error
        if error is not None and not isinstance(error, WorkspaceError):
            error = unexpected(error, self.engine.workspace.path)
        # As text: a plain string would be read as markup, and what failed may carry a model's words.
        self._exit_renderables.append(Text(f"Error: {safe_line(str(error))}"))
        self._close_messages_no_wait()
