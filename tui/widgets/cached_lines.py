"""A scrollable view that caches rendered lines, so that unchanged lines cost nothing on scrolling."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from selfinstruct.core.util.lru_cache import LRUCache
from selfinstruct.tui.background.error_handling import SurvivesErrors

_CACHED_LINES = 512


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all lines have in common: border, style, background and line filters."""

    left: Sequence[Segment]
    right: Sequence[Segment]
    inside: int
    """Width between left and right, in cells."""
    rest: Style
    """Style of the empty rest of a line."""
    background: Color
    filters: Sequence[LineFilter]

    def around(self, line: Strip) -> Strip:
        """Return the whole line as it is sent to the terminal."""
        inner = line.adjust_cell_length(self.inside, self.rest)
        segments = [*self.left, *inner, *self.right]
        for one in self.filters:
            segments = one.apply(segments, self.background)
        return Strip(segments)


class LineView(SurvivesErrors, ScrollView, inherit_bindings=False):
    """A view whose `render_line` returns the same strip object while a line looks the same.

    Textual applies the style sheet to every drawn line, which dominates the cost of drawing it. This view
    does so for one line, and reuses the resulting frame for all others.
    """

    ALLOW_SELECT = False
    """Off, since a mouse selection would be drawn into cached lines."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._frame: _Frame | None = None
        self._whole: LRUCache[int, tuple[Strip, Strip]] = LRUCache(_CACHED_LINES)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a region of the view, with the border."""
        width, height = self.outer_size
        first, last = self.gutter.top, height - self.gutter.bottom
        if crop.column_span != (0, width) or self.size.area == 0:
            return super().render_lines(crop)
        frame = self._frame_of(first, width)
        if frame != self._frame:
            self._frame = frame
            self._whole.clear()
        return [
            self._framed(self.render_line(y - first), frame)
            if first <= y < last
            else super(LineView, self).render_lines(Region(0, y, width, 1))[0]
            for y in crop.line_range
        ]

    def _frame_of(self, y: int, width: int) -> _Frame:
        (whole,) = super().render_lines(Region(0, y, width, 1))
        left, right = self.gutter.left, self.gutter.right
        return _Frame(
            left=list(whole.crop(0, left)),
            right=list(whole.crop(width - right, width)),
            inside=width - left - right,
            rest=self.rich_style,
            background=self.background_colors[1],
            filters=self.get_line_filters(),
        )

    def _framed(self, line: Strip, frame: _Frame) -> Strip:
        known = self._whole.get(id(line))
        if known is None or known[0] is not line:
            known = line, frame.around(line)
            self._whole.put(id(line), known)
        return known[1]
