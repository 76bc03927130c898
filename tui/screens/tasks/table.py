"""The table of tasks, with marks for bulk decisions."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from selfinstruct.db.records import PASS, Order, Task
from selfinstruct.db.tables.tasks import Tasks
from selfinstruct.tui.text.safe_text import SHORT_LABELS, safe_line, verdict_word
from selfinstruct.tui.widgets.window_table import Column, WindowTable

STATES = {"pending": " ", "accepted": "✓", "rejected": "✗"}
_MARKED, _FLIPPED = "●", "!"

_TITLES: dict[Order, str] = {
    "id": "id",
    "verdict": "verdict",
    "score": "ROUGE-L",
    "label": "label",
    "origin": "origin",
    "instruction": "instruction",
}


class CandidateTable(WindowTable[Task]):
    """A table of tasks with marks.

    Args:
        tasks: The source of the rows.
        id: The widget's id.
        newest_first: Whether rows sorted by id are in descending order.
    """

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("", 3),
        Column("id", 7, right=True),
        Column("verdict", 11),
        Column("ROUGE-L", 8, right=True),
        Column("label", 7, needs=60),
        Column("origin", 8, needs=90),
        Column("instruction", 0),
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--passes", "table--fails", "table--decided"}

    def __init__(self, tasks: Tasks, *, id: str, newest_first: bool = False) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._tasks = tasks
        self._descending: set[Order] = {"score", "id"} if newest_first else {"score"}
        self._marked: set[int] = set()
        self._range_from: int | None = None
        self._seen: dict[int, str | None] = {}
        self._flipped: set[int] = set()
        self._order: Order = "id"
        self.order = "id"

    @property
    def order(self) -> Order:
        """The sort order of the rows."""
        return self._order

    @order.setter
    def order(self, order: Order) -> None:
        self._order = order
        self.sorted_by = _TITLES[order]
        self.sorted_sign = "▾" if order in self._descending else "▴"

    def fetch(self, ids: Sequence[int]) -> Iterable[tuple[int, Task]]:
        """Read tasks, and note whose verdict has flipped since it was first shown."""
        for task in self._tasks.get_many(ids):
            waits = task.state == "pending"
            if waits and self._seen.setdefault(task.id, task.verdict) != task.verdict:
                self._flipped.add(task.id)
                self._seen[task.id] = task.verdict
            yield task.id, task

    def show(self, ids: Iterable[int], *, at: int | None = None) -> None:
        """Show these tasks, with the cursor on `at`, or else on the first undecided one that passes."""
        self._range_from = None
        super().show(ids, at=at)
        self._marked &= set(self.ids) if self._marked else set()
        self._show_marks()

    def first_row(self) -> int:
        """Return the first undecided row that passes; 0 if there is none."""
        return self._next_waiting(0) or 0

    # Marks

    @property
    def marked(self) -> list[int]:
        """The marked tasks in row order, including the open range."""
        in_range = self._range()
        if not self._marked and not in_range:
            return []
        return [task_id for row, task_id in enumerate(self.ids) if task_id in self._marked or row in in_range]

    def toggle_mark(self) -> None:
        """Toggle the mark of the selected row, and move to the next row."""
        if self.current is not None:
            self._marked ^= {self.current}
            self.move_by(1)
            self._show_marks()

    def toggle_range(self) -> None:
        """Start a range at the cursor, or end it there and mark its rows."""
        if self._range_from is None:
            self._range_from = self.cursor
        else:
            self._marked |= {self.ids[row] for row in self._range()}
            self._range_from = None
        self._show_marks()

    def mark_all(self) -> None:
        """Mark every undecided row that passes."""
        self._marked |= set(self._tasks.waiting_among(self.ids))
        self._show_marks()

    def unmark(self, task_ids: Iterable[int]) -> None:
        """Clear the marks of these tasks, and end an open range."""
        self._marked = {*self.marked}.difference(task_ids)
        self._range_from = None
        self._show_marks()

    def clear_marks(self) -> None:
        """Clear all marks."""
        self._marked.clear()
        self._range_from = None
        self._show_marks()

    def watch_cursor(self, before: int, now: int) -> None:
        """Extend an open range to the cursor."""
        super().watch_cursor(before, now)
        if self._range_from is not None:
            self._show_marks()

    def _show_marks(self) -> None:
        """Redraw the rows, and show in the border how many rows the next key applies to."""
        drawn = self._range()
        number = len(self._marked) + len(drawn)
        if self._marked and drawn:
            number -= len(self._marked.intersection(self.ids[drawn.start : drawn.stop]))
        self.border_subtitle = f"{_MARKED} {number:,} marked" if number else ""
        self.refresh()

    @property
    def cursor_draws_all(self) -> bool:
        """Whether a cursor move redraws all rows: with an open range, any row between its ends may change."""
        return self._range_from is not None

    def _range(self) -> range:
        if self._range_from is None:
            return range(0)
        first, last = sorted((self._range_from, self.cursor))
        return range(first, last + 1)

    # Undecided rows

    def move_to_next_waiting(self) -> bool:
        """Move the cursor to the next undecided row that passes, wrapping around at the end.

        Returns:
            Whether there is such a row; if not, the cursor moves down by one.
        """
        row = self._next_waiting(self.cursor + 1)
        if row is None:
            row = self._next_waiting(0)
        if row is None or row == self.cursor:
            self.move_by(1)
            return row is not None
        self.cursor = row
        return True

    def move_to_waiting_after(self, task_id: int) -> None:
        """Move the cursor to the first undecided row that passes after a task, else to the first in all."""
        row = self._next_waiting(self.ids.index(task_id) + 1)
        self.cursor = self.first_row() if row is None else row

    def has_waiting(self) -> bool:
        """Return whether any undecided row passes."""
        return self._next_waiting(0) is not None

    def _next_waiting(self, start: int) -> int | None:
        row = start
        # The next row is usually near; the rest is searched in one query.
        for row in range(start, min(start + self.page, len(self.ids))):
            if _waits(self.at(row)):
                return row
        rest = self.ids[row + 1 :] if start < len(self.ids) else []
        found = self._tasks.first_waiting_among(rest)
        return None if found is None else row + 1 + found

    # Drawing

    def component(self, row: Task) -> str:
        """Return the style: filtered rows differ from passing ones, and decided rows are muted."""
        if row.state != "pending":
            return "table--decided"
        return "table--passes" if row.verdict == PASS else "table--fails"

    def sign(self, row: int, of: Task) -> str:
        """Return the glyphs for its mark, its state and a flipped verdict."""
        marked = of.id in self._marked or row in self._range()
        return (_MARKED if marked else " ") + STATES[of.state] + (_FLIPPED if of.id in self._flipped else "")

    def cells(self, row: Task) -> Sequence[str]:
        """Return the texts in column order; the first is empty, for the sign."""
        return [
            "",
            str(row.id),
            verdict_word(row.verdict),
            "-" if row.score is None else f"{row.score:.2f}",
            SHORT_LABELS[row.label],
            row.origin,
            safe_line(row.instruction),
        ]


def _waits(task: Task) -> bool:
    return task.state == "pending" and task.verdict == PASS
