"""What people decided on instances, and which were dropped: the sources of preference data."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from selfinstruct.db.records import DecisionKind, TrainingRow
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.tables.instances import read_conversation


class InstanceText(NamedTuple):
    """An instance before or after a decision."""

    input: str
    output: str
    state: str


@dataclass(frozen=True, slots=True)
class InstanceStep:
    """A decision of a person on an instance."""

    id: int
    instance_id: int
    kind: DecisionKind
    undoes: int | None
    before: InstanceText
    after: InstanceText


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A dropped instance of an accepted task, for the task's current wording and label."""

    row: TrainingRow
    reason: str
    """The code of the reason; `by_hand` if a person dropped it."""


class Preferences:
    """Reads decisions on instances, and dropped instances."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def of_people(self, task_ids: Iterable[int]) -> dict[int, list[InstanceStep]]:
        """Return people's decisions on the instances of these tasks, by instance, oldest first."""
        found: dict[int, list[InstanceStep]] = {}
        rows = self._db.execute(
            """SELECT id, instance_id, kind, undoes,
                json_extract(before, '$.input'), json_extract(before, '$.output'),
                json_extract(before, '$.state'), json_extract(after, '$.input'),
                json_extract(after, '$.output'), json_extract(after, '$.state')
            FROM decisions INDEXED BY decisions_by_task
            WHERE task_id IN (SELECT value FROM json_each(?)) AND instance_id IS NOT NULL AND who = 'human'
            ORDER BY id""",
            [json.dumps(list(task_ids))],
        )
        for decision_id, instance_id, kind, undoes, *texts in rows:
            before, after = InstanceText(*texts[:3]), InstanceText(*texts[3:])
            step = InstanceStep(decision_id, instance_id, kind, undoes, before, after)
            found.setdefault(instance_id, []).append(step)
        return found

    def dropped(self) -> Iterator[DroppedRow]:
        """Yield the dropped instances of accepted tasks other than seeds, by task id."""
        rows = self._db.execute(
            """SELECT tasks.id, origin, tasks.instruction, input, output, instances.id, tasks.label,
                conversation, coalesce(thoughts, ''), reason_code
            FROM instances INDEXED BY instances_dropped
            JOIN tasks ON tasks.id = instances.task_id
                AND tasks.instruction = instances.instruction AND tasks.label = instances.label
            WHERE instances.state = 'dropped' AND tasks.state = 'accepted' AND origin != 'seed'
            ORDER BY instances.task_id, instances.id"""
        )
        for task_id, origin, instruction, input_, output, instance_id, label, turns, thoughts, reason in rows:
            conversation = read_conversation(turns, instance_id)
            yield DroppedRow(
                TrainingRow(
                    task_id, origin, instruction, input_, output, instance_id, label, conversation, thoughts
                ),
                reason,
            )
