"""What a data-set card says beyond the counts of `status`: models, decisions of people, dropped instances."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from selfinstruct.db.sqlite.driver import Connection


class ModelUse(NamedTuple):
    """The use of one model."""

    model: str
    """As responses name it; as it was asked for where they do not."""
    requests: int
    """Requests with a response."""
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    """The known costs; None if none is known."""
    of_unknown_cost: int
    """Responses whose cost is unknown."""


class PersonsDecision(NamedTuple):
    """A decision of a person that stands."""

    task_id: int
    instance_id: int | None
    """None: it is on the task itself."""
    person: str | None
    rewords: bool
    """Whether it changed a text."""


class CardRows:
    """Reads what a data-set card needs."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def models(self) -> list[ModelUse]:
        """Return the models that responses came from, the most used first."""
        rows = self._db.execute(
            """SELECT coalesce(answered_by, model), count(DISTINCT request_id), sum(prompt_tokens),
                sum(completion_tokens), sum(cost_usd), count(*) - count(cost_usd)
            FROM requests JOIN attempts ON request_id = requests.id
            WHERE attempts.error IS NULL AND http_status IS NOT NULL
            GROUP BY 1 ORDER BY 2 DESC, 1"""
        )
        return [ModelUse._make(row) for row in rows]

    def dropped(self) -> dict[str, int]:
        """Count the dropped instances of tasks other than seeds by the code of the reason, most first."""
        rows = self._db.execute(
            """SELECT reason_code, count(*) FROM instances INDEXED BY instances_dropped
            JOIN tasks ON tasks.id = task_id
            WHERE instances.state = 'dropped' AND origin != 'seed' AND reason_code IS NOT NULL
            GROUP BY reason_code ORDER BY 2 DESC, 1"""
        )
        return dict(rows.fetchall())

    def of_people(self, task_ids: Iterable[int]) -> Iterator[PersonsDecision]:
        """Yield people's decisions on tasks and their instances that are not undone, oldest first."""
        rows = self._db.execute(
            """SELECT task_id, instance_id, person,
                coalesce(json_extract(before, '$.instruction') != json_extract(after, '$.instruction'),
                    json_extract(before, '$.input') != json_extract(after, '$.input')
                    OR json_extract(before, '$.output') != json_extract(after, '$.output'))
            FROM decisions INDEXED BY decisions_by_task
            WHERE task_id IN (SELECT value FROM json_each(?)) AND who = 'human' AND kind != 'undo'
                AND NOT EXISTS (SELECT 1 FROM decisions AS later WHERE later.undoes = decisions.id)
            ORDER BY id""",
            [json.dumps(list(task_ids))],
        )
        for task_id, instance_id, person, rewords in rows:
            yield PersonsDecision(task_id, instance_id, person, bool(rewords))
