"""The last check of each line before it is written to the terminal.

Untrusted text is sanitized by `safe_text`. If any bypasses it, or is typed, its width on the screen is
already fixed: zero-width characters are removed, and other control and invisible characters replaced.
"""

from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from selfinstruct.tui.text.safe_text import safe


class TerminalGuard(LineFilter):
    """A line filter that blocks control and invisible characters, and hyperlinks."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line, sanitized without changing their widths."""
        del background
        return [
            segment if _is_plain(segment) else _plain(segment) for segment in segments if not segment.control
        ]


def _is_plain(segment: Segment) -> bool:
    text, style = segment.text, segment.style
    return (text.isascii() and text.isprintable()) and (style is None or style.link is None)


def _plain(segment: Segment) -> Segment:
    style = segment.style
    if style is not None and style.link is not None:
        style = style.update_link(None)
    return Segment(_as_wide(segment.text), style)


@lru_cache(4096)
def _as_wide(text: str) -> str:
    """Sanitize `text` without changing its width in cells."""
    if safe(text) == text:
        return text
    plain = "".join(map(_character, text))
    if safe(plain) != plain:  # only floods of combining marks are left
        plain = "".join(filter(cell_len, plain))
    # Without its joiners, a joined emoji is as wide as the sum of its parts.
    return set_cell_size(plain, cell_len(text))


def _character(character: str) -> str:
    return character if safe(character) == character else safe(character)[:1] * cell_len(character)
