"""The curator application: screens, command palette, themes, error reporting and shutdown."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import events
from textual.actions import ActionParseResult
from textual.app import App, ScreenStackError, SuspendNotSupported, SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
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
from selfinstruct.tui.background.job_control import stop_job
from selfinstruct.tui.background.workers import start_worker
from selfinstruct.tui.dialogs.base import TakingScreen
from selfinstruct.tui.keys.actions import ACTION_OF, Action, actions_in
from selfinstruct.tui.keys.key_names import as_written
from selfinstruct.tui.keys.own_keys import action_of, bindings, check_keys
from selfinstruct.tui.keys.screens import SCREEN_OF, SCREENS, ScreenName
from selfinstruct.tui.screens.base import WorkScreen
from selfinstruct.tui.screens.tasks.curate import CurateScreen
from selfinstruct.tui.session import Session
from selfinstruct.tui.text.clipboard import give_to_program, terminal_sequence
from selfinstruct.tui.text.failure import failure, unexpected
from selfinstruct.tui.text.safe_text import many, safe_line
from selfinstruct.tui.text.terminal_guard import TerminalGuard
from selfinstruct.tui.text.themes import CYCLE, DARK, OWN_THEMES, check_theme
from selfinstruct.tui.text.typed_text import pasted_text
from selfinstruct.tui.widgets.own_styles import stylesheets_in

_FOLDER = Path(__file__).parent
_REFRESH_S = 0.25
"""Minimum seconds between two refreshes; events come in bursts."""
_WAIT_REPORTED_S = 1.0
"""Seconds of waiting for another program's lock before the wait is reported."""
_POLL_S = 0.5
"""Polling interval in seconds for changes by other programs."""

Result = TypeVar("Result")

_GUARD = TerminalGuard()


class Happened(Message):
    """An event of the engine, whose effect is already stored in the workspace."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class CuratorApp(SurvivesErrors, App[None], inherit_bindings=False):
    """The curator application over one engine, which it closes at the end.

    Args:
        engine: The engine; the curator becomes its event listener.
        resend: Whether to resend requests in doubt even if that may cost.
        first_run: Whether to start with the choice of a model.

    Raises:
        SettingsError: The settings have an invalid key or theme.
    """

    TITLE = "selfinstruct"
    # What all screens share, and what the first one would otherwise add by having everything read again.
    CSS_PATH = [*stylesheets_in(_FOLDER, _FOLDER / "widgets"), *CurateScreen.own_styles()]  # noqa: RUF012 - Textual declares it so
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as above
        (0, "-narrow"),
        (100, "-wide"),
    ]
    # Hidden, since the screens show them; these also work while a text field has the focus.
    BINDINGS: ClassVar[list[BindingType]] = [replace(one, show=False) for one in bindings("app")]
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
        """Whether the choice of a model is due and not open yet."""
        self._drafts: deque[Callable[[], object]] = deque()
        """Open dialogs again, with texts that could not be stored; oldest first."""
        self._stays = False
        """Whether the person is editing in another program, whose text is still to come."""
        for theme in OWN_THEMES:
            self.register_theme(theme)
        self.look_as_set()

    # Screens

    async def go_to(self, name: ScreenName) -> WorkScreen:
        """Show a screen; each is created at its first use, and keeps its state afterwards."""
        before = self.at_hand
        await self.switch_mode(name)
        if self.at_hand is not before:
            before.forget()
        return self.at_hand

    def _make(self, name: ScreenName) -> WorkScreen:
        if name == "curate":
            return self.curate
        # Imported at first use, so that the first screen appears without delay.
        module, _, made = SCREEN_OF[name].made_by.partition(":")
        screen: WorkScreen = getattr(import_module(f"selfinstruct.tui.screens.{module}"), made)(self.session)
        return screen

    async def open_task(self, task_id: int) -> None:
        """Show a task in the pool."""
        pool = await self.go_to("pool")
        await pool.open_task(task_id)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield the commands of the palette: every action of the current screen, then Textual's own."""
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

    # Events

    def on_mount(self) -> None:
        """Start background work."""
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        # The shell has written over the screen while the program was suspended.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.engine.workspace.changed_by_others()
        self.set_interval(_POLL_S, self._poll)
        self.call_after_refresh(self._start_generation)
        if self._first_run:
            self.call_after_refresh(self._choose_model)

    def _start_generation(self) -> None:
        """Start generation, after asking for consent to API keys that need it."""
        if self.session.read_only or not key_uses(self.session.settings):
            self.session.start()
            return

        from selfinstruct.tui.dialogs.key_consent import may_send_keys  # noqa: PLC0415 - only for models with a key

        async def ask_and_start() -> None:
            await may_send_keys(self, self.engine.consent, self.session.settings)
            self.session.start()

        start_worker(self, ask_and_start)

    async def _choose_model(self) -> None:
        from selfinstruct.tui.screens.settings.choose_model import FirstRunScreen  # noqa: PLC0415 - needed at a first start only

        await self.push_screen(FirstRunScreen(self.session.settings, self.engine.consent), self._model_chosen)
        self._first_run = False

    def _model_chosen(self, texts: dict[str, str] | None) -> None:
        if texts is not None:
            start_worker(self, partial(self._take_model, texts))

    async def _take_model(self, texts: dict[str, str]) -> None:
        from selfinstruct.tui.dialogs.key_consent import may_send_keys  # noqa: PLC0415 - as above
        from selfinstruct.tui.screens.settings.choose_model import FirstRunScreen  # noqa: PLC0415 - as above
        from selfinstruct.tui.screens.settings.form import changed_in, values_of  # noqa: PLC0415 - as above

        base = self.session.settings
        settings = Settings.model_validate(values_of(texts, base))
        await may_send_keys(self, self.engine.consent, settings, typed=changed_in(texts, base))
        try:
            await self.session.apply(settings)
        except DamagedError:
            raise
        except (SettingsError, WorkspaceError) as error:
            again = FirstRunScreen(base, self.engine.consent, draft=texts, refusal=str(error))
            self.reopen(again, self._model_chosen)
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
        """Forward an event to the current screen and to Curate, and schedule a refresh."""
        for screen in {self.curate, self.at_hand}:
            if screen.is_up:
                screen.happened(message.event)
        if not self._refresh_due and not self._exit:
            self._refresh_due = True
            start_worker(self, self._refresh)

    async def _refresh(self) -> None:
        """Refresh once per burst of events, when the keyboard is idle."""
        await asyncio.sleep(_REFRESH_S)
        await self.session.courtesy.wait()
        self._refresh_due = False
        if self.at_hand.is_up:
            self.at_hand.refresh_all()

    def _poll(self) -> None:
        self.session.tidy()
        self.session.read_again()
        self._tell_of_waiting()
        if self.engine.workspace.changed_by_others():
            if self.engine.follow_cost_limit() and self.session.attended.at_cost_limit:
                self.session.attended.resume()
            if self.at_hand.is_up:
                self.at_hand.refresh_all()

    def _tell_of_waiting(self) -> None:
        """Report a wait for another program and how many decisions it holds up; then clear the message."""
        if self.engine.workspace.lock_wait.waited_s >= _WAIT_REPORTED_S and not self.session.leaving:
            self._waiting_told = "Waiting for another program that is using the workspace."
            if put_off := len(self.session.put_off):
                self._waiting_told += f" Not stored yet: {many(put_off, 'decision')}."
            self.at_hand.say(self._waiting_told)
        elif self._waiting_told:
            if self.at_hand.said[0] == self._waiting_told:
                self.at_hand.say("")
            self._waiting_told = ""

    @property
    def at_hand(self) -> WorkScreen:
        """The current full screen, even if a dialog is in front of it."""
        try:
            open_screens = self.screen_stack
        except ScreenStackError:
            return self.curate
        return next((one for one in reversed(open_screens) if isinstance(one, WorkScreen)), self.curate)

    @property
    def _is_dialog_open(self) -> bool:
        try:
            return not isinstance(self.screen, WorkScreen)
        except ScreenStackError:
            return False

    def _generation_ended(self, error: BaseException | None) -> None:
        if isinstance(error, WorkspaceError):
            self.at_hand.say(str(error), error=True)
        elif error is not None:
            self.at_hand.say(
                f"Generation stopped because of an internal error, {failure(error)};"
                + self.at_hand.with_keys(" {next_batch} restarts it."),
                error=True,
            )
        else:
            self.leave_when_done()

    def leave_when_done(self) -> None:
        """Exit if the person has asked to, nothing is left to be stored, and no dialog or editor is open."""
        session = self.session
        is_typing = self._stays or self._drafts or self._is_dialog_open or session.must_warn
        if session.leaving and not (session.attended.under_way or session.put_off or is_typing):
            self.exit()

    @contextmanager
    def staying(self) -> Iterator[None]:
        """Within, do not exit: a text is still to come, from another program."""
        self._stays = True
        try:
            yield
        finally:
            self._stays = False
            self.leave_when_done()

    def reopen(self, editor: Screen[Result], done: Callable[[Result | None], None] | None = None) -> None:
        """Open a dialog with a text that could not be stored, as soon as no other dialog is open.

        Args:
            editor: The dialog.
            done: Called with its result.
        """
        self._drafts.append(partial(self.push_screen, editor, done))
        self._go_on()

    def _go_on(self) -> None:
        """Without a dialog, open the next one that is due; without any, leave if that is due."""
        if self._drafts and not self._is_dialog_open:
            self._drafts.popleft()()
        self.leave_when_done()

    # Themes

    def look_as_set(self) -> None:
        """Apply the theme and keys of the settings."""
        settings = self.session.settings
        self.set_keymap(dict(settings.keys))
        # The footer looks the palette up by its key.
        keys = self._keymap.get("palette", ACTION_OF["palette"].keys)
        self.COMMAND_PALETTE_BINDING = keys.split(",")[0]  # type: ignore[misc]
        self.theme = settings.theme or DARK

    def get_key_display(self, binding: Binding) -> str:
        """Return the name of a key for the footer, the same as in sentences."""
        return binding.key_display or as_written(binding.key)

    def next_theme(self) -> None:
        """Switch to the next of this program's own themes."""
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
        """Make generation yield to input, and normalize pastes to storable text.

        Input before the choice of a model is open is ignored: it must not act on the screen behind it.
        """
        if self._first_run and isinstance(event, events.InputEvent | events.Paste):
            return
        if isinstance(event, events.Key | events.MouseEvent):
            self.session.courtesy.touched()
            self._settle_labels(event)
        elif isinstance(event, events.Paste):
            event.text = pasted_text(event.text)
        await super().on_event(event)

    def _settle_labels(self, event: events.Key | events.MouseEvent) -> None:
        """Settle a label on any click or key press except the key that changes labels."""
        if isinstance(event, events.MouseMove) or not self.session.attended.is_settling:
            return
        known = None
        if isinstance(event, events.Key):
            known = action_of(event, self.at_hand.NAME, self.session.settings.keys)
        if known is None or known.name != "relabel":
            self.session.attended.settle()

    # Output to the terminal

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters applied to every line, whichever widget drew it."""
        return [*super().get_line_filters(), _GUARD]

    def copy_to_clipboard(self, text: str) -> None:
        """Copy the selection of an editor exactly as stored."""
        start_worker(self, partial(self.copy, text, "it"), group="copy", exclusive=True)

    async def copy(self, text: str, what: str) -> str:
        """Copy a text exactly as stored; returns a sentence on where it went."""
        self._clipboard = text
        where = await give_to_program(text)
        if where is not None:
            return f"Copied {what}{where}."
        if self._driver is not None:
            self._driver.write(terminal_sequence(text))
        return f"Sent {what} to the terminal's clipboard; not every terminal accepts it."

    # Actions and errors

    def on_key(self, event: events.Key) -> None:
        """Forward type-ahead to the dialog that the preceding key opened.

        Such keys were addressed to the table; keys pressed while the dialog is open never arrive here.
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
        """Run an action, and report a workspace error instead of ending the program.

        During a bulk step, `back` stops the step, and actions that have to wait for it are refused.
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
        """Close the top screen; does nothing on the last one, which further keys of a burst may reach."""
        if len(self.screen_stack) <= 1:
            return AwaitComplete()
        popped = super().pop_screen()
        # After what the screen or the application does with the dialog's result.
        self.at_hand.call_later(self.call_later, self._go_on)
        return popped

    def action_leave(self) -> None:
        """Quit; does nothing in a dialog, which may hold unsaved text."""
        if isinstance(self.screen, WorkScreen):
            self.screen.action_leave()

    def action_suspend_process(self) -> None:
        """Give the terminal back to the shell, with the whole job that this program belongs to."""
        try:
            with self.suspend():
                was_stopped = stop_job()
        except SuspendNotSupported:
            was_stopped = False
        if not was_stopped:
            self.at_hand.say("There is no shell to go back to: none has started this program as a job.")

    async def on_unmount(self) -> None:
        """Stop the session."""
        await self.session.stop()

    def tell(self, error: WorkspaceError) -> None:
        """Show a workspace error on the message line; what it interrupted can be retried.

        Raises:
            DamagedError: The workspace is damaged, so nothing more must be written.
        """
        if isinstance(error, DamagedError):
            raise error
        self.at_hand.say(str(error), error=True)

    def _handle_exception(self, error: Exception) -> None:
        """Report a workspace error, wherever it was raised; any other error ends the program."""
        cause = error.error if isinstance(error, WorkerFailed) else error
        if isinstance(cause, WorkspaceError) and not isinstance(cause, DamagedError):
            self.tell(cause)
        else:
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Say why the program ends; Textual's own traceback would print variables, API keys included."""
        error: BaseException | None = self._exception
        if isinstance(error, WorkerFailed):
            error = error.error
        if error is not None and not isinstance(error, WorkspaceError):
            error = unexpected(error, self.engine.workspace.path)
        # As Text: a plain string would be parsed as markup, and the error may quote a model.
        self._exit_renderables.append(Text(f"Error: {safe_line(str(error))}"))
        self._close_messages_no_wait()
