"""The table of verdicts that would flip, and the histogram of scores above it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.content import Content

from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.stats.filter_preview import FilterColumns, Flip, Flips
from selfinstruct.db.records import PASS
from selfinstruct.db.tables.tasks import Tasks
from selfinstruct.tui.text.safe_text import safe_line, verdict_word
from selfinstruct.tui.widgets.charts import BAR_STYLE, columns, fitted
from selfinstruct.tui.widgets.window_table import Column, WindowTable

_REACHED_STYLE = "$warning"
_HEIGHT = 4
_LONGEST_MARK = len("▲ 0.70")


@dataclass(frozen=True, slots=True)
class FlipRow:
    """A verdict that would flip, with the candidate's instruction."""

    flip: Flip
    instruction: str


class FlipTable(WindowTable[FlipRow]):
    """A table of candidates whose verdict would flip.

    Args:
        tasks: The source of the instructions.
        id: The widget's id.
    """

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("id", 7, right=True),
        Column("now", 11),
        Column("then", 11),
        Column("ROUGE-L", 8, right=True),
        Column("instruction", 0),
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--passes", "table--fails", "table--decided"}

    def __init__(self, tasks: Tasks, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._tasks = tasks
        self._columns: FilterColumns | None = None
        self._filters = FilterSettings()

    def show_flips(self, flips: Flips, columns: FilterColumns, filters: FilterSettings) -> None:
        """Show the flips under these filters; the cursor stays on its candidate if that is still listed."""
        self._columns, self._filters = columns, filters
        self.show(flips.task_ids, at=self.current)

    def fetch(self, ids: Sequence[int]) -> Iterable[tuple[int, FlipRow]]:
        """Read the flips of some candidates, with their instructions."""
        if self._columns is not None:
            for task in self._tasks.get_many(ids):
                yield task.id, FlipRow(self._columns.flip(task.id, self._filters), task.instruction)

    def component(self, row: FlipRow) -> str:
        """Return the style, which sets apart candidates that would pass from those that would not."""
        if row.flip.after == PASS:
            return "table--passes"
        return "table--fails" if row.flip.before == PASS else "table--decided"

    def cells(self, row: FlipRow) -> Sequence[str]:
        """Return id, verdicts before and after, score, and instruction."""
        flip = row.flip
        return [
            str(flip.task_id),
            verdict_word(flip.before),
            f"→ {verdict_word(flip.after)}",
            "-" if flip.score is None else f"{flip.score:.2f}",
            safe_line(row.instruction),
        ]


def summary(flips: Flips) -> str:
    """Return the numbers of verdicts that would flip, as a clause."""
    if not flips.task_ids:
        return "No verdict would change"
    parts = [
        f"{len(flips.would_pass):,} would newly pass",
        f"{len(flips.would_fall):,} newly fail",
    ]
    if flips.other_reason:
        parts.append(f"{len(flips.other_reason):,} fail for another reason")
    return ", ".join(parts)


def scores_chart(scores: FilterColumns, threshold: float, width: int) -> Content:
    """Draw a histogram of ROUGE-L from 0 to 1, with the threshold marked below.

    Args:
        scores: The candidates.
        threshold: The score from which a candidate is too similar.
        width: Width in cells; each cell is one bin.
    """
    counts = scores.histogram(width)
    mark = min(width - 1, int(threshold * width + 1e-9))
    lines: list[Content] = [
        Content.assemble((line[:mark], BAR_STYLE), (line[mark:], _REACHED_STYLE))
        for line in columns(counts, _HEIGHT)
    ]
    text = f"▲ {threshold:.2f}" if mark + _LONGEST_MARK <= width else f"{threshold:.2f} ▲"
    start = mark if text.startswith("▲") else mark + 1 - len(text)
    reached = scores.reaching(threshold)
    lines += [
        Content(fitted("─" * width, width)),
        Content.styled(" " * max(0, start) + text, "bold"),
        Content(fitted(f"{reached:,} at or above {threshold:.2f},", width).rstrip()),
        Content(fitted(f"of {len(scores):,}; tallest {max(counts, default=0):,}", width).rstrip()),
    ]
    return Content("\n").join(lines)
