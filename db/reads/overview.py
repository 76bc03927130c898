"""Rows for the overview, read in short ranges of task ids.

Counting words in SQL would be slower than splitting them in Python, and a statement that runs for 100 ms
delays writers; so rows are read here range by range, and counted in `selfinstruct.core.stats.overview`.
"""

from dataclasses import dataclass
from typing import NamedTuple

from selfinstruct.db.records import Label, State
from selfinstruct.db.sqlite.driver import Connection


class Proposed(NamedTuple):
    """The columns of a non-seed task that the overview needs."""

    batch: int | None
    state: State
    verdict: str | None
    label: Label | None
    instruction: str


class TrainingText(NamedTuple):
    """A row of an export without seeds."""

    task_id: int
    instruction: str
    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The number of requests with a response."""

    proposals: int
    """Propose requests."""
    requests: int
    """All requests."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Total tokens reported by responses; None if none reported them."""

    of_prompts: int | None
    of_answers: int | None


class OverviewRows:
    """Reads the rows and sums of the overview."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def proposed(self, after: int, upto: int) -> list[Proposed]:
        """Return the non-seed tasks with ids in (after, upto]."""
        rows = self._db.execute(
            """SELECT batch, state, verdict, label, instruction FROM tasks NOT INDEXED
            WHERE id > ? AND id <= ? AND origin != 'seed'""",
            [after, upto],
        )
        return [Proposed._make(row) for row in rows]

    def training_texts(self, after: int, upto: int) -> list[TrainingText]:
        """Return the rows that an export would write for the tasks with ids in (after, upto]."""
        rows = self._db.execute(
            # Like the view training_rows, which would scan all accepted tasks for each range.
            """SELECT task_id, tasks.instruction, input, output
            FROM tasks NOT INDEXED JOIN instances ON task_id = tasks.id
                AND instances.instruction = tasks.instruction AND instances.label = tasks.label
            WHERE tasks.id > ? AND tasks.id <= ? AND origin != 'seed'
                AND tasks.state = 'accepted' AND instances.state = 'kept'""",
            [after, upto],
        )
        return [TrainingText._make(row) for row in rows]

    def answered(self) -> Answered:
        """Count the requests with a stored response: all except failed and unanswered ones."""
        proposals, requests = self._db.execute(
            """SELECT count(*) FILTER (WHERE stage = 'propose'), count(*)
            FROM requests INDEXED BY requests_by_batch"""
        ).fetchone()
        for index, state in (
            ("requests_failed", "state = 'failed'"),
            ("requests_under_way", "state NOT IN ('parsed', 'failed') AND state != 'answered'"),
        ):
            of_proposals, of_all = self._db.execute(
                f"""SELECT count(*) FILTER (WHERE stage = 'propose'), count(*)
                FROM requests INDEXED BY {index} WHERE {state}"""
            ).fetchone()
            proposals, requests = proposals - of_proposals, requests - of_all
        return Answered(proposals, requests)

    def tokens(self) -> Tokens:
        """Return the total tokens so far."""
        sums = self._db.execute(
            """SELECT sum(prompt_tokens), sum(completion_tokens)
            FROM attempts INDEXED BY attempts_by_tokens"""
        ).fetchone()
        return Tokens(*sums)
