"""How much there is of everything in a workspace."""

from dataclasses import dataclass

from selfinstruct.db.sqlite.connection import one_moment
from selfinstruct.db.sqlite.driver import Connection

REQUEST_STATES = ("planned", "sent", "answered", "parsed", "failed", "in_doubt")

_DIGITS = 9
"""Of USD after the point: less than any request costs, and more than rounding adds to a sum."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers that `status` shows. Candidates are all tasks but the seeds."""

    pool: dict[str, int]
    candidates: dict[str, int]
    verdicts: dict[str, int]
    labels: dict[str, int]
    instances: dict[str, int]
    requests: dict[str, int]
    """Requests by state; `answered` are all with a stored answer, taken in or not."""
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    """What the answers that told their usage have cost; None when none did."""
    attempts_of_unknown_cost: int
    """Attempts that may have cost something, those in doubt among them."""
    reserved_usd: float
    """USD that they count as against a cost limit: the most that they can have cost, where that is known."""
    unsettled_usd: float
    """USD that count against it beside these: reserved for what is planned, sent, or not taken in yet."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What the answers have cost; quick to read in a workspace of any size."""

    cost_usd: float | None
    attempts_of_unknown_cost: int
    reserved_usd: float
    """USD that those count as against a cost limit."""


@dataclass(frozen=True, slots=True)
class Training:
    """What becomes of the kept instances, seeds aside, when a training file is written."""

    rows: int
    of_tasks_outside_the_pool: int
    """Kept instances of tasks that are not accepted, or no longer."""
    of_other_wordings: int
    """Kept instances that were made for another wording or label of their task."""
    duplicates: int
    """Kept instances that are exactly the same as another row."""


def read_training(db: Connection) -> Training:
    """Count the rows of a training file, and what is left out."""
    kept, accepted, of_now, rows = db.execute(
        """SELECT
            (SELECT count(*) FROM instances JOIN tasks ON tasks.id = task_id
                WHERE origin != 'seed' AND instances.state = 'kept'),
            (SELECT count(*) FROM instances JOIN tasks ON tasks.id = task_id
                WHERE origin != 'seed' AND instances.state = 'kept' AND tasks.state = 'accepted'),
            (SELECT count(*) FROM training_rows WHERE origin != 'seed'),
            (SELECT count(*) FROM (
                SELECT DISTINCT instruction, input, output FROM training_rows WHERE origin != 'seed'))"""
    ).fetchone()
    return Training(rows, kept - accepted, accepted - of_now, of_now - rows)


def read_spending(db: Connection) -> Spending:
    """Read what all attempts have cost."""
    cost, unknown, reserved, _ = _cost(db)
    return Spending(cost, unknown, reserved)


def read_untouched(db: Connection) -> bool:
    """Read whether there is nothing but seeds, and requests that surely got no answer and cost nothing."""
    (touched,) = db.execute(
        """SELECT EXISTS (SELECT 1 FROM tasks WHERE origin != 'seed')
            OR EXISTS (SELECT 1 FROM decisions INDEXED BY decisions_of_people WHERE who = 'human')
            OR EXISTS (SELECT 1 FROM attempts WHERE error IS NULL OR cost_usd IS NOT 0)"""
    ).fetchone()
    return not touched


def read_counts(db: Connection) -> Counts:
    """Count everything as it is at one moment."""
    with one_moment(db):
        return _read(db)


def _read(db: Connection) -> Counts:
    def by(sql: str, *names: str) -> dict[str, int]:
        return dict.fromkeys(names, 0) | dict(db.execute(sql).fetchall())

    requests = by("SELECT state, count(*) FROM requests GROUP BY state", *REQUEST_STATES)
    requests["answered"] += requests.pop("parsed")
    prompt_tokens, completion_tokens = db.execute(
        "SELECT sum(prompt_tokens), sum(completion_tokens) FROM attempts INDEXED BY attempts_by_tokens"
    ).fetchone()
    cost, unknown, reserved, unsettled = _cost(db)
    return Counts(
        pool=_pool(db),
        candidates=by(
            "SELECT state, count(*) FROM tasks WHERE origin != 'seed' GROUP BY state",
            "pending",
            "accepted",
            "rejected",
        ),
        verdicts=by(
            """SELECT verdict, count(*) FROM tasks WHERE origin != 'seed' AND verdict IS NOT NULL
            GROUP BY verdict ORDER BY 2 DESC"""
        ),
        labels=by(
            """SELECT label, count(*) FROM tasks WHERE origin != 'seed' AND label IS NOT NULL
            GROUP BY label""",
            "classification",
            "generation",
            "unknown",
        ),
        instances=by(
            """SELECT instances.state, count(*) FROM instances JOIN tasks ON tasks.id = task_id
            WHERE origin != 'seed' AND instances.state != 'withdrawn' GROUP BY instances.state""",
            "kept",
            "dropped",
        ),
        requests=requests,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost_usd=cost,
        attempts_of_unknown_cost=unknown,
        reserved_usd=reserved,
        unsettled_usd=unsettled,
    )


def _pool(db: Connection) -> dict[str, int]:
    rows = db.execute("SELECT origin, count(*) FROM tasks WHERE state = 'accepted' GROUP BY origin")
    return {"seed": 0, "model": 0, "imported": 0, "human": 0} | dict(rows.fetchall())


def _cost(db: Connection) -> tuple[float | None, int, float, float]:
    # An answer that is not taken in yet has not been asked for its usage. What is in doubt may have been
    # paid, and so may an attempt that was in doubt when its request was sent again. CROSS JOIN begins with
    # the few requests under way, and not with all attempts of unknown cost.
    cost, known, unknown, reserved, unsettled = db.execute(
        """WITH
            planned AS (
                SELECT total(reserved_usd) AS usd FROM requests INDEXED BY requests_under_way
                WHERE state NOT IN ('parsed', 'failed') AND state = 'planned'),
            answered AS (
                SELECT count(*) AS attempts, total(attempts.reserved_usd) AS usd
                FROM requests INDEXED BY requests_under_way
                CROSS JOIN attempts ON request_id = requests.id
                WHERE state NOT IN ('parsed', 'failed') AND state = 'answered'
                AND cost_usd IS NULL AND ended_at IS NOT NULL),
            last_of_sent AS (
                SELECT (SELECT reserved_usd FROM attempts INDEXED BY attempts_open
                    WHERE ended_at IS NULL AND request_id = requests.id ORDER BY id DESC LIMIT 1) AS usd
                FROM requests INDEXED BY requests_under_way
                WHERE state NOT IN ('parsed', 'failed') AND state = 'sent'),
            sent AS (
                SELECT count(*) FILTER (WHERE usd IS NOT 0) AS attempts, total(usd) AS usd FROM last_of_sent)
        SELECT known_usd, known_attempts,
            (SELECT count(*) FROM attempts INDEXED BY attempts_of_unknown_cost
                WHERE cost_usd IS NULL AND ended_at IS NOT NULL)
            + (SELECT count(*) FROM attempts INDEXED BY attempts_open
                WHERE ended_at IS NULL AND reserved_usd IS NOT 0)
            - answered.attempts - sent.attempts,
            charged_usd - known_usd - answered.usd - sent.usd,
            planned.usd + answered.usd + sent.usd
        FROM spending, planned, answered, sent"""
    ).fetchone()
    # A difference of sums: where nothing is reserved, it is nothing but for what rounding leaves.
    reserved = max(0.0, round(reserved, _DIGITS)) if unknown else 0.0
    return cost if known else None, unknown, reserved, unsettled
