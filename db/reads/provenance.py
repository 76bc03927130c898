"""Where tasks and instances came from: requests, decisions, imported files."""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from selfinstruct.db.records import DecisionKind, Origin, Who
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.error_guard import stored_json


class TaskSource(NamedTuple):
    """What is known about the making of a task."""

    task_id: int
    verdict: str | None
    score: float | None
    nearest_id: int | None
    """These three are as of its acceptance."""
    propose_request_id: int | None
    classify_request_id: int | None


class RequestSource(NamedTuple):
    """What was asked, and of whom."""

    request_id: int
    model: str
    answered_by: str | None
    """The model that the response names."""
    prompt_sha256: str
    """The hash of the prompt as it is stored."""
    in_context: tuple[int, ...]
    """The ids of the tasks in the prompt."""


class DecisionSource(NamedTuple):
    """A decision on a task, or on one of its instances."""

    task_id: int
    instance_id: int | None
    kind: DecisionKind
    who: Who
    person: str | None
    at: str


class ImportSource(NamedTuple):
    """Where an instance was imported from."""

    instance_id: int
    path: str
    line: int


class TaskName(NamedTuple):
    """What a task is called."""

    task_id: int
    origin: Origin
    name: str | None


class Provenance:
    """Reads where tasks and instances came from, many at a time."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def tasks(self, task_ids: Iterable[int]) -> Iterator[TaskSource]:
        """Yield the sources of tasks."""
        rows = self._these(
            """SELECT id, verdict, score, nearest_id, propose_request_id, classify_request_id
            FROM tasks WHERE id IN""",
            task_ids,
        )
        return map(TaskSource._make, rows)

    def requests_of(self, instance_ids: Iterable[int]) -> dict[int, int]:
        """Return the requests that instances came from; those that came from none are absent."""
        rows = self._these(
            "SELECT id, request_id FROM instances WHERE request_id IS NOT NULL AND id IN", instance_ids
        )
        return dict(rows)

    def requests(self, request_ids: Iterable[int]) -> Iterator[RequestSource]:
        """Yield the sources of answers."""
        rows = self._these(
            """SELECT id, model, (SELECT answered_by FROM attempts WHERE attempts.id = (
                    SELECT max(id) FROM attempts
                    WHERE request_id = requests.id AND error IS NULL AND body IS NOT NULL)),
                prompt, in_context FROM requests WHERE id IN""",
            request_ids,
        )
        for request_id, model, answered_by, prompt, in_context in rows:
            shown = stored_json(in_context, f"the in_context of request {request_id}")
            digest = sha256(prompt.encode()).hexdigest()
            yield RequestSource(request_id, model, answered_by, digest, tuple(shown))

    def decisions(self, task_ids: Iterable[int]) -> Iterator[DecisionSource]:
        """Yield the decisions on tasks and their instances, oldest first."""
        rows = self._these(
            "SELECT task_id, instance_id, kind, who, person, at FROM decisions WHERE task_id IN",
            task_ids,
            "ORDER BY id",
        )
        return map(DecisionSource._make, rows)

    def imported(self, task_ids: Iterable[int]) -> Iterator[ImportSource]:
        """Yield where the instances of tasks were imported from."""
        rows = self._these(
            """SELECT instance_id, path, line FROM imported_rows JOIN imports ON imports.id = import_id
            WHERE instance_id IS NOT NULL AND task_id IN""",
            task_ids,
        )
        return map(ImportSource._make, rows)

    def names(self, task_ids: Iterable[int]) -> Iterator[TaskName]:
        """Yield the names of tasks."""
        rows = self._these("SELECT id, origin, name FROM tasks WHERE id IN", task_ids)
        return map(TaskName._make, rows)

    def _these(self, sql: str, ids: Iterable[int], order: str = "") -> Iterator[Any]:
        numbers = json.dumps(sorted(set(ids)))
        return iter(self._db.execute(f"{sql} (SELECT value FROM json_each(?)) {order}", [numbers]))
