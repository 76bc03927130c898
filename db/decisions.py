"""Decisions: append-only rows that make every task what it is."""

import json
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from selfinstruct.db.connection import transaction
from selfinstruct.db.rows import Decision, DecisionKind, PoolChange, Standing, Who

_COLUMNS = "id, task_id, kind, who, at, before, after, undoes"


class Decisions:
    """Rows of `decisions`; a trigger applies each to its task in the same transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self,
        task_id: int,
        kind: DecisionKind,
        *,
        who: Who,
        at: str,
        before: Standing,
        after: Standing,
        undoes: int | None = None,
    ) -> int:
        """Append a decision, which takes effect at once; returns its id."""
        with transaction(self._db):
            decision_id = self._db.execute(
                """INSERT INTO decisions (task_id, kind, who, at, before, after, undoes)
                VALUES (?, ?, ?, ?, ?, ?, ?)""",
                [task_id, kind, who, at, _dump(before), _dump(after), undoes],
            ).lastrowid
        assert decision_id is not None
        return decision_id

    def last_of_human(self) -> Decision | None:
        """The last decision of a person that can be undone: no undo itself, and not undone yet."""
        rows = self._select(
            """WHERE who = 'human' AND kind != 'undo'
            AND id NOT IN (SELECT undoes FROM decisions WHERE undoes IS NOT NULL)
            ORDER BY id DESC LIMIT 1""",
            [],
        )
        return rows[0] if rows else None

    def of_task(self, task_id: int) -> list[Decision]:
        """The history of a task, oldest first."""
        return self._select("WHERE task_id = ? ORDER BY id", [task_id])

    def changes_since(self, decision_id: int) -> list[PoolChange]:
        """The tasks decided on after that decision, as they stand now, in the order of the decisions."""
        rows = self._db.execute(
            """SELECT decisions.id, tasks.id, tasks.origin, tasks.state, tasks.instruction, tasks.label
            FROM decisions JOIN tasks ON tasks.id = decisions.task_id
            WHERE decisions.id > ? ORDER BY decisions.id""",
            [decision_id],
        )
        return [PoolChange(*row) for row in rows]

    def _select(self, where: str, arguments: list[Any]) -> list[Decision]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM decisions {where}", arguments)
        return [
            Decision(
                id=row[0],
                task_id=row[1],
                kind=row[2],
                who=row[3],
                at=row[4],
                before=_load(row[5]),
                after=_load(row[6]),
                undoes=row[7],
            )
            for row in rows
        ]


def _dump(standing: Standing) -> str:
    return json.dumps(asdict(standing), ensure_ascii=False)


def _load(text: str) -> Standing:
    return Standing(**json.loads(text))
