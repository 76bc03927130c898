"""The Preview screen: which verdicts other filter settings would flip, before they are applied."""

import time
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.filtering.filters.similarity import ROUGE_L
from selfinstruct.core.filtering.registry import check_candidate
from selfinstruct.core.filtering.settings import FilterSettings, filter_defaults, switched_on
from selfinstruct.core.stats.filter_preview import (
    FilterColumns,
    Flips,
    candidate_of,
    look_at_decided,
    look_at_undecided,
)
from selfinstruct.core.util.time_slices import in_slices
from selfinstruct.tui.background.refresh import BackgroundRefresh
from selfinstruct.tui.background.workers import start_worker
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.keys.screens import ScreenName
from selfinstruct.tui.screens.base import WorkScreen
from selfinstruct.tui.screens.preview.filter_choices import described, differences
from selfinstruct.tui.screens.preview.filter_list import FilterList
from selfinstruct.tui.screens.preview.flips import FlipTable, scores_chart, summary
from selfinstruct.tui.session import Session
from selfinstruct.tui.text.safe_text import safe_line
from selfinstruct.tui.widgets.pane_actions import Pane, PaneActions
from selfinstruct.tui.widgets.titles import entitle

_PROGRESS_S = 0.25
"""Minimum seconds between two progress updates, since drawing takes time too."""
_BORDERS = 2
"""Lines of a pane's top and bottom border."""
_NO_CANDIDATE = "There are no undecided candidates; to generate some, press {curate} and then {next_batch}"


class PreviewScreen(PaneActions, WorkScreen):
    """The filters above the candidates whose verdicts they would flip."""

    NAME: ClassVar[ScreenName] = "preview"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("preview")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._now = self._proposed = self.engine.settings.filters
        self._lists = switched_on(self._now, filter_defaults(self.engine.language.code))
        """The settings with all filters on, those that are off with their last values."""
        self._looking = BackgroundRefresh(self, self._look)
        self._looked_at: object = None
        self._undecided = FilterColumns(self._lists, self.engine.language)
        self._scored = 0.0
        """The share of undecided candidates in `_undecided`, 0 to 1."""
        self._filling = self._undecided
        self._filling_for: object = None
        self._decided: FilterColumns | None = None
        self._applying = False
        self._progress_at = 0.0
        self._filters = FilterList(id="preview-filters")
        self._chart = Static(id="preview-scores", markup=False)
        self._top = Container(self._filters, self._chart, id="preview-top", classes="pane")
        self._table = FlipTable(self.engine.workspace.tasks, id="preview-flips")
        self._why = Static(id="preview-why", markup=False)

    def compose_body(self) -> ComposeResult:
        """Yield filters and scores, the flips below, and the reasons for the selected flip."""
        yield self._top
        self._table.add_class("pane")
        yield self._table
        yield self._why

    def on_mount(self) -> None:
        """Focus the filters, with the cursor on the ROUGE-L threshold."""
        entitle(self._filters, "Filters")
        entitle(self._chart, "ROUGE-L with the pool")
        self._show()
        self.set_focus(self._filters)

    def refresh_view(self) -> None:
        """Follow the filters in force, and rescore what has changed in the background."""
        filters = self.engine.settings.filters
        if filters != self._now:
            self._proposed = filters if self._proposed == self._now else self._proposed
            self._now = filters
            self._lists = switched_on(filters, self._lists)
            self._show()
        self._looking.want()

    def on_screen_suspend(self) -> None:
        """Stop the background work while the screen is hidden."""
        self._looking.stop()

    def on_resize(self) -> None:
        """Redraw the scores to the new width."""
        self.call_after_refresh(self._show_scores)

    # Scoring the candidates

    async def _look(self) -> None:
        workspace = self.engine.workspace
        last = (workspace.decisions.last_id(), workspace.tasks.last_id(), workspace.vectors.last_id())
        looked_at = (*last, self._lists)
        if looked_at == self._looked_at or not self.engine.assessor.is_ready or self._applying:
            return
        if looked_at != self._filling_for:
            self._filling, self._filling_for = FilterColumns(self._lists, self.engine.language), looked_at
        undecided, decided = self._filling, FilterColumns(self._lists, self.engine.language)
        if self._scored < 1:
            # The first time, partial results are better than none.
            self._undecided = undecided
        await in_slices(look_at_undecided(self.engine, undecided), self._show_looking)
        self._undecided, self._scored = undecided, 1.0
        self._show()
        await in_slices(look_at_decided(self.engine, decided))
        self._decided, self._looked_at = decided, looked_at
        self._show()

    def _show_looking(self, done: float) -> None:
        if self._scored < 1 and self._is_time():
            self._scored = done
            self._show()

    def _is_time(self) -> bool:
        """Return whether a progress update is due; if so, restart its timer."""
        now = time.perf_counter()
        is_time = now - self._progress_at >= _PROGRESS_S
        if is_time:
            self._progress_at = now
        return is_time

    def _show(self) -> None:
        self._filters.tell(self._now, self._proposed, by_meaning=self._by_meaning)
        self._top.styles.height = self._filters.rows + _BORDERS
        self._show_scores()
        flips = self._undecided.flips(self._proposed)
        self._table.show_flips(flips, self._undecided, self._proposed)
        entitle(self._table, self._title(flips))
        if self._decided is not None:
            otherwise = self._decided.differing(self._now, self._proposed)
            self._table.border_subtitle = (
                f"of the {len(self._decided):,} already decided, {otherwise:,} would get another verdict;"
                " decisions stand"
            )

    def _title(self, flips: Flips) -> str:
        if not self.engine.assessor.is_ready:
            return "The pool is being read; then the candidates are scored"
        if self._scored < 1:
            return f"{summary(flips)}, with {self._scored:.0%} of the candidates scored"
        return summary(flips) if len(self._undecided) else self.with_keys(_NO_CANDIDATE)

    @property
    def _by_meaning(self) -> bool:
        return self.session.settings.embeddings is not None

    def _show_scores(self) -> None:
        width = self._chart.content_size.width
        if width > 0:
            self._chart.update(scores_chart(self._undecided, ROUGE_L.of(self._proposed), width))

    @on(FlipTable.CursorMoved)
    def _show_why(self) -> None:
        self._why.update(self._reasons())

    def _reasons(self) -> Content:
        """Return the reasons for the selected candidate's verdict, under the current and proposed filters."""
        if self._table.current is None:
            return Content()
        row = self._table.at(self._table.cursor)
        flip = row.flip
        refusal = self.engine.workspace.vectors.refusal(flip.task_id) if self._by_meaning else None
        candidate = candidate_of(
            row.instruction, self.engine.language, flip.score, flip.cosine, refusal=refusal
        )
        then = [reason.sentence for reason in check_candidate(candidate, self._proposed)]
        now = [reason.sentence for reason in self.engine.workspace.tasks.reasons(flip.task_id)]
        return Content(f"now:  {_sentences(now)}\nthen: {_sentences(then)}")

    # Actions

    def _propose(self, value: object) -> None:
        choice = self._filters.choice
        self._proposed = choice.after(self._proposed, value)
        self._show()
        changed = differences(self._now, self._proposed)
        applies = "" if self.session.read_only else self.with_keys(" {apply} applies it.")
        self.say(f"Proposed: {described(self._proposed, changed)}.{applies}" if changed else "")

    def _step(self, steps: int) -> None:
        self._propose(self._filters.choice.moved(self._proposed, self._lists, steps))

    def action_less(self) -> None:
        """Lower the setting by a small step."""
        self._step(-1)

    def action_more(self) -> None:
        """Raise the setting by a small step."""
        self._step(1)

    def action_much_less(self) -> None:
        """Lower the setting by a big step."""
        self._step(-self._filters.choice.big_step)

    def action_much_more(self) -> None:
        """Raise the setting by a big step."""
        self._step(self._filters.choice.big_step)

    def action_switch(self) -> None:
        """Toggle the filter."""
        choice = self._filters.choice
        if choice.switched is None:
            self.say(f"'{choice.label}' cannot be off; {self.with_keys('{less} and {more}')} change it.")
        else:
            self._propose(choice.switched(self._proposed, self._lists))

    def action_apply(self) -> None:
        """Apply the proposed filters, and reassess all undecided candidates."""
        changed = differences(self._now, self._proposed)
        if self._applying:
            self.say("The candidates are already being reassessed.")
        elif not changed and not self.session.reassessment_is_due:
            changes = self.with_keys("{less} and {more} change a filter.")
            self.say(f"Nothing has changed, so there is nothing to apply. {changes}")
        else:
            self._applying = True
            self._looking.stop()
            before = described(self._now, changed)
            start_worker(self, partial(self._apply, self._proposed, before))

    async def _apply(self, filters: FilterSettings, before: str) -> None:
        try:
            if self.session.attended.under_way:
                self.say("The filters will change once the answers in flight are stored.")
            if filters != self.session.settings.filters:
                await self.session.apply(self.session.settings.model_copy(update={"filters": filters}))
            turned = await self.session.reassess(self._show_assessment)
        except SettingsError as error:
            self.curator.at_hand.say(str(error), error=True)
            return
        finally:
            self._applying = False
            self._looked_at = self._filling_for = None
        verdicts = "1 verdict has" if turned == 1 else f"{turned:,} verdicts have"
        sentence = f"Applied; {verdicts} changed, decisions stand."
        if before:
            sentence += self.with_keys(" {undo} does not undo this:")
            sentence += f" to go back, apply the old values, {before}."
        self.curator.at_hand.say(sentence)
        self.curator.at_hand.refresh_all()

    def _show_assessment(self, done: float) -> None:
        if self._is_time():
            self.say(f"Reassessing the undecided candidates: {done:.0%} done.")

    async def action_back(self) -> None:
        """Discard the proposed filters, then go back."""
        if not self.is_zoomed and self._proposed != self._now:
            self._proposed = self._now
            self._show()
            self.say("")
        await super().action_back()

    # Navigation in the list of filters or the table

    @property
    def _in_table(self) -> bool:
        return self.focused is self._table

    @property
    def moved(self) -> Pane:
        """The pane that the movement keys act on: the table while it has the focus."""
        return self._table if self._in_table else self._filters

    @on(FlipTable.Opened)
    async def action_open_candidate(self) -> None:
        """Open the selected candidate; from the filters, focus the table."""
        if not self._in_table:
            self.set_focus(self._table)
        elif self._table.current is not None:
            await self.open_task(self._table.current)


def _sentences(sentences: list[str]) -> str:
    return safe_line(" ".join(sentences)) if sentences else "it passes."
