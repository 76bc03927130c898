"""The table of candidates: it holds only the rows that are on the screen, whatever their number."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from selfinstruct.db.rows import PASS, Order, Task
from selfinstruct.tui.display import safe_line

_PAGE = 64
_CACHED_ROWS = 512
_HEADER_ROWS = 1

MARKS = {"pending": " ", "accepted": "✓", "rejected": "✗"}
LABELS = {"classification": "class", "generation": "gen", "unknown": "unclear", None: "-"}

# Title and width in cells; the instruction takes what is left.
_COLUMNS = (("", 2), ("    id", 7), ("verdict", 11), ("ROUGE-L", 8), ("label", 7))
_GAP = " "
_ORDERED_BY: dict[str, Order] = {
    "    id": "id",
    "verdict": "verdict",
    "ROUGE-L": "score",
    "label": "label",
    "instruction": "instruction",
}


def verdict_word(verdict: str | None) -> str:
    """A verdict as people read it."""
    return "not judged" if verdict is None else verdict.removeprefix("too_").replace("_", " ")


class CandidateTable(ScrollView, can_focus=True):
    """Rows of tasks by id, fetched when they come into view; the cursor stays on its task.

    Args:
        fetch: Returns the tasks of some ids.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--passes",
        "table--fails",
        "table--decided",
    }

    cursor: reactive[int] = reactive(0, init=False)

    class CursorMoved(Message):
        """The cursor is on another task, or on none."""

        def __init__(self, task_id: int | None) -> None:
            super().__init__()
            self.task_id = task_id

    def __init__(self, fetch: Callable[[Sequence[int]], list[Task]], *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._fetch = fetch
        self._ids: list[int] = []
        self._fetched: OrderedDict[int, Task] = OrderedDict()
        self._marked: set[int] = set()
        self._range_from: int | None = None
        self.order: Order = "id"
        """What the rows are sorted by; the header says so."""

    @property
    def current(self) -> int | None:
        """The id of the task under the cursor."""
        return self._ids[self.cursor] if self._ids else None

    @property
    def ids(self) -> Sequence[int]:
        """The ids of all rows."""
        return self._ids

    def show(self, ids: list[int], *, at: int | None) -> None:
        """Show these tasks, with the cursor on the task `at`, or on the first one that waits and passes."""
        self._ids = ids
        self._marked &= set(ids)
        self._range_from = None
        self._fetched.clear()
        self.virtual_size = Size(0, len(ids) + _HEADER_ROWS)
        row = ids.index(at) if at in ids else self._next_waiting(0)
        self.set_reactive(CandidateTable.cursor, row or 0)
        self._settle()

    @property
    def marked(self) -> list[int]:
        """The marked tasks in the order of their rows, those of the range being drawn among them."""
        in_range = self._range()
        return [
            task_id for row, task_id in enumerate(self._ids) if task_id in self._marked or row in in_range
        ]

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next one."""
        if self.current is not None:
            self._marked ^= {self.current}
            self.move_by(1)
            self.refresh()

    def toggle_range(self) -> None:
        """Begin a range at the cursor, or end it there: its rows are then marked."""
        if self._range_from is None:
            self._range_from = self.cursor
        else:
            self._marked |= {self._ids[row] for row in self._range()}
            self._range_from = None
        self.refresh()

    def mark_all(self) -> None:
        """Mark every row that waits for a decision and passes."""
        rows = range(len(self._ids))
        self._marked |= {self._ids[row] for row in rows if _waits(self._at(row))}
        self.refresh()

    def clear_marks(self) -> None:
        """Take all marks away."""
        self._marked.clear()
        self._range_from = None
        self.refresh()

    def _range(self) -> range:
        if self._range_from is None:
            return range(0)
        first, last = sorted((self._range_from, self.cursor))
        return range(first, last + 1)

    def reread(self) -> None:
        """Read the rows again; their number and order stay."""
        self._fetched.clear()
        self.refresh()

    def move_to(self, task_id: int) -> None:
        """Put the cursor on a task that is in the table."""
        self.cursor = self._ids.index(task_id)

    def move_by(self, rows: int) -> None:
        """Move the cursor; it stops at both ends."""
        if self._ids:
            self.cursor = max(0, min(len(self._ids) - 1, self.cursor + rows))

    def move_to_next_waiting(self) -> None:
        """Move the cursor to the next row that waits for a decision and passes, else one row down."""
        row = self._next_waiting(self.cursor + 1)
        if row is None:
            self.move_by(1)
        else:
            self.cursor = row

    def has_waiting(self) -> bool:
        """Whether any row waits for a decision and passes."""
        return self._next_waiting(0) is not None

    def _next_waiting(self, start: int) -> int | None:
        for row in range(start, len(self._ids)):
            if _waits(self._at(row)):
                return row
        return None

    @property
    def page(self) -> int:
        """How many rows are on the screen."""
        return max(1, self.size.height - _HEADER_ROWS)

    def watch_cursor(self) -> None:
        """Keep the cursor in view and tell the screen."""
        self._settle()

    def _settle(self) -> None:
        top = round(self.scroll_y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + self.page:
            self.scroll_to(y=self.cursor - self.page + 1, animate=False, force=True)
        self.refresh()
        self.post_message(self.CursorMoved(self.current))

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._settle()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row that is clicked."""
        offset = event.get_content_offset(self)
        if self._ids and offset is not None and offset.y >= _HEADER_ROWS:
            row = round(self.scroll_y) + offset.y - _HEADER_ROWS
            self.cursor = min(row, len(self._ids) - 1)

    def render_line(self, y: int) -> Strip:
        """One line: the header, a task, or nothing."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        if y < _HEADER_ROWS:
            titles = [*_COLUMNS, ("instruction", len("instruction") + 1)]
            cells = [
                set_cell_size(f"{title}▾" if _ORDERED_BY.get(title) == self.order else title, size)
                for title, size in titles
            ]
            return self._strip(_GAP.join(cells), width, base + self.get_component_rich_style("table--header"))
        row = round(self.scroll_y) + y - _HEADER_ROWS
        if row >= len(self._ids):
            return Strip.blank(width, base)
        task = self._at(row)
        style = base + self.get_component_rich_style(_component(task))
        if row == self.cursor:
            style += self.get_component_rich_style("table--cursor")
        marked = task.id in self._marked or row in self._range()
        return self._strip(_GAP.join(_cells(task, marked=marked)), width, style)

    @staticmethod
    def _strip(text: str, width: int, style: Style) -> Strip:
        fitting = text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)) + "…"
        return Strip([Segment(set_cell_size(fitting, width), style)], width)

    def _at(self, row: int) -> Task:
        task_id = self._ids[row]
        if task_id not in self._fetched:
            start = row - row % _PAGE
            for task in self._fetch(self._ids[start : start + _PAGE]):
                self._fetched[task.id] = task
            while len(self._fetched) > _CACHED_ROWS:
                self._fetched.popitem(last=False)
        return self._fetched[task_id]


def _component(task: Task) -> str:
    if task.state != "pending":
        return "table--decided"
    return "table--passes" if task.verdict == PASS else "table--fails"


def _waits(task: Task) -> bool:
    return task.state == "pending" and task.verdict == PASS


def _cells(task: Task, *, marked: bool) -> list[str]:
    score = "-" if task.score is None else f"{task.score:.2f}"
    texts = [
        ("●" if marked else " ") + MARKS[task.state],
        str(task.id).rjust(6),
        verdict_word(task.verdict),
        score.rjust(7),
        LABELS[task.label],
    ]
    cells = [set_cell_size(text, size) for text, (_, size) in zip(texts, _COLUMNS, strict=True)]
    return [*cells, safe_line(task.instruction)]
