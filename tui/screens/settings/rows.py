"""The row of one setting: name, editor, help text, and errors."""

import os

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from selfinstruct.tui.screens.settings.form import KEYS, Field
from selfinstruct.tui.text.exact_text import ExactTextArea
from selfinstruct.tui.text.safe_text import safe_line, sentence_line
from selfinstruct.tui.text.themes import MUTED
from selfinstruct.tui.widgets.choice import Choice
from selfinstruct.tui.widgets.text_line import TextLine

_SHORT = 30
_KEYS_LINES = 4
_NAME_WIDTH = 21
"""Cells for the mark and the name; the editor follows one cell later, placed by settings.tcss."""


class SettingRow(Widget):
    """One setting: an editor widget, with name, help and a note drawn around it.

    Args:
        field: The field of the form.
        text: The value in force.
        marked: Whether to mark values that differ from the default or are not applied yet.
    """

    class Changed(Message):
        """The value was changed."""

        def __init__(self, row: "SettingRow") -> None:
            super().__init__()
            self.row = row

    def __init__(self, field: Field, text: str, *, marked: bool = True) -> None:
        super().__init__()
        self.field = field
        self._marked = marked
        self._given = text
        """The value in force, against which changes are detected."""
        self.noted = ""
        """The note below the value."""
        self._wrong = False
        self._drawn = Content("")
        self._edited: Widget | None = None
        self._is_at = False

    def compose(self) -> ComposeResult:
        """Yield the editor; the row draws the rest itself, since widgets are expensive and rows many."""
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
            editor = TextLine(text, placeholder=placeholder, compact=True, select_on_focus=False)
        editor.add_class("setting-value")
        return editor

    def on_resize(self) -> None:
        """Rewrap the texts to the new width."""
        self._show()

    def render(self) -> Content:
        """Return the text around the editor."""
        return self._drawn

    @property
    def editor(self) -> Widget:
        """The editor widget."""
        if self._edited is None:
            self._edited = self._make_editor()
        return self._edited

    @property
    def text(self) -> str:
        """The text in the editor."""
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
        """Whether the text differs from the value in force."""
        return self.text != self._given

    def go_in(self) -> None:
        """Focus the editor, with the cursor at the end."""
        self.screen.set_focus(self.editor)
        if isinstance(self.editor, Input):
            self.editor.cursor_position = len(self.editor.value)

    def give(self, text: str) -> None:
        """Set the value in force, which replaces the text unless the user has changed it."""
        changed = self.is_changed
        self._given = text
        if not changed:
            self.text = text
        self._show()

    @property
    def is_at(self) -> bool:
        """Whether the cursor of the list is on this row."""
        return self._is_at

    @is_at.setter
    def is_at(self, is_at: bool) -> None:
        if is_at != self._is_at:
            self._is_at = is_at
            self._show()

    def revert(self) -> None:
        """Restore the value in force."""
        self.text = self._given

    def suggest(self, values: tuple[str, ...]) -> None:
        """Offer these values as completions."""
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
        """Show a note below the value; empty removes it."""
        noted = (f"✗ {sentence_line(sentence)}" if wrong else sentence_line(sentence), wrong)
        if noted != (self.noted, self._wrong):
            self.noted, self._wrong = noted
            self._show()

    def _show(self) -> None:
        """Redraw, with marks for values that differ from the default or are not applied yet."""
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
    """Return whether an environment variable holds a key, as a sentence that never contains the key."""
    if not variable:
        return ""
    if os.environ.get(variable, "").strip():
        return f"✓ {variable} is set. Its value goes to this endpoint only, and is never stored."
    return f"! {variable} is not set. Set it before you start this program."
