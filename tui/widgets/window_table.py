"""A virtualized table: it fetches and draws only the rows on the screen."""

from abc import abstractmethod
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from selfinstruct.core.util.lru_cache import LRUCache
from selfinstruct.tui.widgets.cached_lines import LineView

_PAGE = 64
_CACHED_ROWS = 512
_HEADER_ROWS = 1
_GAP = " "

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of fixed width; the last column of a table takes the remaining width."""

    title: str
    width: int
    """In cells."""
    right: bool = False
    """Whether its cells are right-aligned."""
    needs: int = 0
    """Minimum table width, in cells, for the column to be shown."""


class WindowTable(LineView, Generic[Row], can_focus=True):
    """A table of rows by id, fetched when they come into view; the cursor stays on its row.

    Subclasses define how to fetch rows, and their cells and styles. Movement keys belong to the screen:
    Textual's scrolling keys would scroll the rows away from the cursor.
    """

    COLUMNS: ClassVar[tuple[Column, ...]]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--header", "table--cursor"}

    cursor: reactive[int] = reactive(0, init=False, repaint=False)

    class CursorMoved(Message):
        """The cursor has moved to another row; None if the table is empty."""

        def __init__(self, row_id: int | None) -> None:
            super().__init__()
            self.row_id = row_id

    class Opened(Message):
        """A row was opened by Enter or a double click."""

        def __init__(self, row_id: int) -> None:
            super().__init__()
            self.row_id = row_id

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._ids: array[int] = array("q")
        self._fetched: OrderedDict[int, Row] = OrderedDict()
        self._styles_of: dict[tuple[str, ...], Style] = {}
        self._drawn: LRUCache[int | str, tuple[object, Strip]] = LRUCache(_CACHED_ROWS)
        self.sorted_by: str | None = None
        """Title of the sort column, which the header marks with `sorted_sign`."""
        self.sorted_sign = "▴"
        """Sign of the sort direction."""

    # Defined by subclasses

    @abstractmethod
    def fetch(self, ids: Sequence[int]) -> Iterable[tuple[int, Row]]:
        """Return rows by id, each paired with its id."""

    @abstractmethod
    def cells(self, row: Row) -> Sequence[str]:
        """Return the cells of a row as safe text, one per column."""

    @abstractmethod
    def component(self, row: Row) -> str:
        """Return the component class that styles a row."""

    # Rows

    @property
    def ids(self) -> Sequence[int]:
        """The ids of all rows."""
        return self._ids

    @property
    def current(self) -> int | None:
        """The id of the row under the cursor."""
        return self._ids[self.cursor] if self._ids else None

    def show(self, ids: Iterable[int], *, at: int | None = None) -> None:
        """Show the rows with these ids, with the cursor on id `at`, or by default on `first_row`."""
        self._ids = array("q", ids)
        self._fetched.clear()
        self.virtual_size = Size(0, len(self._ids) + _HEADER_ROWS)
        row = self._ids.index(at) if at is not None and at in self._ids else self.first_row()
        self.set_reactive(WindowTable.cursor, row)
        self._settle()
        # The scrollable range is only reliable after the layout of these rows.
        self.call_after_refresh(self._keep_in_view)

    def append(self, ids: Iterable[int]) -> None:
        """Append rows that are not in the table yet; cursor and scroll position stay."""
        known = set(self._ids)
        new = [row_id for row_id in ids if row_id not in known]
        if not new:
            return
        if not known:
            self.show(new)
            return
        self._ids.extend(new)
        self.virtual_size = Size(0, len(self._ids) + _HEADER_ROWS)
        self.refresh()

    def first_row(self) -> int:
        """Return the default position of the cursor."""
        return 0

    def reread(self) -> None:
        """Fetch the rows in view again, and redraw if any has changed; number and order stay."""
        top = round(self.scroll_y)
        in_view = self._ids[top : top + self.page]
        before = [self._fetched.get(row_id) for row_id in in_view]
        fetched = dict(self.fetch(in_view))
        self._fetched.clear()
        self._fetched.update(fetched)
        if before != [self._fetched.get(row_id) for row_id in in_view]:
            self.refresh()

    def at(self, row: int) -> Row:
        """Return the row at a position, fetching its page if it is not cached."""
        row_id = self._ids[row]
        if row_id not in self._fetched:
            start = row - row % _PAGE
            self._fetched.update(self.fetch(self._ids[start : start + _PAGE]))
            while len(self._fetched) > _CACHED_ROWS:
                self._fetched.popitem(last=False)
        return self._fetched[row_id]

    # The cursor

    @property
    def page(self) -> int:
        """Number of rows per page."""
        return max(1, self.size.height - _HEADER_ROWS)

    def move_to(self, row_id: int) -> None:
        """Put the cursor on a row of the table, by id."""
        self.cursor = self._ids.index(row_id)

    def move_by(self, rows: int) -> None:
        """Move the cursor down, or up if negative, stopping at both ends."""
        if self._ids:
            self.cursor = max(0, min(len(self._ids) - 1, self.cursor + rows))

    def move_page(self, pages: int) -> None:
        """Move the cursor down by pages, or up if negative."""
        self.move_by(pages * self.page)

    def move_home(self) -> None:
        """Put the cursor on the first row."""
        self.move_by(-len(self._ids))

    def move_end(self) -> None:
        """Put the cursor on the last row."""
        self.move_by(len(self._ids))

    def watch_cursor(self, before: int, now: int) -> None:
        """Keep the cursor in view, and notify the screen; redraws only the two rows if possible."""
        if self._keep_in_view() or self.cursor_draws_all:
            self.refresh()
        else:
            top, width = round(self.scroll_y), self.size.width
            rows = (Region(0, row - top + _HEADER_ROWS, width, 1) for row in (before, now))
            self.refresh(*(row for row in rows if _HEADER_ROWS <= row.y < self.size.height))
        self.post_message(self.CursorMoved(self.current))

    @property
    def cursor_draws_all(self) -> bool:
        """Whether a cursor movement changes more than two rows."""
        return False

    def _keep_in_view(self) -> bool:
        """Scroll the cursor into view; returns whether that was necessary."""
        top = round(self.scroll_y)
        if top <= self.cursor < top + self.page:
            return False
        y = self.cursor if self.cursor < top else self.cursor - self.page + 1
        self.scroll_to(y=y, animate=False, force=True)
        return True

    def _settle(self) -> None:
        self._keep_in_view()
        self.refresh()
        self.post_message(self.CursorMoved(self.current))

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._settle()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked row; a double click opens it."""
        offset = event.get_content_offset(self)
        if not self._ids or offset is None or offset.y < _HEADER_ROWS:
            return
        row = round(self.scroll_y) + offset.y - _HEADER_ROWS
        if row == self.cursor and event.chain > 1:
            self.open()
        elif row < len(self._ids):
            self.cursor = row

    def open(self) -> None:
        """Ask the screen to open the row under the cursor."""
        if self.current is not None:
            self.post_message(self.Opened(self.current))

    # Drawing

    def notify_style_update(self) -> None:
        """Recompute the styles."""
        super().notify_style_update()
        self._styles_of.clear()
        self._drawn.clear()

    def _style(self, *components: str) -> Style:
        if components not in self._styles_of:
            style = self.rich_style
            for component in components:
                style += self.get_component_rich_style(component)
            self._styles_of[components] = style
        return self._styles_of[components]

    def sign(self, row: int, of: Row) -> str:
        """Return the prefix of a row's first cell; empty by default."""
        del row, of
        return ""

    def render_line(self, y: int) -> Strip:
        """Return one line: the header, a row, or a blank."""
        width = self.scrollable_content_region.width
        row = round(self.scroll_y) + y - _HEADER_ROWS
        if y < _HEADER_ROWS:
            return self._drawn_once("header", (width, self.sorted_by, self.sorted_sign), self._header)
        if row >= len(self._ids):
            return self._drawn_once("nothing", width, lambda: Strip.blank(width, self._style()))
        of, has_cursor = self.at(row), row == self.cursor
        sign = self.sign(row, of)
        looks = (width, of, sign, has_cursor)
        return self._drawn_once(self._ids[row], looks, lambda: self._row(of, sign, has_cursor=has_cursor))

    def _drawn_once(self, line: int | str, looks: object, draw: Callable[[], Strip]) -> Strip:
        """Return a line from the cache, or draw it if it looks different."""
        drawn = self._drawn.get(line)
        if drawn is None or drawn[0] != looks:
            drawn = looks, draw()
            self._drawn.put(line, drawn)
        return drawn[1]

    def _header(self) -> Strip:
        titles = [
            f"{column.title}{self.sorted_sign}" if column.title == self.sorted_by else column.title
            for column in self.COLUMNS
        ]
        return self._strip(titles, self._style("table--header"))

    def _row(self, of: Row, sign: str, *, has_cursor: bool) -> Strip:
        first, *others = self.cells(of)
        cursor = ("table--cursor",) if has_cursor else ()
        return self._strip([sign + first, *others], self._style(self.component(of), *cursor))

    def _strip(self, texts: Sequence[str], style: Style) -> Strip:
        width = self.scrollable_content_region.width
        cells = [
            _fit(text, column)
            for text, column in zip(texts[:-1], self.COLUMNS[:-1], strict=True)
            if width >= column.needs
        ]
        line = _GAP.join([*cells, texts[-1]])
        fitting = line if cell_len(line) <= width else set_cell_size(line, max(0, width - 1)) + "…"
        return Strip([Segment(set_cell_size(fitting, width), style)], width)


def _fit(text: str, column: Column) -> str:
    if column.right:
        text = " " * (column.width - cell_len(text)) + text
    return set_cell_size(text, column.width)
