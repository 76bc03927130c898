"""The stored answers from which instances came."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from selfinstruct.db.records import ApiKind
from selfinstruct.db.sqlite.driver import Connection


class InstanceAnswer(NamedTuple):
    """The answer that one instance came from."""

    instance_id: int
    digest: bytes | None
    """The hash of the instance's content when it was stored."""
    api: ApiKind
    body: bytes


class InstanceAnswers:
    """Reads the answers to requests for instances."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def of_single(self, instance_ids: Iterable[int]) -> Iterator[InstanceAnswer]:
        """Yield the answers from which one of these instances, and no other kept one, came.

        Bodies are read one at a time.
        """
        rows = self._db.execute(
            """SELECT instances.id, instances.digest, iif(substr(prompt, 1, 1) = '[', 'chat', 'completions'),
                body
            FROM json_each(?) AS wanted
            CROSS JOIN instances ON instances.id = wanted.value
            CROSS JOIN requests ON requests.id = instances.request_id
            CROSS JOIN attempts ON attempts.id = (
                SELECT max(id) FROM attempts
                WHERE request_id = requests.id AND error IS NULL AND body IS NOT NULL)
            WHERE NOT EXISTS (SELECT 1 FROM instances AS others INDEXED BY instances_kept
                WHERE others.state = 'kept' AND others.request_id = instances.request_id
                    AND others.id != instances.id)""",
            [json.dumps(list(instance_ids))],
        )
        return map(InstanceAnswer._make, rows)
