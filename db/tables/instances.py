"""Instances: inputs and outputs of tasks, kept, or dropped with a reason."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from selfinstruct.db.content_digest import content_digest
from selfinstruct.db.errors import DamagedError
from selfinstruct.db.records import (
    Conversation,
    Instance,
    Label,
    NewInstance,
    Reason,
    TrainingRow,
    Turn,
)
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.error_guard import stored_json
from selfinstruct.db.sqlite.transactions import transaction

_COLUMNS = (
    "instances.id, instances.task_id, instances.input, instances.output, instances.state,"
    " instances.reason_code, instances.reason_sentence, instances.request_id, instances.conversation,"
    " instances.thoughts"
)
_OF_WORDING = "instances.task_id = ? AND instances.instruction = ? AND instances.label = ?"
_OF_CURRENT_WORDING = (
    "JOIN tasks ON tasks.id = instances.task_id"
    " AND tasks.instruction = instances.instruction AND tasks.label = instances.label"
)


class Instances:
    """Rows of `instances`; each belongs to the wording and label that its task had when it was generated."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def are_answered(self, task_id: int, instruction: str, label: Label) -> bool:
        """Whether instances of the first request for this wording and label of a task are stored."""
        found = self._db.execute(
            f"""SELECT 1 FROM instances JOIN requests ON requests.id = instances.request_id
            WHERE {_OF_WORDING} AND requests.more = 0 LIMIT 1""",
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
    ) -> list[int]:
        """Store instances for this wording and label of a task; returns their ids."""
        ids = []
        with transaction(self._db):
            for instance in instances:
                reason = instance.reason
                conversation, thoughts = conversation_text(instance.conversation), instance.thoughts or None
                instance_id = self._db.execute(
                    """INSERT INTO instances (task_id, instruction, label, input, output, state,
                    reason_code, reason_sentence, request_id, conversation, thoughts, digest)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
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
                        conversation,
                        thoughts,
                        content_digest(instance.input, instance.output, conversation, thoughts),
                    ],
                ).lastrowid
                assert instance_id is not None
                ids.append(instance_id)
        return ids

    def get(self, instance_id: int) -> Instance:
        """Return an instance, in any state.

        Raises:
            KeyError: There is no such instance.
        """
        found = self._select("WHERE instances.id = ?", [instance_id])
        if not found:
            raise KeyError(instance_id)
        return found[0]

    def of_task(self, task_id: int) -> list[Instance]:
        """Return the kept and dropped instances for the current wording and label of a task, by id."""
        return self._select(
            f"{_OF_CURRENT_WORDING} WHERE instances.task_id = ? AND instances.state != 'withdrawn'"
            " ORDER BY instances.id",
            [task_id],
        )

    def of_tasks(self, task_ids: Iterable[int]) -> dict[int, list[Instance]]:
        """Return what `of_task` does for each of these tasks; tasks without any are absent."""
        found: dict[int, list[Instance]] = {}
        for instance in self._select(
            f"""{_OF_CURRENT_WORDING} WHERE instances.task_id IN (SELECT value FROM json_each(?))
            AND instances.state != 'withdrawn' ORDER BY instances.id""",
            [json.dumps(list(task_ids))],
        ):
            found.setdefault(instance.task_id, []).append(instance)
        return found

    def of_wording(self, task_id: int, instruction: str, label: Label) -> list[Instance]:
        """Return the kept and dropped instances for this wording and label of a task, by id."""
        return self._select(
            f"WHERE {_OF_WORDING} AND instances.state != 'withdrawn' ORDER BY instances.id",
            [task_id, instruction, label],
        )

    def of_request(self, request_id: int, task_id: int) -> list[Instance]:
        """Return the instances that came from a request about a task, in any state, by id."""
        return self._select(
            "WHERE instances.task_id = ? AND instances.request_id = ? ORDER BY instances.id",
            [task_id, request_id],
        )

    def kept(self, task_ids: Iterable[int]) -> dict[int, int]:
        """Count the kept instances for each task's current wording and label; tasks with none are absent."""
        rows = self._db.execute(
            f"""SELECT instances.task_id, count(*) FROM instances {_OF_CURRENT_WORDING}
            WHERE instances.task_id IN (SELECT value FROM json_each(?)) AND instances.state = 'kept'
            GROUP BY instances.task_id""",
            [json.dumps(list(task_ids))],
        )
        return dict(rows.fetchall())

    def training_rows(self, *, include_seeds: bool) -> Iterator[TrainingRow]:
        """Yield the kept instances of accepted tasks: seeds first, then by task id."""
        wanted = "" if include_seeds else "AND origin != 'seed'"
        # Not from the view training_rows, which lacks the instance ids to sort by.
        rows = self._db.execute(
            f"""SELECT tasks.id, origin, tasks.instruction, input, output, instances.id, tasks.label,
                conversation, coalesce(thoughts, '')
            FROM instances {_OF_CURRENT_WORDING}
            WHERE tasks.state = 'accepted' AND instances.state = 'kept' {wanted}
            ORDER BY origin != 'seed', tasks.id, instances.id"""
        )
        for task_id, origin, instruction, input_, output, instance_id, label, conversation, thoughts in rows:
            yield TrainingRow(
                task_id,
                origin,
                instruction,
                input_,
                output,
                instance_id,
                label,
                read_conversation(conversation, instance_id),
                thoughts,
            )

    def has_conversations(self, *, include_seeds: bool) -> bool:
        """Whether one of the `training_rows` has several turns or a system prompt."""
        wanted = "" if include_seeds else "AND origin != 'seed'"
        found = self._db.execute(
            f"""SELECT 1 FROM instances {_OF_CURRENT_WORDING}
            WHERE tasks.state = 'accepted' AND instances.state = 'kept' AND conversation IS NOT NULL {wanted}
            LIMIT 1"""
        ).fetchone()
        return found is not None

    def _select(self, where: str, arguments: list[Any]) -> list[Instance]:
        return [
            Instance(
                id=row[0],
                task_id=row[1],
                input=row[2],
                output=row[3],
                state=row[4],
                reason=Reason(row[5], row[6]) if row[5] else None,
                request_id=row[7],
                conversation=read_conversation(row[8], row[0]),
                thoughts=row[9] or "",
            )
            for row in self._db.execute(f"SELECT {_COLUMNS} FROM instances {where}", arguments)
        ]


def conversation_text(conversation: Conversation | None) -> str | None:
    """Return a conversation as it is stored; equal ones are the same text."""
    return None if conversation is None else json.dumps(asdict(conversation), ensure_ascii=False)


def read_conversation(text: str | None, instance_id: int) -> Conversation | None:
    """Return the conversation of an instance from its stored text.

    Raises:
        DamagedError: It cannot be read.
    """
    if text is None:
        return None
    try:
        stored = stored_json(text, f"instance {instance_id}")
        return Conversation(stored["system"], tuple(Turn(**turn) for turn in stored["turns"]))
    except (TypeError, KeyError) as error:
        raise DamagedError(None, f"instance {instance_id} cannot be read") from error
