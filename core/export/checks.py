"""What a trainer refuses, found before anything is written."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.trainer_kinds import Objective, Trainer
from selfinstruct.db.records import TrainingRow

_SHOWN = 5
"""Rows that a refusal names."""


class RowChecks:
    """Looks at each row as it streams by, and remembers what is wrong with which.

    Args:
        trainer: Whose rules apply.
        objective: What the rows are for.
    """

    def __init__(self, trainer: Trainer, objective: Objective) -> None:
        self._trainer = trainer
        self._needs_one_turn = objective in trainer.rules.one_turn
        self._wrong: dict[str, dict[int, int]] = {}
        """Task ids by the number of the row, for each complaint."""

    def see(self, number: int, row: TrainingRow) -> None:
        """Check a row.

        Args:
            number: Its number in the order of the stream, counted from 0.
            row: The row.
        """
        if not row.output.strip():
            self._add("an empty answer, on which nothing can be trained", number, row)
        if self._needs_one_turn and row.conversation is not None and row.conversation.turns:
            self._add("several turns", number, row)
        if self._trainer.rules.alternates and row.conversation is not None:
            roles = ["user", *(turn.role for turn in row.conversation.turns), "assistant"]
            if any(one == next_one for one, next_one in pairwise(roles)):
                self._add("two messages of the same role in a row", number, row)

    def _add(self, complaint: str, number: int, row: TrainingRow) -> None:
        self._wrong.setdefault(complaint, {})[number] = row.task_id

    def refuse(self, parts: Mapping[str, Sequence[int]]) -> None:
        """Raise what was found.

        Args:
            parts: For each file, the numbers of its rows in order.

        Raises:
            ExportError: The trainer would refuse the rows, or skip some of them.
        """
        name, rules = self._trainer.name, self._trainer.rules
        for complaint, tasks in self._wrong.items():
            named = [
                f"{position} (task {tasks[number]})"
                for order in parts.values()
                for position, number in enumerate(order, start=1)
                if number in tasks
            ]
            if named:
                what = f"Row {named[0]} has" if len(named) == 1 else f"Rows {_listed(named)} have"
                raise ExportError(f"{what} {complaint}: {name} takes no such rows. Edit or drop them.")
        rows = len(parts["train"])
        if rows < rules.min_rows:
            raise ExportError(f"{name} wants at least {_rows(rules.min_rows)}; there {_are(rows)}.")
        if rules.max_rows is not None and rows > rules.max_rows:
            raise ExportError(f"{name} takes at most {_rows(rules.max_rows)}; there {_are(rows)}.")

    def refuse_size(self, size: int) -> None:
        """Check the size of a file, in bytes.

        Raises:
            ExportError: The trainer takes no file that large.
        """
        most = self._trainer.rules.max_bytes
        if most is not None and size > most:
            raise ExportError(
                f"{self._trainer.name} takes files of at most {most / 1e6:,.0f} MB; this one has"
                f" {size / 1e6:,.0f} MB. Export fewer rows."
            )


def _listed(named: Sequence[str]) -> str:
    if len(named) > _SHOWN:
        return f"{', '.join(named[:_SHOWN])} and {len(named) - _SHOWN:,} more"
    return f"{', '.join(named[:-1])} and {named[-1]}"


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _are(rows: int) -> str:
    return f"{'is' if rows == 1 else 'are'} {rows or 'none'}" if rows < 2 else f"are {rows:,}"
