"""The Settings screen: settings are edited in place, validated as you type, and applied together."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.table import Table
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Static, TextArea
from textual.worker import Worker

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.sources import headers_warning
from selfinstruct.tui.background.workers import start_worker
from selfinstruct.tui.dialogs.key_consent import may_send_keys
from selfinstruct.tui.keys.actions import ACTIONS
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.keys.screens import ScreenName
from selfinstruct.tui.screens.base import WorkScreen
from selfinstruct.tui.screens.settings.choose_model import FirstRunScreen
from selfinstruct.tui.screens.settings.form import (
    FIELDS,
    GROUPS,
    PRICES,
    SCREEN_ONLY,
    faults_of,
    field_of,
    text_of,
    texts_of,
    values_of,
)
from selfinstruct.tui.screens.settings.probe_result import outcome_of
from selfinstruct.tui.screens.settings.rows import SettingRow, key_note
from selfinstruct.tui.text.safe_text import many

_OF_CONNECTION = ("model", "base_url", "api_key_env", "api", "timeout_s", "thinking_tokens", *PRICES)
_KEYS = ("api_key_env", "embeddings_key_env")
_COLUMNS = 2
_LINES_OF_A_SETTING = 3
"""Approximate height of a row with its help, for paging."""
_NAMES = "Names of the actions, with their default keys"
_HINT = "* not the default   ▸ not applied yet"


class _List(VerticalScroll, can_focus=True, inherit_bindings=False):
    """The list of settings; the actions of the screen move its cursor."""


class SettingsScreen(WorkScreen):
    """All settings, in groups; changes take effect when applied."""

    NAME: ClassVar[ScreenName] = "settings"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("settings")]
    WHILE_TYPING = WorkScreen.WHILE_TYPING | {"apply_settings", "test_connection", "down", "up"}

    _given: Settings
    """The settings in force when the fields were last updated."""
    rows: dict[str, SettingRow]
    """The rows by field name."""
    _testing: Worker[None] | None = None
    _applying = False
    _percent = 0
    """The last progress shown of a reassessment, in percent."""

    def compose_body(self) -> ComposeResult:
        """Yield the buttons, then the settings by group."""
        with Horizontal(id="settings-bar"):
            yield Static(_HINT, id="settings-hint", markup=False)
            if not self.session.read_only:
                yield Button("Apply", id="apply", compact=True)
                yield Button("Revert", id="revert", compact=True)
                yield Button("Test", id="test", compact=True)
                yield Button("Choose a model", id="choose", compact=True)
        self._given = self.session.settings
        self.rows = {}
        with _List(id="settings-list", classes="pane"):
            with Container(id="settings-columns"):
                for groups in (GROUPS[:3], GROUPS[3:5]):
                    with Vertical(classes="settings-column"):
                        yield from self._compose_groups(groups)
            yield from self._compose_groups(GROUPS[5:])
            yield Static(_NAMES, classes="settings-group", markup=False)
            yield Static(id="settings-actions", markup=False)

    def _compose_groups(self, groups: Iterable[tuple[str, tuple[str, ...]]]) -> ComposeResult:
        for group, names in groups:
            yield Static(group, classes="settings-group", markup=False)
            for name in names:
                row = SettingRow(field_of(name, self._given), text_of(self._given, name))
                self.rows[name] = row
                yield row

    def on_mount(self) -> None:
        """Focus the list, where every key works."""
        if self.session.read_only:
            for row in self.rows.values():
                row.editor.disabled = True
        self.query_one("#settings-actions", Static).update(_actions())
        self.set_focus(self._list)
        for row in self._editable[:1]:
            row.is_at = True
        self._check()

    def refresh_view(self) -> None:
        """Show the settings in force, except in fields with changes."""
        if self.session.settings is self._given:
            return
        self._given = self.session.settings
        for name, text in texts_of(self._given).items():
            self.rows[name].give(text)
        self._check()

    # The fields

    @property
    def _texts(self) -> dict[str, str]:
        return {name: row.text for name, row in self.rows.items()}

    @property
    def changed(self) -> dict[str, str]:
        """The changed texts that are not applied, by field name."""
        return {name: row.text for name, row in self.rows.items() if row.is_changed}

    @on(SettingRow.Changed)
    def _row_changed(self, event: SettingRow.Changed) -> None:
        if event.row.field.name == "model":
            # Prices are stored per model.
            for name in PRICES:
                self.rows[name].give(text_of(self._given, name, model=event.row.text.strip()))
        self._check()

    def _check(self) -> dict[str, str]:
        """Validate the fields, show errors below them, and return the errors by field name."""
        texts, rows = self._texts, self.rows
        faults = faults_of(texts, self._given)
        for name, row in rows.items():
            if name in faults:
                row.note(faults[name], wrong=True)
            else:
                row.note(key_note(row.text.strip()) if name in _KEYS else "")
        changed = self.session.unapplied = len(self.changed)
        self.session.warned = False
        applies = self.with_keys("{apply_settings} applies.")
        hint = f"{changed} not applied: {applies}" if changed else _HINT
        self.query_one("#settings-hint", Static).update(hint)
        return faults

    def _settings(self, *names: str) -> Settings | None:
        """Return the settings in these fields, by default all; None, with a message, if one is invalid."""
        faults = self._check()
        wrong = [name for name in faults if not names or name in names]
        if wrong:
            row = self.rows[wrong[0]]
            self.set_focus(row.editor)
            self.say(f"{row.field.label}: {faults[wrong[0]]}", error=True)
            return None
        texts = {name: text for name, text in self._texts.items() if not names or name in names}
        return Settings.model_validate(values_of(texts, self._given))

    # Applying

    @on(Button.Pressed, "#apply")
    async def _press_apply(self) -> None:
        await self.run_action("apply_settings")

    async def action_apply_settings(self) -> None:
        """Apply all changes."""
        changed = self.changed
        if self._applying:
            self.say("The previous changes are still being applied.")
        elif not changed and not self.session.reassessment_is_due:
            self.say("Nothing has changed.")
        elif (settings := self._settings()) is not None:
            self._applying = True
            start_worker(self, partial(self._apply, settings, changed))

    async def _apply(self, settings: Settings, changed: dict[str, str]) -> None:
        try:
            if changed.keys() <= SCREEN_ONLY:
                self.session.remember(theme=settings.theme, keys=settings.keys)
            else:
                if not await may_send_keys(self.app, self.engine.consent, settings, typed=changed):
                    self.say("Not applied: the key was not sent.")
                    return
                under_way = self.session.attended.under_way
                if under_way:
                    self.say(f"Waiting for {many(under_way, 'answer')} in flight, to be stored first.")
                await self.session.apply(settings)
        except SettingsError as error:
            self.curator.at_hand.say(str(error), error=True)
            return
        finally:
            self._applying = False
        self.curator.look_as_set()
        self.refresh_view()
        self.curator.at_hand.refresh_all()
        applied = f"Applied: {', '.join(FIELDS[name].label for name in changed)}." if changed else "Done."
        if changed.keys() & {"prompts", "answers", "api"} and self.engine.prompts_warning:
            applied += f" {self.engine.prompts_warning}"
        if "base_url" in changed and (warning := headers_warning(self.engine.settings, Path.cwd())):
            applied += f" {warning}"
        self.curator.at_hand.say(applied)
        changes_filters = any(name.startswith(("filters.", "embeddings")) for name in changed)
        if changes_filters or self.session.reassessment_is_due:
            turned = await self.session.reassess(self._show_assessment)
            verdicts = "1 verdict has" if turned == 1 else f"{turned:,} verdicts have"
            self.curator.at_hand.say(f"{applied} {verdicts} changed among the undecided candidates.")

    def _show_assessment(self, done: float) -> None:
        percent = int(100 * done)
        if percent != self._percent:
            self._percent = percent
            self.say(f"Reassessing the undecided candidates: {percent}% done.")

    def revert(self) -> None:
        """Restore the settings in force in all fields."""
        for row in self.rows.values():
            row.revert()
        self._check()

    @on(Button.Pressed, "#revert")
    def _revert(self) -> None:
        self.revert()
        self.say("All changes are discarded.")

    # The endpoint

    @on(Button.Pressed, "#test")
    def action_test_connection(self) -> None:
        """Test the endpoint with the settings in the fields."""
        settings = self._settings(*_OF_CONNECTION)
        if settings is not None:
            self.stop_testing()
            typed = {name: text for name, text in self.changed.items() if name in _OF_CONNECTION}
            self.say(
                f"Sending a test request to {settings.model} at {settings.address}."
                + self.with_keys(" {back} stops it.")
            )
            self._testing = start_worker(self, partial(self._test, settings.without_embeddings, typed))

    async def _test(self, settings: Settings, typed: dict[str, str]) -> None:
        if not await may_send_keys(self.app, self.engine.consent, settings, typed=typed):
            self._testing = None
            self.say("Not tested: the key was not sent.")
            return
        outcome = await outcome_of(settings, self.engine.consent)
        self._testing = None
        self.rows["model"].suggest(outcome.models)
        self.say(outcome.sentence, error=not outcome.worked)

    def stop_testing(self) -> bool:
        """Cancel a running test, and return whether there was one."""
        testing, self._testing = self._testing, None
        if testing is not None:
            testing.cancel()
        return testing is not None

    @on(Button.Pressed, "#choose")
    async def action_choose_model(self) -> None:
        """Open the choice of a model, as at the first start."""

        def chosen(texts: dict[str, str] | None) -> None:
            if texts is not None:
                for name, text in texts.items():
                    self.rows[name].text = text
                self._check()
                self.say(self.with_keys("Your choice is filled in. {apply_settings} applies it."))

        self.app.push_screen(FirstRunScreen(self._given, self.engine.consent), chosen)

    # Navigation

    def action_leave(self) -> None:
        """Quit, after a warning about changes that are not applied."""
        if self.session.must_warn:
            self._warn("{apply_settings} applies; {leave} again quits.")
        else:
            super().action_leave()

    def _warn(self, what: str) -> None:
        self.session.warned = True
        self.say(f"{self.session.unapplied} not applied. {self.with_keys(what)}", error=True)

    async def action_back(self) -> None:
        """Stop a test, leave the field, discard changes, go home: one layer at a time."""
        fields = self._list
        if self.stop_testing():
            self.say("Stopped. The endpoint may have answered anyway.")
        elif self.focused is not fields:
            self.set_focus(fields)
        elif self.session.must_warn:
            self._warn("{apply_settings} applies; {back} again discards.")
        elif self.changed:
            self._revert()
        else:
            await super().action_back()

    @property
    def _editable(self) -> list[SettingRow]:
        return [row for row in self.rows.values() if row.editor.focusable]

    @on(events.DescendantFocus)
    def _follow_focus(self) -> None:
        """Move the cursor to the field that takes the focus."""
        if (row := self._row_with_focus()) is not None:
            self._put_cursor(row)

    def _row_with_focus(self) -> SettingRow | None:
        return next((row for row in self._editable if row.editor.has_focus), None)

    def _put_cursor(self, row: SettingRow) -> None:
        for other in self.rows.values():
            other.is_at = other is row

    @property
    def _list(self) -> _List:
        return self.query_one("#settings-list", _List)

    @property
    def is_typing(self) -> bool:
        """Whether a text field has the focus, of one line or of several."""
        return super().is_typing or isinstance(self.focused, TextArea)

    def _step(self, by: int) -> None:
        """Go to another setting: into its editor if an editor has the focus, else with the list's cursor."""
        rows = self._editable
        if not rows:
            self._list.scroll_relative(y=by, animate=False)
            return
        place = next((place for place, row in enumerate(rows) if row.is_at), 0) + by
        row = rows[max(0, min(len(rows) - 1, place))]
        if self.is_typing:
            row.go_in()
        else:
            self.set_focus(self._list)
            self._put_cursor(row)
            self._list.scroll_to_widget(row, animate=False)

    def action_edit_setting(self) -> None:
        """Edit the selected setting."""
        next(row for row in self._editable if row.is_at).go_in()

    @on(Input.Submitted)
    def action_down(self) -> None:
        """Go to the next setting."""
        self._step(1)

    def action_up(self) -> None:
        """Go to the previous setting."""
        self._step(-1)

    def _page(self, by: int) -> None:
        self._step(by * max(1, self._list.size.height // _LINES_OF_A_SETTING))

    def action_page_down(self) -> None:
        """Go down by a page."""
        self._page(1)

    def action_page_up(self) -> None:
        """Go up by a page."""
        self._page(-1)

    def action_first(self) -> None:
        """Go to the first setting."""
        self._step(-len(self.rows))
        self._list.scroll_home(animate=False)

    def action_last(self) -> None:
        """Go to the last setting, and scroll to the end of the page."""
        self._step(len(self.rows))
        self._list.scroll_end(animate=False)


def _actions() -> Table:
    """Return a table of action names, which keys can be bound to, with their default keys."""
    table = Table.grid(padding=(0, 3, 0, 0), expand=True)
    names = sorted((action.name, action.keys) for action in ACTIONS)
    for _ in range(_COLUMNS):
        table.add_column(ratio=1)
    rows = -(-len(names) // _COLUMNS)
    for place in range(rows):
        table.add_row(*(f"{name}  {keys}" for name, keys in names[place::rows]))
    return table
