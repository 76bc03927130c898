"""The Overview screen: charts of the workspace, from requests to exported rows."""

import time
from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import Static

from selfinstruct.core.stats.overview import Overview, read_overview
from selfinstruct.core.stats.seed_distance import SeedScores
from selfinstruct.core.util.time_slices import in_slices
from selfinstruct.tui.background.refresh import BackgroundRefresh
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.keys.screens import ScreenName
from selfinstruct.tui.screens.base import WorkScreen
from selfinstruct.tui.screens.overview.panels import (
    LEFT,
    RIGHT,
    Draw,
    Numbers,
    Similarity,
    lengths,
    similarity,
)
from selfinstruct.tui.session import Session
from selfinstruct.tui.widgets.pane_actions import PaneActions
from selfinstruct.tui.widgets.scroll_pane import ScrollPane

_PROGRESS_S = 0.25
"""Minimum seconds between two progress updates, since drawing takes time too."""
_NOTHING_YET = (
    "Nothing has been proposed yet.\n\nGo to the candidates with {curate} and press {next_batch}: the model"
    " proposes a batch, and this page fills up as you decide."
)


class Panel(Static):
    """A panel of the overview, redrawn to its width.

    Args:
        title: The border title.
        draw: The drawing function.
    """

    def __init__(self, title: str, draw: Draw) -> None:
        super().__init__(markup=False)
        self.border_title = title
        self.draw = draw
        self._numbers: Numbers | None = None
        self._drawn: str | None = None

    def tell(self, numbers: Numbers) -> None:
        """Show new numbers."""
        self._numbers = numbers
        self._redraw()

    def on_resize(self) -> None:
        """Redraw to the new width."""
        self._redraw()

    def _redraw(self) -> None:
        if self._numbers is None or not self.content_size.width:
            return
        drawn = self.draw(self._numbers, self.content_size.width)
        if drawn.plain != self._drawn:
            self._drawn = drawn.plain
            self.update(drawn)


class OverviewScreen(PaneActions, WorkScreen):
    """Charts in two columns, or in one on a narrow terminal."""

    NAME: ClassVar[ScreenName] = "overview"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("overview")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._counting = BackgroundRefresh(self, self._count)
        self._scores = SeedScores(self.engine.workspace, self.engine.language.code)
        self._overview: Overview | None = None
        self._scored = 0.0
        self._nothing = Static("Counting.", id="overview-nothing", markup=False)
        self._columns = Container(id="overview-columns")
        self.panels = [Panel(title, draw) for title, draw in (*LEFT, *RIGHT)]
        self._similarity = [panel for panel in self.panels if panel.draw is similarity]
        self._progress_at = 0.0

    def compose_body(self) -> ComposeResult:
        """Yield all panels, and a placeholder for when there is nothing to draw."""
        with ScrollPane(id="overview"):
            yield self._nothing
            with self._columns:
                for column in (LEFT, RIGHT):
                    with Vertical(classes="overview-column"):
                        yield from (
                            panel for panel in self.panels if (panel.border_title, panel.draw) in column
                        )

    def on_mount(self) -> None:
        """Hide the panels until the numbers have been counted."""
        self._columns.display = False
        for panel in self.panels:
            if panel.draw is lengths:
                panel.border_title = f"Lengths in {self.engine.language.unit}s"
        self.set_focus(self.moved)

    @property
    def moved(self) -> ScrollPane:
        """The pane that the movement keys act on: the whole page."""
        return self.query_one("#overview", ScrollPane)

    def refresh_view(self) -> None:
        """Schedule a recount in the background."""
        self._counting.want()

    def on_screen_suspend(self) -> None:
        """Stop counting while the screen is hidden."""
        self._counting.stop()

    async def _count(self) -> None:
        self._overview = await in_slices(
            read_overview(self.engine.workspace, self.engine.language), self._show_counting
        )
        nothing = not self._overview.candidates
        self._nothing.display = nothing
        self._columns.display = not nothing
        if nothing:
            self._nothing.update(self.with_keys(_NOTHING_YET))
            return
        self._tell(self._overview, self.panels, scored=self._scored)
        await in_slices(self._scores.catch_up(), self._show_scoring)
        self._scored = 1.0
        self._tell(self._overview, self._similarity, scored=1.0)

    def _show_counting(self, done: float) -> None:
        if self._overview is None and self._is_time():
            self._nothing.update(f"Counting: {done:.0%} done.")

    def _show_scoring(self, done: float) -> None:
        if self._overview is not None and self._is_time():
            self._tell(self._overview, self._similarity, scored=done)

    def _is_time(self) -> bool:
        """Return whether a progress update is due; if so, restart its timer."""
        now = time.perf_counter()
        is_time = now - self._progress_at >= _PROGRESS_S
        if is_time:
            self._progress_at = now
        return is_time

    def _tell(self, overview: Overview, panels: Iterable[Panel], *, scored: float) -> None:
        numbers = Numbers(overview, Similarity(self._scores.histogram(), scored))
        for panel in panels:
            panel.tell(numbers)
