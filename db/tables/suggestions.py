"""Suggestions: what programs suggest and leave to a person."""

import json
from collections.abc import Iterable

from selfinstruct.db.records import SuggestedKind, Suggestion
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.transactions import transaction

_COLUMNS = "id, task_id, decision, instruction, reason, person, at"


class Suggestions:
    """Rows of `suggestions`, which stay as history once a person has decided."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(
        self,
        task_id: int,
        decision: SuggestedKind,
        *,
        instruction: str | None = None,
        reason: str | None = None,
        person: str,
        at: str,
    ) -> None:
        """Store a suggestion.

        Args:
            task_id: The task that it is about.
            decision: What is suggested.
            instruction: The suggested wording, for `edit`.
            reason: Why; None if no reason is given.
            person: Who suggests it.
            at: The current time, as ISO 8601 text.
        """
        with transaction(self._db):
            self._db.execute(
                """INSERT INTO suggestions (task_id, decision, instruction, reason, person, at)
                VALUES (?, ?, ?, ?, ?, ?)""",
                [task_id, decision, instruction, reason, person, at],
            )

    def of_task(self, task_id: int) -> list[Suggestion]:
        """Return the suggestions about a task, oldest first."""
        return self.of_tasks([task_id]).get(task_id, [])

    def of_tasks(self, task_ids: Iterable[int]) -> dict[int, list[Suggestion]]:
        """Return the suggestions about each of these tasks, oldest first; tasks without any are absent."""
        rows = self._db.execute(
            f"""SELECT {_COLUMNS} FROM suggestions
            WHERE task_id IN (SELECT value FROM json_each(?)) ORDER BY id""",
            [json.dumps(list(task_ids))],
        )
        found: dict[int, list[Suggestion]] = {}
        for row in rows:
            suggestion = Suggestion(*row)
            found.setdefault(suggestion.task_id, []).append(suggestion)
        return found
