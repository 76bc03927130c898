"""The ledger: every request before it is sent, and every answer before it is parsed."""

import hashlib
import json
from collections.abc import Collection
from typing import Any

from selfinstruct.db.records import NewRequest, Parameters, Request, Stage, StoredAnswer, Usage
from selfinstruct.db.sqlite.connection import transaction
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.error_guard import stored_json
from selfinstruct.db.tables.settings import cost_limit_usd

_COLUMNS = (
    "id, stage, batch, task_id, model, base_url, prompt, parameters, in_context, instruction, label,"
    " reserved_usd, held, more, state, error, instead_of"
)


class Requests:
    """Rows of `requests` and `attempts`.

    A request goes `planned -> sent -> answered -> parsed`, or `failed`, or `in_doubt` when the program
    went away while it was under way. Each time it is sent is an attempt.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db

    def plan(self, request: NewRequest, *, run_id: int, at: str, instead_of: int | None = None) -> int:
        """Write a request down before anything is sent; returns its id.

        `instead_of` is the failed request that is asked anew with it.
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
        return request_id

    def plan_again(self, request_id: int, *, reserved_usd: float | None, run_id: int) -> bool:
        """Plan a request again that failed, or is in doubt and whose run has ended.

        Returns False, and changes nothing, when it is neither, or when an answer to it is stored.
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
        """The request that was asked in the place of this one; None when there is none."""
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
        """Note that a request is about to be sent, with the cost that it may have at most.

        Returns the attempt's id, or None when that cost could go over the workspace's cost limit, or is
        not known and there is a limit: then nothing is written and nothing may be sent.
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
        """Take back that a request is about to be sent: it is not."""
        with transaction(self._db):
            (request_id,) = self._db.execute(
                "SELECT request_id FROM attempts WHERE id = ?", [attempt_id]
            ).fetchone()
            self._db.execute("DELETE FROM attempts WHERE id = ?", [attempt_id])
            # Another attempt may be in doubt, whose end nobody knows.
            self._db.execute(
                """UPDATE requests SET state = CASE WHEN EXISTS (SELECT 1 FROM attempts
                    WHERE request_id = requests.id AND ended_at IS NULL) THEN 'in_doubt' ELSE 'planned' END
                WHERE id = ? AND state = 'sent'""",
                [request_id],
            )

    def _has_room(self, request_id: int) -> bool:
        """Whether a request can be sent once more; in the transaction that then writes that it is."""
        limit = cost_limit_usd(self._db)
        if limit is None:
            return True
        state, reserved = self._db.execute(
            "SELECT state, reserved_usd FROM requests WHERE id = ?", [request_id]
        ).fetchone()
        # A planned request is charged already; one in doubt has an attempt that is, besides this one.
        return reserved is not None and (
            self.charged_usd() + (0.0 if state == "planned" else reserved) <= limit
        )

    def charged_usd(self) -> float:
        """What counts against a cost limit: known costs, and what is reserved where none is known yet.

        Reserved is the cost of requests that are planned, under way or in doubt, and of answers that
        did not tell their usage.
        """
        (charged,) = self._db.execute(
            """SELECT (SELECT charged_usd FROM spending)
            + (SELECT total(reserved_usd) FROM requests INDEXED BY requests_under_way
                WHERE state NOT IN ('parsed', 'failed') AND state = 'planned')"""
        ).fetchone()
        return float(charged)

    def store_answer(self, attempt_id: int, *, http_status: int, body: bytes, at: str) -> None:
        """Store the exact bytes of a full answer; from now on the request is never sent again."""
        with transaction(self._db):
            self._end_attempt(attempt_id, http_status, body, None, at)
            # One that another program has had answered meanwhile stays as it is.
            self._db.execute(
                """UPDATE requests SET state = 'answered' WHERE state IN ('sent', 'in_doubt')
                AND id = (SELECT request_id FROM attempts WHERE id = ?)""",
                [attempt_id],
            )

    def store_failure(
        self, attempt_id: int, *, http_status: int | None, body: bytes, error: str, free: bool, at: str
    ) -> None:
        """Store how an attempt failed; `free` when it certainly cost nothing.

        The request is planned again: what is known to have failed is in no doubt.
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
        """Give up on a request, and say why."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE requests SET state = 'failed', error = ? WHERE id = ?", [error, request_id]
            )

    def parsed(self, request_id: int) -> None:
        """Note that an answer has been taken in."""
        with transaction(self._db):
            self._db.execute("UPDATE requests SET state = 'parsed' WHERE id = ?", [request_id])

    def settle(self, attempt_id: int, *, answered_by: str | None, usage: Usage) -> None:
        """Note what an answer told of its model, tokens and cost, whether or not it has any text."""
        with transaction(self._db):
            self._db.execute(
                """UPDATE attempts SET answered_by = ?, prompt_tokens = ?, completion_tokens = ?,
                cost_usd = ? WHERE id = ?""",
                [answered_by, usage.prompt_tokens, usage.completion_tokens, usage.cost_usd, attempt_id],
            )

    def put_in_doubt(self, run_id: int) -> None:
        """Mark what a run that is over left under way."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE requests SET state = 'in_doubt' WHERE state = 'sent' AND run_id = ?", [run_id]
            )

    def left_over(
        self, *, run_id: int, states: tuple[str, ...], doubtful: Collection[Stage] = ()
    ) -> list[Request]:
        """Take over the requests in these states whose runs have ended, and the run's own; oldest first.

        Those in doubt are taken over if they are of the stages `doubtful`.
        """
        marks, stages = ", ".join("?" * len(states)), ", ".join("?" * len(doubtful))
        with transaction(self._db):
            rows = self._db.execute(
                f"""SELECT {_COLUMNS} FROM requests
                WHERE state NOT IN ('parsed', 'failed')
                AND (state IN ({marks}) OR state = 'in_doubt' AND stage IN ({stages}))
                AND (run_id = ? OR run_id IN (SELECT id FROM runs WHERE ended_at IS NOT NULL)) ORDER BY id""",
                [*states, *doubtful, run_id],
            ).fetchall()
            for row in rows:
                self._db.execute("UPDATE requests SET run_id = ? WHERE id = ?", [run_id, row[0]])
        return [_request(row) for row in rows]

    def get(self, request_id: int) -> Request:
        """One request.

        Raises:
            KeyError: there is no such request.
        """
        row = self._db.execute(f"SELECT {_COLUMNS} FROM requests WHERE id = ?", [request_id]).fetchone()
        if row is None:
            raise KeyError(request_id)
        return _request(row)

    def are_instances_under_way(self, task_id: int) -> bool:
        """Whether a request for a task's instances waits to be sent, to be answered or to be taken in.

        One in doubt does not count: it may never be sent again.
        """
        found = self._db.execute(
            """SELECT 1 FROM requests INDEXED BY requests_under_way
            WHERE state NOT IN ('parsed', 'failed') AND state != 'in_doubt'
            AND task_id = ? AND stage = 'instantiate' LIMIT 1""",
            [task_id],
        ).fetchone()
        return found is not None

    def answer(self, request_id: int) -> StoredAnswer | None:
        """The stored answer of a request, if it has one."""
        row = self._db.execute(
            """SELECT id, body FROM attempts WHERE request_id = ? AND error IS NULL AND body IS NOT NULL
            ORDER BY id DESC LIMIT 1""",
            [request_id],
        ).fetchone()
        return StoredAnswer(*row) if row else None

    def next_id(self) -> int:
        """The id that the next planned request will have."""
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM requests").fetchone()
        return int(last) + 1

    def last_batch(self) -> int:
        """The number of the newest batch, 0 when there is none."""
        (batch,) = self._db.execute("SELECT coalesce(max(batch), 0) FROM requests").fetchone()
        return int(batch)

    def in_doubt(self, *, but: Collection[Stage] = ()) -> int:
        """How many requests are in doubt since a crash, those of the stages `but` left out."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM requests INDEXED BY requests_under_way"
            " WHERE state NOT IN ('parsed', 'failed') AND state = 'in_doubt'"
            f" AND stage NOT IN ({', '.join('?' * len(but))})",
            list(but),
        ).fetchone()
        return int(count)

    def count(self) -> int:
        """How many requests have been planned."""
        return self.next_id() - 1


def _request(row: tuple[Any, ...]) -> Request:
    named = dict(zip(_COLUMNS.split(", "), row, strict=True))
    for column in ("prompt", "parameters", "in_context"):
        named[column] = stored_json(named[column], f"the {column} of request {named['id']}")
    if named["stage"] == "embed":
        named["prompt"] = tuple(named["prompt"])
    named["in_context"] = tuple(named["in_context"])
    named["held"] = bool(named["held"])
    named["more"] = bool(named["more"])
    return Request(**named)
