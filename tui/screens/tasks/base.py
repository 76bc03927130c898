"""What the screens of tasks share: a table, the detail of the row under the cursor, and decisions."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar, get_args

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from selfinstruct.core.decisions.tasks import DecisionResult, RefusedByFiltersError
from selfinstruct.core.util.time_slices import Sliced, when_free
from selfinstruct.db.records import AnyDecision, Label, Order
from selfinstruct.tui.background.prefetch import Prefetch
from selfinstruct.tui.dialogs.edit_instruction import EditScreen
from selfinstruct.tui.dialogs.external_editor import EditorError, edit_outside
from selfinstruct.tui.dialogs.reject_tag import TagScreen
from selfinstruct.tui.screens.tasks.detail_pane import DetailPane
from selfinstruct.tui.screens.tasks.table import CandidateTable
from selfinstruct.tui.screens.undo_redo import DecidingScreen
from selfinstruct.tui.text.safe_text import LABEL_WORDS, many, safe_line
from selfinstruct.tui.widgets.table_actions import TableActions

_QUOTED = 60
_IN_POOL = "It is in the pool as it is. Undo its acceptance first, then edit it."


class TasksScreen(TableActions, DecidingScreen):
    """Tasks on the left, the one under the cursor in detail on the right.

    A subclass says which tasks, in which order, and what to do when there are none.
    """

    NEWEST_FIRST: ClassVar[bool] = False
    """Whether rows that are sorted by id begin with the newest task."""
    NOTHING: str
    """Said when there is no task to show; names of actions in it stand for their keys."""

    def load(self, *, at: int | None = None) -> None:
        """Show the tasks of this screen, with the cursor on `at` if it is among them."""
        raise NotImplementedError

    def compose_body(self) -> ComposeResult:
        """Table and detail pane."""
        with Container(id="panes"):
            yield CandidateTable(self.engine.workspace.tasks, id="candidates", newest_first=self.NEWEST_FIRST)
            yield DetailPane(self.engine, id="detail-pane")

    def on_mount(self) -> None:
        """Show what there is."""
        # Watched, which is at once, and not told by a message: row and detail are drawn in one go.
        self.watch(self.table, "cursor", self._cursor_moved, init=False)
        self._ahead = Prefetch(self, self._read_ahead)
        self.table.add_class("pane")
        self.detail.add_class("pane")
        self.set_focus(self.table)
        self.begin()

    def begin(self) -> None:
        """Show what comes first; a method of its own, since Textual calls `on_mount` of each class."""
        self.load()
        self._is_begun = True

    @property
    def table(self) -> CandidateTable:
        """The table of tasks."""
        return self.query_one("#candidates", CandidateTable)

    @property
    def detail(self) -> DetailPane:
        """The detail of the task under the cursor."""
        return self.query_one("#detail-pane", DetailPane)

    def show_rows(self, task_ids: Iterable[int], *, at: int | None) -> None:
        """Show these tasks, with the cursor on `at` if it is among them."""
        self.table.show(task_ids, at=at)
        self._show_detail()

    _is_begun = False
    """Whether what comes first could be read."""

    def refresh_view(self) -> None:
        """Read the rows on the screen again; their number and order stay."""
        if not self._is_begun:
            self.begin()
        self.table.reread()
        self._show_detail()

    def _cursor_moved(self, before: int, now: int) -> None:
        self._show_detail()
        if self.engine.assessor.is_ready:
            self._ahead.around(now, before, page=self.table.page, rows=len(self.table.ids))

    def _read_ahead(self, row: int) -> None:
        if row < len(self.table.ids):
            self.detail.read_ahead(self.table.ids[row])

    @property
    def all_decided(self) -> str:
        """What is said behind a decision when no row here waits for another one."""
        return ""

    def _show_detail(self) -> None:
        self.detail.show(self.table.current, nothing=self.nothing)

    @property
    def nothing(self) -> str:
        """What is said when there is no task to show."""
        return self.with_keys(self.NOTHING)

    @on(DetailPane.Taken)
    async def _go_to_mentioned(self, event: DetailPane.Taken) -> None:
        await self.open_task(event.choice)

    async def open_task(self, task_id: int) -> None:
        """Put the cursor on a task; among all there are when it is not here."""
        if self.is_settled and task_id in self.table.ids:
            self.table.move_to(task_id)
            self.set_focus(self.table)
        else:
            await super().open_task(task_id)

    # Decisions

    def chosen(self) -> list[int]:
        """The marked tasks, or else the one under the cursor."""
        current = self.table.current
        return self.table.marked or ([] if current is None else [current])

    def decide(
        self,
        deciding: Callable[[list[int]], Sliced[DecisionResult]],
        doing: str,
        done: str,
        *,
        task_ids: list[int] | None = None,
        how: str = "",
        move_on: bool = True,
    ) -> None:
        """Decide on the chosen tasks in one step, or on those given, and move on if that settles them.

        `how` is said behind what was decided on, such as a tag.
        """
        marked = self.table.marked
        task_ids = self.chosen() if task_ids is None else task_ids
        if not task_ids:
            self.say(self.nothing.split("\n\n")[0])
            return

        is_put_off = False

        def over(decided: DecisionResult) -> None:
            self.session.attended.wake()
            self.table.unmark((*decided.done, *decided.spared))
            at_hand = self.curator.at_hand
            if at_hand.is_up:
                at_hand.refresh_all()
            stay = self._marks_that_stay() if marked else ""
            left = ""
            goes_on = decided.done and move_on and not marked and not is_put_off
            if goes_on and not self.table.move_to_next_waiting():
                left = self.all_decided
            at_hand.say(f"{self._told(decided, done, how)}{stay}{left}", error=bool(decided.refused))

        is_put_off = self.carry_out(deciding(task_ids), f"{doing} {many(len(task_ids), 'task')}", over)
        if is_put_off and marked:
            self.table.clear_marks()
        elif is_put_off and move_on:
            # The person is not kept; the next key is for another task.
            self.table.move_to_next_waiting()

    def _told(self, decided: DecisionResult, done: str, how: str) -> str:
        """What became of a step, in a sentence."""
        refused = list(decided.refused.values())
        flipped = f" {self._flips(decided)}" if decided.flipped else ""
        number = len(decided.done) + len(refused) + decided.left + len(decided.spared)
        if number == len(decided.done) == 1:
            instruction = self.engine.workspace.tasks.get(decided.done[0]).instruction
            early = " before all vectors had come" if decided.before_vectors else ""
            return f"{done} {decided.done[0]}{how}{early}: {safe_line(instruction, _QUOTED)}{flipped}"
        if number == len(refused) == 1:
            by_filters = isinstance(refused[0], RefusedByFiltersError)
            overrule = self.with_keys(" {accept_anyway} accepts it all the same.")
            return f"Filtered: {refused[0]}{overrule}" if by_filters else str(refused[0])
        told = f"{done} {len(decided.done):,} of {number:,}{how}.{flipped}"
        if decided.spared:
            were = "was" if len(decided.spared) == 1 else "were"
            told += f" {len(decided.spared):,} {were} decided already."
        if decided.before_vectors:
            told += f" Before all vectors had come: {len(decided.before_vectors):,}."
        if decided.left:
            told += f" Stopped before the other {decided.left:,};"
            told += self.with_keys(" {undo} undoes what is done.")
        return f"{told} The first that was not: {refused[0]}" if refused else told

    def _marks_that_stay(self) -> str:
        """What a step on marked tasks has left marked: the next key is for that."""
        number = len(self.table.marked)
        stay = "stays" if number == 1 else "stay"
        return self.with_keys(f" {number:,} {stay} marked; {{back}} clears.") if number else ""

    @staticmethod
    def _flips(decided: DecisionResult) -> str:
        number = len(decided.flipped)
        return f"· {number} {'verdict' if number == 1 else 'verdicts'} flipped, marked with !"

    def action_accept(self) -> None:
        """Accept, if nothing speaks against it now."""

        def accept(task_ids: list[int]) -> Sliced[DecisionResult]:
            return self.engine.decisions.accepting(task_ids, undecided_only=len(task_ids) > 1)

        self.decide(accept, "Accepting", "Accepted")

    def action_accept_anyway(self) -> None:
        """Accept despite the reasons that are on the screen."""

        def accept(task_ids: list[int]) -> Sliced[DecisionResult]:
            seen = self.engine.workspace.tasks.reasons_of(task_ids)
            several = len(task_ids) > 1
            return self.engine.decisions.accepting(task_ids, despite=seen, undecided_only=several)

        self.decide(accept, "Accepting", "Accepted")

    def action_reject(self) -> None:
        """Reject without saying why."""
        self.decide(self._rejecting, "Rejecting", "Rejected")

    def _rejecting(self, task_ids: list[int], *, tag: str | None = None) -> Sliced[DecisionResult]:
        return self.engine.decisions.rejecting(task_ids, tag=tag, undecided_only=len(task_ids) > 1)

    def action_reject_because(self) -> None:
        """Reject, and say why with one more key."""
        chosen = self.chosen()

        def reject(tag: str | None) -> None:
            if tag is not None:
                rejecting = partial(self._rejecting, tag=tag)
                self.decide(rejecting, "Rejecting", "Rejected", task_ids=chosen, how=f" as {tag}")

        if chosen:
            self.app.push_screen(TagScreen(), reject)
        else:
            self.say(self.nothing.split("\n\n")[0])

    def action_restore(self) -> None:
        """Let rejected tasks be candidates again."""
        self.decide(self.engine.decisions.restoring, "Restoring", "Restored", move_on=False)

    def action_relabel(self) -> None:
        """Switch the label; marked tasks all get the same one."""

        task_ids = self.chosen()
        label: Label = "classification"
        if task_ids and self.engine.workspace.tasks.get(task_ids[0]).label == label:
            label = "generation"

        def relabel(task_ids: list[int]) -> Sliced[DecisionResult]:
            return self.engine.decisions.relabelling(task_ids, label)

        how = f" as {LABEL_WORDS[label]}"
        self.decide(relabel, "Relabelling", "Relabelled", task_ids=task_ids, how=how, move_on=False)

    def show_decided(self, decision: AnyDecision) -> None:
        """Put the cursor on the task."""
        if decision.task_id in self.table.ids:
            self.table.move_to(decision.task_id)
            self.refresh_all()
        else:
            self.load(at=decision.task_id)
            self.refresh_status()

    # Editing

    def action_edit(self) -> None:
        """Reword the candidate here."""
        task_id = self._editable()
        if task_id is None:
            return
        instruction = self.engine.workspace.tasks.get(task_id).instruction

        def edit(wording: str | None) -> None:
            if wording is not None:
                self._edited(task_id, wording, seen=instruction)

        self.app.push_screen(EditScreen(task_id, instruction, self.engine.assessor.assess), edit)

    async def action_edit_outside(self) -> None:
        """Reword the candidate in the person's own editor; generation goes on meanwhile."""
        task_id = self._editable()
        if task_id is None:
            return
        instruction = self.engine.workspace.tasks.get(task_id).instruction
        try:
            wording = await edit_outside(self.app, instruction)
        except EditorError as error:
            self.say(f"{error}{self.with_keys(' {edit} edits here.')}", error=True)
        else:
            if wording is None:
                self.say(f"{task_id} stays as it was.")
            else:
                self._edited(task_id, wording, seen=instruction)

    def _editable(self) -> int | None:
        task_id = self.table.current
        if task_id is None:
            self.say(self.nothing.split("\n\n")[0])
        elif self.engine.workspace.tasks.get(task_id).state == "accepted":
            self.say(_IN_POOL, error=True)
        else:
            return task_id
        return None

    def _edited(self, task_id: int, wording: str, *, seen: str) -> None:
        def over(_: object) -> None:
            self.session.attended.wake()
            if self.is_up:
                self.refresh_all()
            self._say_at_hand(f"Edited {task_id}: {safe_line(wording, _QUOTED)}")

        edit = partial(self.engine.decisions.edit, task_id, wording, seen=seen)
        self.carry_out(when_free(self.engine.workspace, edit), f"Editing {task_id}", over)

    # Looking around

    def action_skip(self) -> None:
        """Leave the candidate undecided and go on to the next one."""
        self.table.move_to_next_waiting()

    def action_mark(self) -> None:
        """Mark the row, or take its mark away."""
        self.table.toggle_mark()

    def action_mark_range(self) -> None:
        """Begin or end a range of marks."""
        self.table.toggle_range()

    def action_mark_all(self) -> None:
        """Mark all that pass."""
        self.table.mark_all()
        clears = self.with_keys("{back} clears the marks.")
        self.say(f"{len(self.table.marked):,} marked; one key decides on all of them, {clears}")

    def action_sort(self) -> None:
        """Sort by the next column; the cursor stays on its task."""
        orders: tuple[Order, ...] = get_args(Order)
        self.table.order = orders[(orders.index(self.table.order) + 1) % len(orders)]
        self.load(at=self.table.current)
        self.say(f"Sorted by {'ROUGE-L' if self.table.order == 'score' else self.table.order}.")

    def action_copy(self) -> None:
        """Copy the instruction to the clipboard of the terminal."""
        if self.table.current is not None:
            self.app.copy_to_clipboard(self.engine.workspace.tasks.get(self.table.current).instruction)
            self.say(f"Copied the instruction of {self.table.current}.")

    @on(CandidateTable.Opened)
    async def action_open(self) -> None:
        """Give the detail of the row all the room; from there, go back."""
        if self.is_zoomed and self.detail.display:
            await self.action_back()
        elif self.table.current is not None:
            if self.is_zoomed:
                self.action_zoom()
            self.set_focus(self.detail)
            self.action_zoom()

    async def action_back(self) -> None:
        """Leave the detail first, then take marks away, then go home."""
        if self.is_zoomed:
            self.action_zoom()
            self.set_focus(self.table)
        elif self.focused is not self.table:
            self.set_focus(self.table)
        elif self.table.marked:
            self.table.clear_marks()
            self.say("")
        else:
            await super().action_back()
