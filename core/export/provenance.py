"""`--provenance`: a sidecar with one record for each row of an export, in the same order."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from selfinstruct.core.util.blocks import in_blocks
from selfinstruct.db.reads.provenance import DecisionSource, Provenance, RequestSource, TaskName
from selfinstruct.db.records import TrainingRow

_BLOCK = 500
"""Rows that are looked up at once."""


def provenance_of(rows: Iterable[TrainingRow], provenance: Provenance) -> Iterator[dict[str, Any]]:
    """Yield, for each row, where it came from, as a JSON object with these keys; null means there is none.

    - `task_id`, `instance_id`, `origin`
    - `proposed_by`, `classified_by`, `instantiated_by`: the request behind the instruction, its label, and
      the instance: `request_id`, `model`, `answered_by` (the model that the response names) and
      `prompt_sha256`; `proposed_by` also has the tasks in its prompt, as `in_context`: `id`, `origin`, `name`
    - `verdict`, `score`, `nearest_id`: what filters said when the task was accepted
    - `decisions`: those on the task and on the instance, oldest first: `on`, `kind`, `who`, `person`, `at`
    - `imported_from`: `file` and `line`

    Args:
        rows: The rows, in the order of the file.
        provenance: The workspace's requests, decisions and imports.
    """
    for block in in_blocks(rows, _BLOCK):
        yield from _Block(block, provenance).records()


class _Block:
    """The sources of some rows."""

    def __init__(self, rows: Sequence[TrainingRow], provenance: Provenance) -> None:
        self._rows = rows
        task_ids = {row.task_id for row in rows}
        self._tasks = {one.task_id: one for one in provenance.tasks(task_ids)}
        self._instance_requests = provenance.requests_of(
            row.instance_id for row in rows if row.instance_id is not None
        )
        proposals = {one.propose_request_id for one in self._tasks.values()}
        labels = {one.classify_request_id for one in self._tasks.values()}
        needed = {*proposals, *labels, *self._instance_requests.values()}
        self._requests = {
            one.request_id: one for one in provenance.requests(one for one in needed if one is not None)
        }
        shown = {
            task_id
            for one in proposals
            if one in self._requests
            for task_id in self._requests[one].in_context
        }
        self._names = {one.task_id: one for one in provenance.names(shown)}
        self._decisions: defaultdict[tuple[int, int | None], list[tuple[int, DecisionSource]]]
        self._decisions = defaultdict(list)
        for number, decision in enumerate(provenance.decisions(task_ids)):
            self._decisions[decision.task_id, decision.instance_id].append((number, decision))
        self._imported = {one.instance_id: one for one in provenance.imported(task_ids)}

    def records(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            task = self._tasks[row.task_id]
            instance_id = row.instance_id
            request_id = None if instance_id is None else self._instance_requests.get(instance_id)
            source = None if instance_id is None else self._imported.get(instance_id)
            yield {
                "task_id": row.task_id,
                "instance_id": instance_id,
                "origin": row.origin,
                "proposed_by": self._request(task.propose_request_id, with_context=True),
                "classified_by": self._request(task.classify_request_id),
                "instantiated_by": self._request(request_id),
                "verdict": task.verdict,
                "score": task.score,
                "nearest_id": task.nearest_id,
                "decisions": self._decided(row),
                "imported_from": source and {"file": source.path, "line": source.line},
            }

    def _request(self, request_id: int | None, *, with_context: bool = False) -> dict[str, Any] | None:
        request = None if request_id is None else self._requests.get(request_id)
        if request is None:
            return None
        told = {
            "request_id": request.request_id,
            "model": request.model,
            "answered_by": request.answered_by,
            "prompt_sha256": request.prompt_sha256,
        }
        return told | ({"in_context": self._context(request)} if with_context else {})

    def _context(self, request: RequestSource) -> list[dict[str, Any]]:
        known = (self._names.get(task_id) for task_id in request.in_context)
        return [_named(one) for one in known if one is not None]

    def _decided(self, row: TrainingRow) -> list[dict[str, Any]]:
        found = [*self._decisions.get((row.task_id, None), ())]
        if row.instance_id is not None:
            found += self._decisions.get((row.task_id, row.instance_id), ())
        return [_decision(one) for _, one in sorted(found)]


def _named(task: TaskName) -> dict[str, Any]:
    return {"id": task.task_id, "origin": task.origin, "name": task.name}


def _decision(one: DecisionSource) -> dict[str, Any]:
    on = "task" if one.instance_id is None else "instance"
    return {"on": on, "kind": one.kind, "who": one.who, "person": one.person, "at": one.at}
