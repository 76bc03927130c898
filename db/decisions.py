"""Decisions: append-only rows that make every task what it is."""

import json
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from selfinstruct.db.connection import transaction
from selfinstruct.db.rows import Decision, DecisionKind, PoolChange, Standing, Who

_COLUMNS = "id, step, task_id, kind, who, at, before, after, undoes, tag"
_STANDS = "NOT EXISTS (SELECT 1 FROM decisions AS later WHERE later.undoes = decisions.id)"


class Decisions:
    """Rows of `decisions`; a trigger applies each to its task in the same transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def next_step(self) -> int:
        """The number of a step that nobody has begun; good within one transaction."""
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM decisions").fetchone()
        return int(last) + 1

    def add(
        self,
        task_id: int,
        kind: DecisionKind,
        *,
        step: int,
        who: Who,
        at: str,
        before: Standing,
        after: Standing,
        undoes: int | None = None,
        tag: str | None = None,
    ) -> int:
        """Append a decision, which takes effect at once; returns its id."""
        with transaction(self._db):
            decision_id = self._db.execute(
                """INSERT INTO decisions (step, task_id, kind, who, at, before, after, undoes, tag)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [step, task_id, kind, who, at, _dump(before), _dump(after), undoes, tag],
            ).lastrowid
        assert decision_id is not None
        return decision_id

    def to_undo(self) -> list[Decision]:
        """A person's last step that stands, its last decision first; empty when there is none."""
        return self._step_of("kind != 'undo'")

    def to_redo(self) -> list[Decision]:
        """The undos of the last step that was undone, the last one first; empty when there are none.

        There are none either when a person has decided on anything since.
        """
        undos = self._step_of("kind = 'undo'")
        if not undos:
            return []
        (since,) = self._db.execute(
            """SELECT count(*) FROM decisions
            WHERE who = 'human' AND kind NOT IN ('undo', 'redo') AND id > ?""",
            [undos[0].id],
        ).fetchone()
        return [] if since else undos

    def _step_of(self, kinds: str) -> list[Decision]:
        last = self._db.execute(
            f"""SELECT step FROM decisions WHERE who = 'human' AND {kinds} AND {_STANDS}
            ORDER BY id DESC LIMIT 1"""
        ).fetchone()
        return (
            self._select(f"WHERE step = ? AND {kinds} AND {_STANDS} ORDER BY id DESC", last) if last else []
        )

    def of_task(self, task_id: int) -> list[Decision]:
        """The history of a task, oldest first."""
        return self._select("WHERE task_id = ? ORDER BY id", [task_id])

    def last_task(self) -> int | None:
        """The task that a person has decided on last."""
        row = self._db.execute(
            "SELECT task_id FROM decisions WHERE who = 'human' ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return row[0] if row else None

    def changes_since(self, decision_id: int, *, most: int = -1) -> list[PoolChange]:
        """The tasks decided on after that decision, as they stand now, in the order of the decisions.

        The first `most` of them; all when that is negative.
        """
        rows = self._db.execute(
            """SELECT decisions.id, tasks.id, tasks.origin, tasks.state, tasks.instruction, tasks.label
            FROM decisions JOIN tasks ON tasks.id = decisions.task_id
            WHERE decisions.id > ? ORDER BY decisions.id LIMIT ?""",
            [decision_id, most],
        )
        return [PoolChange(*row) for row in rows]

    def _select(self, where: str, arguments: list[Any]) -> list[Decision]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM decisions {where}", arguments)
        return [
            Decision(
                id=row[0],
                step=row[1],
                task_id=row[2],
                kind=row[3],
                who=row[4],
                at=row[5],
                before=_load(row[6]),
                after=_load(row[7]),
                undoes=row[8],
                tag=row[9],
            )
            for row in rows
        ]


def _dump(standing: Standing) -> str:
    return json.dumps(asdict(standing), ensure_ascii=False)


def _load(text: str) -> Standing:
    return Standing(**json.loads(text))
