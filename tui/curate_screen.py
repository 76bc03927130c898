"""The home screen: a person decides on candidates while the next ones are being made."""

import asyncio
from collections.abc import Callable
from typing import ClassVar, get_args
from urllib.parse import urlsplit

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from selfinstruct.core.attended import AttendedRun
from selfinstruct.core.decisions import Decided, RefusedByJudgeError
from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import DecisionRefusedError
from selfinstruct.core.events import (
    BatchCompleted,
    CandidatesProposed,
    Event,
    GenerationPaused,
    RequestFailed,
)
from selfinstruct.core.search import FilterError, parse_filter
from selfinstruct.core.settings import Settings
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.rows import PASS, Decision, Label, Order
from selfinstruct.tui.actions import bindings
from selfinstruct.tui.candidates import CandidateTable
from selfinstruct.tui.detail import detail
from selfinstruct.tui.display import cost_text, safe_line
from selfinstruct.tui.edit import EditScreen
from selfinstruct.tui.keys import KeysScreen
from selfinstruct.tui.tags import TagScreen

_QUOTED = 60
_REFRESH_S = 0.1
"""Events come in bursts; what they changed is shown this often at most."""
_LOOK_S = 0.5
_NO_CANDIDATE = "There is no candidate here. Press n for the next batch."
_NOTHING_YET = (
    "No candidates yet.\n\nPress n, and the model proposes a batch of new tasks from the seeds."
    " Accept with a, reject with r; ? shows every key."
)
_NOTHING_FOUND = "Nothing is like that. Esc goes back to the candidates."


class Happened(Message):
    """The engine has told of something; it is in the workspace already."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class CurateScreen(Screen[None]):
    """Candidates on the left, the one under the cursor in detail on the right.

    Args:
        engine: Whose candidates these are.
        resend: Whether requests in doubt are sent again although they may cost.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(self, engine: Engine, *, resend: bool) -> None:
        super().__init__()
        self._engine = engine
        self._attended = AttendedRun(engine, resend=resend)
        self._batch = self._attended.shown
        self._waiting = False
        self._leaving = False
        self._refresh_due = False

    # What the screen is made of

    def compose(self) -> ComposeResult:
        """Status line, table and detail pane, message line, footer."""
        yield Static(id="status", markup=False)
        yield Input(
            placeholder="words, label:clf, state:rejected, verdict:too_similar, origin:model, score>0.6",
            id="filter",
        )
        with Container(id="panes"):
            table = CandidateTable(self._engine.workspace.tasks.get_many, id="candidates")
            table.border_title = "Candidates"
            yield table
            with VerticalScroll(id="detail-pane", can_focus=True):
                yield Static(id="detail", markup=False)
        yield Static(id="message", markup=False)
        yield Footer(show_command_palette=True)

    def on_mount(self) -> None:
        """Show what waits, and begin to work in the background."""
        self._filter.display = False
        self._table.focus()
        self._show_batch(self._batch)
        self._start_generation()
        self._engine.workspace.changed_by_others()
        self.set_interval(_LOOK_S, self._look)
        if self._engine.settings.is_offline:
            self._say("The built-in model answers: a grammar, not a language model. Its texts are made up.")
        in_doubt = self._engine.workspace.counts().requests["in_doubt"]
        if in_doubt and not self._engine.settings.is_free:
            self._say(
                f"{in_doubt} requests are in doubt since a crash; start with --resend to send them again."
            )

    @property
    def _table(self) -> CandidateTable:
        return self.query_one("#candidates", CandidateTable)

    # What the engine says

    @on(Happened)
    def _happened(self, message: Happened) -> None:
        event = message.event
        if isinstance(event, GenerationPaused):
            self._say(event.sentence, error=True)
        elif isinstance(event, RequestFailed):
            self._say(f"Request {event.request_id} ({event.stage}) failed: {event.sentence}", error=True)
        elif isinstance(event, BatchCompleted):
            self._show_if_waited_for()
        elif (
            isinstance(event, CandidatesProposed) and event.batch == self._batch and not self._filter.display
        ):
            # What an earlier session of this batch had left under way has come in.
            self._show_batch(self._batch, at=self._table.current)
        if not self._refresh_due:
            self._refresh_due = True
            self.set_timer(_REFRESH_S, self._refresh_now)

    def _refresh_now(self) -> None:
        self._refresh_due = False
        self._refresh()

    def _look(self) -> None:
        """Show what other programs have done to the workspace."""
        if self._engine.workspace.changed_by_others():
            self._refresh()

    def _show_if_waited_for(self) -> None:
        # Never under a person's hands: a key may be on its way to the candidate that they see.
        if not self._waiting:
            return
        if self._table.has_waiting() or self._filter.display or not self.is_current:
            self._say("The next batch is ready: n shows it.")
        else:
            self.action_next_batch()

    def _start_generation(self) -> None:
        self._generation = asyncio.ensure_future(self._attended.run())
        self._generation.add_done_callback(self._generation_ended)

    def _generation_ended(self, generation: "asyncio.Future[None]") -> None:
        if generation.cancelled():
            return
        error = generation.exception()
        if error is not None:
            self._say(
                f"Generation stopped by an error of this program, {error!r}; n starts it again.", error=True
            )
        elif self._leaving:
            self.app.exit()

    # What is shown

    def _show_batch(self, batch: int, *, at: int | None = None) -> None:
        self._batch = batch
        self._filter.display = False
        self._table.border_title = "Candidates"
        ids = self._engine.workspace.tasks.to_review(batch, self._table.order)
        self._table.show(ids, at=at)
        self._refresh_status()

    @property
    def _filter(self) -> Input:
        return self.query_one("#filter", Input)

    def action_filter(self) -> None:
        """Look through everything there is, in all states."""
        self._filter.display = True
        self._filter.focus()
        self._show_filtered()

    def action_back(self) -> None:
        """Take marks away first, then the filter."""
        if self._table.marked:
            self._table.clear_marks()
        elif self._filter.display:
            self._table.focus()
            self._show_batch(self._batch, at=self._table.current)

    @on(Input.Changed, "#filter")
    def _show_filtered(self) -> None:
        if not self._filter.display:
            return
        tasks = self._engine.workspace.tasks
        try:
            wanted = parse_filter(self._filter.value)
        except FilterError as error:
            self._say(str(error), error=True)
            return
        found = tasks.search(wanted, self._table.order)
        self._table.border_title = f"Pool and candidates: {len(found):,} of {tasks.count():,}"
        self._table.show(found, at=self._table.current)

    def action_sort(self) -> None:
        """Sort by the next column; the cursor stays on its task."""
        orders: tuple[Order, ...] = get_args(Order)
        self._table.order = orders[(orders.index(self._table.order) + 1) % len(orders)]
        if self._filter.display:
            self._show_filtered()
        else:
            self._show_batch(self._batch, at=self._table.current)
        self._say(f"Sorted by {'ROUGE-L' if self._table.order == 'score' else self._table.order}.")

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self._table.focus()

    def _refresh(self) -> None:
        self._table.reread()
        self._show_detail(self._table.current)
        self._refresh_status()

    @on(CandidateTable.CursorMoved)
    def _cursor_moved(self, event: CandidateTable.CursorMoved) -> None:
        pane = self.query_one("#detail-pane", VerticalScroll)
        pane.scroll_home(animate=False)
        self._show_detail(event.task_id)

    def _show_detail(self, task_id: int | None) -> None:
        pane = self.query_one("#detail-pane", VerticalScroll)
        pane.border_title = "" if task_id is None else str(task_id)
        nothing = _NOTHING_FOUND if self._filter.display else _NOTHING_YET
        content = Content(nothing) if task_id is None else detail(self._engine, task_id)
        pane.query_one("#detail", Static).update(content)

    def _refresh_status(self) -> None:
        settings, counts = self._engine.settings, self._engine.workspace.summary()
        model = "offline (a grammar)" if settings.is_offline else safe_line(_place(settings), 40)
        grown = sum(number for origin, number in counts.pool.items() if origin != "seed")
        limit = f" of ${settings.max_cost:g}" if settings.max_cost else ""
        parts = [
            "selfinstruct",
            safe_line(self._engine.workspace.path.name, 30),
            model,
            f"batch {self._batch}",
            f"pool {counts.pool['seed']} + {grown}",
            f"{cost_text(counts)}{limit}",
            f"+{new} new" if (new := self._engine.workspace.tasks.passing_after(self._batch)) else "",
            self._activity(),
        ]
        line = self.query_one("#status", Static)
        shown = [part for part in parts if part]
        # What is known anyway makes room on a narrow terminal for what changes.
        while len("   ".join(shown)) > self.size.width - 2 and len(shown) > 3:
            del shown[0]
        line.update("   ".join(shown))

    def on_resize(self) -> None:
        """Make the status line fit."""
        self.call_after_refresh(self._refresh_status)

    def _activity(self) -> str:
        if self._attended.paused:
            return "paused"
        progress = self._attended.progress
        if progress:
            return f"generating {progress[0]}/{progress[1]}"
        under_way = self._attended.under_way
        return f"{under_way} under way" if under_way else ""

    def _say(self, text: str, *, error: bool = False) -> None:
        line = self.query_one("#message", Static)
        line.set_class(error, "-error")
        line.update(safe_line(text))

    # What a person can do

    def _chosen(self) -> list[int]:
        """The marked tasks, or else the one under the cursor."""
        current = self._table.current
        return self._table.marked or ([] if current is None else [current])

    def _decide(
        self, decide: Callable[[list[int]], Decided], done: str, *, task_ids: list[int] | None = None
    ) -> None:
        """Decide on the chosen tasks in one step, or on those given, and move on."""
        marked = self._table.marked
        task_ids = self._chosen() if task_ids is None else task_ids
        if not task_ids:
            self._say(_NO_CANDIDATE)
            return
        try:
            decided = decide(task_ids)
        except WorkspaceError as error:
            self._say(str(error), error=True)
            return
        self._attended.wake()
        self._table.clear_marks()
        self._refresh()
        self._say(self._told(decided, done), error=bool(decided.refused))
        if decided.done and not marked:
            self._table.move_to_next_waiting()

    def _told(self, decided: Decided, done: str) -> str:
        """What became of a step, in a sentence."""
        refused = list(decided.refused.values())
        if len(decided.done) == 1 and not refused:
            instruction = self._engine.workspace.tasks.get(decided.done[0]).instruction
            return f"{done} {decided.done[0]}: {safe_line(instruction, _QUOTED)}"
        if not decided.done and len(refused) == 1:
            by_judge = isinstance(refused[0], RefusedByJudgeError)
            return f"Filtered: {refused[0]} A accepts it all the same." if by_judge else str(refused[0])
        told = f"{done} {len(decided.done)} of {len(decided.done) + len(refused)}."
        return f"{told} The first that was not: {refused[0]}" if refused else told

    def action_accept(self) -> None:
        """Accept, if nothing speaks against it now."""
        self._decide(self._engine.decisions.accept_all, "Accepted")

    def action_accept_anyway(self) -> None:
        """Accept despite the reasons that are on the screen."""

        def accept(task_ids: list[int]) -> Decided:
            seen = {task_id: self._engine.workspace.tasks.reasons(task_id) for task_id in task_ids}
            return self._engine.decisions.accept_all(task_ids, despite=seen)

        self._decide(accept, "Accepted")

    def action_reject(self) -> None:
        """Reject without saying why."""
        self._decide(self._engine.decisions.reject_all, "Rejected")

    def action_reject_because(self) -> None:
        """Reject, and say why with one more key."""

        chosen = self._chosen()

        def reject(tag: str | None) -> None:
            if tag is not None:
                decisions = self._engine.decisions
                self._decide(lambda ids: decisions.reject_all(ids, tag=tag), "Rejected", task_ids=chosen)

        if not chosen:
            self._say(_NO_CANDIDATE)
        else:
            self.app.push_screen(TagScreen(), reject)

    def action_restore(self) -> None:
        """Let rejected tasks be candidates again."""
        self._decide(self._engine.decisions.restore_all, "Restored")

    def action_relabel(self) -> None:
        """Switch the label; marked tasks all get the same one."""

        def relabel(task_ids: list[int]) -> Decided:
            now = self._engine.workspace.tasks.get(task_ids[0]).label
            label: Label = "generation" if now == "classification" else "classification"
            return self._engine.decisions.relabel_all(task_ids, label)

        self._decide(relabel, "Relabelled")

    def action_skip(self) -> None:
        """Leave the candidate undecided and go on to the next one."""
        self._table.move_to_next_waiting()

    def action_mark(self) -> None:
        """Mark the row, or take its mark away."""
        self._table.toggle_mark()

    def action_mark_range(self) -> None:
        """Begin or end a range of marks."""
        self._table.toggle_range()

    def action_mark_all(self) -> None:
        """Mark all that pass."""
        self._table.mark_all()
        self._say(f"{len(self._table.marked)} marked; one key decides on all of them, Esc clears the marks.")

    def action_edit(self) -> None:
        """Reword the candidate."""
        task_id = self._table.current
        if task_id is None:
            self._say(_NO_CANDIDATE)
            return

        def edit(wording: str | None) -> None:
            if wording is None:
                return
            try:
                self._engine.decisions.edit(task_id, wording)
            except (DecisionRefusedError, WorkspaceError) as refusal:
                self._say(str(refusal), error=True)
            else:
                self._attended.wake()
                self._refresh()
                self._say(f"Edited {task_id}: {safe_line(wording, _QUOTED)}")

        task = self._engine.workspace.tasks.get(task_id)
        if task.state == "accepted":
            self._say("It is in the pool as it is. Undo its acceptance first, then edit it.", error=True)
            return
        self.app.push_screen(EditScreen(task_id, task.instruction, self._engine.judging.judge), edit)

    def action_undo(self) -> None:
        """Take back the last decision, and go to its task."""
        self._take_back(self._engine.decisions.undo, "undo", "Undone")

    def action_redo(self) -> None:
        """Take back the last undo, and go to its task."""
        self._take_back(self._engine.decisions.redo, "redo", "Redone")

    def _take_back(self, take_back: Callable[[], list[Decision]], what: str, done: str) -> None:
        try:
            decisions = take_back()
        except (DecisionRefusedError, WorkspaceError) as refusal:
            self._say(str(refusal), error=True)
            return
        if not decisions:
            self._say(f"There is nothing to {what}.")
            return
        self._attended.wake()
        first = decisions[-1]
        if first.task_id in self._table.ids:
            self._table.move_to(first.task_id)
            self._refresh()
        else:
            self._show_batch(self._batch, at=first.task_id)
        more = f" and {len(decisions) - 1} more" if len(decisions) > 1 else ""
        self._say(f"{done}: {first.kind} of {first.task_id}{more}")

    def action_next_batch(self) -> None:
        """Show the next batch, or wait for it."""
        if self._generation.done():
            self._start_generation()
        batch = self._attended.next_batch()
        self._waiting = batch is None
        if batch is None:
            self._say("The next batch is on its way.")
        else:
            proposed = self._engine.workspace.tasks.of_batch(batch)
            passing = [task.id for task in proposed if task.verdict == PASS]
            self._show_batch(batch, at=passing[0] if passing else None)
            self._say(f"Batch {batch}: {len(proposed)} candidates, {len(passing)} pass.")
        self._refresh_status()

    def action_down(self) -> None:
        """Next row."""
        self._table.move_by(1)

    def action_up(self) -> None:
        """Previous row."""
        self._table.move_by(-1)

    def action_page_down(self) -> None:
        """Down by a screen."""
        self._table.move_by(self._table.page)

    def action_page_up(self) -> None:
        """Up by a screen."""
        self._table.move_by(-self._table.page)

    def action_first(self) -> None:
        """First row."""
        self._table.move_by(-len(self._table.ids))

    def action_last(self) -> None:
        """Last row."""
        self._table.move_by(len(self._table.ids))

    def action_keys(self) -> None:
        """Show the keys."""
        self.app.push_screen(KeysScreen())

    def action_leave(self) -> None:
        """Quit once what is under way is stored; at once when asked again."""
        if self._leaving or not self._attended.under_way:
            self.app.exit()
            return
        self._leaving = True
        self._attended.stop()
        self._say(f"Quitting after {self._attended.under_way} answers under way. q again leaves at once.")

    async def stop(self) -> None:
        """End generation: what is still under way is in doubt from now on."""
        self._generation.cancel()
        await asyncio.gather(self._generation, return_exceptions=True)


def _place(settings: Settings) -> str:
    """The model, and the host that it is asked at."""
    return f"{settings.model} at {urlsplit(settings.address).netloc}"
