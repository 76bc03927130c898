"""The dialog for editing an instance: its input and its output."""

from collections.abc import Callable
from typing import ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Static, TextArea

from selfinstruct.tui.dialogs.type_ahead import TypingArea, TypingScreen
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.text.safe_text import safe_line

_QUOTED = 190


class _Field(TypingArea):
    """One of several text areas, which handles switching and saving in the order of the keys in the queue."""

    class Saved(Message):
        """The key that saves was pressed, and all keys typed before it have been handled."""

    def on_key(self, event: events.Key) -> None:
        """Switch and save; forward keys typed after a switch to the field that has the focus by now."""
        focused, action = self.screen.focused, cast("InstanceEditor", self.screen).in_order(event)
        if isinstance(focused, _Field) and focused is not self:
            focused.post_message(events.Key(event.key, event.character))
        elif action == "switch_text":
            self.screen.focus_next(_Field)
        elif action == "save":
            self.post_message(self.Saved())
        else:
            return
        event.prevent_default()
        event.stop()

    def on_paste(self, event: events.Paste) -> None:
        """Forward a paste after a switch to the field that has the focus by now."""
        focused = self.screen.focused
        if isinstance(focused, _Field) and focused is not self:
            focused.post_message(events.Paste(event.text))
            event.prevent_default()
            event.stop()


class InstanceEditor(TypingScreen[None]):
    """A dialog with input and output that stays open until they are stored or discarded.

    Args:
        title: The title of the dialog.
        instruction: The instruction of the task.
        texts: The current input and output.
        save: Stores input and output; returns why they are refused, or None.
        draft: The input and output to start from; by default the current ones.
        refusal: Why the draft could not be stored.
    """

    PLACE = "edit_instance"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("edit_instance")]
    IN_ORDER = frozenset({"save", "switch_text"})

    def __init__(
        self,
        title: str,
        instruction: str,
        texts: tuple[str, str],
        save: Callable[[str, str], str | None],
        draft: tuple[str, str] | None = None,
        refusal: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._instruction = instruction
        self._texts = texts
        self._save = save
        self._draft = draft or texts
        self._refusal = refusal

    def compose(self) -> ComposeResult:
        """Yield instruction, input and output, a line for errors, and the keys."""
        with Vertical(id="instance-box") as box:
            box.border_title = self._title
            yield Static(Content(safe_line(self._instruction, _QUOTED)), id="instance-instruction")
            yield Static("Input (may be empty)", markup=False)
            yield _Field(self._draft[0], id="instance-input", soft_wrap=True)
            yield Static("Output", markup=False)
            yield _Field(self._draft[1], id="instance-output", soft_wrap=True)
            yield Static(Content(safe_line(self._refusal)), id="instance-refusal", markup=False)
            yield Footer()

    def on_mount(self) -> None:
        """Focus the input, with the cursors at the ends."""
        for area in self.query(TextArea):
            area.move_cursor(area.document.end)
        self.begin_typing(self.query_one("#instance-input", TextArea))

    @on(_Field.Saved)
    def action_save(self) -> None:
        """Store the texts and close, or show why they are refused."""
        if not self.is_active:
            return
        refusal = self._save(*self._typed)
        if refusal is None:
            self.dismiss()
        else:
            self._tell(refusal)

    def _tell(self, sentence: str) -> None:
        self.query_one("#instance-refusal", Static).update(Content(safe_line(sentence)))

    def action_switch_text(self) -> None:
        """Focus the other field."""
        self.focus_next(_Field)

    def action_cancel(self) -> None:
        """Close without a change, after a warning if something was typed."""
        if self.may_discard(typed=self._typed != self._texts):
            self.dismiss()
        else:
            self._tell(self.discard_warning)

    @property
    def _typed(self) -> tuple[str, str]:
        """The input and the output as they read in the fields."""
        given, output = (self.query_one(f"#instance-{name}", TextArea).text for name in ("input", "output"))
        return given, output
