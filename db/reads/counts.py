"""Counts and costs of a workspace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

from selfinstruct.db.records import JobOut, Label, Origin, Stage, State, Unfinished
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.transactions import one_moment
from selfinstruct.db.tables.jobs import read_out

STAGES: tuple[Stage, ...] = get_args(Stage)
REQUEST_STATES = ("planned", "sent", "answered", "parsed", "failed", "in_doubt")

_DIGITS = 9
"""Decimal places to round USD to: finer than any request's cost, coarser than a sum's rounding error."""


class Rowless(NamedTuple):
    """The accepted tasks without a row of a training file, by reason; no task counts twice."""

    unclear_label: int
    no_instance: int
    """The answer held no instance."""
    dropped: int
    """All instances were dropped."""
    failed: int
    """The request for the label or the instances failed."""
    in_doubt: int
    """The request for the label or the instances is in doubt."""
    unfinished: int
    """The label or the instances have not been requested, or their request is under way."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers that `status` shows; candidates are all tasks except the seeds."""

    pool: dict[str, int]
    candidates: dict[str, int]
    verdicts: dict[str, int]
    labels: dict[str, int]
    instances: dict[str, int]
    requests: dict[str, int]
    """Requests by state; `answered` counts every stored response, parsed or not."""
    failures: dict[str, int]
    """Requests by stage that failed, or whose answer has no task, no clear label or no kept instance."""
    rowless: Rowless
    unfinished: Unfinished
    """What unfinished tasks lack, and the tasks and candidates that a later run asks about again."""
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    """Total cost of the responses that reported their usage; None if none did."""
    attempts_of_unknown_cost: int
    """Attempts that may have cost something, including those in doubt."""
    reserved_usd: float
    """USD charged for them against the cost limit: their maximum cost, where it is known."""
    unsettled_usd: float
    """USD reserved, besides these, for requests that are planned, in flight, or not parsed yet."""
    jobs: tuple[JobOut, ...]
    """The jobs that have not ended."""


@dataclass(frozen=True, slots=True)
class Spending:
    """The cost of all attempts; fast to read in a workspace of any size."""

    cost_usd: float | None
    attempts_of_unknown_cost: int
    reserved_usd: float
    """USD charged for those attempts against the cost limit."""


@dataclass(frozen=True, slots=True)
class Training:
    """The rows of a training file without seeds, and the kept instances that it leaves out."""

    rows: int
    of_tasks_outside_the_pool: int
    """Kept instances of tasks that are not accepted."""
    of_other_wordings: int
    """Kept instances generated for another wording or label of their task."""
    duplicates: int
    """Kept instances that are exact duplicates of another row."""


def _duplicates(db: Connection) -> int:
    """Count the rows that are exact duplicates of another one."""
    (number,) = db.execute(
        """WITH shared AS MATERIALIZED (
                SELECT fingerprint FROM instances INDEXED BY instances_alike WHERE state = 'kept'
                GROUP BY fingerprint HAVING count(*) > 1),
            compared AS (
                SELECT count(*) AS rows FROM shared
                CROSS JOIN instances INDEXED BY instances_alike
                    ON instances.fingerprint = shared.fingerprint AND instances.state = 'kept'
                CROSS JOIN tasks ON tasks.id = task_id AND tasks.instruction = instances.instruction
                    AND tasks.label = instances.label
                WHERE tasks.state = 'accepted' AND origin != 'seed'
                GROUP BY instances.instruction, input, output, conversation)
        SELECT coalesce(sum(rows - 1), 0) FROM compared"""
    ).fetchone()
    return int(number)


class _Alike(NamedTuple):
    """The candidates of one state, origin, verdict and label."""

    state: str
    origin: str
    verdict: str | None
    label: str | None
    tasks: int
    kept: int
    """Their kept instances."""
    kept_now: int
    """Those for their present wording and label."""


def _tally(db: Connection) -> list[_Alike]:
    rows = db.execute(
        """SELECT state, origin, verdict, label, count(*), sum(kept), sum(kept_now)
        FROM tasks INDEXED BY tasks_by_state GROUP BY state, origin, verdict, label"""
    )
    return [_Alike(*row) for row in rows]


def read_training(db: Connection) -> Training:
    """Count the rows of a training file, and the instances left out."""
    with one_moment(db):
        return _training(db, _tally(db))


def _training(db: Connection, tally: Sequence[_Alike]) -> Training:
    own = [one for one in tally if one.origin != "seed"]
    of_pool = [one for one in own if one.state == "accepted"]
    kept = sum(one.kept for one in of_pool)
    of_now, duplicates = sum(one.kept_now for one in of_pool), _duplicates(db)
    return Training(of_now - duplicates, sum(one.kept for one in own) - kept, kept - of_now, duplicates)


def read_spending(db: Connection) -> Spending:
    """Read the cost of all attempts."""
    cost, unknown, reserved, _ = _cost(db)
    return Spending(cost, unknown, reserved)


def _rowless(db: Connection) -> tuple[Rowless, Unfinished]:
    """Count the accepted tasks without a row, and what the unfinished ones lack."""
    counts = dict(
        db.execute(
            """SELECT CASE
                WHEN label = 'unknown' THEN 'unclear_label'
                WHEN label IS NULL THEN coalesce((SELECT
                        CASE WHEN state = 'failed' AND EXISTS (SELECT 1 FROM attempts
                                WHERE request_id = requests.id AND error IS NULL) THEN 'unusable'
                            WHEN state IN ('failed', 'in_doubt') THEN state END
                    FROM requests WHERE id = classify_request_id), 'labels')
                WHEN EXISTS (SELECT 1 FROM instances WHERE task_id = tasks.id AND state = 'dropped'
                    AND instruction = tasks.instruction AND label = tasks.label) THEN 'dropped'
                ELSE coalesce((SELECT
                        CASE WHEN state = 'parsed' THEN 'no_instance'
                            WHEN state = 'failed' AND EXISTS (SELECT 1 FROM attempts
                                WHERE request_id = requests.id AND error IS NULL) THEN 'unusable'
                            WHEN state IN ('failed', 'in_doubt') THEN state END
                    FROM requests WHERE id = instantiate_request_id), 'instances')
                END AS reason, count(*)
            FROM tasks INDEXED BY tasks_rowless
            WHERE state = 'accepted' AND origin != 'seed' AND kept_now = 0 GROUP BY reason"""
        ).fetchall()
    )
    (held,) = db.execute(
        """SELECT count(*) FROM tasks INDEXED BY tasks_passing
        LEFT JOIN requests ON requests.id = classify_request_id
        WHERE tasks.state = 'pending' AND verdict = 'pass' AND tasks.held = 1 AND tasks.label IS NULL
        AND coalesce(requests.state, 'planned') NOT IN ('failed', 'in_doubt')"""
    ).fetchone()
    unfinished = Unfinished(
        counts.pop("labels", 0), counts.pop("instances", 0), held, counts.get("failed", 0)
    )
    counts["failed"] = unfinished.failed + counts.pop("unusable", 0)
    counts["unfinished"] = unfinished.labels + unfinished.instances
    return Rowless(**dict.fromkeys(Rowless._fields, 0) | counts), unfinished


def read_untouched(db: Connection) -> bool:
    """Whether there are only seeds, and requests that certainly got no response and cost nothing."""
    (touched,) = db.execute(
        """SELECT EXISTS (SELECT 1 FROM tasks WHERE origin != 'seed')
            OR EXISTS (SELECT 1 FROM decisions INDEXED BY decisions_of_people WHERE who = 'human')
            OR EXISTS (SELECT 1 FROM attempts WHERE error IS NULL OR cost_usd IS NOT 0)"""
    ).fetchone()
    return not touched


def read_counts(db: Connection) -> Counts:
    """Count everything in one snapshot."""
    with one_moment(db):
        return _counts(db, _tally(db))


def read_status(db: Connection) -> tuple[Counts, Training]:
    """Count everything, and the rows of a training file, in one snapshot."""
    with one_moment(db):
        tally = _tally(db)
        return _counts(db, tally), _training(db, tally)


def _counts(db: Connection, tally: Sequence[_Alike]) -> Counts:
    own = [one for one in tally if one.origin != "seed"]
    verdicts = _summed((one.verdict, one.tasks) for one in own)
    prompt_tokens, completion_tokens = db.execute(
        "SELECT sum(prompt_tokens), sum(completion_tokens) FROM attempts INDEXED BY attempts_by_tokens"
    ).fetchone()
    cost, unknown, reserved, unsettled = _cost(db)
    rowless, unfinished = _rowless(db)
    return Counts(
        pool=_summed(((one.origin, one.tasks) for one in tally if one.state == "accepted"), get_args(Origin)),
        candidates=_summed(((one.state, one.tasks) for one in own), get_args(State)),
        verdicts=dict(sorted(verdicts.items(), key=lambda counted: -counted[1])),
        labels=_summed(((one.label, one.tasks) for one in own), get_args(Label)),
        instances={"kept": sum(one.kept for one in own), "dropped": _dropped(db)},
        requests=_requests(db),
        failures=_failures(db),
        rowless=rowless,
        unfinished=unfinished,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost_usd=cost,
        attempts_of_unknown_cost=unknown,
        reserved_usd=reserved,
        unsettled_usd=unsettled,
        jobs=tuple(read_out(db)),
    )


def _summed(numbers: Iterable[tuple[str | None, int]], names: Iterable[str] = ()) -> dict[str, int]:
    """Add up numbers by name; those without a name are left out, and `names` are there in any case."""
    sums = dict.fromkeys(names, 0)
    for name, number in numbers:
        if name is not None:
            sums[name] = sums.get(name, 0) + number
    return sums


def _dropped(db: Connection) -> int:
    """Count the dropped instances, without those of seeds."""
    (number,) = db.execute(
        """SELECT (SELECT count(*) FROM instances INDEXED BY instances_dropped WHERE state = 'dropped')
            - (SELECT count(*) FROM tasks INDEXED BY tasks_by_state
                CROSS JOIN instances INDEXED BY instances_dropped
                    ON task_id = tasks.id AND instances.state = 'dropped'
                WHERE tasks.state IN ('accepted', 'pending', 'rejected') AND origin = 'seed')"""
    ).fetchone()
    return int(number)


def _requests(db: Connection) -> dict[str, int]:
    rows = db.execute(
        """SELECT state, count(*) FROM requests INDEXED BY requests_under_way
            WHERE state NOT IN ('parsed', 'failed') GROUP BY state
        UNION ALL SELECT 'failed', count(*) FROM requests INDEXED BY requests_failed WHERE state = 'failed'
        UNION ALL SELECT 'answered', count(*) FROM requests INDEXED BY requests_parsed
            WHERE state = 'parsed'"""
    )
    return _summed(rows, (state for state in REQUEST_STATES if state != "parsed"))


def _failures(db: Connection) -> dict[str, int]:
    # Where most requests have an outcome, merging two indexes is twice as fast as looking for each.
    rows = db.execute(
        """SELECT stage, count(*) FROM requests INDEXED BY requests_failed WHERE state = 'failed'
            GROUP BY stage
        UNION ALL SELECT 'propose', count(*) FROM requests INDEXED BY requests_parsed
            WHERE state = 'parsed' AND stage = 'propose' AND NOT EXISTS (
                SELECT 1 FROM tasks INDEXED BY tasks_by_proposal WHERE propose_request_id = requests.id)
        UNION ALL SELECT 'classify', count(*) FROM tasks INDEXED BY tasks_unclear
            WHERE label = 'unknown' AND classify_request_id IS NOT NULL
        UNION ALL SELECT 'instantiate', count(*) FROM (
            SELECT id FROM requests INDEXED BY requests_parsed
                WHERE state = 'parsed' AND stage = 'instantiate' AND more = 0
            EXCEPT SELECT request_id FROM instances INDEXED BY instances_kept WHERE state = 'kept'
            ORDER BY id)"""
    )
    return _summed(rows, STAGES)


def _cost(db: Connection) -> tuple[float | None, int, float, float]:
    # The usage of a response is unknown until it is parsed. Requests in doubt may have been paid for, and so
    # may an attempt that was in doubt when its request was resent. CROSS JOIN makes SQLite start from the
    # few unfinished requests, not from all attempts of unknown cost.
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
    # A difference of sums has a rounding error, even if nothing is reserved.
    reserved = max(0.0, round(reserved, _DIGITS)) if unknown else 0.0
    return cost if known else None, unknown, reserved, unsettled
