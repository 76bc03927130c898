"""Editing an instruction, with the verdict of the filters as the person types."""

from collections.abc import Callable
from typing import ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Static, TextArea

from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.pool.assessor import Assessment
from selfinstruct.tui.dialogs.type_ahead import TypingArea, TypingScreen
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.text.safe_text import safe_line
from selfinstruct.tui.text.typed_text import in_one_line


class _Wording(TypingArea):
    """A text area of a single line, as an instruction is."""

    class Entered(Message):
        """The key that saves was pressed, and everything typed before it has been inserted."""

    def on_key(self, event: events.Key) -> None:
        """Handle the key that saves in key order; a binding would overtake keys that are still queued."""
        if cast("EditScreen", self.screen).in_order(event) == "save_wording":
            self.post_message(self.Entered())
        elif event.key != "enter":  # which would break the line
            return
        event.prevent_default()
        event.stop()

    def on_paste(self, event: events.Paste) -> None:
        """Join the lines of a paste before it is inserted."""
        event.text = in_one_line(event.text)


class EditScreen(TypingScreen[None]):
    """Edits an instruction; stays open until the new wording is stored or discarded.

    Args:
        task_id: The task to edit.
        instruction: The current wording.
        assess: Assesses a wording against the current pool.
        save: Stores a wording; returns why it cannot be stored, or None.
        draft: The wording to start from; by default the current one.
        refusal: Why the draft could not be stored.
    """

    PLACE = "edit_instruction"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("edit_instruction")]
    IN_ORDER = frozenset({"save_wording"})

    def __init__(
        self,
        task_id: int,
        instruction: str,
        assess: Callable[[str], Assessment],
        save: Callable[[str], str | None],
        *,
        draft: str | None = None,
        refusal: str = "",
    ) -> None:
        super().__init__()
        self._task_id = task_id
        self._instruction = instruction
        self._assess = assess
        self._save = save
        self._draft = instruction if draft is None else draft
        self._refusal = refusal

    def compose(self) -> ComposeResult:
        """Lay out the text area, the verdict of the filters, and the keys."""
        with Vertical(id="edit-box") as box:
            box.border_title = f"Edit {self._task_id}"
            yield _Wording(self._draft, id="edit-text", soft_wrap=True, tab_behavior="focus")
            yield Static(id="edit-verdict")
            yield Footer()

    def on_mount(self) -> None:
        """Put the cursor at the end, and show the verdict."""
        area = self.query_one("#edit-text", TextArea)
        area.move_cursor(area.document.end)
        self.begin_typing(area)
        if self._refusal:
            self._tell(self._refusal)
        else:
            self._show_verdict()

    @on(TextArea.Changed)
    def _show_verdict(self) -> None:
        wording = clean_instruction(self._text)
        assessment = self._assess(wording)
        parts: list[str | tuple[str, str]] = [
            ("✓ pass\n", "$text-success") if not assessment.reasons else ("✗ filtered\n", "$text-error")
        ]
        parts += [f"{safe_line(reason.sentence)}\n" for reason in assessment.reasons]
        if assessment.nearest and not assessment.reasons:
            nearest = assessment.nearest
            parts.append(f"Nearest task: {nearest.id}, ROUGE-L {nearest.score:.2f}.\n")
        self.query_one("#edit-verdict", Static).update(Content.assemble(*parts))

    @property
    def _text(self) -> str:
        return self.query_one("#edit-text", TextArea).text

    def _tell(self, sentence: str) -> None:
        self.query_one("#edit-verdict", Static).update(Content(safe_line(sentence)))

    @on(_Wording.Entered)
    def action_save_wording(self) -> None:
        """Store the new wording and close; if it is refused, show why."""
        wording = clean_instruction(self._text)
        if not wording:
            self._tell(self.with_keys("An instruction cannot be empty. {cancel} keeps the old wording."))
            return
        same = self._instruction in {self._text, wording}
        refusal = None if same else self._save(self._text)
        if refusal is None:
            self.dismiss()
        else:
            self._tell(refusal)

    def action_cancel(self) -> None:
        """Close without a change; warn before discarding typed text."""
        if self.may_discard(typed=self._text != self._instruction):
            self.dismiss()
        else:
            self._tell(self.discard_warning)
