"""The request log: requests newest first, read in pages, and a single request in full."""

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from selfinstruct.db.records import Job, Parameters, Request, Stage
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.error_guard import stored_json
from selfinstruct.db.tables.jobs import Jobs
from selfinstruct.db.tables.requests import Requests

RequestView = Literal["all", "failed", "in_doubt", "planned", "under_way"]
"""Views of the log; `under_way` are requests in flight, or answered but not parsed."""

BODY_SHOWN = 64 * 1024
"""Maximum bytes of a response body that are read for display."""

_WHERE: dict[RequestView, str] = {
    "failed": "INDEXED BY requests_failed WHERE state = 'failed'",
    "in_doubt": (
        "INDEXED BY requests_under_way WHERE state NOT IN ('parsed', 'failed') AND state = 'in_doubt'"
    ),
    "planned": "INDEXED BY requests_under_way WHERE state NOT IN ('parsed', 'failed') AND state = 'planned'",
    "under_way": (
        "INDEXED BY requests_under_way WHERE state NOT IN ('parsed', 'failed')"
        " AND state IN ('sent', 'answered')"
    ),
}

_SECONDS = "(julianday({0}.ended_at) - julianday({0}.sent_at)) * 86400"


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request, as one line of the log."""

    id: int
    stage: Stage
    batch: int
    task_id: int | None
    state: str
    is_chat: bool
    """Whether it is for the chat API, not legacy completions."""
    error: str | None
    asked_anew: int | None
    """The request that replaces this failed one."""
    attempts: int
    """The number of times that it was sent."""
    cost_usd: float | None
    """Total cost of its attempts; None if the cost of any is unknown."""
    http_status: int | None
    """Of the last attempt, like all following fields."""
    seconds: float | None
    """Latency, from sending to the last byte received; None while in flight."""
    answered_by: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    body: bytes | None
    """The response body; None if there is no response, or it exceeds `BODY_SHOWN` bytes."""
    job: str | None
    """The name of the job in which it was sent; None if it was sent alone."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send a request."""

    parameters: Parameters
    """The parameters as sent, under the names that the model accepts."""
    sent_at: str
    seconds: float | None
    http_status: int | None
    error: str | None
    answered_by: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    body: bytes | None
    """The first `BODY_SHOWN` bytes of the response body."""
    body_bytes: int | None
    """The size of the whole body."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request in full."""

    request: Request
    planned_at: str
    asked_anew: int | None
    attempts: tuple[Attempt, ...]
    task_ids: tuple[int, ...]
    """The tasks that its response proposed, or that it asks about."""
    job: Job | None
    """The job that it is out in; None if it is in none."""


class RequestLog:
    """Reads `requests` and `attempts` for display."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def ids(self, view: RequestView, *, after: int = 0) -> "array[int]":
        """Return the ids in a view that are above `after`, newest first."""
        if view == "all":
            # Request ids have no gaps and rows are never deleted; scanning the table would read the prompts.
            return array("q", range(self._last(), after, -1))
        rows = self._db.execute(
            f"SELECT id FROM requests {_WHERE[view]} AND id > ? ORDER BY id DESC", [after]
        )
        return array("q", (request_id for (request_id,) in rows))

    def counts(self) -> dict[RequestView, int]:
        """Count the requests in each view."""
        counts: dict[RequestView, int] = {"all": self._last()}
        for view, where in _WHERE.items():
            (counts[view],) = self._db.execute(f"SELECT count(*) FROM requests {where}").fetchone()
        return counts

    def _last(self) -> int:
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM requests").fetchone()
        return int(last)

    def get_many(self, request_ids: Sequence[int]) -> list[RequestRow]:
        """Return the requests with these ids that exist, in the order given."""
        rows = self._db.execute(
            f"""SELECT requests.id, stage, batch, task_id, state, substr(prompt, 1, 1) = '[', requests.error,
                (SELECT max(id) FROM requests AS anew WHERE anew.instead_of = requests.id),
                (SELECT count(*) FROM attempts WHERE request_id = requests.id),
                (SELECT CASE WHEN count(*) = count(cost_usd) THEN total(cost_usd) END
                    FROM attempts WHERE request_id = requests.id),
                http_status, {_SECONDS.format("last")}, answered_by, prompt_tokens, completion_tokens,
                CASE WHEN last.error IS NULL AND length(body) <= {BODY_SHOWN} THEN body END,
                (SELECT coalesce(remote_id, token) FROM job_attempts JOIN jobs ON jobs.id = job_id
                    WHERE attempt_id = last.id)
            FROM requests LEFT JOIN attempts AS last
                ON last.id = (SELECT max(id) FROM attempts WHERE request_id = requests.id)
            WHERE requests.id IN (SELECT value FROM json_each(?))""",
            [json.dumps(list(request_ids))],
        )
        by_id = {row[0]: RequestRow(*row) for row in rows}
        return [by_id[request_id] for request_id in request_ids if request_id in by_id]

    def about(self, task_id: int) -> list[RequestRow]:
        """Return the request that proposed a task, and those for its label and its instances, by id."""
        rows = self._db.execute(
            """SELECT id FROM requests WHERE task_id = ?1
            UNION SELECT propose_request_id FROM tasks WHERE id = ?1 AND propose_request_id IS NOT NULL
            ORDER BY id""",
            [task_id],
        )
        return self.get_many([request_id for (request_id,) in rows])

    def record(self, request_id: int) -> RequestRecord:
        """Return a request with all its attempts, oldest first.

        Raises:
            KeyError: There is no such request.
        """
        requests = Requests(self._db)
        request = requests.get(request_id)
        (planned_at,) = self._db.execute(
            "SELECT planned_at FROM requests WHERE id = ?", [request_id]
        ).fetchone()
        attempts = self._db.execute(
            f"""SELECT parameters, sent_at, {_SECONDS.format("attempts")}, http_status, error, answered_by,
                prompt_tokens, completion_tokens, cost_usd, substr(body, 1, {BODY_SHOWN}), length(body)
            FROM attempts WHERE request_id = ? ORDER BY id""",
            [request_id],
        )
        return RequestRecord(
            request=request,
            planned_at=planned_at,
            asked_anew=requests.asked_anew(request_id),
            attempts=tuple(_attempt(row) for row in attempts),
            task_ids=self._tasks_of(request),
            job=Jobs(self._db).of_request(request_id),
        )

    def _tasks_of(self, request: Request) -> tuple[int, ...]:
        if request.task_id is not None:
            return (request.task_id,)
        if request.stage == "embed":
            return request.in_context
        rows = self._db.execute(
            """SELECT id FROM tasks INDEXED BY tasks_by_batch WHERE batch = ? AND propose_request_id = ?
            ORDER BY id""",
            [request.batch, request.id],
        )
        return tuple(task_id for (task_id,) in rows)


def _attempt(row: tuple[Any, ...]) -> Attempt:
    parameters, *others = row
    return Attempt(stored_json(parameters, "the parameters of an attempt"), *others)
