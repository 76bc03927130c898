"""One setting on the screen: its name, its value to edit, its help, and what is wrong with it."""

import os
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from selfinstruct.tui.screens.settings.form import KEYS, Field
from selfinstruct.tui.text.exact_text import ExactInput, ExactTextArea
from selfinstruct.tui.text.safe_text import safe_line
from selfinstruct.tui.text.themes import MUTED

_SHORT = 30
_KEYS_LINES = 4
_NAME_WIDTH = 21
"""The value follows after one more; app.tcss has its place."""


class Choice(Static, can_focus=True):
    """One of a few values: Space, Left, Right or a click goes to another one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,enter", "turn(1)", "Next value", show=False),
        Binding("left", "turn(-1)", "Value before", show=False),
    ]

    class Changed(Message):
        """Another value was chosen."""

    def __init__(self, choices: tuple[str, ...], value: str) -> None:
        super().__init__(markup=False)
        self._choices = choices
        self._value = value

    @property
    def value(self) -> str:
        """The chosen value."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self._draw()
            self.post_message(self.Changed())

    def on_mount(self) -> None:
        """Show the value."""
        self._draw()

    def _draw(self) -> None:
        self.update(Content(f"◂ {safe_line(self._value)} ▸"))

    def on_click(self, event: events.Click) -> None:
        """On its first sign the value before, else the next one."""
        self.action_turn(-1 if event.x < 2 else 1)

    def action_turn(self, by: int) -> None:
        """Go some values on."""
        place = self._choices.index(self._value) if self._value in self._choices else -1
        self.value = self._choices[(place + by) % len(self._choices)]


class SettingRow(Widget):
    """One setting: it draws its name, its help and a note around the widget that is edited.

    Args:
        field: Which one.
        text: Its value.
        marked: Whether it shows what differs from the default and what is not applied yet.
    """

    class Changed(Message):
        """A person has changed the value."""

        def __init__(self, row: "SettingRow") -> None:
            super().__init__()
            self.row = row

    def __init__(self, field: Field, text: str, *, marked: bool = True) -> None:
        super().__init__()
        self.field = field
        self._marked = marked
        self._given = text
        """The value that it is compared with: what is in force."""
        self.noted = ""
        """What is said under the value."""
        self._wrong = False
        self._drawn = Content("")
        self._edited: Widget | None = None
        self._is_at = False

    def compose(self) -> ComposeResult:
        """The widget that is edited; all else is drawn by the row itself, for there are many rows."""
        yield self.editor

    def _make_editor(self) -> Widget:
        field, text = self.field, self._given
        if field.fixed:
            return Static(Content(safe_line(text, None) or "built-in"), classes="setting-value")
        if field.choices:
            editor: Widget = Choice(field.choices, text)
        elif field.name == KEYS:
            editor = ExactTextArea(text, compact=True, soft_wrap=False, tab_behavior="focus")
        else:
            placeholder = safe_line(field.default)
            # A stray key must not replace a long list.
            editor = ExactInput(text, placeholder=placeholder, compact=True, select_on_focus=False)
        editor.add_class("setting-value")
        return editor

    def on_resize(self) -> None:
        """Make as many lines as the width wants."""
        self._show()

    def render(self) -> Content:
        """What stands around the editor."""
        return self._drawn

    @property
    def editor(self) -> Widget:
        """The widget that is edited."""
        if self._edited is None:
            self._edited = self._make_editor()
        return self._edited

    @property
    def text(self) -> str:
        """The value as a person left it."""
        editor = self.editor
        if isinstance(editor, TextArea):
            return editor.text
        return editor.value if isinstance(editor, Input | Choice) else self._given

    @text.setter
    def text(self, text: str) -> None:
        editor = self.editor
        if isinstance(editor, TextArea):
            editor.text = text
        elif isinstance(editor, Input | Choice):
            editor.value = text

    @property
    def is_changed(self) -> bool:
        """Whether the value is not the one in force."""
        return self.text != self._given

    def go_in(self) -> None:
        """Edit it, from the end of what it holds."""
        self.screen.set_focus(self.editor)
        if isinstance(self.editor, Input):
            self.editor.cursor_position = len(self.editor.value)

    def give(self, text: str) -> None:
        """Another value is in force now; it is shown unless a person has changed it here."""
        changed = self.is_changed
        self._given = text
        if not changed:
            self.text = text
        self._show()

    @property
    def is_at(self) -> bool:
        """Whether the cursor of the list is on it."""
        return self._is_at

    @is_at.setter
    def is_at(self, is_at: bool) -> None:
        if is_at != self._is_at:
            self._is_at = is_at
            self._show()

    def revert(self) -> None:
        """Show the value in force again."""
        self.text = self._given

    def suggest(self, values: tuple[str, ...]) -> None:
        """Complete what is typed to one of these."""
        editor = self.editor
        if isinstance(editor, Input):
            fit = [value for value in values if value == safe_line(value)]
            editor.suggester = SuggestFromList(fit, case_sensitive=False)

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Choice.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        self._show()
        self.post_message(self.Changed(self))

    def note(self, sentence: str, *, wrong: bool = False) -> None:
        """Say something under the value, or nothing."""
        noted = (f"✗ {safe_line(sentence)}" if wrong else safe_line(sentence), wrong)
        if noted != (self.noted, self._wrong):
            self.noted, self._wrong = noted
            self._show()

    def _show(self) -> None:
        """Mark what differs from the default, and what is not applied yet."""
        if not self.size.width:
            return
        field, text = self.field, self.text
        usual = not self._marked or text in {field.default, ""}
        sign = "▸" if self.is_changed and self._marked else " " if usual else "*"
        help_text = f"{field.help} {field.fixed}".strip()
        if not usual and not field.fixed and 0 < len(field.default) <= _SHORT:
            help_text += f" Default: {safe_line(field.default)}."
        room = max(_SHORT, self.size.width - 2)
        at = "$block-cursor-foreground on $block-cursor-background" if self._is_at else ""
        name = Content(f"{sign} {field.label}".ljust(_NAME_WIDTH)).stylize("" if usual else "bold")
        lines = [name.stylize(at)]
        lines += [Content("")] * (_KEYS_LINES - 1 if field.name == KEYS else 0)
        lines += [line.stylize(MUTED).pad_left(2) for line in Content(help_text).wrap(room)]
        if self.noted:
            style = "$text-error" if self._wrong else ""
            lines += [line.stylize(style).pad_left(2) for line in Content(self.noted).wrap(room)]
        self._drawn = Content("\n").join(lines)
        self.styles.height = len(lines)
        self.refresh()


def key_note(variable: str) -> str:
    """Whether a variable of the environment holds a key: never which one."""
    if not variable:
        return ""
    if os.environ.get(variable, "").strip():
        return f"✓ {variable} is set. Its value goes to this endpoint only, and is never stored."
    return f"! {variable} is not set. Set it before you start this program."
