"""Jobs: requests that are sent together as one batch of an endpoint's Batch API."""

import json
from collections.abc import Sequence
from typing import Any

from selfinstruct.db.records import ApiKind, Job, JobOut, Parameters
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.error_guard import stored_json
from selfinstruct.db.sqlite.transactions import transaction
from selfinstruct.db.tables.requests import OUT_IN_JOBS, Requests
from selfinstruct.db.tables.settings import cost_limit_usd

_COLUMNS = (
    "id, token, base_url, model, api, price, requests, planned_at, file_id, creating_at, remote_id, status,"
    " completed, failed, expires_at, ended_at, error"
)


class Jobs:
    """Rows of `jobs` and `job_attempts`.

    A job is stored before anything of it is sent, and each id that the endpoint assigns as soon as it is
    known, so that a program that dies at any point leaves enough to find the job again.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db

    def begin(
        self,
        token: str,
        sent: Sequence[tuple[int, Parameters]],
        *,
        base_url: str,
        model: str,
        api: ApiKind,
        price: float,
        run_id: int,
        at: str,
    ) -> Job | None:
        """Store a job with an attempt of each of its requests, and reserve their maximum costs.

        Returns None if those could exceed the workspace's cost limit, or are unknown while there is a limit:
        nothing is stored then, and the requests must not be sent.

        Args:
            token: A new name for it.
            sent: The ids of its requests, and the parameters that each is sent with.
            base_url: The address that it is sent to.
            model: The model of its requests.
            api: Their API.
            price: The share of the normal price that they cost.
            run_id: The run that sends it.
            at: The current time, as ISO 8601 text.
        """
        with transaction(self._db):
            if not self._has_room([request_id for request_id, _ in sent]):
                return None
            job_id = self._db.execute(
                """INSERT INTO jobs (token, base_url, model, api, price, requests, planned_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)""",
                [token, base_url, model, api, price, len(sent), at],
            ).lastrowid
            assert job_id is not None
            for request_id, parameters in sent:
                self._db.execute(
                    "UPDATE requests SET state = 'sent', run_id = ?, error = NULL WHERE id = ?",
                    [run_id, request_id],
                )
                attempt_id = self._db.execute(
                    """INSERT INTO attempts (request_id, parameters, reserved_usd, sent_at)
                    SELECT id, ?, reserved_usd, ? FROM requests WHERE id = ?""",
                    [json.dumps(parameters), at, request_id],
                ).lastrowid
                self._db.execute("INSERT INTO job_attempts VALUES (?, ?)", [attempt_id, job_id])
            return self.get(job_id)

    def _has_room(self, request_ids: Sequence[int]) -> bool:
        limit = cost_limit_usd(self._db)
        if limit is None:
            return True
        # Planned requests are already charged; for those in doubt, only their earlier attempts are.
        unknown, more = self._db.execute(
            """SELECT count(*) FILTER (WHERE reserved_usd IS NULL),
                total(CASE state WHEN 'planned' THEN 0 ELSE reserved_usd END)
            FROM requests WHERE id IN (SELECT value FROM json_each(?))""",
            [json.dumps(list(request_ids))],
        ).fetchone()
        return not unknown and Requests(self._db).charged_usd() + more <= limit

    def get(self, job_id: int) -> Job:
        """Return a job."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", [job_id]).fetchone()
        return Job(*row)

    def of_request(self, request_id: int) -> Job | None:
        """Return the job that a request is out in; None if it is in none."""
        row = self._db.execute(
            f"""SELECT {", ".join(f"jobs.{name}" for name in _COLUMNS.split(", "))}
            FROM attempts JOIN job_attempts ON attempt_id = attempts.id JOIN jobs ON jobs.id = job_id
            WHERE request_id = ? AND attempts.ended_at IS NULL AND jobs.ended_at IS NULL""",
            [request_id],
        ).fetchone()
        return None if row is None else Job(*row)

    def waiting(self, job_id: int) -> dict[int, tuple[int, Parameters]]:
        """Return the requests of a job without a stored outcome: by id, the attempt and its parameters."""
        rows = self._db.execute(
            """SELECT request_id, attempts.id, parameters
            FROM job_attempts JOIN attempts ON attempts.id = attempt_id
            WHERE job_id = ? AND ended_at IS NULL ORDER BY request_id""",
            [job_id],
        )
        return {request_id: (attempt_id, _parameters(sent)) for request_id, attempt_id, sent in rows}

    def attempt(self, job_id: int, request_id: int) -> tuple[int, Parameters] | None:
        """Return the attempt of a request in a job, and its parameters; None if its outcome is stored."""
        row = self._db.execute(
            """SELECT attempts.id, parameters FROM attempts JOIN job_attempts ON attempt_id = attempts.id
            WHERE request_id = ? AND job_id = ? AND ended_at IS NULL""",
            [request_id, job_id],
        ).fetchone()
        return None if row is None else (row[0], _parameters(row[1]))

    def out(self) -> list[JobOut]:
        """Return the jobs that have not ended, oldest first."""
        return read_out(self._db)

    def uploaded(self, job_id: int, file_id: str) -> None:
        """Store the endpoint's id of a job's file."""
        self._change(job_id, file_id=file_id)

    def creating(self, job_id: int, *, at: str | None) -> None:
        """Note that a job is about to be created: from here on it may exist at the endpoint.

        Args:
            job_id: The job.
            at: The current time, as ISO 8601 text; None if the endpoint has refused to create it.
        """
        self._change(job_id, creating_at=at)

    def created(self, job_id: int, remote_id: str) -> None:
        """Store the endpoint's id of a job."""
        self._change(job_id, remote_id=remote_id)

    def note(
        self,
        job_id: int,
        *,
        status: str,
        completed: int | None,
        failed: int | None,
        expires_at: str | None,
    ) -> None:
        """Store what the endpoint tells of a job."""
        self._change(job_id, status=status, completed=completed, failed=failed, expires_at=expires_at)

    def end(self, job_id: int, *, error: str | None, at: str) -> None:
        """End a job; requests that are still out in it become in doubt."""
        with transaction(self._db):
            self._db.execute(
                f"""UPDATE requests SET state = 'in_doubt' WHERE state = 'sent'
                AND id IN ({OUT_IN_JOBS} AND jobs.id = ?)""",
                [job_id],
            )
            self._change(job_id, ended_at=at, error=error)

    def _change(self, job_id: int, **values: Any) -> None:
        with transaction(self._db):
            names = ", ".join(f"{name} = ?" for name in values)
            self._db.execute(f"UPDATE jobs SET {names} WHERE id = ?", [*values.values(), job_id])


def _parameters(text: str) -> Parameters:
    parameters: Parameters = stored_json(text, "the parameters of an attempt")
    return parameters


def read_out(db: Connection) -> list[JobOut]:
    """Read the jobs that have not ended, oldest first."""
    rows = db.execute(
        f"""SELECT {_COLUMNS}, (SELECT count(*) FROM job_attempts JOIN attempts ON attempts.id = attempt_id
            WHERE job_id = jobs.id AND attempts.ended_at IS NULL)
        FROM jobs INDEXED BY jobs_open WHERE ended_at IS NULL ORDER BY id"""
    )
    return [JobOut(Job(*job), requests) for *job, requests in rows.fetchall()]
