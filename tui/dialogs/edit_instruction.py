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

from selfinstruct.core.filtering.assessor import Assessment
from selfinstruct.core.filtering.filters import clean_instruction
from selfinstruct.tui.dialogs.type_ahead import TypingArea, TypingScreen
from selfinstruct.tui.keys.bindings import bindings
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


class EditScreen(TypingScreen[str | None]):
    """Gives the new wording, or None when the person leaves it as it was.

    Args:
        task_id: Whose wording it is.
        instruction: The wording now.
        assess: Judges a wording against the pool as it is.
        must_pass: Whether only a wording that passes can be saved: that of a task in the pool.
    """

    PLACE = "edit_instruction"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("edit_instruction")]

    def __init__(
        self, task_id: int, instruction: str, assess: Callable[[str], Assessment], *, must_pass: bool = False
    ) -> None:
        super().__init__()
        self._must_pass = must_pass
        self._task_id = task_id
        self._instruction = instruction
        self._assess = assess

    def compose(self) -> ComposeResult:
        """A text area, the judge's word below it, and the keys."""
        with Vertical(id="edit-box") as box:
            box.border_title = f"Edit {self._task_id}"
            # What cannot be shown cannot be edited either: it is replaced once the text is saved.
            yield _Wording(
                safe_line(self._instruction, None), id="edit-text", soft_wrap=True, tab_behavior="focus"
            )
            yield Static(id="edit-judgement")
            yield Footer()

    def on_mount(self) -> None:
        """Put the cursor at the end."""
        area = self.query_one("#edit-text", TextArea)
        area.move_cursor(area.document.end)
        self.begin_typing(area)
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

    @on(_Wording.Entered)
    def action_save_wording(self) -> None:
        """Close with the new wording; one that says the same changes nothing."""
        if not clean_instruction(self._text):
            nothing = Content(self.with_keys("An instruction needs words. {cancel} leaves it as it was."))
            self.query_one("#edit-judgement", Static).update(nothing)
            return
        if self._must_pass and (reasons := self._assess(clean_instruction(self._text)).reasons):
            told = f"{reasons[0].sentence} The task is in the pool, so its wording must pass."
            self.query_one("#edit-judgement", Static).update(Content(safe_line(told)))
            return
        same = self._text == safe_line(self._instruction, None)
        self.dismiss(None if same else self._text)

    def action_cancel(self) -> None:
        """Close without a change."""
        self.dismiss(None)
