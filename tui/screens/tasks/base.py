"""Base class of Curate and Pool: a table of tasks, the detail of the selected one, and decisions."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, get_args

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from selfinstruct.core.errors import DecisionRefusedError, RefusedByFiltersError
from selfinstruct.core.util.time_slices import Sliced
from selfinstruct.db.records import AnyDecision, Order
from selfinstruct.tui.background.prefetch import Prefetch
from selfinstruct.tui.screens.deciding import DecidingScreen, other_label
from selfinstruct.tui.screens.tasks.detail_pane import DetailPane
from selfinstruct.tui.screens.tasks.table import CandidateTable
from selfinstruct.tui.text.safe_text import LABEL_WORDS, many, safe_line
from selfinstruct.tui.widgets.pane_actions import Pane, PaneActions

if TYPE_CHECKING:
    from selfinstruct.core.decisions.tasks import DecisionResult
    from selfinstruct.core.importing.job import ImportResult
    from selfinstruct.tui.dialogs.edit_instruction import EditScreen
    from selfinstruct.tui.dialogs.import_data import ImportRequest

_QUOTED = 60
_IMPORT_SLICE_S = 0.03
"""Seconds of a transaction of an import: short enough for keys in between."""


class TasksScreen(PaneActions, DecidingScreen):
    """A master-detail view: tasks on the left, the detail of the selected one on the right.

    A subclass decides which tasks to list, in which order, and what to say when there are none.
    """

    NEWEST_FIRST: ClassVar[bool] = False
    """Whether rows sorted by id are in descending order."""
    NOTHING: str
    """Placeholder for an empty table; action names in braces stand for their keys."""

    def load(self, *, at: int | None = None) -> None:
        """Show the tasks of this screen, with the cursor on `at` if it is among them."""
        raise NotImplementedError

    def compose_body(self) -> ComposeResult:
        """Yield the table and the detail pane."""
        with Container(id="panes"):
            tasks = self.engine.workspace.tasks
            yield CandidateTable(tasks, id="candidates", newest_first=self.NEWEST_FIRST).add_class("pane")
            yield DetailPane(self.session, id="detail-pane").add_class("pane")

    def on_mount(self) -> None:
        """Load the rows and focus the table."""
        # A watcher runs at once, unlike a message handler: row and detail are drawn in the same frame.
        self.watch(self.table, "cursor", self._cursor_moved, init=False)
        self._ahead = Prefetch(self, self._read_ahead)
        self.set_focus(self.table)
        self.begin()

    def begin(self) -> None:
        """Show the first rows; separate from `on_mount`, which Textual calls for every class of the MRO."""
        self.load()
        self._is_begun = True

    @property
    def table(self) -> CandidateTable:
        """The table of tasks."""
        return self.query_one("#candidates", CandidateTable)

    @property
    def moved(self) -> Pane:
        """The pane that the movement keys act on: the detail while it has the focus."""
        return self.detail if self.detail.has_focus else self.table

    @property
    def detail(self) -> DetailPane:
        """The detail pane of the selected task."""
        return self.query_one("#detail-pane", DetailPane)

    def show_rows(self, task_ids: Iterable[int], *, at: int | None) -> None:
        """Show these tasks, with the cursor on `at` if it is among them."""
        self.table.show(task_ids, at=at)
        self._show_detail()

    _is_begun = False
    """Whether the first rows could be read."""

    def refresh_view(self) -> None:
        """Reread the visible rows; their number and order stay."""
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
        """A sentence for the message line once no row awaits a decision."""
        return ""

    def _show_detail(self) -> None:
        self.detail.show(self.table.current, nothing=self.nothing)

    @property
    def nothing(self) -> str:
        """The placeholder for an empty table, with keys filled in."""
        return self.with_keys(self.NOTHING)

    @on(DetailPane.Taken)
    async def _go_to_mentioned(self, event: DetailPane.Taken) -> None:
        await self.open_task(event.choice)

    async def open_task(self, task_id: int) -> None:
        """Put the cursor on a task, or show it in the pool if it is not listed here."""
        if self.is_settled and task_id in self.table.ids:
            self.table.move_to(task_id)
            self.set_focus(self.table)
        else:
            await super().open_task(task_id)

    # Decisions

    def chosen(self) -> list[int]:
        """Return the marked tasks, or else the selected one."""
        current = self.table.current
        return self.table.marked or ([] if current is None else [current])

    def decide(
        self,
        deciding: "Callable[[list[int]], Sliced[DecisionResult]]",
        doing: str,
        done: str,
        *,
        task_ids: list[int] | None = None,
        how: str = "",
        move_on: bool = True,
    ) -> None:
        """Decide on tasks in one step, then move the cursor to the next undecided one.

        Args:
            deciding: Creates the step for a list of task ids.
            doing: Present participle for the progress message, such as "Accepting".
            done: Past participle for the result, such as "Accepted".
            task_ids: The tasks; by default, the chosen ones.
            how: Appended to the result, such as a tag.
            move_on: Whether to move the cursor after a decision on a single task.
        """
        marked = self.table.marked
        task_ids = self.chosen() if task_ids is None else task_ids
        if not task_ids:
            self.say(self.nothing.split("\n\n")[0])
            return

        is_put_off = False

        def over(decided: "DecisionResult") -> None:
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
            at_hand.say(f"{self._result_text(decided, done, how)}{stay}{left}", error=bool(decided.refused))

        is_put_off = self.carry_out(deciding(task_ids), f"{doing} {many(len(task_ids), 'task')}", over)
        if is_put_off and marked:
            self.table.clear_marks()
        elif is_put_off and move_on:
            # The user need not wait: the next key is for another task.
            self.table.move_to_next_waiting()

    def _result_text(self, decided: "DecisionResult", done: str, how: str) -> str:
        """Return a sentence on the result of a step."""
        refused = list(decided.refused.values())
        flipped = f" · {self._flips(decided)}" if decided.flipped else ""
        number = len(decided.done) + len(refused) + decided.left + len(decided.spared)
        if number == len(decided.done) == 1:
            instruction = self.engine.workspace.tasks.get(decided.done[0]).instruction
            early = " before all vectors had arrived" if decided.before_vectors else ""
            text = f"{done} {decided.done[0]}{how}{early}: {safe_line(instruction, _QUOTED)}{flipped}"
            return f"{text}{self._unclear(decided)}"
        if number == len(refused) == 1:
            by_filters = isinstance(refused[0], RefusedByFiltersError)
            overrule = self.with_keys(" {accept_anyway} accepts it anyway.")
            return f"Filtered: {refused[0]}{overrule}" if by_filters else str(refused[0])
        text = f"{done} {len(decided.done):,} of {number:,}{how}{flipped}."
        if decided.spared:
            were = "was" if len(decided.spared) == 1 else "were"
            text += f" {len(decided.spared):,} {were} already decided."
        if decided.before_vectors:
            text += f" Before all vectors had arrived: {len(decided.before_vectors):,}."
        if decided.left:
            text += f" Stopped before the other {decided.left:,};"
            text += self.with_keys(" {undo} undoes what was done.")
        text += self._unclear(decided)
        return f"{text} First refusal: {refused[0]}" if refused else text

    def _unclear(self, decided: "DecisionResult") -> str:
        """Return a hint on accepted tasks with an unclear label, which get no instances until it is set."""
        tasks = self.engine.workspace.tasks.get_many(decided.done)
        number = sum(task.state == "accepted" and task.label == "unknown" for task in tasks)
        if not number:
            return ""
        whose = "Its label is unclear" if len(decided.done) == 1 else f"{number:,} have an unclear label"
        return self.with_keys(f" {whose}: {{relabel}} sets it, and then instances are generated.")

    def _marks_that_stay(self) -> str:
        """Return a hint on tasks that are still marked after a step: the next key applies to them."""
        number = len(self.table.marked)
        stay = "stays" if number == 1 else "stay"
        return self.with_keys(f" {number:,} {stay} marked; {{back}} clears the marks.") if number else ""

    @staticmethod
    def _flips(decided: "DecisionResult") -> str:
        number = len(decided.flipped)
        return f"{many(number, 'verdict')} flipped (marked !)"

    def action_accept(self) -> None:
        """Accept, unless a filter objects."""

        def accept(task_ids: list[int]) -> "Sliced[DecisionResult]":
            return self.engine.decisions.accepting(task_ids, undecided_only=len(task_ids) > 1)

        self.decide(accept, "Accepting", "Accepted")

    def action_accept_anyway(self) -> None:
        """Accept despite the reasons on the screen."""

        def accept(task_ids: list[int]) -> "Sliced[DecisionResult]":
            seen = self.engine.workspace.tasks.reasons_of(task_ids)
            several = len(task_ids) > 1
            return self.engine.decisions.accepting(task_ids, despite=seen, undecided_only=several)

        self.decide(accept, "Accepting", "Accepted")

    def action_reject(self) -> None:
        """Reject without a tag."""
        self.decide(self._rejecting, "Rejecting", "Rejected")

    def _rejecting(self, task_ids: list[int], *, tag: str | None = None) -> "Sliced[DecisionResult]":
        return self.engine.decisions.rejecting(task_ids, tag=tag, undecided_only=len(task_ids) > 1)

    def action_reject_because(self) -> None:
        """Ask for a tag, and reject with it."""
        chosen = self.chosen()

        def reject(tag: str | None) -> None:
            if tag is not None:
                rejecting = partial(self._rejecting, tag=tag)
                self.decide(rejecting, "Rejecting", "Rejected", task_ids=chosen, how=f" as {tag}")

        if chosen:
            from selfinstruct.tui.dialogs.reject_tag import TagScreen  # noqa: PLC0415 - not for the first screen

            self.app.push_screen(TagScreen(), reject)
        else:
            self.say(self.nothing.split("\n\n")[0])

    def action_restore(self) -> None:
        """Turn rejected tasks into candidates again."""
        self.decide(self.engine.decisions.restoring, "Restoring", "Restored", move_on=False)

    def action_relabel(self) -> None:
        """Switch the label; all marked tasks get the same label."""

        task_ids = self.chosen()
        label = other_label(self.engine.workspace.tasks.get(task_ids[0])) if task_ids else "generation"
        self.session.attended.settle(task_ids)

        def relabel(task_ids: list[int]) -> "Sliced[DecisionResult]":
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
        """Edit the wording in a dialog."""
        task_id = self._editable()
        if task_id is None:
            return
        instruction = self.engine.workspace.tasks.get(task_id).instruction
        self.app.push_screen(self._editor(task_id, instruction))

    def _editor(self, task_id: int, seen: str, draft: str | None = None, refusal: str = "") -> "EditScreen":
        save = partial(self._edited, task_id, seen)
        assess = partial(self.engine.assessor.assess, but=task_id)
        from selfinstruct.tui.dialogs.edit_instruction import EditScreen  # noqa: PLC0415 - not for the first screen

        return EditScreen(task_id, seen, assess, save, draft=draft, refusal=refusal)

    def action_import_data(self) -> None:
        """Ask for a data file, and import it."""
        from selfinstruct.tui.dialogs.import_data import ImportScreen  # noqa: PLC0415 - not for the first screen

        self.app.push_screen(ImportScreen(), self._import)

    def _import(self, request: "ImportRequest | None") -> None:
        if request is None:
            return
        from selfinstruct.core.importing.job import Imported, importing  # noqa: PLC0415 - as above
        from selfinstruct.tui.text.import_text import import_summary  # noqa: PLC0415 - as above

        def is_stopped() -> bool:
            step = self.session.long_step
            return step is not None and step.stopped

        def all_files() -> "Sliced[list[ImportResult]]":
            results = []
            for data in request.files:
                result = yield from importing(
                    self.engine,
                    data,
                    request.options,
                    tally=Imported(),
                    slice_s=_IMPORT_SLICE_S,
                    is_stopped=is_stopped,
                )
                results.append(result)
            return results

        def over(results: "list[ImportResult]") -> None:
            told = (" ".join(import_summary(result, request.options)) for result in results)
            self.curator.at_hand.say(" ".join(told))
            if self.is_current:
                self.load()
            self.refresh_all()

        self.carry_out(all_files(), f"Importing {', '.join(data.name for data in request.files)}", over)

    async def action_edit_outside(self) -> None:
        """Edit the wording in the user's own editor; generation continues meanwhile."""
        from selfinstruct.tui.dialogs.external_editor import EditorError, edit_outside  # noqa: PLC0415 - as above

        task_id = self._editable()
        if task_id is None:
            return
        instruction = self.engine.workspace.tasks.get(task_id).instruction
        with self.curator.staying():
            try:
                wording = await edit_outside(self.app, instruction)
            except EditorError as error:
                self.say(f"{error}{self.with_keys(' {edit} edits here.')}", error=True)
            else:
                if wording is None or not wording.strip():
                    self.say(f"Task {task_id} is unchanged.")
                elif (refusal := self._edited(task_id, instruction, wording)) is not None:
                    self.curator.reopen(self._editor(task_id, instruction, wording, refusal))

    def _editable(self) -> int | None:
        task_id = self.table.current
        if task_id is None:
            self.say(self.nothing.split("\n\n")[0])
        elif self.engine.workspace.tasks.get(task_id).origin == "seed":
            self.say(f"Task {task_id} is a seed; seeds stay as they are.", error=True)
        else:
            return task_id
        return None

    def _edited(self, task_id: int, seen: str, wording: str) -> str | None:
        """Store a wording, and return why it is refused.

        Returns:
            The reason, or None if the wording is stored or queued behind another program.
        """
        kept = sum(one.state == "kept" for one in self.engine.workspace.instances.of_task(task_id))

        def store() -> None:
            try:
                self.engine.decisions.edit(task_id, wording, seen=seen)
            except RefusedByFiltersError as refusal:
                must = "The task is in the pool, so its wording must pass the filters."
                raise DecisionRefusedError(f"{refusal} {must}") from refusal

        def over(_: None) -> None:
            self.session.attended.wake()
            if self.is_up:
                self.refresh_all()
            task = self.engine.workspace.tasks.get(task_id)
            back = self.with_keys("{undo} brings them back")
            aside = f", in place of {many(kept, 'instance')}; {back}" if kept else ""
            anew = (
                f" Its label and instances will be generated again{aside}."
                if task.state == "accepted"
                else ""
            )
            self._say_at_hand(f"Edited {task_id}: {safe_line(task.instruction, _QUOTED)}{anew}")

        editor = partial(self._editor, task_id, seen, wording)
        return self.store_text(store, f"Editing {task_id}", over, editor)

    # Navigation

    def action_skip(self) -> None:
        """Leave the candidate undecided and go to the next one."""
        self.table.move_to_next_waiting()

    def action_mark(self) -> None:
        """Toggle the mark of the row."""
        self.table.toggle_mark()

    def action_mark_range(self) -> None:
        """Start or end a range of marks."""
        self.table.toggle_range()

    def action_mark_all(self) -> None:
        """Mark all undecided rows that pass."""
        self.table.mark_all()
        clears = self.with_keys("{back} clears the marks.")
        self.say(f"{len(self.table.marked):,} marked; the next decision applies to all of them, {clears}")

    def action_sort(self) -> None:
        """Sort by the next column; the cursor stays on its task."""
        orders: tuple[Order, ...] = get_args(Order)
        self.table.order = orders[(orders.index(self.table.order) + 1) % len(orders)]
        self.load(at=self.table.current)
        self.say(f"Sorted by {'ROUGE-L' if self.table.order == 'score' else self.table.order}.")

    def action_copy(self) -> None:
        """Copy the instruction to the clipboard."""
        if self.table.current is not None:
            instruction = self.engine.workspace.tasks.get(self.table.current).instruction
            self.copy(instruction, f"the instruction of {self.table.current}")

    @on(CandidateTable.Opened)
    async def action_open(self) -> None:
        """Zoom into the detail; in the zoomed detail, open the selected task, or go back."""
        if self.detail.has_focus and self.detail.take():
            return
        if self.is_zoomed and self.detail.display:
            await self.action_back()
        elif self.table.current is not None:
            if self.is_zoomed:
                self.action_zoom()
            self.set_focus(self.detail)
            self.action_zoom()

    async def action_back(self) -> None:
        """Leave the detail first, then clear the marks, then go home."""
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
