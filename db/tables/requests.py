"""The request ledger: every request is stored before it is sent, every response before it is parsed."""

import hashlib
import json
from collections.abc import Collection
from typing import Any

from selfinstruct.db.records import NewRequest, Parameters, Prompt, Request, Stage, StoredAnswer, Usage
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.error_guard import stored_json
from selfinstruct.db.sqlite.transactions import if_undone, transaction
from selfinstruct.db.tables.settings import cost_limit_usd

_COLUMNS = (
    "id, stage, batch, task_id, model, base_url, prompt, parameters, in_context, instruction, label,"
    " reserved_usd, held, more, state, error, instead_of"
)
_WITHOUT_PROMPT = _COLUMNS.replace("prompt", "NULL")

_WAS_READ = (
    "requests.state IN ('parsed', 'failed') AND EXISTS"
    " (SELECT 1 FROM attempts WHERE request_id = requests.id AND error IS NULL AND body IS NOT NULL)"
)

OUT_IN_JOBS = """SELECT request_id FROM jobs
    CROSS JOIN job_attempts ON job_id = jobs.id CROSS JOIN attempts ON attempts.id = attempt_id
    WHERE jobs.ended_at IS NULL AND attempts.ended_at IS NULL"""
"""The requests that are out in a job: their outcome is known once the job has ended."""


class Requests:
    """Rows of `requests` and `attempts`.

    The states of a request are `planned -> sent -> answered -> parsed`; or `failed`; or `in_doubt`, if its
    program died while it was in flight. Each time that it is sent is an attempt.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._prompts: dict[int, Prompt] = {}
        """The prompts of requests that were planned here and are not over, which are read several times."""

    def plan(self, request: NewRequest, *, run_id: int, at: str, instead_of: int | None = None) -> int:
        """Store a planned request, before anything is sent; returns its id.

        Args:
            request: The request.
            run_id: The run that it belongs to.
            at: The current time, as ISO 8601 text.
            instead_of: The failed request that it replaces.
        """
        with transaction(self._db):
            request_id = self._db.execute(
                """INSERT INTO requests (stage, batch, task_id, model, base_url, prompt, parameters,
                in_context, instruction, label, reserved_usd, held, more, state, run_id, instead_of,
                planned_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned', ?, ?, ?)""",
                [
                    request.stage,
                    request.batch,
                    request.task_id,
                    request.model,
                    request.base_url,
                    json.dumps(request.prompt, ensure_ascii=False),
                    json.dumps(request.parameters),
                    json.dumps(request.in_context),
                    request.instruction,
                    request.label,
                    request.reserved_usd,
                    request.held,
                    request.more,
                    run_id,
                    instead_of,
                    at,
                ],
            ).lastrowid
        assert request_id is not None
        self._prompts[request_id] = request.prompt
        # Another program may take the id of a request that was undone.
        if_undone(self._db, lambda: self._forget(request_id))
        return request_id

    def _forget(self, request_id: int) -> None:
        self._prompts.pop(request_id, None)

    def plan_again(self, request_id: int, *, reserved_usd: float | None, run_id: int) -> bool:
        """Plan a request again that failed, or that is in doubt and whose run has ended.

        Returns False, and changes nothing, if neither holds or a response to it is stored.
        """
        with transaction(self._db):
            changed = self._db.execute(
                """UPDATE requests SET state = 'planned', error = NULL, reserved_usd = ?, run_id = ?
                WHERE id = ? AND (state = 'failed'
                    OR state = 'in_doubt' AND run_id IN (SELECT id FROM runs WHERE ended_at IS NOT NULL))
                AND NOT EXISTS (SELECT 1 FROM attempts
                    WHERE request_id = requests.id AND error IS NULL AND body IS NOT NULL)""",
                [reserved_usd, run_id, request_id],
            ).rowcount
        return bool(changed)

    def asked_anew(self, request_id: int) -> int | None:
        """Return the request that replaces this one; None if there is none."""
        (anew,) = self._db.execute(
            "SELECT max(id) FROM requests WHERE instead_of = ?", [request_id]
        ).fetchone()
        return None if anew is None else int(anew)

    def begin_attempt(
        self,
        request_id: int,
        parameters: Parameters,
        *,
        run_id: int,
        at: str,
    ) -> int | None:
        """Record that a request is about to be sent, and reserve its maximum cost.

        Returns the attempt's id. Returns None if that cost could exceed the workspace's cost limit, or is
        unknown while there is a limit: nothing is stored then, and the request must not be sent.
        """
        with transaction(self._db):
            if not self._has_room(request_id):
                return None
            self._db.execute(
                "UPDATE requests SET state = 'sent', run_id = ?, error = NULL WHERE id = ?",
                [run_id, request_id],
            )
            return self._db.execute(
                """INSERT INTO attempts (request_id, parameters, reserved_usd, sent_at)
                SELECT id, ?, reserved_usd, ? FROM requests WHERE id = ?""",
                [json.dumps(parameters), at, request_id],
            ).lastrowid

    def take_back_attempt(self, attempt_id: int) -> None:
        """Delete an attempt that was recorded but not sent."""
        with transaction(self._db):
            (request_id,) = self._db.execute(
                "SELECT request_id FROM attempts WHERE id = ?", [attempt_id]
            ).fetchone()
            self._db.execute("DELETE FROM attempts WHERE id = ?", [attempt_id])
            # An earlier attempt may have been in flight when its program died: it stays in doubt.
            self._db.execute(
                """UPDATE requests SET state = CASE WHEN EXISTS (SELECT 1 FROM attempts
                    WHERE request_id = requests.id AND ended_at IS NULL) THEN 'in_doubt' ELSE 'planned' END
                WHERE id = ? AND state = 'sent'""",
                [request_id],
            )

    def reserve(self, request_id: int, reserved_usd: float | None) -> None:
        """Change what is reserved for a planned request: the most that it can cost in USD; None: unknown."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE requests SET reserved_usd = ? WHERE id = ? AND state = 'planned'",
                [reserved_usd, request_id],
            )

    def _has_room(self, request_id: int) -> bool:
        """Whether the cost limit allows another attempt; call in the transaction that records it."""
        limit = cost_limit_usd(self._db)
        if limit is None:
            return True
        state, reserved = self._db.execute(
            "SELECT state, reserved_usd FROM requests WHERE id = ?", [request_id]
        ).fetchone()
        # A planned request is already charged; for a request in doubt, only its earlier attempt is.
        return reserved is not None and (
            self.charged_usd() + (0.0 if state == "planned" else reserved) <= limit
        )

    def charged_usd(self) -> float:
        """Return the USD charged against the cost limit: known costs, and reservations where none is known.

        Reservations cover requests that are planned, in flight or in doubt, and responses that did not
        report their usage.
        """
        (charged,) = self._db.execute(
            """SELECT (SELECT charged_usd FROM spending)
            + (SELECT total(reserved_usd) FROM requests INDEXED BY requests_under_way
                WHERE state NOT IN ('parsed', 'failed') AND state = 'planned')"""
        ).fetchone()
        return float(charged)

    def store_answer(self, attempt_id: int, *, http_status: int, body: bytes, at: str) -> None:
        """Store the exact bytes of a complete response; the request is never sent again after this."""
        with transaction(self._db):
            self._end_attempt(attempt_id, http_status, body, None, at)
            # A request that another program has completed in the meantime keeps its state.
            self._db.execute(
                """UPDATE requests SET state = 'answered' WHERE state IN ('sent', 'in_doubt')
                AND id = (SELECT request_id FROM attempts WHERE id = ?)""",
                [attempt_id],
            )

    def store_failure(
        self, attempt_id: int, *, http_status: int | None, body: bytes, error: str, free: bool, at: str
    ) -> None:
        """Store a failed attempt, and set its request back to `planned`: the outcome is not in doubt.

        Args:
            attempt_id: The attempt.
            http_status: The status of the response; None without a response.
            body: The bytes received.
            error: The reason of the failure.
            free: Whether it certainly cost nothing.
            at: The current time, as ISO 8601 text.
        """
        with transaction(self._db):
            self._end_attempt(attempt_id, http_status, body, error, at)
            if free:
                self._db.execute("UPDATE attempts SET cost_usd = 0 WHERE id = ?", [attempt_id])
            self._db.execute(
                """UPDATE requests SET state = 'planned' WHERE state = 'sent'
                AND id = (SELECT request_id FROM attempts WHERE id = ?)""",
                [attempt_id],
            )

    def _end_attempt(
        self, attempt_id: int, http_status: int | None, body: bytes, error: str | None, at: str
    ) -> None:
        self._db.execute(
            "UPDATE attempts SET http_status = ?, body = ?, sha256 = ?, error = ?, ended_at = ? WHERE id = ?",
            [http_status, body, hashlib.sha256(body).hexdigest(), error, at, attempt_id],
        )

    def fail(self, request_id: int, error: str) -> None:
        """Mark a request as failed, with the reason."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE requests SET state = 'failed', error = ? WHERE id = ?", [error, request_id]
            )
        self._forget(request_id)

    def parsed(self, request_id: int) -> None:
        """Mark a request as parsed: the results of its response are stored."""
        with transaction(self._db):
            self._db.execute("UPDATE requests SET state = 'parsed' WHERE id = ?", [request_id])
        self._forget(request_id)

    def settle(self, attempt_id: int, *, answered_by: str | None, usage: Usage) -> None:
        """Store the model, tokens and cost that a response reported, even if it contains no text."""
        with transaction(self._db):
            self._db.execute(
                """UPDATE attempts SET answered_by = ?, prompt_tokens = ?, completion_tokens = ?,
                cost_usd = ? WHERE id = ?""",
                [answered_by, usage.prompt_tokens, usage.completion_tokens, usage.cost_usd, attempt_id],
            )

    def put_in_doubt(self, run_id: int) -> None:
        """Mark the requests that an ended run left in flight as in doubt, except those in a job."""
        with transaction(self._db):
            self._db.execute(
                f"""UPDATE requests INDEXED BY requests_under_way SET state = 'in_doubt'
                WHERE state NOT IN ('parsed', 'failed') AND state = 'sent' AND run_id = ?
                AND id NOT IN ({OUT_IN_JOBS})""",
                [run_id],
            )

    def left_over(
        self,
        *,
        run_id: int,
        states: tuple[str, ...],
        doubtful: Collection[Stage] = (),
        jobs: Collection[int] = (),
    ) -> list[Request]:
        """Take over requests whose runs have ended; returns them and the run's own, oldest first.

        Args:
            run_id: The run that takes them over.
            states: The states of the requests.
            doubtful: The stages whose requests in doubt are taken over too.
            jobs: The ids of the jobs whose requests are taken over too.
        """
        marks, stages = ", ".join("?" * len(states)), ", ".join("?" * len(doubtful))
        numbers = ", ".join(map(str, jobs))
        with transaction(self._db):
            rows = self._db.execute(
                f"""SELECT {_COLUMNS} FROM requests
                WHERE state NOT IN ('parsed', 'failed')
                AND (state IN ({marks}) OR state = 'in_doubt' AND stage IN ({stages})
                    OR state = 'sent' AND id IN ({OUT_IN_JOBS} AND jobs.id IN ({numbers})))
                AND (run_id = ? OR run_id IN (SELECT id FROM runs WHERE ended_at IS NOT NULL)) ORDER BY id""",
                [*states, *doubtful, run_id],
            ).fetchall()
            for row in rows:
                self._db.execute("UPDATE requests SET run_id = ? WHERE id = ?", [run_id, row[0]])
        return [_request(row) for row in rows]

    def get(self, request_id: int) -> Request:
        """Return a request.

        Raises:
            KeyError: There is no such request.
        """
        prompt = self._prompts.get(request_id)
        columns = _COLUMNS if prompt is None else _WITHOUT_PROMPT
        row = self._db.execute(f"SELECT {columns} FROM requests WHERE id = ?", [request_id]).fetchone()
        if row is None:
            raise KeyError(request_id)
        return _request(row, prompt)

    def are_instances_under_way(self, task_id: int) -> bool:
        """Whether a request for a task's instances is planned, in flight, or answered but not parsed.

        Requests in doubt do not count: they may never be resent.
        """
        found = self._db.execute(
            """SELECT 1 FROM requests INDEXED BY requests_under_way
            WHERE state NOT IN ('parsed', 'failed') AND state != 'in_doubt'
            AND task_id = ? AND stage = 'instantiate' LIMIT 1""",
            [task_id],
        ).fetchone()
        return found is not None

    def answer(self, request_id: int) -> StoredAnswer | None:
        """Return the stored response to a request; None if there is none."""
        row = self._db.execute(
            """SELECT id, body, sent_at, ended_at, parameters, coalesce(
                (SELECT price FROM job_attempts JOIN jobs ON jobs.id = job_id WHERE attempt_id = attempts.id),
                1.0) FROM attempts
            WHERE request_id = ? AND error IS NULL AND body IS NOT NULL ORDER BY id DESC LIMIT 1""",
            [request_id],
        ).fetchone()
        if row is None:
            return None
        attempt_id, body, sent_at, ended_at, parameters, price = row
        sent = stored_json(parameters, "the parameters of an attempt")
        return StoredAnswer(attempt_id, body, (sent_at, ended_at), sent, price)

    def answered_proposals(self, *, after: int, most: int) -> list[int]:
        """Return the first `most` propose requests after this one with a response that was read, by id.

        Those that failed because it could not be read are among them.
        """
        rows = self._db.execute(
            f"""SELECT id FROM requests WHERE stage = 'propose' AND {_WAS_READ} AND id > ?
            ORDER BY id LIMIT ?""",
            [after, most],
        )
        return [request_id for (request_id,) in rows]

    def tasks_answered(self, *, after: int, most: int) -> list[int]:
        """Return the first `most` tasks after this one with responses about label or instances, by id."""
        rows = self._db.execute(
            f"""SELECT DISTINCT task_id FROM requests INDEXED BY requests_by_task
            WHERE task_id > ? AND {_WAS_READ} ORDER BY task_id LIMIT ?""",
            [after, most],
        )
        return [task_id for (task_id,) in rows]

    def answered_about(self, task_id: int) -> list[Request]:
        """Return the requests about a task with a response that was read, by id."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM requests WHERE task_id = ? AND {_WAS_READ} ORDER BY id", [task_id]
        )
        return [_request(row) for row in rows.fetchall()]

    def read_again(self, request_id: int) -> bool:
        """Set a request that failed because its response could not be read back to `answered`.

        The next run then takes it in. Returns False, and changes nothing, if it has not failed.
        """
        with transaction(self._db):
            changed = self._db.execute(
                f"""UPDATE requests SET state = 'answered', error = NULL
                WHERE id = ? AND state = 'failed' AND {_WAS_READ}""",
                [request_id],
            ).rowcount
        return bool(changed)

    def next_id(self) -> int:
        """Return the id of the next request to be planned."""
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM requests").fetchone()
        return int(last) + 1

    def last_batch(self) -> int:
        """Return the number of the newest batch; 0 if there is none."""
        (batch,) = self._db.execute("SELECT coalesce(max(batch), 0) FROM requests").fetchone()
        return int(batch)

    def in_doubt(self, *, but: Collection[Stage] = ()) -> int:
        """Count the requests in doubt, except those of the stages `but`."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM requests INDEXED BY requests_under_way"
            " WHERE state NOT IN ('parsed', 'failed') AND state = 'in_doubt'"
            f" AND stage NOT IN ({', '.join('?' * len(but))})",
            list(but),
        ).fetchone()
        return int(count)

    def count(self) -> int:
        """Return the number of requests ever planned."""
        return self.next_id() - 1


def _request(row: tuple[Any, ...], prompt: Prompt | None = None) -> Request:
    """Make a request of its row; a prompt that is given stands in for that of the row."""
    named = dict(zip(_COLUMNS.split(", "), row, strict=True))
    for column in ("prompt", "parameters", "in_context"):
        if column != "prompt" or prompt is None:
            named[column] = stored_json(named[column], f"the {column} of request {named['id']}")
    if prompt is not None:
        named["prompt"] = prompt
    if named["stage"] == "embed":
        named["prompt"] = tuple(named["prompt"])
    named["in_context"] = tuple(named["in_context"])
    named["held"] = bool(named["held"])
    named["more"] = bool(named["more"])
    return Request(**named)
