"""The base class of the full screens: tabs, status line, message line, footer, and the shared actions."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import urlsplit

from textual import events
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.events import (
    EndpointWarned,
    Event,
    GenerationPaused,
    LimitReached,
    PoolRead,
    RequestDelayed,
    RequestFailed,
    RequestsGivenUp,
)
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.sources import SETTINGS_FILE, read_file
from selfinstruct.tui.background.error_handling import SurvivesErrors
from selfinstruct.tui.background.workers import start_worker
from selfinstruct.tui.dialogs.base import TakingScreen
from selfinstruct.tui.keys.actions import ACTION_OF, ACTIONS, Action, called
from selfinstruct.tui.keys.key_names import key_of, keys_shown, with_keys
from selfinstruct.tui.keys.screens import SCREENS, ScreenName
from selfinstruct.tui.session import Session
from selfinstruct.tui.text.safe_text import cost_text, many, safe_line, sentence_line
from selfinstruct.tui.text.themes import MUTED
from selfinstruct.tui.widgets.key_footer import KeyFooter
from selfinstruct.tui.widgets.own_styles import OwnStyles

if TYPE_CHECKING:
    from selfinstruct.core.requests.reservations import Room
    from selfinstruct.tui.app import CuratorApp


LOOK_S = 0.25
"""Seconds between two looks at requests in flight, since not every change of theirs raises an event."""
_PLACE = 40
_NOTE_S, _ERROR_S = 20.0, 120.0
"""Seconds after which a note or an error disappears, unless another message replaces it."""
_MORE_REQUESTS = " Raise or clear it in the settings ({settings}) to continue."


class Tabs(Static):
    """The tab bar: the screens by number; a click opens one."""

    def __init__(self, current: ScreenName) -> None:
        super().__init__(id="tabs", markup=False)
        self._current = current
        self._texts: list[str] = []

    def show(self, chosen: Mapping[str, str]) -> None:
        """Show each screen with its key.

        Args:
            chosen: The user's key bindings by action.
        """
        texts = [f" {keys_shown(ACTION_OF[one.name], chosen).split()[0]} {one.label} " for one in SCREENS]
        if texts == self._texts:
            return
        self._texts = texts
        styles = ["reverse" if one.name == self._current else MUTED for one in SCREENS]
        self.update(Content.assemble(*zip(texts, styles, strict=True)))

    async def on_click(self, event: events.Click) -> None:
        """Open the screen whose tab was clicked."""
        end = 1  # the padding
        for entry, text in zip(SCREENS, self._texts, strict=True):
            start, end = end, end + len(text)
            if start <= event.x < end:
                # The action would be refused while a text field has the focus.
                await cast("CuratorApp", self.app).go_to(entry.name)
                return


class WorkScreen(SurvivesErrors, OwnStyles, Screen[None], inherit_bindings=False):
    """A full screen of the curator.

    A subclass sets `NAME` and the bindings for it, composes its body, and refreshes its content. Widgets that
    can be zoomed have the CSS class `pane`.

    Args:
        session: The user's session, shared by all screens.
    """

    NAME: ClassVar[ScreenName]
    WHILE_TYPING: ClassVar[frozenset[str]] = frozenset({"back"})
    """The actions that remain available while a text field has the focus."""

    def __init__(self, session: Session) -> None:
        # As most terminals are, so that the first resize need not style and paint everything again.
        super().__init__(classes="-wide")
        self.session = session
        self.engine = session.engine
        self._status = ""
        self.said = ("", False)
        """The text of the message line, and whether it is an error."""
        self._while_paused = False
        """Whether the message applies only while generation is paused."""
        self._forgetting: Timer | None = None

    @property
    def curator(self) -> "CuratorApp":
        """The application."""
        return cast("CuratorApp", self.app)

    # To be implemented by subclasses

    def compose_body(self) -> ComposeResult:
        """Yield the widgets between the status line and the message line."""
        raise NotImplementedError

    @property
    def is_settled(self) -> bool:
        """Whether the screen shows the result of the last request, with no search or redraw pending."""
        return True

    async def open_task(self, task_id: int) -> None:
        """Show a task, on this screen if it lists the task, else in the pool."""
        await self.curator.open_task(task_id)

    def refresh_view(self) -> None:
        """Show the current state; called when the screen is shown and when the workspace has changed.

        Called up to four times a second, so slow work belongs in a worker.
        """
        raise NotImplementedError

    # Shared by all screens

    @property
    def is_up(self) -> bool:
        """Whether all widgets are mounted, which is false during startup and shutdown."""
        own = self.children
        return self.app.is_running and self.is_attached and bool(own) and all(one.is_mounted for one in own)

    def compose(self) -> ComposeResult:
        """Yield tabs, status line, body, message line and footer."""
        yield Tabs(self.NAME)
        yield Static(id="status", markup=False)
        yield from self.compose_body()
        text, error = self.said
        yield Static(text, id="message", markup=False, classes="-error" if error else None)
        yield KeyFooter(show_command_palette=True)

    def on_screen_resume(self) -> None:
        """Show the current state."""
        self.refresh_all()

    def refresh_all(self) -> None:
        """Show the current state, including tabs and status line."""
        self.query_one(Tabs).show(self.session.settings.keys)
        is_paused = self.session.attended.paused is not None
        if not is_paused if self._while_paused else is_paused and not self.said[0]:
            self.say("")
        self.refresh_view()
        self.refresh_status()

    def on_resize(self) -> None:
        """Fit the status line to the new width."""
        self.call_after_refresh(self.refresh_status)

    def happened(self, event: Event) -> None:
        """Handle an event of the engine; `refresh_all` follows soon."""
        if isinstance(event, PoolRead):
            self.refresh_all()  # at once: the user is waiting for it
        elif isinstance(event, GenerationPaused | LimitReached):
            self.say(self._why_paused(event.sentence), error=True, while_paused=True)
        elif isinstance(event, RequestDelayed):
            # An error that is final must stay visible.
            if not self.said[1]:
                until = datetime.now() + timedelta(seconds=event.wait_s)
                which = f"attempt {event.attempt} of {event.attempts} at {until:%H:%M:%S}"
                self.say(f"Request {event.request_id} is waiting, {which}: {event.sentence}")
        elif isinstance(event, EndpointWarned):
            self.say(event.sentence)
        elif isinstance(event, RequestFailed):
            failed = f"Request {event.request_id} ({event.stage}) failed: {event.sentence}"
            self.say(f"{failed}{self._hint('{} resends it.')}", error=True)
        elif isinstance(event, RequestsGivenUp):
            why = "planned for another endpoint, or without a price."
            hint = self._hint("{} sends them to the current endpoint.") if event.can_be_retried else ""
            self.say(f"{many(event.requests, 'request')} given up: {why}{hint}", error=True)

    def _why_paused(self, reason: str) -> str:
        """Return the reason of a pause, with what ends it."""
        attended = self.session.attended
        if attended.is_paused_by_person:
            return self.session.held_up
        if attended.at_request_limit:
            return reason + self.with_keys(_MORE_REQUESTS)
        ends = "asks for a higher one." if attended.at_cost_limit else "tries again."
        return reason + (self._hint(f"{{}} {ends}") or self.with_keys(f" {{pause}} {ends}"))

    def _hint(self, sentence: str) -> str:
        """Return a sentence with the key of `try_again` on this screen; empty if it has none."""
        key = key_of("try_again", self.NAME, self.session.settings.keys)
        return "" if key is None else f" {sentence.format(key)}"

    def with_keys(self, sentence: str) -> str:
        """Return a sentence with action names in braces replaced by keys, as in "{undo} undoes"."""
        return with_keys(sentence, self.session.settings.keys)

    def copy(self, text: str, what: str) -> None:
        """Copy a text to the clipboard and report it in the message line.

        Args:
            text: The text as stored.
            what: A noun phrase for the message, such as "the instruction of 12".
        """

        async def copied() -> None:
            self.say(await self.curator.copy(text, what))

        start_worker(self, copied, group="copy", exclusive=True)

    def say(self, text: str, *, error: bool = False, while_paused: bool = False, lasts: bool = False) -> None:
        """Show a message in the message line, or store it until the line is mounted.

        It disappears after a while, and when the user opens another screen. With nothing else to say, the
        line has the reason of a pause.

        Args:
            text: The message; empty clears the line.
            error: Whether it is an error.
            while_paused: Whether it stays as long as generation is paused.
            lasts: Whether it stays until the next message.
        """
        attended = self.session.attended
        if not text and attended.paused is not None:
            text, while_paused = self._why_paused(attended.paused), True
            error = not attended.is_paused_by_person
        self.said, self._while_paused = (sentence_line(text), error), while_paused
        if self._forgetting is not None:
            self._forgetting.stop()
            self._forgetting = None
        if not self.is_up:
            return
        if text and not (while_paused or lasts):
            self._forgetting = self.set_timer(_ERROR_S if error else _NOTE_S, self.forget)
        line = self.query_one("#message", Static)
        line.set_class(error, "-error")
        line.update(self.said[0])

    def forget(self) -> None:
        """Clear the message line, unless its message still applies."""
        if self.said[0] and not self._while_paused:
            self.say("")

    def refresh_status(self) -> None:
        """Show workspace, model, batch, pool, cost and current activity in the status line."""
        settings, assessor = self.session.settings, self.engine.assessor
        spending = self.engine.workspace.spending()
        if assessor.is_ready:
            assessor.catch_up()
        seeds, grown = assessor.pool_size
        model = "offline (a grammar)" if settings.is_offline else place_of(settings)
        max_cost = self.engine.cost_limit()
        limit = f", limit ${max_cost:,.10g}" if max_cost else ""
        shown = self.session.attended.shown
        new = self.engine.workspace.tasks.passing_after(shown)
        parts = [
            safe_line(self.engine.workspace.path.name, 30),
            model,
            f"batch {shown}" if shown else "",
            f"pool {seeds} + {grown:,}" if assessor.is_ready else f"reading the pool: {seeds + grown:,}",
            f"{cost_text(spending)}{limit}",
            f"+{new} new" if new else "",
            f"{self.session.attended.failed} failed" if self.session.attended.failed else "",
            self.session.activity,
        ]
        shown_parts = [part for part in parts if part]
        # On a narrow terminal, the constant parts give way to those that change.
        while len("   ".join(shown_parts)) > self.size.width - 2 and len(shown_parts) > 3:
            del shown_parts[0]
        status = self.query_one("#status", Static)
        line = "   ".join(shown_parts)
        if line != self._status:
            self._status = line
            status.update(line, layout=False)

    # Available actions

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The active bindings in the order of the registry, which custom keys would otherwise change."""
        found = super().active_bindings
        if not self.session.settings.keys:
            return found
        places = {action.name: place for place, action in enumerate(ACTIONS)}
        return dict(sorted(found.items(), key=lambda item: places.get(item[1].binding.id or "", len(places))))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide actions that are unavailable: while a text field has the focus, or in read-only mode."""
        if isinstance(self.app.screen, TakingScreen):
            return None  # disabled: keys typed ahead belong to the dialog
        known = called(action, parameters)
        return known is None or self.NAME not in known.where or self.allows(known)

    def allows(self, action: Action) -> bool:
        """Return whether an action of this screen is available."""
        if action.writes and self.session.read_only:
            return False
        return not self.is_typing or action.name in self.WHILE_TYPING

    @property
    def is_typing(self) -> bool:
        """Whether a text field has the focus."""
        return isinstance(self.focused, Input)

    # Actions of all screens

    async def action_back(self) -> None:
        """Leave the zoom, or else go to the home screen; subclasses add inner layers."""
        if self.is_zoomed:
            self.action_zoom()
        elif self.NAME != "curate":
            await self.action_go_to("curate")

    def action_zoom(self) -> None:
        """Maximize the focused pane, or restore the layout."""
        panes = list(self.query(".pane"))
        within = set(self.focused.ancestors_with_self) if self.focused else set()
        zoomed = next((pane for pane in panes if pane in within), None)
        if self.is_zoomed or zoomed is None:
            zoomed = None
        for pane in panes:
            pane.display = zoomed is None or pane is zoomed

    @property
    def is_zoomed(self) -> bool:
        """Whether a pane is maximized."""
        return any(not pane.display for pane in self.query(".pane"))

    def pane_shown(self, pane: Widget) -> None:
        """Make sure that a pane is visible, leaving the zoom of another one."""
        if not pane.display:
            self.action_zoom()

    def action_theme(self) -> None:
        """Switch to the next theme."""
        self.curator.next_theme()

    async def action_go_to(self, screen: ScreenName) -> None:
        """Go to another screen."""
        await self.curator.go_to(screen)

    def action_try_again(self) -> None:
        """Resend what has failed since the start; at the cost limit, ask for a higher one."""
        if self.session.attended.at_cost_limit:
            self.ask_for_room(self.session.attended.room)
            return
        self.session.start()
        sent = len(self.session.attended.retry_failed().taken_on)
        self.say(f"Resending {many(sent, 'request')}." if sent else "There is nothing to resend.")
        self.refresh_status()

    def action_pause(self) -> None:
        """Pause or resume generation; at the cost limit, ask for a higher one."""
        attended = self.session.attended
        if attended.at_cost_limit:
            self.ask_for_room(attended.room)
        elif attended.paused is not None:
            self.session.start()
            attended.resume()
            self.say("Generation continues.")
        else:
            attended.pause()
            under_way = attended.under_way
            stored = f"; {many(under_way, 'answer')} in flight will be stored" if under_way else ""
            self.say(f"Generation is paused{stored}.{self.with_keys(' {pause} resumes.')}", while_paused=True)
        self.refresh_all()

    async def action_choose_model(self) -> None:
        """Open the choice of a model over the settings, which show the result."""
        settings = await self.curator.go_to("settings")
        await settings.action_choose_model()

    def action_export(self) -> None:
        """Open the export dialog."""

        def written(sentence: str | None) -> None:
            if sentence is not None:
                self.say(sentence)

        from selfinstruct.tui.dialogs.export import ExportScreen  # noqa: PLC0415 - not for the first screen

        self.app.push_screen(ExportScreen(self.engine), written)

    def ask_for_room(self, room: "Room | None") -> None:
        """Ask for a higher cost limit, and resume generation with it.

        Args:
            room: Limits that would make room for more requests; None if their cost is unknown.
        """
        limit = self.engine.cost_limit()
        if limit is None:
            return

        def raise_to(usd: float | None) -> None:
            if usd is None:
                if self.session.attended.at_cost_limit:  # another program may have raised it meanwhile
                    stays = f"The cost limit stays at ${limit:g}; no requests are sent."
                    self.say(stays, while_paused=True)
                return
            self.session.raise_cost_limit(usd)
            self.say(f"The cost limit is now ${usd:g}{_file_overrides(usd)}.")
            self.refresh_status()

        from selfinstruct.tui.dialogs.cost_limit import CostLimitScreen  # noqa: PLC0415 - not for the first screen

        self.app.push_screen(CostLimitScreen(limit, room), raise_to)

    def action_copy_text(self) -> None:
        """Copy the selected text; without any, say how to quit, as Ctrl+C does in most other programs."""
        if self.get_selected_text() is None:
            self.say(self.with_keys("{leave} quits; everything is kept."))
        else:
            super().action_copy_text()

    def action_keys(self) -> None:
        """Show the keys of this screen."""
        from selfinstruct.tui.dialogs.help_dialog import KeysScreen  # noqa: PLC0415 - not for the first screen

        self.app.push_screen(KeysScreen(self.NAME, read_only=self.session.read_only))

    def action_leave(self) -> None:
        """Quit once the answers in flight are stored; a second call quits at once.

        Settings that are changed and not applied are warned about first.
        """
        if (step := self.session.long_step) is not None:
            step.stop()  # reports that it stopped; the next key press quits
            return
        if self.session.must_warn:
            self.session.warned = True
            what = f"Not applied: {many(self.session.unapplied, 'changed setting')}."
            self.say(what + self.with_keys(" {settings} shows them; {leave} again quits."), error=True)
            return
        under_way, put_off = self.session.attended.under_way, len(self.session.put_off)
        if self.session.leaving or not (under_way or put_off):
            self.app.exit()
            return
        self.session.leaving = True
        self.session.attended.stop()
        answers = f"{many(under_way, 'answer')} in flight" if under_way else ""
        decisions = f"{many(put_off, 'decision')} held up by another program" if put_off else ""
        in_doubt = "leaves the answers in doubt" if under_way else ""
        discarded = "discards the decisions" if put_off else ""
        then = self.with_keys(" {leave} again quits at once, which ")
        then += " and ".join(filter(None, (in_doubt, discarded)))
        self.say(f"Quitting after {' and '.join(filter(None, (answers, decisions)))}.{then}.")


def _file_overrides(max_cost_usd: float) -> str:
    """Return a clause saying that selfinstruct.toml resets a new cost limit; empty if it does not."""
    try:
        in_file = read_file(Path.cwd() / SETTINGS_FILE).get("max_cost", max_cost_usd)
    except (OSError, SettingsError):
        return ""  # the next start reports what is wrong with the file
    if in_file == max_cost_usd:
        return ""
    return f"; {SETTINGS_FILE} says ${in_file:g}, which applies again at the next start: change it there"


def place_of(settings: Settings) -> str:
    """Return the model and its host, as safe text for one line."""
    return safe_line(f"{settings.model} at {urlsplit(settings.address).netloc}", _PLACE)
