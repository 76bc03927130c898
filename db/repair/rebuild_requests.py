"""Restores the request ledger of a salvaged workspace: no gaps in the ids, and no charge lost."""

import hashlib
from contextlib import suppress

from selfinstruct.db.check.parts import gaps
from selfinstruct.db.errors import DamagedError, NotRepairedError
from selfinstruct.db.repair.salvage import highest_key
from selfinstruct.db.sqlite.driver import Connection

LOST = "It could not be read when the workspace was repaired."
"""The error stored with a lost request or attempt."""
CHANGED = "Its bytes had changed when the workspace was repaired."
"""The error stored with a response that does not match its hash."""
_MOST_LOST = 100_000
"""Maximum placeholder rows; beyond that, a damaged id is more likely than as many lost rows."""
_SUMS = "SELECT total(cost_usd), count(cost_usd), total(coalesce(cost_usd, reserved_usd)) FROM attempts"


def mend_ledger(db: Connection, source: Connection | None, *, at: str) -> list[str]:
    """Restore runs, requests, attempts and the running totals; returns sentences about what is lost.

    Args:
        db: The new workspace, without triggers, with the rows of the damaged one.
        source: The damaged workspace; None if SQLite cannot open it.
        at: The current time, as ISO 8601 text.

    Raises:
        NotRepairedError: Too many rows are lost.
    """
    notes: list[str] = []
    note(notes, _runs(db, at), "The record of one run is lost.", "The records of {} runs are lost.")
    note(
        notes,
        _requests(db, source, at),
        "The prompt of one request is lost; its response is kept if it could be read.",
        "The prompts of {} requests are lost; their responses are kept if they could be read.",
    )
    note(notes, _attempts(db, source), "One response is lost.", "{} responses are lost.")
    note(notes, _changed(db), "One response is damaged.", "{} responses are damaged.")
    note(notes, _unanswered(db), "One request can be resent.", "{} requests can be resent.")
    _sums(db, source)
    return notes


def note(notes: list[str], count: int, one: str, more: str) -> None:
    """Append the sentence for a count, in the singular or plural; nothing for 0."""
    if count:
        notes.append(one if count == 1 else more.format(f"{count:,}"))


def _runs(db: Connection, at: str) -> int:
    return db.execute(
        """INSERT INTO runs (id, host, pid, started_at, ended_at)
        SELECT run_id, '', 0, ?1, ?1 FROM (SELECT run_id FROM requests UNION SELECT run_id FROM decisions)
        WHERE run_id IS NOT NULL AND run_id NOT IN (SELECT id FROM runs)""",
        [at],
    ).rowcount


def _requests(db: Connection, source: Connection | None, at: str) -> int:
    """Insert placeholders for lost requests, which attempts and tasks refer to; returns their number."""
    (referred,) = db.execute(
        """SELECT max(id) FROM (SELECT max(request_id) AS id FROM attempts
        UNION ALL SELECT max(request_id) FROM instances UNION ALL SELECT max(propose_request_id) FROM tasks
        UNION ALL SELECT max(classify_request_id) FROM tasks
        UNION ALL SELECT max(embed_request_id) FROM tasks
        UNION ALL SELECT max(instantiate_request_id) FROM tasks)"""
    ).fetchone()
    known = highest_key(source, "requests") if source else None
    lost = _lost(db, "requests", up_to=max(referred or 0, known or 0))
    if lost:
        db.execute(
            "INSERT OR IGNORE INTO runs (id, host, pid, started_at, ended_at) VALUES (1, '', 0, ?1, ?1)", [at]
        )
    for request_id in lost:
        # Marked as parsed, so that it is never sent: its prompt is unknown.
        db.execute(
            """INSERT INTO requests (id, stage, batch, model, base_url, prompt, parameters, in_context,
                held, more, state, error, run_id, planned_at)
            SELECT ?1, CASE
                    WHEN EXISTS (SELECT 1 FROM tasks WHERE classify_request_id = ?1) THEN 'classify'
                    WHEN EXISTS (SELECT 1 FROM instances WHERE request_id = ?1) THEN 'instantiate'
                    WHEN EXISTS (SELECT 1 FROM tasks WHERE instantiate_request_id = ?1) THEN 'instantiate'
                    ELSE 'propose' END,
                coalesce((SELECT max(batch) FROM tasks WHERE propose_request_id = ?1), 0),
                '', '', '""', '{}', '[]', 1, 0, 'parsed', ?2, min(id), ?3 FROM runs""",
            [request_id, LOST, at],
        )
    return len(lost)


def _lost(db: Connection, table: str, *, up_to: int) -> list[int]:
    found = gaps(db, table, up_to=up_to)
    if sum(last - first + 1 for first, last in found) > _MOST_LOST:
        raise NotRepairedError(
            f"The workspace cannot be repaired: too many of its {table} cannot be read. It is left as it is."
        )
    return [number for first, last in found for number in range(first, last + 1)]


def _attempts(db: Connection, source: Connection | None) -> int:
    """Insert placeholders for lost attempts, charged with their reservation; returns their number."""
    asked: dict[int, int] = {}
    if source is not None:
        with suppress(DamagedError):
            # If only the table is damaged, the index still lists them.
            asked.update(
                source.execute("SELECT rowid, request_id FROM attempts INDEXED BY attempts_by_request")
            )
    lost = _lost(db, "attempts", up_to=max(asked, default=0))
    for attempt_id in lost:
        db.execute(
            """INSERT INTO attempts (id, request_id, parameters, reserved_usd, sent_at, ended_at, error)
            SELECT ?1, id, '{}', reserved_usd, planned_at, planned_at, ?3 FROM requests
            WHERE ?2 IS NULL OR id = ?2
            ORDER BY EXISTS (SELECT 1 FROM attempts WHERE request_id = requests.id), id LIMIT 1""",
            [attempt_id, asked.get(attempt_id), LOST],
        )
    return len(lost)


def _changed(db: Connection) -> int:
    """Mark responses that do not match their hash as errors; returns their number."""
    rows = db.execute("SELECT id, body, sha256 FROM attempts WHERE body IS NOT NULL")
    hashed = ((attempt_id, hashlib.sha256(body).hexdigest(), stored) for attempt_id, body, stored in rows)
    changed = [(digest, CHANGED, attempt_id) for attempt_id, digest, stored in hashed if digest != stored]
    db.executemany("UPDATE attempts SET sha256 = ?, error = coalesce(error, ?) WHERE id = ?", changed)
    db.execute("UPDATE attempts SET sha256 = NULL WHERE body IS NULL")
    return len(changed)


def _unanswered(db: Connection) -> int:
    """Mark requests whose response is lost as failed, so that a person can resend them; returns their number.

    They are not resent automatically, because they may have been paid for.
    """
    db.execute(
        """UPDATE requests SET error = ? WHERE state = 'parsed' AND error IS NULL AND NOT EXISTS
        (SELECT 1 FROM attempts WHERE request_id = requests.id AND body IS NOT NULL)""",
        [LOST],
    )
    return db.execute(
        """UPDATE requests SET state = 'failed', error = ? WHERE state = 'answered' AND NOT EXISTS
        (SELECT 1 FROM attempts WHERE request_id = requests.id AND error IS NULL AND body IS NOT NULL)""",
        [LOST],
    ).rowcount


def _sums(db: Connection, source: Connection | None) -> None:
    """Recompute the running totals; the charges of lost attempts are kept."""
    before = 0.0
    if source is not None:
        with suppress(DamagedError):
            (before,) = source.execute("SELECT total(charged_usd) FROM spending").fetchone()
    (_, _, charged) = db.execute(_SUMS).fetchone()
    if before > charged:
        db.execute(
            """UPDATE attempts SET reserved_usd = coalesce(reserved_usd, 0) + ? WHERE id =
            (SELECT min(id) FROM attempts WHERE error = ? AND cost_usd IS NULL)""",
            [before - charged, LOST],
        )
    db.execute("DELETE FROM spending")
    db.execute(f"INSERT INTO spending SELECT 1, * FROM ({_SUMS})")
