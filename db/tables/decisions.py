"""Decisions: the append-only log that determines the state of every task and instance."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Literal

from selfinstruct.db.errors import DamagedError
from selfinstruct.db.records import (
    COMMANDS,
    AnyDecision,
    Decision,
    DecisionKind,
    Instance,
    InstanceDecision,
    InstanceStanding,
    PoolChange,
    Reason,
    Standing,
    Who,
)
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.error_guard import stored_json
from selfinstruct.db.sqlite.transactions import transaction

_COLUMNS = "id, step, task_id, instance_id, kind, who, at, before, after, undoes, tag, person"
# Taken in this program, or in a program that has ended.
_NOT_IN_OTHERS = (
    "(run_id IS NULL OR run_id = ? OR run_id IN (SELECT id FROM runs WHERE ended_at IS NOT NULL))"
)
# Undo and redo cover the steps of people, and those of the commands that people run.
_UNDOABLE = f"(who = 'human' OR who = 'auto' AND tag IN {COMMANDS})"
# Which decisions an undo reverts, and which a redo reverts.
TakingBack = Literal["undo", "redo"]
_REVERTED_BY: dict[TakingBack, str] = {"undo": "kind != 'undo'", "redo": "kind = 'undo'"}
_NOT_REVERTED = "NOT EXISTS (SELECT 1 FROM decisions AS later WHERE later.undoes = decisions.id)"


class Decisions:
    """Rows of `decisions`; a trigger applies each new row to its task or instance in the same transaction."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self.run_id: int | None = None
        """The run that new decisions belong to; None before this program has one."""
        self.person: str | None = None
        """The name under which people's new decisions are taken; None if none was given."""

    def next_step(self) -> int:
        """Return an unused step number; valid within the current transaction."""
        return self.last_id() + 1

    def last_id(self) -> int:
        """Return the id of the last decision; 0 if there is none."""
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM decisions").fetchone()
        return int(last)

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
        """Append a decision on a task, which takes effect immediately; returns its id."""
        return self._insert(
            [step, task_id, None, kind, who, at, _dump(before), _dump(after), undoes, tag],
        )

    def add_on_instance(
        self,
        instance: Instance,
        kind: DecisionKind,
        *,
        step: int,
        at: str,
        after: InstanceStanding,
        who: Who = "human",
        undoes: int | None = None,
        tag: str | None = None,
    ) -> int:
        """Append a decision on an instance, which takes effect immediately; returns its id."""
        before = _dump(instance.standing)
        return self._insert(
            [step, instance.task_id, instance.id, kind, who, at, before, _dump(after), undoes, tag]
        )

    def _insert(self, values: list[Any]) -> int:
        person = self.person if values[4] == "human" else None
        with transaction(self._db):
            decision_id = self._db.execute(
                """INSERT INTO decisions
                (step, task_id, instance_id, kind, who, at, before, after, undoes, tag, run_id, person)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [*values, self.run_id, person],
            ).lastrowid
        assert decision_id is not None
        return decision_id

    def to_undo(self, *, on: int | None = None) -> int | None:
        """Return the last step, of a person or a command of theirs, that is not entirely undone, or None.

        Steps taken in other running programs do not count.

        Args:
            on: Only steps on this task; None for all.
        """
        last = self._last_standing("undo", on=on)
        return None if last is None else last[1]

    def tasks_in(self, step: int) -> int:
        """Count the tasks that a step decided on."""
        (count,) = self._db.execute(
            "SELECT count(DISTINCT task_id) FROM decisions WHERE step = ?", [step]
        ).fetchone()
        return int(count)

    def to_redo(self) -> int | None:
        """Return the last step with decisions that were undone; None if there is none.

        New decisions since the undo clear the redo history, so that the result is None as well.
        """
        last = self._last_standing("redo")
        if last is None:
            return None
        (since,) = self._db.execute(
            f"""SELECT count(*) FROM decisions
            WHERE {_UNDOABLE} AND kind NOT IN ('undo', 'redo') AND id > ? AND {_NOT_IN_OTHERS}""",
            [last[0], self.run_id],
        ).fetchone()
        return None if since else last[1]

    def _last_standing(self, kind: TakingBack, *, on: int | None = None) -> tuple[int, int] | None:
        of_task = "" if on is None else "task_id = ? AND"
        found: tuple[int, int] | None = self._db.execute(
            f"""SELECT id, step FROM decisions
            WHERE {of_task} {_UNDOABLE} AND {_REVERTED_BY[kind]} AND {_NOT_REVERTED} AND {_NOT_IN_OTHERS}
            ORDER BY id DESC LIMIT 1""",
            [*([] if on is None else [on]), self.run_id],
        ).fetchone()
        return found

    def count_standing(self, step: int, kind: TakingBack) -> int:
        """Count the decisions of a step that can be undone or redone."""
        (count,) = self._db.execute(
            f"SELECT count(*) FROM decisions WHERE step = ? AND {_REVERTED_BY[kind]} AND {_NOT_REVERTED}",
            [step],
        ).fetchone()
        return int(count)

    def standing(self, step: int, kind: TakingBack, *, before: int | None, most: int) -> list[AnyDecision]:
        """Return the decisions of a step that can be undone, or the undos that can be redone, newest first.

        Args:
            step: The number of the step.
            kind: Whether to undo or to redo.
            before: Only decisions before this id; None for the whole step.
            most: Maximum number of decisions.
        """
        where = (
            f"WHERE step = ? AND id < ? AND {_REVERTED_BY[kind]} AND {_NOT_REVERTED} ORDER BY id DESC LIMIT ?"
        )
        end = self.last_id() + 1 if before is None else before
        return [_read(row) for row in self._rows(where, [step, end, most])]

    def of_task(self, task_id: int) -> list[Decision]:
        """Return the decisions on a task, without those on its instances, oldest first."""
        rows = self._rows("WHERE task_id = ? AND instance_id IS NULL ORDER BY id", [task_id])
        return [_on_task(row) for row in rows]

    def on_instances_of(self, task_id: int) -> list[InstanceDecision]:
        """Return the decisions on a task's instances, oldest first."""
        rows = self._rows("WHERE task_id = ? AND instance_id IS NOT NULL ORDER BY id", [task_id])
        return [_on_instance(row) for row in rows]

    def deciders(self, task_ids: Iterable[int]) -> dict[int, list[str]]:
        """Return who has decided on each of these tasks or their instances, in the order of the first time.

        Each is a person's name, `human` for people without one, `auto`, or the name of a command.
        """
        unnamed = f"CASE WHEN who = 'auto' AND tag IN {COMMANDS} THEN tag ELSE who END"
        rows = self._db.execute(
            f"""SELECT task_id, coalesce(person, {unnamed}) AS decider FROM decisions
            WHERE task_id IN (SELECT value FROM json_each(?)) GROUP BY task_id, decider ORDER BY min(id)""",
            [json.dumps(list(task_ids))],
        )
        found: dict[int, list[str]] = {}
        for task_id, decider in rows:
            found.setdefault(task_id, []).append(decider)
        return found

    def kind_of(self, decision: AnyDecision) -> DecisionKind:
        """Return the kind of a decision; for an undo or redo, that of the decision undone or redone."""
        kind, undoes = decision.kind, decision.undoes
        while kind in {"undo", "redo"}:
            kind, undoes = self._db.execute(
                "SELECT kind, undoes FROM decisions WHERE id = ?", [undoes]
            ).fetchone()
        return kind

    def last_task(self) -> int | None:
        """Return the task of a person's last decision, ignoring decisions on instances; None without any."""
        row = self._db.execute(
            """SELECT task_id FROM decisions WHERE who = 'human' AND instance_id IS NULL
            ORDER BY id DESC LIMIT 1"""
        ).fetchone()
        return row[0] if row else None

    def changes_since(self, decision_id: int, *, most: int = -1) -> list[PoolChange]:
        """Return the current state of the tasks decided on since a decision, in the order of the decisions.

        Args:
            decision_id: Return the decisions after this id.
            most: Maximum number of decisions; negative for all.
        """
        rows = self._db.execute(
            """SELECT decisions.id, tasks.id, tasks.origin, tasks.state, tasks.instruction, tasks.label
            FROM decisions JOIN tasks ON tasks.id = decisions.task_id
            WHERE decisions.id > ? AND instance_id IS NULL ORDER BY decisions.id LIMIT ?""",
            [decision_id, most],
        )
        return [PoolChange(*row) for row in rows]

    def _rows(self, where: str, arguments: list[Any]) -> list[tuple[Any, ...]]:
        return self._db.execute(f"SELECT {_COLUMNS} FROM decisions {where}", arguments).fetchall()


def _read(row: tuple[Any, ...]) -> AnyDecision:
    return _on_task(row) if row[3] is None else _on_instance(row)


def _on_task(row: tuple[Any, ...]) -> Decision:
    return Decision(
        id=row[0],
        step=row[1],
        task_id=row[2],
        kind=row[4],
        who=row[5],
        at=row[6],
        before=_standing(row[7], row[0]),
        after=_standing(row[8], row[0]),
        undoes=row[9],
        tag=row[10],
        person=row[11],
    )


def _on_instance(row: tuple[Any, ...]) -> InstanceDecision:
    return InstanceDecision(
        id=row[0],
        step=row[1],
        task_id=row[2],
        instance_id=row[3],
        kind=row[4],
        who=row[5],
        at=row[6],
        before=_instance_standing(row[7], row[0]),
        after=_instance_standing(row[8], row[0]),
        undoes=row[9],
        tag=row[10],
        person=row[11],
    )


def _dump(standing: Standing | InstanceStanding) -> str:
    if isinstance(standing, Standing):
        # Without the copies of `asdict`: there are many of these.
        values = {"state": standing.state, "instruction": standing.instruction, "label": standing.label}
    else:
        values = asdict(standing)
    return json.dumps(values, ensure_ascii=False)


def _standing(text: str, decision_id: int) -> Standing:
    try:
        return Standing(**stored_json(text, f"decision {decision_id}"))
    except TypeError as error:
        raise DamagedError(None, f"decision {decision_id} cannot be read") from error


def _instance_standing(text: str, decision_id: int) -> InstanceStanding:
    try:
        named = stored_json(text, f"decision {decision_id}")
        reason = named.pop("reason")
        return InstanceStanding(**named, reason=Reason(**reason) if reason else None)
    except (TypeError, AttributeError, KeyError) as error:
        raise DamagedError(None, f"decision {decision_id} cannot be read") from error
