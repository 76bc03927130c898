"""Tasks: seeds, candidates and the pool, with their verdicts."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from selfinstruct.db.records import Label, Order, Origin, PoolTask, Reason, State, Task, TaskQuery
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.transactions import transaction
from selfinstruct.db.tables.task_conditions import all_of, conditions

_COLUMNS = (
    "id, origin, name, instruction, label, state, verdict, nearest_id, score, batch, "
    "propose_request_id, classify_request_id, instantiate_request_id"
)


_ORDERS: dict[Order, str] = {
    "id": "",
    "verdict": "verdict,",
    "score": "score DESC,",
    "label": "label,",
    "origin": "origin,",
    "instruction": "instruction COLLATE NOCASE,",
}

_ASKING = {"classify": "classify_request_id", "instantiate": "instantiate_request_id"}
"""The columns that hold the current request of a task, by stage."""

_FIRST_PART = 128
"""Tasks that a search for the next undecided one looks at first."""


class Tasks:
    """Rows of `tasks` and `reasons`."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(
        self,
        instruction: str,
        *,
        origin: Origin,
        at: str,
        name: str | None = None,
        label: Label | None = None,
        batch: int | None = None,
        request_id: int | None = None,
        held: bool = False,
        assessed: tuple[str, Sequence[Reason], tuple[int, float] | None] | None = None,
    ) -> int:
        """Add an undecided task; returns its id.

        `assessed` is its verdict, the reasons, and the nearest neighbour (id, ROUGE-L), as for `assess`.
        """
        verdict, reasons, nearest = assessed or (None, (), None)
        with transaction(self._db):
            task_id = self._db.execute(
                """INSERT INTO tasks (origin, name, instruction, label, batch, propose_request_id, held,
                created_at, verdict, nearest_id, score) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [
                    *(origin, name, instruction, label, batch, request_id, held, at, verdict),
                    *(nearest or (None, None)),
                ],
            ).lastrowid
            assert task_id is not None
            self._add_reasons(task_id, reasons)
        return task_id

    def assess(
        self, task_id: int, verdict: str, reasons: Sequence[Reason], nearest: tuple[int, float] | None
    ) -> None:
        """Store a verdict, its reasons and the nearest neighbour (id, ROUGE-L), replacing earlier ones."""
        nearest_id, score = nearest or (None, None)
        with transaction(self._db):
            self._db.execute(
                "UPDATE tasks SET verdict = ?, nearest_id = ?, score = ? WHERE id = ?",
                [verdict, nearest_id, score, task_id],
            )
            self._db.execute("DELETE FROM reasons WHERE task_id = ?", [task_id])
            self._add_reasons(task_id, reasons)

    def _add_reasons(self, task_id: int, reasons: Sequence[Reason]) -> None:
        for position, reason in enumerate(reasons):
            self._db.execute(
                "INSERT INTO reasons (task_id, position, code, sentence) VALUES (?, ?, ?, ?)",
                [task_id, position, reason.code, reason.sentence],
            )

    def come_nearer(self, task_id: int, scores: Sequence[tuple[int, float]]) -> None:
        """Make a task that entered the pool the nearest neighbour of the candidates it is closest to.

        Args:
            task_id: The task that entered the pool.
            scores: Undecided candidates, each with its ROUGE-L with that task.
        """
        with transaction(self._db):
            self._db.executemany(
                """UPDATE tasks SET nearest_id = ?1, score = ?3 WHERE id = ?2 AND state = 'pending'
                AND (score < ?3 OR score IS NULL OR (score = ?3 AND nearest_id > ?1))""",
                [(task_id, candidate, score) for candidate, score in scores],
            )

    def assign(self, task_id: int, *, stage: str, request_id: int) -> None:
        """Record which request classifies or instantiates a task."""
        column = _ASKING[stage]
        with transaction(self._db):
            self._db.execute(f"UPDATE tasks SET {column} = ? WHERE id = ?", [request_id, task_id])

    def release(self, task_id: int, *, stage: str, request_id: int) -> None:
        """Allow a new request that classifies or instantiates a task in place of this one, which failed."""
        column = _ASKING[stage]
        with transaction(self._db):
            self._db.execute(
                f"UPDATE tasks SET {column} = NULL WHERE id = ? AND {column} = ?", [task_id, request_id]
            )

    def set_label(self, task_id: int, label: Label) -> None:
        """Store the label that the model gave; labels given by a person are decisions."""
        with transaction(self._db):
            self._db.execute("UPDATE tasks SET label = ? WHERE id = ?", [label, task_id])

    def get(self, task_id: int) -> Task:
        """Return a task.

        Raises:
            KeyError: There is no such task.
        """
        found = self._select("WHERE id = ?", [task_id])
        if not found:
            raise KeyError(task_id)
        return found[0]

    def get_many(self, task_ids: Iterable[int]) -> list[Task]:
        """Return the tasks with these ids that exist, in the order given."""
        ids = list(task_ids)
        if not ids:
            return []
        found = self._select("WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(ids)])
        by_id = {task.id: task for task in found}
        return [by_id[task_id] for task_id in ids if task_id in by_id]

    def reasons(self, task_id: int) -> list[Reason]:
        """Return the filters' reasons to reject a task, in order."""
        rows = self._db.execute(
            "SELECT code, sentence FROM reasons WHERE task_id = ? ORDER BY position", [task_id]
        )
        return [Reason(code, sentence) for code, sentence in rows]

    def reasons_of(self, task_ids: Iterable[int]) -> dict[int, list[Reason]]:
        """Return the filters' reasons to reject each of these tasks; tasks that pass are absent."""
        rows = self._db.execute(
            """SELECT task_id, code, sentence FROM reasons
            WHERE task_id IN (SELECT value FROM json_each(?)) ORDER BY task_id, position""",
            [json.dumps(list(task_ids))],
        )
        found: dict[int, list[Reason]] = {}
        for task_id, code, sentence in rows:
            found.setdefault(task_id, []).append(Reason(code, sentence))
        return found

    def seeds(self) -> list[Task]:
        """Return the seed tasks of the pool, by id."""
        return self._select("WHERE origin = 'seed' AND state = 'accepted' ORDER BY id", [])

    def accepted(self) -> list[int]:
        """Return the ids of the accepted tasks without the seeds, newest first."""
        rows = self._db.execute(
            """SELECT id FROM tasks INDEXED BY tasks_by_state
            WHERE state = 'accepted' AND origin != 'seed' ORDER BY id DESC"""
        )
        return [task_id for (task_id,) in rows]

    def count(self) -> int:
        """Count all tasks, including seeds."""
        (count,) = self._db.execute("SELECT count(*) FROM tasks").fetchone()
        return int(count)

    def count_accepted(self) -> int:
        """Count the tasks in the pool, including seeds."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM tasks INDEXED BY tasks_by_state WHERE state = 'accepted'"
        ).fetchone()
        return int(count)

    def last_id(self) -> int:
        """Return the highest task id; 0 if there are no tasks."""
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM tasks").fetchone()
        return int(last)

    def passing(self) -> int:
        """Count the model's tasks that are accepted, or that pass and are undecided."""
        (count,) = self._db.execute(
            """SELECT count(*) FROM tasks WHERE origin = 'model'
            AND (state = 'accepted' OR state = 'pending' AND verdict = 'pass')"""
        ).fetchone()
        return int(count)

    def to_decide(self) -> list[int]:
        """Return the assessed candidates that are not reserved for a person, oldest first."""
        rows = self._db.execute(
            """SELECT id FROM tasks INDEXED BY tasks_to_decide
            WHERE state = 'pending' AND held = 0 AND verdict IS NOT NULL ORDER BY id"""
        )
        return [task_id for (task_id,) in rows]

    def filtered_out(self) -> list[int]:
        """Return those of `to_decide` that a filter rejects."""
        rows = self._db.execute(
            """SELECT id FROM tasks INDEXED BY tasks_fallen
            WHERE state = 'pending' AND held = 0 AND verdict != 'pass' ORDER BY id"""
        )
        return [task_id for (task_id,) in rows]

    def are_to_decide(self, task_ids: Iterable[int]) -> set[int]:
        """Return those of these tasks that are assessed candidates not reserved for a person."""
        rows = self._db.execute(
            """SELECT id FROM tasks WHERE id IN (SELECT value FROM json_each(?))
            AND state = 'pending' AND held = 0 AND verdict IS NOT NULL""",
            [json.dumps(list(task_ids))],
        )
        return {task_id for (task_id,) in rows}

    def standing(self, after: int, up_to: int, *, most: int) -> list[PoolTask]:
        """Return the first `most` accepted and undecided tasks with ids in (after, up_to], by id."""
        rows = self._db.execute(
            """SELECT id, origin, state, instruction FROM tasks
            WHERE id > ? AND id <= ? AND state != 'rejected' ORDER BY id LIMIT ?""",
            [after, up_to, most],
        )
        return [PoolTask(*row) for row in rows]

    def tally(self, state: State, *, up_to: int) -> dict[Origin, tuple[int, int]]:
        """Return the count and the sum of ids, by origin, of the tasks in a state with ids up to `up_to`."""
        rows = self._db.execute(
            """SELECT origin, count(*), sum(id) FROM tasks INDEXED BY tasks_by_state
            WHERE state = ? AND id <= ? GROUP BY origin""",
            [state, up_to],
        )
        return {origin: (count, total) for origin, count, total in rows}

    def waiting_since(self, task_id: int) -> list[tuple[int, str]]:
        """Return (id, instruction) of the undecided candidates after a task, by id."""
        rows = self._db.execute(
            """SELECT id, instruction FROM tasks INDEXED BY tasks_waiting
            WHERE state = 'pending' AND id > ? ORDER BY id""",
            [task_id],
        )
        return [(found, instruction) for found, instruction in rows]

    def undecided(self, after: int, at_most: int) -> list[Task]:
        """Return the first `at_most` undecided candidates after a task, by id."""
        return self._select(
            "INDEXED BY tasks_waiting WHERE state = 'pending' AND id > ? ORDER BY id LIMIT ?",
            [after, at_most],
        )

    def count_undecided(self) -> int:
        """Count the undecided candidates."""
        (count,) = self._db.execute("SELECT count(*) FROM tasks WHERE state = 'pending'").fetchone()
        return int(count)

    def count_passing(self) -> int:
        """Count the undecided candidates that pass, reserved for a person or not."""
        (count,) = self._db.execute(
            """SELECT count(*) FROM tasks INDEXED BY tasks_passing
            WHERE state = 'pending' AND verdict = 'pass'"""
        ).fetchone()
        return int(count)

    def decided(self, after: int, at_most: int) -> list[Task]:
        """Return the first `at_most` accepted and rejected tasks after a task, without seeds, by id."""
        return self._select(
            "NOT INDEXED WHERE state != 'pending' AND origin != 'seed' AND id > ? ORDER BY id LIMIT ?",
            [after, at_most],
        )

    def waiting_near(self, task_id: int) -> list[int]:
        """Return the undecided candidates whose stored nearest neighbour is this task."""
        rows = self._db.execute(
            "SELECT id FROM tasks WHERE nearest_id = ? AND state = 'pending' ORDER BY id", [task_id]
        )
        return [found for (found,) in rows]

    def of_batch(self, batch: int) -> list[Task]:
        """Return the candidates of a batch, in the order in which they were proposed."""
        return self._select("WHERE batch = ? ORDER BY id", [batch])

    def proposed_in(self, request_id: int, batch: int) -> list[Task]:
        """Return the tasks that came from a request of this batch, by id."""
        return self._select("WHERE batch = ? AND propose_request_id = ? ORDER BY id", [batch, request_id])

    def batch_under_review(self) -> int:
        """Return the batch that a person reviewed last; without any, the newest; 0 without batches."""
        (batch,) = self._db.execute(
            """SELECT coalesce(
                (SELECT batch FROM runs WHERE batch IS NOT NULL ORDER BY id DESC LIMIT 1),
                (SELECT max(batch) FROM tasks), 0)"""
        ).fetchone()
        return int(batch)

    def batches_waiting(self, *, after: int, most: int) -> list[int]:
        """Return the first `most` batches after this one with undecided candidates reserved for a person."""
        found: list[int] = []
        while len(found) < most and (batch := self._batch_waiting(found[-1] if found else after)) is not None:
            found.append(batch)
        return found

    def _batch_waiting(self, after: int) -> int | None:
        return self._first(
            """SELECT batch FROM tasks INDEXED BY tasks_held
            WHERE batch > ? AND state = 'pending' AND held = 1 ORDER BY batch LIMIT 1""",
            after,
        )

    def passing_after(self, batch: int) -> int:
        """Count the passing, undecided candidates of later batches that are reserved for a person."""
        (count,) = self._db.execute(
            """SELECT count(*) FROM tasks INDEXED BY tasks_passing
            WHERE batch > ? AND state = 'pending' AND held = 1 AND verdict = 'pass'""",
            [batch],
        ).fetchone()
        return int(count)

    def search(self, wanted: TaskQuery, order: Order = "id") -> Sequence[int]:
        """Return the ids of the tasks that match a query, sorted; ties and `id` sort newest first."""
        sought = conditions(wanted)
        is_by_id = order == "id" and not sought.terms
        if is_by_id and sought.phrase is None:
            return self._all_ids()
        if is_by_id:
            # The index has the ids in order: nothing is looked up or sorted.
            sql = "SELECT rowid AS id FROM tasks_text WHERE tasks_text MATCH ? ORDER BY rowid DESC"
            return self._ids(sql, [sought.phrase])
        terms, values = sought.terms, sought.values
        if sought.phrase is not None:
            terms = (*terms, "id IN (SELECT rowid FROM tasks_text WHERE tasks_text MATCH ?)")
            values = (*values, sought.phrase)
        where = f"WHERE {all_of(terms)}" if terms else ""
        return self._ids(f"SELECT id FROM tasks {where} ORDER BY {_ORDERS[order]} id DESC", values)

    def page(self, wanted: TaskQuery, *, before: int | None, most: int) -> list[int]:
        """Return the first `most` ids below `before` that match a query, newest first; None for the newest.

        All pages together take as long as one search, and never more memory than a page.
        """
        sought = conditions(wanted)
        end = self.last_id() + 1 if before is None else before
        # Both are gone through in the order of ids: nothing is sorted, and a page ends where it is full.
        tasks, column = "tasks NOT INDEXED", "tasks.id"
        terms, values = (*sought.terms, "tasks.id < ?"), (*sought.values, end)
        if sought.phrase is not None:
            tasks, column = "tasks_text CROSS JOIN tasks ON tasks.id = tasks_text.rowid", "tasks_text.rowid"
            terms = (*sought.terms, "tasks_text.rowid < ?", "tasks_text MATCH ?")
            values = (*values, sought.phrase)
        rows = self._db.execute(
            f"SELECT {column} FROM {tasks} WHERE {all_of(terms)} ORDER BY {column} DESC LIMIT ?",
            [*values, most],
        )
        return [task_id for (task_id,) in rows]

    def _all_ids(self) -> Sequence[int]:
        last = self.last_id()
        if last == self.count():
            return range(last, 0, -1)
        return self._ids("SELECT id FROM tasks ORDER BY id DESC", [])

    def _ids(self, sql: str, values: Sequence[Any]) -> list[int]:
        """Return the column `id` of a query, which may have a million rows."""
        # As one value, which takes a third less time, and leaves the interpreter to others meanwhile.
        (found,) = self._db.execute(f"SELECT json_group_array(id) FROM ({sql})", values).fetchone()
        ids: list[int] = json.loads(found)
        return ids

    def to_review(self, batch: int, order: Order = "id") -> list[int]:
        """Return a person's review list: this batch, and passing undecided candidates of earlier ones."""
        rows = self._db.execute(
            f"""SELECT id FROM tasks WHERE id IN (
                SELECT id FROM tasks INDEXED BY tasks_by_batch WHERE batch = ?1
                UNION ALL SELECT id FROM tasks INDEXED BY tasks_passing
                    WHERE state = 'pending' AND verdict = 'pass' AND batch < ?1
                UNION ALL SELECT id FROM tasks INDEXED BY tasks_passing
                    WHERE state = 'pending' AND verdict = 'pass' AND batch IS NULL)
            ORDER BY {_ORDERS[order]} id""",
            [batch],
        )
        return [task_id for (task_id,) in rows]

    def waiting_among(self, task_ids: Iterable[int]) -> list[int]:
        """Return those of these tasks that are undecided and pass, in the order given."""
        waiting = self._waiting()
        return [task_id for task_id in task_ids if task_id in waiting]

    def first_waiting_among(self, task_ids: Sequence[int]) -> int | None:
        """Return the index of the first of these tasks that is undecided and passes; None if none is."""
        # Where many are undecided, the next is close; where few are, they are soon read.
        first = task_ids[:_FIRST_PART]
        rows = self._db.execute(
            """SELECT id FROM tasks NOT INDEXED WHERE id IN (SELECT value FROM json_each(?))
            AND state = 'pending' AND verdict = 'pass'""",
            [json.dumps(list(first))],
        )
        waiting = {task_id for (task_id,) in rows}
        if not waiting and len(task_ids) > _FIRST_PART:
            waiting = self._waiting()
        return next((place for place, task_id in enumerate(task_ids) if task_id in waiting), None)

    def _waiting(self) -> set[int]:
        rows = self._db.execute(
            "SELECT id FROM tasks INDEXED BY tasks_passing WHERE state = 'pending' AND verdict = 'pass'"
        )
        return {task_id for (task_id,) in rows}

    def _first(self, sql: str, *arguments: Any) -> int | None:
        row = self._db.execute(sql, arguments).fetchone()
        return row[0] if row else None

    def _select(self, where: str, arguments: list[Any]) -> list[Task]:
        return [Task(*row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM tasks {where}", arguments)]
