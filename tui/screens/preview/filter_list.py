"""The list of filters on the Preview screen, with the current and the proposed value of each."""

from textual import events
from textual.content import Content
from textual.widgets import Static

from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.tui.screens.preview.filter_choices import Choice, always_on, choices
from selfinstruct.tui.text.safe_text import verdict_word
from selfinstruct.tui.text.themes import MUTED
from selfinstruct.tui.widgets.charts import fitted

_WIDTHS = (2, 21, 13, 11)
_HEADER_ROWS = 1


class FilterList(Static, can_focus=True):
    """A list with one row per filter setting, and a cursor."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id, markup=False)
        self.cursor = 0
        self._now = self._proposed = FilterSettings()
        self._choices = choices(by_meaning=False)

    @property
    def rows(self) -> int:
        """The number of lines, including the header."""
        return _HEADER_ROWS + len(self._choices)

    @property
    def choice(self) -> Choice:
        """The selected filter setting."""
        return self._choices[self.cursor]

    def tell(self, now: FilterSettings, proposed: FilterSettings, *, by_meaning: bool) -> None:
        """Show the current and the proposed filters."""
        self._now, self._proposed = now, proposed
        self._choices = choices(by_meaning=by_meaning)
        codes = always_on(by_meaning=by_meaning)
        self.border_subtitle = f"always on: {', '.join(map(verdict_word, codes))}" if codes else None
        self.cursor = min(self.cursor, len(self._choices) - 1)
        self._draw()

    def move_by(self, rows: int) -> None:
        """Move the cursor, clamped to both ends."""
        self.cursor = max(0, min(len(self._choices) - 1, self.cursor + rows))
        self._draw()

    def move_page(self, pages: int) -> None:
        """Move the cursor to an end, since all filters fit on one page."""
        self.move_by(pages * len(self._choices))

    def move_home(self) -> None:
        """Put the cursor on the first filter."""
        self.move_page(-1)

    def move_end(self) -> None:
        """Put the cursor on the last filter."""
        self.move_page(1)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked filter."""
        offset = event.get_content_offset(self)
        if offset is not None and 0 <= offset.y - _HEADER_ROWS < len(self._choices):
            self.cursor = offset.y - _HEADER_ROWS
            self._draw()

    def on_focus(self) -> None:
        """Highlight the cursor."""
        self._draw()

    def on_blur(self) -> None:
        """Remove the highlight from the cursor."""
        self._draw()

    def _draw(self) -> None:
        lines = [Content.styled(_line("", "filter", "proposed", "now"), f"bold {MUTED}")]
        for row, choice in enumerate(self._choices):
            proposed, now = choice.shown(self._proposed), choice.shown(self._now)
            # Values are compared, not their texts: two phrase lists may differ and be equally long.
            changed = getattr(self._proposed, choice.name) != getattr(self._now, choice.name)
            text = _line(
                "▸" if row == self.cursor else "",
                choice.label,
                f"{proposed} ≠" if changed else proposed,
                now,
            )
            style = "$block-cursor-foreground on $block-cursor-background" if self._is_at(row) else ""
            lines.append(Content.styled(text, f"{style} bold" if changed else style))
        self.update(Content("\n").join(lines))

    def _is_at(self, row: int) -> bool:
        return row == self.cursor and self.has_focus


def _line(*texts: str) -> str:
    return "".join(fitted(text, width) for text, width in zip(texts, _WIDTHS, strict=True))
