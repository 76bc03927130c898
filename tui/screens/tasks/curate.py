"""The home screen, Curate: decisions on candidates while the next ones are generated."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar, TypeVar

from textual.binding import BindingType

from selfinstruct.core.endpoint.open_files import shortage
from selfinstruct.core.events import (
    BatchCompleted,
    CandidatesProposed,
    Event,
    GenerationPaused,
    LimitReached,
    PoolRead,
)
from selfinstruct.core.settings.sources import headers_warning
from selfinstruct.core.util.time_slices import Sliced, in_slices, when_free
from selfinstruct.db.records import PASS
from selfinstruct.tui.background.workers import start_worker
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.keys.screens import ScreenName
from selfinstruct.tui.screens.base import place_of
from selfinstruct.tui.screens.tasks.base import TasksScreen
from selfinstruct.tui.text.job_text import about_out
from selfinstruct.tui.text.safe_text import many
from selfinstruct.tui.widgets.titles import entitle

Result = TypeVar("Result")


class CurateScreen(TasksScreen):
    """The candidates of one batch, and undecided earlier ones that pass."""

    NAME: ClassVar[ScreenName] = "curate"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("curate")]
    NOTHING = (
        "There are no candidates here.\n\nPress {next_batch} to have the model propose a batch of new tasks"
        " from the seeds. Accept with {accept}, reject with {reject}; {keys} shows all keys."
    )

    _waiting = False
    _said_of_batch = ""
    """The last summary of the batch on screen."""

    @property
    def nothing(self) -> str:
        """The placeholder: that the requested batch is being generated, by which model; else what to do."""
        settings, attended = self.session.settings, self.session.attended
        if not self._waiting or attended.paused:
            return super().nothing
        model = "the built-in model" if settings.is_offline else place_of(settings)
        return (
            f"The batch is being generated.\n\n{many(settings.requests_per_batch, 'request')} to {model}."
            " Candidates appear here as they arrive."
        )

    @property
    def all_decided(self) -> str:
        """A sentence saying that the batch is done, with the key for the next one."""
        if self.session.attended.made_of(self.session.attended.shown):
            return " Last candidate so far; more of this batch is on the way."
        return self.with_keys(" Last candidate on this screen; {next_batch} shows the next batch.")

    def begin(self) -> None:
        """Show the batch where the user left it, and the greeting."""
        super().begin()
        entitle(self.table, "Candidates")
        last = self.engine.workspace.decisions.last_task()
        if last is not None and last in self.table.ids:
            self.table.move_to(last)
            # After an edit or an undo, the task still awaits a decision.
            if self.engine.workspace.tasks.get(last).state != "pending":
                self.table.move_to_waiting_after(last)
        self.greet()

    def greet(self) -> None:
        """Show warnings and other facts that the user should know at the start."""
        self.say("")
        if self.session.read_only:
            self.say(
                "The workspace is open read-only: you can look around, but nothing will change.", lasts=True
            )
            return
        notes = []
        if self.engine.warning:
            notes.append(self.engine.warning)
        notes.append(headers_warning(self.session.settings, Path.cwd()))
        if self.engine.language_found is not None:
            notes.append(self.engine.language_found.as_found)
        if self.session.settings.is_offline:
            notes.append(
                "The built-in model answers: a grammar, not a language model; its texts are made up."
            )
        notes.append(shortage(self.session.settings))
        self.say(" ".join(filter(None, notes)), lasts=True)

    def _say_what_earlier_programs_left(self) -> None:
        told = []
        if jobs := self.engine.workspace.jobs.out():
            told.append(" ".join(map(about_out, jobs)))
            told.append("--auto takes their answers in.")
        in_doubt = self.engine.workspace.requests.in_doubt(but=self.session.settings.free_stages)
        if in_doubt:
            told.append(
                f"{many(in_doubt, 'request')} in doubt: in flight when the program ended, maybe billed."
            )
            told.append(self.with_keys("Press {requests} to review and resend them."))
        if told:
            self.say(" ".join(told))

    def load(self, *, at: int | None = None) -> None:
        """Show the batch, and undecided earlier candidates that pass."""
        shown = self.session.attended.shown
        self.show_rows(self.engine.workspace.tasks.to_review(shown, self.table.order), at=at)

    def happened(self, event: Event) -> None:
        """Show a requested batch, and late candidates of the current one."""
        super().happened(event)
        if isinstance(event, BatchCompleted):
            self._batch_completed(event.batch)
        elif isinstance(event, GenerationPaused | LimitReached):
            # Candidates that arrived before the pause are shown, without replacing its message.
            self.show_if_waited_for(quietly=True)
        elif isinstance(event, CandidatesProposed):
            self._take_in(event.batch)
        elif isinstance(event, PoolRead):
            self._say_what_earlier_programs_left()

    def _take_in(self, batch: int) -> None:
        """Show new candidates: below the rows of the current batch, or as the first rows of the next."""
        attended = self.session.attended
        if batch == attended.shown:
            self.table.append(self.engine.workspace.tasks.to_review(batch))
            self._show_detail()
            self._show_progress()
            self._say_again_what_there_is()
        else:
            self._show_once_free(lambda: self._taken_if_waited_for(unfinished=True), quietly=self.said[1])

    def _show_progress(self) -> None:
        """Show in the title how many requests of an unfinished batch have been processed."""
        made = self.session.attended.made_of(self.session.attended.shown)
        entitle(self.table, f"Candidates · {made[0]} of {many(made[1], 'request')}" if made else "Candidates")

    def refresh_view(self) -> None:
        """Reread the rows, and update the progress of the batch."""
        super().refresh_view()
        self._show_progress()

    def show_if_waited_for(self, *, quietly: bool = False) -> None:
        """Show the next batch if it is ready and the user is waiting for it.

        Rows that await a decision are never replaced: the user's next key is meant for the visible candidate.
        """

        def take() -> int | None:
            batch = self._taken_if_waited_for()
            if batch is None and self._waiting and not quietly and self.session.attended.is_ready:
                ready = self.with_keys("The next batch is ready: {next_batch} shows it.")
                self.curator.at_hand.say(ready, lasts=True)
            return batch

        self._show_once_free(take, quietly=quietly)

    def _taken_if_waited_for(self, *, unfinished: bool = False) -> int | None:
        if not self._waiting or self.table.has_waiting() or not self.is_current:
            return None
        return self.session.attended.take_ready(unfinished=unfinished)

    def _show_once_free(self, take: Callable[[], int | None], *, quietly: bool = False) -> None:
        """Show the batch that `take` moves on to, if any."""

        def steps() -> Sliced[None]:
            batch = yield from self._once_free(take)
            if batch is not None:
                yield from self._once_free(lambda: self._show_batch(batch, quietly=quietly))

        self._run_steps(steps())

    def _once_free(self, step: Callable[[], Result]) -> Sliced[Result]:
        """Run a step as soon as no other program keeps the workspace from being read."""
        return when_free(self.engine.workspace, step)

    def _run_steps(self, steps: Sliced[None]) -> None:
        """Run steps now, or, from the first one that has to wait, in the background."""
        if next(steps, None) is not None:
            start_worker(self, partial(in_slices, steps))

    def on_screen_resume(self) -> None:
        """Show a requested batch that has been completed in the meantime."""
        self.show_if_waited_for(quietly=True)

    def action_next_batch(self) -> None:
        """Show the next batch, or wait for it; at the cost limit, ask for a higher one."""
        self.session.start()
        at_limit = self.session.attended.at_cost_limit

        def steps() -> Sliced[None]:
            room = yield from self._once_free(lambda: self.session.attended.room)
            batch = yield from self._once_free(lambda: self.session.attended.next_batch(unfinished=True))
            if batch is not None:
                yield from self._once_free(lambda: self._show_batch(batch))
                return
            yield from self._once_free(self._await_batch)
            if at_limit:
                yield from self._once_free(lambda: self.ask_for_room(room))

        self._run_steps(steps())

    def _await_batch(self) -> None:
        self._waiting = True
        self._show_detail()
        self.say("The next batch is on the way.", lasts=True)
        self.refresh_status()

    def _show_batch(self, batch: int, *, quietly: bool = False) -> None:
        self._waiting = False
        proposed = self.engine.workspace.tasks.of_batch(batch)
        passing = [task.id for task in proposed if task.verdict == PASS]
        self.load(at=passing[0] if passing else None)
        self._show_progress()
        if not quietly:
            self._said_of_batch = self._summary(batch)
            self.say(self._said_of_batch)
        self.refresh_status()

    def _batch_completed(self, batch: int) -> None:
        """Show a requested batch; update the summary of a batch that is on screen already."""
        self.show_if_waited_for(quietly=self.said[1])
        if batch == self.session.attended.shown:
            self._show_progress()
            self._say_again_what_there_is()

    def _say_again_what_there_is(self) -> None:
        """Update the summary in the message line, if the line still shows it."""
        if self._said_of_batch and self.said == (self._said_of_batch, False):
            self._said_of_batch = self._summary(self.session.attended.shown)
            self.say(self._said_of_batch)

    def _summary(self, batch: int) -> str:
        proposed = self.engine.workspace.tasks.of_batch(batch)
        passing = sum(task.verdict == PASS for task in proposed)
        more = " so far" if self.session.attended.made_of(batch) else ""
        return f"Batch {batch}: {many(len(proposed), 'candidate')}{more}, {passing} pass."

    async def action_filter(self) -> None:
        """Open the pool with the focus in its filter line."""
        pool = await self.curator.go_to("pool")
        pool.set_focus(pool.query_one("#filter"))
