"""The last look at a line before the terminal has it.

Text of others comes through `display`. Should any come past it, or be typed, its width on the screen is
known by now: what is no width is taken out, and all else that a terminal obeys or hides is replaced.
"""

from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from selfinstruct.tui.text.safe_text import safe


class TerminalGuard(LineFilter):
    """Lets nothing through that a terminal obeys or hides, and no link that it would open."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of a line, each as wide as it was."""
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
    """`text` made safe in as many cells."""
    if safe(text) == text:
        return text
    plain = "".join(map(_character, text))
    if safe(plain) != plain:  # what is left is a flood of marks
        plain = "".join(filter(cell_len, plain))
    # An emoji of several, without what joins them, is as wide as all of them.
    return set_cell_size(plain, cell_len(text))


def _character(character: str) -> str:
    return character if safe(character) == character else safe(character)[:1] * cell_len(character)
