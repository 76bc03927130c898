"""Lossless text inputs: they hold the text exactly as stored, and sanitize it only for display.

Textual's own widgets split a text at every Unicode line break, join the lines with a single kind of break,
and drop characters that they consider unprintable, including the joiners of Persian and of emoji. Here an
edit changes only what the person touched.
"""

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.document._document import Document, EditResult, Location
from textual.document._document_navigator import DocumentNavigator
from textual.document._wrapped_document import WrappedDocument
from textual.geometry import Size
from textual.widgets import Input, TextArea

from selfinstruct.tui.text.safe_text import visible
from selfinstruct.tui.text.typed_text import in_one_line, is_format_character


class ExactDocument(Document):
    """A document that splits lines at line feeds only, and returns them sanitized for display.

    A displayed line has as many characters as the stored one, so positions are the same in both.
    """

    def __init__(self, text: str) -> None:
        super().__init__("")
        self._lines = text.split("\n")

    @property
    def lines(self) -> list[str]:
        """The lines as displayed."""
        return [visible(line) for line in self._lines]

    def __getitem__(self, line_index: int | slice) -> str | list[str]:  # type: ignore[override]
        """Return a line, or a slice of lines, as displayed."""
        found = self._lines[line_index]
        return visible(found) if isinstance(found, str) else [visible(line) for line in found]

    def get_size(self, tab_width: int) -> Size:
        """Return the size in cells, without wrapping."""
        widths = (cell_len(line.expandtabs(tab_width)) for line in self.lines)
        return Size(max(widths), len(self._lines))

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        """Replace the text between two locations with `text`."""
        (top, first), (bottom, last) = sorted((start, end))
        replaced = self.get_text_range((top, first), (bottom, last))
        before = "".join(self._lines[top : top + 1])[:first]
        after = "".join(self._lines[bottom : bottom + 1])[last:]
        inserted = f"{before}{text}".split("\n")
        end_location = (top + len(inserted) - 1, len(inserted[-1]))
        inserted[-1] += after
        self._lines[top : bottom + 1] = inserted
        return EditResult(end_location, replaced)


class ExactTextArea(TextArea):
    """A text area backed by an `ExactDocument`."""

    def _set_document(self, text: str, language: str | None) -> None:
        super()._set_document("", language)
        self.document = ExactDocument(text)
        self.wrapped_document = WrappedDocument(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._rewrap_and_refresh_virtual_size()

    def _on_key(self, event: events.Key) -> None:  # type: ignore[override]
        """Insert a format character; all other keys go to Textual's own handler."""
        if event.character is not None and is_format_character(event):
            event.stop()
            event.prevent_default()
            self._replace_via_keyboard(event.character, *self.selection)

    async def _on_paste(self, event: events.Paste) -> None:
        """Insert a paste; Textual's own handler would also steal the focus back if it has moved on."""
        event.stop()
        event.prevent_default()
        if (done := self._replace_via_keyboard(event.text, *self.selection)) is not None:
            self.move_cursor(done.end_location)


class ExactInput(Input):
    """A single-line input that sanitizes its value for display; a multi-line paste keeps all its lines."""

    def _drawn(self, end: int | None = None) -> str:
        return visible(self.value[:end]).replace("\t", "\u2409")

    @property
    def _value(self) -> Text:
        return Text(self._drawn(), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(self._drawn(position))

    def _cell_offset_to_index(self, offset: int) -> int:
        offset += self.scroll_offset.x
        places = range(len(self.value))
        return next((place for place in places if self._position_to_cell(place + 1) > offset), len(places))

    def _on_key(self, event: events.Key) -> None:  # type: ignore[override]
        """Insert a format character; all other keys go to Textual's own handler."""
        if event.character is not None and is_format_character(event):
            event.stop()
            event.prevent_default()
            self.replace(event.character, *self.selection)

    def _on_paste(self, event: events.Paste) -> None:
        """Insert all lines of a paste; Textual's own handler keeps only the first."""
        event.stop()
        event.prevent_default()
        self.replace(in_one_line(event.text), *self.selection)
