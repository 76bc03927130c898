"""Rewording a candidate: the judge looks on while the person types."""

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Static, TextArea

from selfinstruct.core.method.parsing import clean_instruction
from selfinstruct.core.pool.assessor import Assessment
from selfinstruct.tui.dialogs.base import DISCARDS
from selfinstruct.tui.dialogs.type_ahead import TypingArea, TypingScreen
from selfinstruct.tui.keys.bindings import bindings
from selfinstruct.tui.text.exact_text import in_one_line
from selfinstruct.tui.text.safe_text import safe_line


class _Wording(TypingArea):
    """A text area in which Enter is the end: an instruction is one line."""

    class Entered(Message):
        """Enter was pressed, after all that was typed before it."""

    def on_key(self, event: events.Key) -> None:
        """Take Enter in the order of the keys; a priority binding would overtake what is still queued."""
        if event.key == "enter":
            event.prevent_default()
            event.stop()
            self.post_message(self.Entered())

    def on_paste(self, event: events.Paste) -> None:
        """Make one line of all that is pasted, before it is inserted."""
        event.text = in_one_line(event.text)


class EditScreen(TypingScreen[None]):
    """Stays open until the new wording is stored, or left as it was.

    Args:
        task_id: Whose wording it is.
        instruction: The wording now.
        assess: Assesses a wording against the pool as it is.
        save: Stores a wording; returns why it cannot be stored, or None.
        draft: The wording to begin with, where it is not the one now.
        refusal: Why the draft could not be stored.
    """

    PLACE = "edit_instruction"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("edit_instruction")]

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
        """A text area, the judge's word below it, and the keys."""
        with Vertical(id="edit-box") as box:
            box.border_title = f"Edit {self._task_id}"
            yield _Wording(self._draft, id="edit-text", soft_wrap=True, tab_behavior="focus")
            yield Static(id="edit-judgement")
            yield Footer()

    def on_mount(self) -> None:
        """Put the cursor at the end."""
        area = self.query_one("#edit-text", TextArea)
        area.move_cursor(area.document.end)
        self.begin_typing(area)
        if self._refusal:
            self._tell(self._refusal)
        else:
            self._show_assessment_of()

    @on(TextArea.Changed)
    def _show_assessment_of(self) -> None:
        wording = clean_instruction(self._text)
        assessment = self._assess(wording)
        parts: list[str | tuple[str, str]] = [
            ("✓ pass\n", "$text-success") if not assessment.reasons else ("✗ filtered\n", "$text-error")
        ]
        parts += [f"{safe_line(reason.sentence)}\n" for reason in assessment.reasons]
        if assessment.nearest and not assessment.reasons:
            nearest = assessment.nearest
            parts.append(f"The nearest is task {nearest.id}, ROUGE-L {nearest.score:.2f}.\n")
        self.query_one("#edit-judgement", Static).update(Content.assemble(*parts))

    @property
    def _text(self) -> str:
        return self.query_one("#edit-text", TextArea).text

    def _tell(self, sentence: str) -> None:
        self.query_one("#edit-judgement", Static).update(Content(safe_line(sentence)))

    @on(_Wording.Entered)
    def action_save_wording(self) -> None:
        """Store the new wording once; say why when it cannot be stored."""
        wording = clean_instruction(self._text)
        if not wording:
            self._tell(self.with_keys("An instruction needs words. {cancel} leaves it as it was."))
            return
        same = self._instruction in {self._text, wording}
        refusal = None if same else self._save(self._text)
        if refusal is None:
            self.dismiss()
        else:
            self._tell(refusal)

    def action_cancel(self) -> None:
        """Close without a change; what is typed is not discarded without a word."""
        if self.may_discard(typed=self._text != self._instruction):
            self.dismiss()
        else:
            self._tell(DISCARDS)
