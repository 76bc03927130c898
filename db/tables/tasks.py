"""Tasks: candidates and the pool, with their verdicts."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from selfinstruct.db.records import Label, Order, Origin, PoolTask, Reason, State, Task, TaskQuery, Unasked
from selfinstruct.db.sqlite.connection import transaction
from selfinstruct.db.sqlite.driver import Connection

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

_TO_INSTANTIATE = """FROM tasks INDEXED BY tasks_to_instantiate
    WHERE state = 'accepted' AND origin != 'seed' AND instantiate_request_id IS NULL
    AND label IN ('classification', 'generation')"""
_TO_CLASSIFY = """FROM tasks INDEXED BY tasks_to_classify
    WHERE label IS NULL AND classify_request_id IS NULL
    AND (state = 'accepted' OR state = 'pending' AND verdict = 'pass' AND held = 1)"""
"""The tasks that instances, and those that a label, can be asked for now."""

_FIRST_LOOK = 128
"""Tasks among which the next that waits is looked for first."""
_TRIGRAM = 3
"""The full-text index knows no shorter words."""


def _all_of(terms: Sequence[str]) -> str:
    """All of these conditions, as a balanced tree: SQLite refuses one that is a thousand deep."""
    if len(terms) <= 2:
        return " AND ".join(terms)
    half = len(terms) // 2
    return f"({_all_of(terms[:half])}) AND ({_all_of(terms[half:])})"


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
    ) -> int:
        """Add a task that nobody has decided on yet; returns its id."""
        with transaction(self._db):
            task_id = self._db.execute(
                """INSERT INTO tasks (origin, name, instruction, label, batch, propose_request_id, held,
                created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                [origin, name, instruction, label, batch, request_id, held, at],
            ).lastrowid
        assert task_id is not None
        return task_id

    def assess(
        self, task_id: int, verdict: str, reasons: Sequence[Reason], nearest: tuple[int, float] | None
    ) -> None:
        """Store a verdict with its reasons and the nearest neighbour (id, ROUGE-L)."""
        nearest_id, score = nearest or (None, None)
        with transaction(self._db):
            self._db.execute(
                "UPDATE tasks SET verdict = ?, nearest_id = ?, score = ? WHERE id = ?",
                [verdict, nearest_id, score, task_id],
            )
            self._db.execute("DELETE FROM reasons WHERE task_id = ?", [task_id])
            for position, reason in enumerate(reasons):
                self._db.execute(
                    "INSERT INTO reasons (task_id, position, code, sentence) VALUES (?, ?, ?, ?)",
                    [task_id, position, reason.code, reason.sentence],
                )

    def come_nearer(self, task_id: int, scores: Sequence[tuple[int, float]]) -> None:
        """A task has come into the pool: it is the nearest of those undecided ones to which it is nearer.

        Args:
            task_id: The task that has come.
            scores: Undecided candidates, and the ROUGE-L of each with that task.
        """
        with transaction(self._db):
            self._db.executemany(
                """UPDATE tasks SET nearest_id = ?1, score = ?3 WHERE id = ?2 AND state = 'pending'
                AND (score < ?3 OR score IS NULL OR (score = ?3 AND nearest_id > ?1))""",
                [(task_id, candidate, score) for candidate, score in scores],
            )

    def assign(self, task_id: int, *, stage: str, request_id: int) -> None:
        """Note which request classifies or instantiates a task."""
        column = {"classify": "classify_request_id", "instantiate": "instantiate_request_id"}[stage]
        with transaction(self._db):
            self._db.execute(f"UPDATE tasks SET {column} = ? WHERE id = ?", [request_id, task_id])

    def release_unanswered(self) -> None:
        """Let tasks be asked about again whose request failed without any answer."""
        with transaction(self._db):
            for stage, lacking in (("classify", "label IS NULL"), ("instantiate", "state = 'accepted'")):
                column = f"{stage}_request_id"
                self._db.execute(
                    f"""UPDATE tasks SET {column} = NULL WHERE {lacking} AND id IN (
                        SELECT asking.id FROM requests INDEXED BY requests_failed
                        CROSS JOIN tasks AS asking
                            ON asking.id = requests.task_id AND asking.{column} = requests.id
                        WHERE stage = ? AND requests.state = 'failed' AND NOT EXISTS (
                            SELECT 1 FROM attempts WHERE request_id = requests.id AND error IS NULL))""",
                    [stage],
                )

    def set_label(self, task_id: int, label: Label) -> None:
        """Store the label that the model gave; a person's label is a decision."""
        with transaction(self._db):
            self._db.execute("UPDATE tasks SET label = ? WHERE id = ?", [label, task_id])

    def get(self, task_id: int) -> Task:
        """One task.

        Raises:
            KeyError: there is no such task.
        """
        found = self._select("WHERE id = ?", [task_id])
        if not found:
            raise KeyError(task_id)
        return found[0]

    def get_many(self, task_ids: Iterable[int]) -> list[Task]:
        """The tasks of these ids that exist, in the order of the ids given."""
        ids = list(task_ids)
        found = self._select("WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(ids)])
        by_id = {task.id: task for task in found}
        return [by_id[task_id] for task_id in ids if task_id in by_id]

    def reasons(self, task_id: int) -> list[Reason]:
        """Why the filters object to a task, the first reason first."""
        rows = self._db.execute(
            "SELECT code, sentence FROM reasons WHERE task_id = ? ORDER BY position", [task_id]
        )
        return [Reason(code, sentence) for code, sentence in rows]

    def reasons_of(self, task_ids: Iterable[int]) -> dict[int, list[Reason]]:
        """Why the filters object to each of these tasks; those that pass are left out."""
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
        """The seed tasks of the pool, in their order."""
        return self._select("WHERE origin = 'seed' AND state = 'accepted' ORDER BY id", [])

    def accepted(self) -> list[int]:
        """The accepted tasks but the seeds, the newest first."""
        rows = self._db.execute(
            """SELECT id FROM tasks INDEXED BY tasks_by_state
            WHERE state = 'accepted' AND origin != 'seed' ORDER BY id DESC"""
        )
        return [task_id for (task_id,) in rows]

    def count(self) -> int:
        """How many tasks there are, seeds and all."""
        (count,) = self._db.execute("SELECT count(*) FROM tasks").fetchone()
        return int(count)

    def count_accepted(self) -> int:
        """How many tasks are in the pool, seeds and all."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM tasks INDEXED BY tasks_by_state WHERE state = 'accepted'"
        ).fetchone()
        return int(count)

    def last_id(self) -> int:
        """The highest id of a task; 0 when there is none."""
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM tasks").fetchone()
        return int(last)

    def passing(self) -> int:
        """How many of the model's tasks are accepted, or pass and wait for a decision."""
        (count,) = self._db.execute(
            """SELECT count(*) FROM tasks WHERE origin = 'model'
            AND (state = 'accepted' OR state = 'pending' AND verdict = 'pass')"""
        ).fetchone()
        return int(count)

    def unclear(self) -> int:
        """How many accepted tasks have no clear label, so that no instances are asked for."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM tasks WHERE state = 'accepted' AND label = 'unknown'"
        ).fetchone()
        return int(count)

    def lacking(self) -> int:
        """How many accepted tasks lack a label or instances because their request failed."""
        (count,) = self._db.execute(
            """SELECT count(*) FROM tasks WHERE state = 'accepted' AND (
                label IS NULL AND classify_request_id IN (SELECT id FROM requests WHERE state = 'failed')
                OR instantiate_request_id IN (SELECT id FROM requests WHERE state = 'failed'))"""
        ).fetchone()
        return int(count)

    def unasked(self) -> Unasked:
        """How many tasks no request has been planned for yet, of those that will be asked about."""
        (labels,) = self._db.execute(f"SELECT count(*) {_TO_CLASSIFY}").fetchone()
        (instances,) = self._db.execute(f"SELECT count(*) {_TO_INSTANTIATE}").fetchone()
        return Unasked(int(labels), int(instances))

    def count_unasked(self, most: int) -> int:
        """How many tasks a request could be planned for now, counted up to `most`."""
        (count,) = self._db.execute(
            f"""SELECT count(*) FROM (
                SELECT id {_TO_INSTANTIATE}
            UNION ALL SELECT id {_TO_CLASSIFY}
            LIMIT ?)""",
            [most],
        ).fetchone()
        return int(count)

    def to_classify(self) -> int | None:
        """The first task that wants a label: accepted, or passing and before a person."""
        return self._first(f"SELECT id {_TO_CLASSIFY} ORDER BY id LIMIT 1")

    def to_instantiate(self, *, but: Collection[int] = ()) -> int | None:
        """The first accepted task with a clear label and no instances asked for, other than these."""
        others = f"AND id NOT IN ({', '.join(map(str, but))})" if but else ""
        return self._first(f"SELECT id {_TO_INSTANTIATE} {others} ORDER BY id LIMIT 1")

    def awaiting_instances(self) -> tuple[int, int]:
        """How many accepted tasks instances will be asked for, and the bytes of their wordings as JSON.

        Their label is clear, or on its way.
        """
        count, length = self._db.execute(
            f"""SELECT count(*), coalesce(sum(length(CAST(json_quote(instruction) AS BLOB))), 0) FROM (
                SELECT instruction {_TO_INSTANTIATE}
            UNION ALL SELECT instruction FROM tasks INDEXED BY tasks_unlabelled
                WHERE state = 'accepted' AND origin != 'seed' AND label IS NULL)"""
        ).fetchone()
        return int(count), int(length)

    def awaiting_label(self) -> tuple[int, int]:
        """How many accepted tasks nobody has asked a label for, and the bytes of their wordings as JSON."""
        count, length = self._db.execute(
            """SELECT count(*), coalesce(sum(length(CAST(json_quote(instruction) AS BLOB))), 0)
            FROM tasks INDEXED BY tasks_unlabelled
            WHERE state = 'accepted' AND origin != 'seed' AND label IS NULL AND classify_request_id IS NULL"""
        ).fetchone()
        return int(count), int(length)

    def to_decide(self) -> list[int]:
        """Judged candidates that no person has a claim on, oldest first."""
        rows = self._db.execute(
            """SELECT id FROM tasks INDEXED BY tasks_to_decide
            WHERE state = 'pending' AND held = 0 AND verdict IS NOT NULL ORDER BY id"""
        )
        return [task_id for (task_id,) in rows]

    def fallen(self) -> list[int]:
        """Those of them that a filter objects to."""
        rows = self._db.execute(
            """SELECT id FROM tasks INDEXED BY tasks_fallen
            WHERE state = 'pending' AND held = 0 AND verdict != 'pass' ORDER BY id"""
        )
        return [task_id for (task_id,) in rows]

    def are_to_decide(self, task_ids: Iterable[int]) -> set[int]:
        """Those of these tasks that are judged candidates and that no person has a claim on."""
        rows = self._db.execute(
            """SELECT id FROM tasks WHERE id IN (SELECT value FROM json_each(?))
            AND state = 'pending' AND held = 0 AND verdict IS NOT NULL""",
            [json.dumps(list(task_ids))],
        )
        return {task_id for (task_id,) in rows}

    def standing(self, after: int, up_to: int, *, most: int) -> list[PoolTask]:
        """The first `most` tasks between these ids that are accepted or undecided, by id."""
        rows = self._db.execute(
            """SELECT id, origin, state, instruction FROM tasks
            WHERE id > ? AND id <= ? AND state != 'rejected' ORDER BY id LIMIT ?""",
            [after, up_to, most],
        )
        return [PoolTask(*row) for row in rows]

    def tally(self, state: State, *, up_to: int) -> dict[Origin, tuple[int, int]]:
        """How many tasks in a state there are of each origin, up to that id, and the sum of their ids."""
        rows = self._db.execute(
            """SELECT origin, count(*), sum(id) FROM tasks INDEXED BY tasks_by_state
            WHERE state = ? AND id <= ? GROUP BY origin""",
            [state, up_to],
        )
        return {origin: (count, total) for origin, count, total in rows}

    def waiting_since(self, task_id: int) -> list[tuple[int, str]]:
        """Candidates that came after that task and are still undecided: (id, instruction), by id."""
        rows = self._db.execute(
            """SELECT id, instruction FROM tasks INDEXED BY tasks_waiting
            WHERE state = 'pending' AND id > ? ORDER BY id""",
            [task_id],
        )
        return [(found, instruction) for found, instruction in rows]

    def undecided(self, after: int, at_most: int) -> list[Task]:
        """The undecided candidates that come after that task, by id, and no more than `at_most`."""
        return self._select(
            "INDEXED BY tasks_waiting WHERE state = 'pending' AND id > ? ORDER BY id LIMIT ?",
            [after, at_most],
        )

    def count_undecided(self) -> int:
        """How many candidates nobody has decided on."""
        (count,) = self._db.execute("SELECT count(*) FROM tasks WHERE state = 'pending'").fetchone()
        return int(count)

    def count_passing(self) -> int:
        """How many candidates pass and wait for a decision, whoever is to make it."""
        (count,) = self._db.execute(
            """SELECT count(*) FROM tasks INDEXED BY tasks_passing
            WHERE state = 'pending' AND verdict = 'pass'"""
        ).fetchone()
        return int(count)

    def decided(self, after: int, at_most: int) -> list[Task]:
        """The accepted and rejected tasks that come after that one, no seeds, and no more than `at_most`."""
        return self._select(
            "NOT INDEXED WHERE state != 'pending' AND origin != 'seed' AND id > ? ORDER BY id LIMIT ?",
            [after, at_most],
        )

    def waiting_near(self, task_id: int) -> list[int]:
        """Undecided candidates whose nearest neighbour was that task."""
        rows = self._db.execute(
            "SELECT id FROM tasks WHERE nearest_id = ? AND state = 'pending' ORDER BY id", [task_id]
        )
        return [found for (found,) in rows]

    def of_batch(self, batch: int) -> list[Task]:
        """The candidates of one batch, in the order in which they were proposed."""
        return self._select("WHERE batch = ? ORDER BY id", [batch])

    def batch_under_review(self) -> int:
        """The batch that a person had before them last; the last there is if none had; 0 if there is none."""
        (batch,) = self._db.execute(
            """SELECT coalesce(
                (SELECT batch FROM runs WHERE batch IS NOT NULL ORDER BY id DESC LIMIT 1),
                (SELECT max(batch) FROM tasks), 0)"""
        ).fetchone()
        return int(batch)

    def batches_waiting(self, *, after: int, most: int) -> list[int]:
        """The first `most` batches after that one with candidates that wait for a person, in their order."""
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
        """How many candidates of later batches pass and wait for a person."""
        (count,) = self._db.execute(
            """SELECT count(*) FROM tasks INDEXED BY tasks_passing
            WHERE batch > ? AND state = 'pending' AND held = 1 AND verdict = 'pass'""",
            [batch],
        ).fetchone()
        return int(count)

    def search(self, wanted: TaskQuery, order: Order = "id") -> list[int]:
        """The tasks that a filter describes, sorted; by id, the newest first."""
        terms: list[str] = []
        values: list[Any] = []
        for column in ("origin", "state", "label", "verdict", "batch", "id"):
            value = getattr(wanted, column)
            if value is not None:
                terms.append(f"{column} = ?")
                values.append(value)
        for comparison, bound in (("score > ?", wanted.more_than), ("score < ?", wanted.less_than)):
            if bound is not None:
                terms.append(comparison)
                values.append(bound)
        long = [word for word in wanted.words if len(word) >= _TRIGRAM]
        if long:
            terms.append("id IN (SELECT rowid FROM tasks_text WHERE tasks_text MATCH ?)")
            quoted = (word.replace('"', '""') for word in long)
            values.append(" ".join(f'"{word}"' for word in quoted))
        short = [word for word in wanted.words if len(word) < _TRIGRAM]
        terms += ["instr(lower(instruction), lower(?)) > 0"] * len(short)
        values += short
        where = f"WHERE {_all_of(terms)}" if terms else ""
        sql = f"SELECT id FROM tasks {where} ORDER BY {_ORDERS[order]} id DESC"
        return [row[0] for row in self._db.execute(sql, values)]

    def to_review(self, batch: int, order: Order = "id") -> list[int]:
        """What a person has before them: all of this batch, and what waits and passes of earlier ones."""
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
        """Those of these tasks that wait for a decision and pass, in their order."""
        rows = self._db.execute(
            "SELECT id FROM tasks INDEXED BY tasks_passing WHERE state = 'pending' AND verdict = 'pass'"
        )
        waiting = {task_id for (task_id,) in rows}
        return [task_id for task_id in task_ids if task_id in waiting]

    def first_waiting_among(self, task_ids: Sequence[int]) -> int | None:
        """The place of the first of these tasks that waits for a decision and passes; None if none does."""
        start, size = 0, _FIRST_LOOK
        while start < len(task_ids):
            # The next one is close by where many wait, and where few do the search is soon at the end.
            part = task_ids[start : start + size]
            rows = self._db.execute(
                """SELECT id FROM tasks NOT INDEXED WHERE id IN (SELECT value FROM json_each(?))
                AND state = 'pending' AND verdict = 'pass'""",
                [json.dumps(list(part))],
            )
            if waiting := {task_id for (task_id,) in rows}:
                return start + next(place for place, task_id in enumerate(part) if task_id in waiting)
            start, size = start + size, size * 4
        return None

    def _first(self, sql: str, *arguments: Any) -> int | None:
        row = self._db.execute(sql, arguments).fetchone()
        return row[0] if row else None

    def _select(self, where: str, arguments: list[Any]) -> list[Task]:
        return [Task(*row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM tasks {where}", arguments)]
