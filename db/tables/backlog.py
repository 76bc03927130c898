"""The backlog: tasks whose labels and instances still have to be requested."""

from collections.abc import Collection

from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.transactions import transaction

_TO_INSTANTIATE = """FROM tasks INDEXED BY tasks_to_instantiate
    WHERE state = 'accepted' AND origin != 'seed' AND instantiate_request_id IS NULL
    AND label IN ('classification', 'generation')"""
_TO_CLASSIFY = """FROM tasks INDEXED BY tasks_to_classify
    WHERE label IS NULL AND classify_request_id IS NULL
    AND (state = 'accepted' OR state = 'pending' AND verdict = 'pass' AND held = 1)"""
"""Tasks for which a request for instances, or for a label, can be planned."""


def _failed(stage: str) -> str:
    return f"EXISTS (SELECT 1 FROM requests WHERE id = {stage}_request_id AND state = 'failed')"


def _answered(stage: str) -> str:
    return f"EXISTS (SELECT 1 FROM attempts WHERE request_id = {stage}_request_id AND error IS NULL)"


class Backlog:
    """Queries over `tasks` for what to request next, and how many requests are still to come."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def to_classify(self) -> int | None:
        """Return the first task to request a label for: accepted, or passing and reserved for a person."""
        return self._first(f"SELECT id {_TO_CLASSIFY} ORDER BY id LIMIT 1")

    def to_instantiate(self, *, but: Collection[int] = ()) -> int | None:
        """Return the first accepted task with a clear label and no request for instances, except `but`."""
        others = f"AND id NOT IN ({', '.join(map(str, but))})" if but else ""
        return self._first(f"SELECT id {_TO_INSTANTIATE} {others} ORDER BY id LIMIT 1")

    def count_unasked(self, most: int) -> int:
        """Count the tasks that a request for a label or instances can be planned for, up to `most`."""
        (count,) = self._db.execute(
            f"""SELECT count(*) FROM (
                SELECT id {_TO_INSTANTIATE}
            UNION ALL SELECT id {_TO_CLASSIFY}
            LIMIT ?)""",
            [most],
        ).fetchone()
        return int(count)

    def requests_needed(self) -> int:
        """Return the number of requests for labels and instances that tasks still need.

        Those that are planned or under way do not count, but what follows from them does. Requests that
        failed without a response count: they are made again.
        """
        (needed,) = self._db.execute(
            f"""SELECT
            (SELECT coalesce(sum(CASE
                    WHEN classify_request_id IS NULL THEN 2
                    WHEN NOT {_failed("classify")} THEN 1
                    WHEN {_answered("classify")} THEN 0
                    ELSE 2 END), 0)
                FROM tasks INDEXED BY tasks_unlabelled
                WHERE state = 'accepted' AND origin != 'seed' AND label IS NULL)
            + (SELECT count(*) {_TO_CLASSIFY} AND state = 'pending')
            + (SELECT count(*) {_TO_INSTANTIATE})
            + (SELECT count(*) FROM requests INDEXED BY requests_failed
                CROSS JOIN tasks ON tasks.id = requests.task_id AND instantiate_request_id = requests.id
                WHERE stage = 'instantiate' AND requests.state = 'failed' AND tasks.state = 'accepted'
                AND NOT {_answered("instantiate")})"""
        ).fetchone()
        return int(needed)

    def awaiting_instances(self) -> tuple[int, int]:
        """Return the number of accepted tasks that need instances, and their instructions' size as JSON.

        Counts tasks with a clear label or none yet; the size is in bytes.
        """
        count, length = self._db.execute(
            f"""SELECT count(*), coalesce(sum(length(CAST(json_quote(instruction) AS BLOB))), 0) FROM (
                SELECT instruction {_TO_INSTANTIATE}
            UNION ALL SELECT instruction FROM tasks INDEXED BY tasks_unlabelled
                WHERE state = 'accepted' AND origin != 'seed' AND label IS NULL)"""
        ).fetchone()
        return int(count), int(length)

    def awaiting_label(self) -> tuple[int, int]:
        """Return the number of accepted tasks without a request for a label, and their JSON size in bytes."""
        count, length = self._db.execute(
            """SELECT count(*), coalesce(sum(length(CAST(json_quote(instruction) AS BLOB))), 0)
            FROM tasks INDEXED BY tasks_unlabelled
            WHERE state = 'accepted' AND origin != 'seed' AND label IS NULL AND classify_request_id IS NULL"""
        ).fetchone()
        return int(count), int(length)

    def without_instances(self) -> list[int]:
        """Return the ids of accepted tasks with an answer for instances, and none of them kept."""
        rows = self._db.execute(
            """SELECT tasks.id FROM tasks JOIN requests ON requests.id = instantiate_request_id
            WHERE tasks.state = 'accepted' AND origin != 'seed' AND requests.state = 'parsed'
            AND tasks.label IN ('classification', 'generation') AND NOT EXISTS (
                SELECT 1 FROM instances WHERE task_id = tasks.id AND state = 'kept'
                AND instruction = tasks.instruction AND label = tasks.label)
            ORDER BY tasks.id"""
        )
        return [task_id for (task_id,) in rows]

    def release_failed(self, *, answered: bool = False) -> None:
        """Allow new requests for tasks whose request failed.

        Args:
            answered: Whether to include requests that failed because of their answer, which may be paid for.
        """
        with transaction(self._db):
            for stage, lacking in (("classify", "label IS NULL"), ("instantiate", "state = 'accepted'")):
                column = f"{stage}_request_id"
                self._db.execute(
                    f"""UPDATE tasks SET {column} = NULL WHERE {lacking} AND id IN (
                        SELECT asking.id FROM requests INDEXED BY requests_failed
                        CROSS JOIN tasks AS asking
                            ON asking.id = requests.task_id AND asking.{column} = requests.id
                        WHERE stage = ? AND requests.state = 'failed' AND (? OR NOT EXISTS (
                            SELECT 1 FROM attempts WHERE request_id = requests.id AND error IS NULL)))""",
                    [stage, answered],
                )

    def release_unclear(self) -> None:
        """Allow new requests for the accepted tasks to which the model has given an unclear label.

        A clear label that is part of a decision stays.
        """
        with transaction(self._db):
            self._db.execute(
                """UPDATE tasks SET label = NULL, classify_request_id = NULL
                WHERE state = 'accepted' AND origin != 'seed' AND label = 'unknown'"""
            )

    def _first(self, sql: str) -> int | None:
        row = self._db.execute(sql).fetchone()
        return row[0] if row else None
