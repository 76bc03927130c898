"""What follows a transaction in memory, once it is stored or undone."""

from collections.abc import Callable
from contextlib import ExitStack


class Sequel:
    """Steps to take once the open transaction is stored, or if it is undone."""

    def __init__(self) -> None:
        self._steps: list[tuple[Callable[[], None] | None, Callable[[], None] | None]] = []

    @property
    def mark(self) -> int:
        """The place that later steps come after."""
        return len(self._steps)

    def add(
        self, *, stored: Callable[[], None] | None = None, undone: Callable[[], None] | None = None
    ) -> None:
        """Add what to do once the transaction is stored, or if it is undone."""
        self._steps.append((stored, undone))

    def carry_out(self) -> None:
        """Do what follows a commit, in the order in which it was added; an error keeps no step from it."""
        steps, self._steps = self._steps, []
        with ExitStack() as stack:
            for stored, _ in reversed(steps):
                if stored is not None:
                    stack.callback(stored)

    def undo(self, *, since: int = 0) -> None:
        """Do what follows a rollback of what came after a mark, the last step first."""
        steps, self._steps = self._steps[since:], self._steps[:since]
        for _, undone in reversed(steps):
            if undone is not None:
                undone()
