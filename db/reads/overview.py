"""What the overview counts, read a stretch of tasks at a time.

SQLite would take longer to count words than Python takes to split them, and a statement that runs for
100 ms holds up whoever writes; so rows are read here in short stretches, and counted in
`selfinstruct.core.stats.overview`.
"""

from dataclasses import dataclass
from typing import NamedTuple

from selfinstruct.db.records import Label, State
from selfinstruct.db.sqlite.driver import Connection


class Proposed(NamedTuple):
    """A task that is no seed, as far as the overview needs it."""

    batch: int | None
    state: State
    verdict: str | None
    label: Label | None
    instruction: str


class TrainingText(NamedTuple):
    """A row that an export would write, seeds left out."""

    task_id: int
    instruction: str
    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Answered:
    """How many requests have been answered."""

    proposals: int
    """Those for new tasks."""
    requests: int
    """All."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that the answers told, summed; None when none of them told."""

    of_prompts: int | None
    of_answers: int | None


class OverviewRows:
    """Reads what the overview counts."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def proposed(self, after: int, upto: int) -> list[Proposed]:
        """The tasks with ids from after + 1 to `upto` that are no seeds."""
        rows = self._db.execute(
            """SELECT batch, state, verdict, label, instruction FROM tasks NOT INDEXED
            WHERE id > ? AND id <= ? AND origin != 'seed'""",
            [after, upto],
        )
        return [Proposed._make(row) for row in rows]

    def training_texts(self, after: int, upto: int) -> list[TrainingText]:
        """What an export would write of the tasks with ids from after + 1 to `upto`."""
        rows = self._db.execute(
            # As the view training_rows, which would look at all accepted tasks for each stretch.
            """SELECT task_id, tasks.instruction, input, output
            FROM tasks NOT INDEXED JOIN instances ON task_id = tasks.id
                AND instances.instruction = tasks.instruction AND instances.label = tasks.label
            WHERE tasks.id > ? AND tasks.id <= ? AND origin != 'seed'
                AND tasks.state = 'accepted' AND instances.state = 'kept'""",
            [after, upto],
        )
        return [TrainingText._make(row) for row in rows]

    def answered(self) -> Answered:
        """Requests with a stored answer: all but those that failed and those still on their way."""
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
        """Tokens so far."""
        sums = self._db.execute(
            """SELECT sum(prompt_tokens), sum(completion_tokens)
            FROM attempts INDEXED BY attempts_by_tokens"""
        ).fetchone()
        return Tokens(*sums)
