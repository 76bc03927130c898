"""Base class of screens with decisions: bulk steps, and one undo history across all of them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from textual.screen import Screen

from selfinstruct.core.errors import SelfInstructError
from selfinstruct.core.util.time_slices import WAITING, Sliced, in_slices, when_free
from selfinstruct.db.errors import DamagedError, WorkspaceError
from selfinstruct.db.records import AnyDecision, DecisionKind, InstanceDecision, Label, Task
from selfinstruct.db.sqlite.lock_wait import PAUSE_S
from selfinstruct.tui.background.bulk_progress import BulkProgress
from selfinstruct.tui.background.workers import start_worker
from selfinstruct.tui.screens.base import WorkScreen

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Step(Generic[Result]):
    """A step of decisions, as `carry_out` describes it."""

    work: Sliced[Result]
    doing: str
    over: Callable[[Result], None]
    failed: Callable[[str], None]

    def fail(self, error: SelfInstructError | WorkspaceError) -> None:
        """Report why the step was refused or could not be stored; damage ends the program."""
        if isinstance(error, DamagedError):
            raise error
        self.failed(str(error))


class DecidingScreen(WorkScreen):
    """A screen for decisions; a subclass shows the task or instance that a decision concerned."""

    def show_decided(self, decision: AnyDecision) -> None:
        """Show the current state, with the cursor on the row that a decision concerned, if it is listed."""
        raise NotImplementedError

    def action_undo(self) -> None:
        """Undo the last step and move the cursor to its row."""
        self._take_back(self.engine.decisions.undoing(), "undo", "Undoing", "Undone")

    def action_redo(self) -> None:
        """Redo the last undone step and move the cursor to its row."""
        self._take_back(self.engine.decisions.redoing(), "redo", "Redoing", "Redone")

    def _take_back(self, work: Sliced[list[AnyDecision]], what: str, doing: str, done: str) -> None:
        def over(decisions: list[AnyDecision]) -> None:
            if not decisions:
                self._say_at_hand(f"There is nothing to {what}.")
                return
            self.session.attended.wake()
            if self.is_current:
                self.show_decided(decisions[-1])
            step = self.session.long_step
            was_stopped = step is not None and step.stopped
            stopped = self.with_keys(f" Stopped; {{{what}}} continues.") if was_stopped else ""
            kind = self.engine.workspace.decisions.kind_of(decisions[-1])
            self._say_at_hand(f"{done}: {_describe(decisions, kind)}.{stopped}")

        self.carry_out(work, doing, over)

    def _say_at_hand(self, sentence: str) -> None:
        """Show a message on the screen that is open by then."""
        self.curator.at_hand.say(sentence)

    def carry_out(
        self,
        work: Sliced[Result],
        doing: str,
        over: Callable[[Result], None],
        failed: Callable[[str], None] | None = None,
    ) -> bool:
        """Run a step at once, or in time slices if it is long.

        The step is queued while another program holds the write lock, and behind steps already queued.

        Args:
            work: The step; its first slice runs now.
            doing: Present participle for the progress message, such as "Accepting 12 tasks".
            over: Called with the result at the end, also if the user stopped the step.
            failed: Called with the reason if the step is refused or cannot be stored; by default, the reason
                is shown.

        Returns:
            Whether the step was queued.

        Raises:
            DamagedError: The workspace is damaged.
        """
        step = _Step(work, doing, over, failed or self._say_failed)
        if self.session.put_off:
            self._put_off(step)
            return True
        try:
            done = next(work)
        except StopIteration as end:
            over(end.value)
        except (SelfInstructError, WorkspaceError) as error:
            step.fail(error)
        else:
            if done == WAITING:
                self._put_off(step)
                return True
            start_worker(self, partial(self._carry_out, step, self._begin(doing)))
        return False

    def store_text(
        self,
        store: Callable[[], Result],
        doing: str,
        over: Callable[[Result], None],
        editor: Callable[[str], Screen[None]],
    ) -> str | None:
        """Store what a person typed in an editor, which closes unless that fails at once.

        Args:
            store: Stores the text in one transaction, or raises why it is refused.
            doing: Present participle, as for `carry_out`.
            over: Called with the result once the text is stored.
            editor: Creates the editor again, with the text and the reason why it was not stored; used if the
                step was queued, so that the text is not lost.

        Returns:
            Why the text is not stored; None if it is stored or queued.
        """
        reasons: list[str] = []
        is_queued = False

        def failed(reason: str) -> None:
            if is_queued:
                self.curator.reopen(editor(reason))
            else:
                reasons.append(reason)

        is_queued = self.carry_out(when_free(self.engine.workspace, store), doing, over, failed)
        return reasons[0] if reasons else None

    def _say_failed(self, reason: str) -> None:
        self.curator.at_hand.say(reason, error=True)

    def _begin(self, doing: str) -> BulkProgress:
        step = BulkProgress(
            doing, self.with_keys("{back}"), tell=self._say_at_hand, stop=self.engine.decisions.stop
        )
        self.session.long_step = step
        return step

    async def _carry_out(self, step: _Step[Result], progress: BulkProgress) -> None:
        try:
            result = await in_slices(step.work, progress.progress)
        except (SelfInstructError, WorkspaceError) as error:
            step.fail(error)
        else:
            step.over(result)
        finally:
            self.session.long_step = None

    def _put_off(self, step: _Step[Any]) -> None:
        """Queue a step until no other program holds the write lock; queued steps run in order."""
        waiting = self.session.put_off
        waiting.append(partial(self._carry_out_later, step))
        if len(waiting) == 1:
            start_worker(self.app, self._catch_up)

    async def _catch_up(self) -> None:
        waiting = self.session.put_off
        while waiting:
            try:
                await waiting[0]()
            except WorkspaceError as error:
                self.curator.tell(error)
            finally:
                del waiting[0]
        self.curator.leave_when_done()

    async def _carry_out_later(self, step: _Step[Result]) -> None:
        try:
            while next(step.work) == WAITING:  # noqa: ASYNC110 - nothing tells when the lock is free
                await asyncio.sleep(PAUSE_S)
        except StopIteration as end:
            step.over(end.value)
        except (SelfInstructError, WorkspaceError) as error:
            step.fail(error)
        else:
            await self._carry_out(step, self._begin(step.doing))


def other_label(task: Task) -> Label:
    """Return the label that the label key sets: the other one; generation first, as for most tasks."""
    return "classification" if task.label == "generation" else "generation"


_NOUNS: dict[DecisionKind, str] = {
    "accept": "acceptance",
    "reject": "rejection",
    "edit": "edit",
    "relabel": "relabelling",
    "drop": "removal",
    "add": "addition",
    "restore": "restoration",
}
"""Nouns for decisions; an undo or redo is named after the decision that it reverts or repeats."""


def _describe(decisions: Sequence[AnyDecision], kind: DecisionKind) -> str:
    first = decisions[-1]
    instance = "an instance of " if isinstance(first, InstanceDecision) else ""
    more = f" and {len(decisions) - 1:,} more" if len(decisions) > 1 else ""
    return f"{_NOUNS[kind]} of {instance}{first.task_id}{more}"
