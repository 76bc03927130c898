"""What screens with decisions share: undo and redo, in the one order of a person's steps."""

from collections.abc import Callable, Sequence

from selfinstruct.core.errors import DecisionRefusedError
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.rows import AnyDecision, InstanceDecision
from selfinstruct.tui.work_screen import WorkScreen


class DecidingScreen(WorkScreen):
    """A screen on which a person decides. A subclass shows what a decision was on."""

    def show_decided(self, decision: AnyDecision) -> None:
        """Show how things stand now, with the cursor on what a decision was on, if that is here."""
        raise NotImplementedError

    def action_undo(self) -> None:
        """Take back the last step, and go to what it was on."""
        self._take_back(self.engine.decisions.undo, "undo", "Undone")

    def action_redo(self) -> None:
        """Take back the last undo, and go to what it was on."""
        self._take_back(self.engine.decisions.redo, "redo", "Redone")

    def _take_back(self, take_back: Callable[[], list[AnyDecision]], what: str, done: str) -> None:
        try:
            decisions = take_back()
        except (DecisionRefusedError, WorkspaceError) as refusal:
            self.say(str(refusal), error=True)
            return
        if not decisions:
            self.say(f"There is nothing to {what}.")
            return
        self.session.attended.wake()
        self.show_decided(decisions[-1])
        self.say(f"{done}: {_told(decisions)}")


def _told(decisions: Sequence[AnyDecision]) -> str:
    first = decisions[-1]
    kind = "" if first.kind == "undo" else f"{first.kind} of "
    instance = "an instance of " if isinstance(first, InstanceDecision) else ""
    more = f" and {len(decisions) - 1} more" if len(decisions) > 1 else ""
    return f"{kind}{instance}{first.task_id}{more}"
