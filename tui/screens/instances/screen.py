"""The Instances screen: a person reviews and corrects the instances of accepted tasks."""

from array import array
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from selfinstruct.core.events import Event, TaskInstantiated
from selfinstruct.core.util.time_slices import when_free
from selfinstruct.db.records import AnyDecision, Instance, InstanceDecision, Task
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.keys.screens import ScreenName
from selfinstruct.tui.screens.base import LOOK_S
from selfinstruct.tui.screens.deciding import other_label
from selfinstruct.tui.screens.filtered import FilteredScreen, filter_line
from selfinstruct.tui.screens.instances.accepted import AcceptedTable
from selfinstruct.tui.screens.instances.editor import InstanceEditor
from selfinstruct.tui.screens.instances.pane import InstancePane
from selfinstruct.tui.widgets.pane_actions import Pane, PaneActions
from selfinstruct.tui.widgets.titles import entitle

_NO_TASK = (
    "No task has been accepted yet.\n\n{curate} goes to the candidates: {accept} accepts one, and its"
    " instances are generated."
)
_NO_MATCH = "No accepted task matches.\n\n{back} clears the filter."
_NO_INSTANCE = (
    "There is no instance here. {add_instance} lets you write one, {more_instances} asks the model."
)


class InstancesScreen(PaneActions, FilteredScreen):
    """Accepted tasks on the left, the instances of the selected one on the right."""

    NAME: ClassVar[ScreenName] = "instances"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("instances")]

    _loaded_at = 0
    """The id of the next step at the time when the table was loaded."""

    def compose_body(self) -> ComposeResult:
        """Yield the filter line above tasks and instances."""
        yield filter_line()
        with Container(id="panes"):
            yield AcceptedTable(self.engine.workspace, id="accepted").add_class("pane")
            yield InstancePane(self.session, id="instance-pane").add_class("pane")

    def on_mount(self) -> None:
        """Focus the table, and start following the request of a task without instances."""
        self.set_focus(self.table)
        self.set_interval(LOOK_S, self._look)

    @property
    def table(self) -> AcceptedTable:
        """The table of accepted tasks."""
        return self.query_one("#accepted", AcceptedTable)

    @property
    def moved(self) -> Pane:
        """The pane that the movement keys act on: the instances while they have the focus."""
        return self.pane if self.pane.has_focus else self.table

    @property
    def pane(self) -> InstancePane:
        """The pane with the instances of the selected task."""
        return self.query_one("#instance-pane", InstancePane)

    # Showing

    def on_screen_resume(self) -> None:
        """Reload the table if there have been decisions in the meantime."""
        if self._loaded_at != self.engine.workspace.decisions.next_step():
            self.load(at=self.table.current)

    def load(self, *, at: int | None = None) -> None:
        """Show the accepted tasks, newest first, with the cursor on `at` if it is among them."""
        self._loaded_at = self.engine.workspace.decisions.next_step()
        if self.filter.value.strip():
            super().load(at=at)
            return
        self.filter.remove_class("-wrong")
        accepted = self.engine.workspace.tasks.accepted()
        entitle(self.table, f"{len(accepted):,} accepted")
        self.table.show(accepted, at=at)

    def count(self) -> int:
        """Return the number of accepted tasks."""
        return len(self.engine.workspace.tasks.accepted())

    def show_found(self, found: "array[int]", *, at: int | None) -> None:
        """Show the accepted tasks among the matching ones."""
        wanted, accepted = set(found), self.engine.workspace.tasks.accepted()
        shown = [task_id for task_id in accepted if task_id in wanted]
        entitle(self.table, f"Showing {len(shown):,} of {len(accepted):,} accepted")
        self.table.show(shown, at=at)
        self._show_instances()

    def refresh_view(self) -> None:
        """Reread the rows; tasks accepted in the meantime are announced, and shown on request."""
        new = self._new()
        if new and not self.table.ids:
            self.load()
        elif new:
            entitle(
                self.table,
                f"{len(self.table.ids):,} accepted · +{new:,} new, {self.with_keys('{first}')} shows them",
            )
        self.table.reread()
        self._show_instances()

    def _new(self) -> int:
        """Return the number of tasks accepted since the table was loaded."""
        if self.filter.value.strip():
            return 0
        _, grown = self.engine.assessor.pool_size
        return max(0, grown - len(self.table.ids))

    def _look(self) -> None:
        if self.is_current and self.pane.is_empty and self.session.attended.under_way:
            self._show_instances()

    def _show_instances(self, at: int | None = None) -> None:
        nothing = _NO_MATCH if self.filter.value.strip() else _NO_TASK
        self.pane.show(self.table.current, nothing=self.with_keys(nothing), at=at)

    @on(AcceptedTable.CursorMoved)
    def _cursor_moved(self) -> None:
        self._show_instances()

    async def open_task(self, task_id: int) -> None:
        """Put the cursor on an accepted task; open any other task in the pool."""
        if task_id not in self.table.ids:
            self.clear_filter()
            self.load(at=task_id)
        if task_id in self.table.ids:
            self.table.move_to(task_id)
            self.set_focus(self.table)
        else:
            await super().open_task(task_id)

    def happened(self, event: Event) -> None:
        """Report new instances of the selected task."""
        super().happened(event)
        if isinstance(event, TaskInstantiated) and event.task_id == self.table.current:
            self.say(f"New instances from the model: {event.kept} kept, {event.dropped} dropped.")

    # Decisions

    def action_edit_instance(self) -> None:
        """Edit input and output in a dialog."""
        instance = self._current()
        if instance is None:
            return

        title = f"An instance of {instance.task_id}"
        instruction = self.engine.workspace.tasks.get(instance.task_id).instruction
        texts = (instance.input, instance.output)

        def save(given: str, output: str) -> str | None:
            if (given, output) == texts and instance.state == "kept":
                self.say("The instance is unchanged.")
                return None

            def edit() -> int:
                self.engine.decisions.instances.edit(instance.id, given, output)
                return instance.id

            again = partial(InstanceEditor, title, instruction, texts, save, (given, output))
            return self.store_text(edit, "Editing an instance", partial(self._decided, "Edited."), again)

        self.app.push_screen(InstanceEditor(title, instruction, texts, save))

    def action_add_instance(self) -> None:
        """Write a new instance in a dialog."""
        task = self._here()
        if task is None:
            return

        title = f"A new instance of {task.id}"

        def save(given: str, output: str) -> str | None:
            add = partial(self.engine.decisions.instances.add, task.id, given, output)
            again = partial(InstanceEditor, title, task.instruction, ("", ""), save, (given, output))
            return self.store_text(add, "Adding an instance", partial(self._decided, "Added."), again)

        self.app.push_screen(InstanceEditor(title, task.instruction, ("", ""), save))

    def action_drop_instance(self) -> None:
        """Exclude the instance from training files; the cursor stays, so that it can be restored."""
        instance = self._current()
        if instance is not None:
            drop = partial(self.engine.decisions.instances.drop, instance.id)
            self._decide(drop, self.with_keys("Dropped; {restore_instance} restores it."))

    def action_restore_instance(self) -> None:
        """Keep a dropped instance."""
        instance = self._current()
        if instance is not None:
            self._decide(partial(self.engine.decisions.instances.restore, instance.id), "Restored.")

    def action_more_instances(self) -> None:
        """Ask the model for more instances."""
        task = self._here()
        if task is not None:
            ask = partial(self.session.attended.ask_for_more, task.id)
            self._decide(ask, f"More instances of {task.id} are requested.")

    def action_relabel(self) -> None:
        """Switch the label of the task, which then gets other instances."""
        task = self._here()
        if task is not None:
            label = other_label(task)
            self.session.attended.settle([task.id])
            said = f"{task.id} is a {label} task. Instances are requested at your next key."
            if task.label in {"classification", "generation"}:
                said += self.with_keys(" {undo} brings the old ones back.")
            self._decide(partial(self.engine.decisions.relabel, task.id, label), said)

    def show_decided(self, decision: AnyDecision) -> None:
        """Put the cursor on the task and the instance."""
        if decision.task_id in self.table.ids:
            self.table.move_to(decision.task_id)
        self.refresh_all()
        if isinstance(decision, InstanceDecision):
            self._show_instances(decision.instance_id)

    def _decide(self, decide: Callable[[], None], said: str) -> None:
        """Make a decision, and report it with `said`, or why it is refused."""
        work = when_free(self.engine.workspace, decide)
        self.carry_out(work, "Deciding", partial(self._decided, said))

    def _decided(self, said: str, at: int | None) -> None:
        """Show and report a decision, with the cursor on the instance `at`, if any."""
        self.session.attended.wake()
        if self.is_up:
            self.refresh_all()
            self._show_instances(at)
        self._say_at_hand(said)

    def _here(self) -> Task | None:
        task_id = self.table.current
        if task_id is None:
            self.say(_NO_TASK.split("\n\n", maxsplit=1)[0])
            return None
        return self.engine.workspace.tasks.get(task_id)

    def _current(self) -> Instance | None:
        """Return the selected instance as stored, which may be newer than what is drawn."""
        instance = self.pane.current
        if instance is not None:
            return self.engine.workspace.instances.get(instance.id)
        if self._here() is not None:
            self.say(self.with_keys(_NO_INSTANCE))
        return None

    # Navigation

    def action_open(self) -> None:
        """Focus the instances of the task; again focuses the table."""
        if self.pane.has_focus:
            self.set_focus(self.table)
        elif self.table.current is not None:
            self.pane_shown(self.pane)
            self.set_focus(self.pane)

    async def action_back(self) -> None:
        """Leave the instances first, then the filter, then go home."""
        if self.is_zoomed or not self.pane.has_focus:
            await super().action_back()
        else:
            self.set_focus(self.table)

    def action_first(self) -> None:
        """Go to the first row, loading tasks accepted in the meantime; or to the first instance."""
        if not self.pane.has_focus and self._new():
            self.load()
        super().action_first()

    def action_copy(self) -> None:
        """Copy the instance, or the instruction while the table has the focus."""
        task, instance = self._here(), self.pane.current
        if task is None:
            return
        if self.pane.has_focus and instance is not None:
            instance = self.engine.workspace.instances.get(instance.id)  # the card may be out of date
            given = f"{instance.input}\n\n" if instance.input else ""
            self.copy(given + instance.output, "the instance")
        else:
            self.copy(task.instruction, f"the instruction of {task.id}")
