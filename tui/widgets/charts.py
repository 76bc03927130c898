"""Charts of block characters: pure functions from numbers and a width in cells to text.

Every bar has its number beside it, so no meaning is conveyed by length or colour alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual.content import Content

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = " ▁▂▃▄▅▆▇█"
_GAP = "  "
_LONGEST_LABEL = 24
_SHORTEST_BAR = 4
_LONG_ENOUGH = 12
"""Notes are omitted where bars would be shorter than this, in cells."""
_STEPS = (1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 500, 1000)
_TAIL = 0.99

BAR_STYLE = "$primary 70%"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: label, value, and the displayed number."""

    label: str
    """Safe text; truncated if too long for its column."""
    value: float
    said: str
    note: str = ""
    """Details on the number, shown if there is room."""


def bar(share: float, width: int) -> str:
    """Return a horizontal bar of at most `width` cells, in eighths of a cell; any share > 0 is visible."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    if share > 0 and width > 0:
        eighths = max(1, eighths)
    whole, rest = divmod(eighths, 8)
    return _EIGHTHS[8] * whole + (_EIGHTHS[rest] if rest else "")


def bars(rows: Sequence[Bar], width: int, *, full: float | None = None) -> Content:
    """Return a horizontal bar chart, with labels on the left and numbers on the right.

    Args:
        rows: The bars, from top to bottom.
        width: Line width in cells. If it is too small, notes are dropped first, then bars, then the ends of
            the numbers.
        full: The value of a bar of full width; by default the highest value.
    """
    longest = full if full is not None else max((row.value for row in rows), default=0)
    label = min(_LONGEST_LABEL, max((cell_len(row.label) for row in rows), default=0))
    ends = [f"{row.said}{row.note}" for row in rows]
    room = _room(width, label, ends)
    if room < _LONG_ENOUGH:
        ends = [row.said for row in rows]
        room = _room(width, label, ends)
    lines: list[Content] = []
    for row, end in zip(rows, ends, strict=True):
        head = f"{fitted(row.label, label)}{_GAP}"
        if room < _SHORTEST_BAR:
            lines.append(Content(fitted(f"{head}{end}", width).rstrip()))
            continue
        drawn = set_cell_size(bar(row.value / longest if longest else 0, room), room)
        lines.append(Content.assemble(head, (drawn, BAR_STYLE), f"{_GAP}{end}"))
    return Content("\n").join(lines)


def _room(width: int, label: int, ends: Sequence[str]) -> int:
    """Return the width left for bars, in cells."""
    return width - label - max((cell_len(end) for end in ends), default=0) - 2 * len(_GAP)


def fitted(text: str, width: int) -> str:
    """Pad or truncate `text` to exactly `width` cells, with an ellipsis if truncated."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(0, width - 1)) + "…"[:width]


def sparkline(values: Sequence[float], *, full: float) -> str:
    """Return one character per value, as high as its share of `full`; any value above 0 is visible."""
    return "".join(columns(values, 1, full=full))


def columns(values: Sequence[float], height: int, *, full: float | None = None) -> list[str]:
    """Return vertical bars, one cell wide and `height` lines high, as lines from top to bottom."""
    highest = full if full is not None else max(values, default=0)
    levels = [_level(value / highest if highest else 0, height) for value in values]
    return [
        "".join(_LEVELS[max(0, min(8, level - 8 * line))] for level in levels)
        for line in reversed(range(height))
    ]


def _level(share: float, height: int) -> int:
    level = round(max(0.0, min(1.0, share)) * height * 8)
    return max(1, level) if share > 0 else level


def share_text(part: float, whole: float) -> str:
    """Format a share in percent, such as `52 %`; a dash if `whole` is 0."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.05:
        return "<0.1 %"
    return f"{percent:.1f} %" if 0 < percent < 1 or 99 < percent < 100 else f"{percent:.0f} %"


@dataclass(frozen=True, slots=True)
class LengthBin:
    """A histogram bin: number of texts with `first` to `last` words; None means no upper bound."""

    first: int
    last: int | None
    count: int

    @property
    def label(self) -> str:
        """The range, such as `5–9` or `50+`."""
        if self.last is None:
            return f"{self.first}+"
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


def length_bins(lengths: Mapping[int, int], at_most: int) -> list[LengthBin]:
    """Compute a histogram of lengths with bins of a round width, in ascending order.

    Outliers above the 99th percentile share the last bin.

    Args:
        lengths: Number of texts of each length.
        at_most: Maximum number of bins, at least 2.
    """
    if not lengths:
        return []
    usual = quantile(lengths, _TAIL)
    step = next((step for step in _STEPS if usual // step < at_most), -(-(usual + 1) // at_most))
    last = usual // step
    counts = [0] * (last + 1)
    for length, count in lengths.items():
        counts[min(length // step, last)] += count
    shortest, has_tail = min(lengths), max(lengths) >= (last + 1) * step
    return [
        LengthBin(
            max(shortest, row * step), None if row == last and has_tail else (row + 1) * step - 1, count
        )
        for row, count in enumerate(counts)
        if any(counts[: row + 1])
    ]


def quantile(lengths: Mapping[int, int], share: float) -> int:
    """Return the quantile of lengths at `share`, 0 to 1; 0 if there are no texts."""
    wanted, so_far = share * sum(lengths.values()), 0
    for length in sorted(lengths):
        so_far += lengths[length]
        if so_far >= wanted:
            return length
    return 0
