"""Instances: the inputs and outputs of tasks, kept or dropped with a reason."""

from collections.abc import Iterable, Iterator

from sqlite_utils import Database

from selfinstruct.db.connection import transaction
from selfinstruct.db.rows import Instance, Label, NewInstance, Reason, TrainingRow


class Instances:
    """Rows of `instances`. Each belongs to the wording and the label of its task that it was made for."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def exist(self, task_id: int, instruction: str, label: Label) -> bool:
        """Whether anything was made for a task so worded and labelled."""
        found = self._db.execute(
            "SELECT 1 FROM instances WHERE task_id = ? AND instruction = ? AND label = ? LIMIT 1",
            [task_id, instruction, label],
        ).fetchone()
        return found is not None

    def add(
        self,
        task_id: int,
        instruction: str,
        label: Label,
        instances: Iterable[NewInstance],
        *,
        request_id: int | None,
    ) -> None:
        """Store what was made for a task so worded and labelled."""
        with transaction(self._db):
            for instance in instances:
                reason = instance.reason
                self._db.execute(
                    """INSERT INTO instances (task_id, instruction, label, input, output, state,
                    reason_code, reason_sentence, request_id)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                    [
                        task_id,
                        instruction,
                        label,
                        instance.input,
                        instance.output,
                        instance.state,
                        reason.code if reason else None,
                        reason.sentence if reason else None,
                        request_id,
                    ],
                )

    def of_task(self, task_id: int) -> list[Instance]:
        """The instances made for a task as it is now worded and labelled, kept and dropped, in order."""
        rows = self._db.execute(
            """SELECT instances.id, task_id, input, output, instances.state, reason_code, reason_sentence
            FROM instances JOIN tasks ON tasks.id = task_id
                AND tasks.instruction = instances.instruction AND tasks.label = instances.label
            WHERE task_id = ? ORDER BY instances.id""",
            [task_id],
        )
        return [
            Instance(
                id=row[0],
                task_id=row[1],
                input=row[2],
                output=row[3],
                state=row[4],
                reason=Reason(row[5], row[6]) if row[5] else None,
            )
            for row in rows
        ]

    def training_rows(self, *, include_seeds: bool) -> Iterator[TrainingRow]:
        """Kept instances of accepted tasks, in the order of the tasks."""
        where = "" if include_seeds else "WHERE origin != 'seed'"
        for row in self._db.execute(
            f"SELECT task_id, origin, instruction, input, output FROM training_rows {where}"
            " ORDER BY origin != 'seed', task_id, rowid"
        ):
            yield TrainingRow(*row)
