"""Each exported row has a record of where it came from, and by whose decisions it is there."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.export.provenance import provenance_of
from selfinstruct.db.records import AnyDecision, NewInstance, TrainingRow, Usage
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.db.lived_in import live_in
from tests.db.test_workspace import REQUEST, begin_attempt


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("provenance") / "w.db"
    live_in(path)
    return path


@pytest.fixture
def grown(lived_in: Path) -> Iterator[Workspace]:
    with Workspace.open(lived_in, read_only=True) as workspace:
        yield workspace


def records(workspace: Workspace, *, include_seeds: bool = False) -> list[tuple[TrainingRow, dict[str, Any]]]:
    rows = list(workspace.instances.training_rows(include_seeds=include_seeds))
    rows = rows[1::2] + rows[::2]
    return list(zip(rows, provenance_of(rows, workspace.provenance), strict=True))


def test_there_is_a_record_for_each_row_in_the_order_of_the_rows(grown: Workspace) -> None:
    found = records(grown, include_seeds=True)
    assert len(found) > 100
    for row, record in found:
        assert (record["task_id"], record["instance_id"], record["origin"]) == (
            row.task_id,
            row.instance_id,
            row.origin,
        )
        assert json.loads(json.dumps(record)) == record


def test_a_generated_row_names_its_requests_and_the_tasks_in_the_prompt(grown: Workspace) -> None:
    generated = [(row, one) for row, one in records(grown) if one["instantiated_by"]]
    assert generated
    for row, record in generated:
        task, instance = grown.tasks.get(row.task_id), grown.instances.get(row.instance_id or 0)
        assert (record["verdict"], record["score"], record["nearest_id"]) == (
            task.verdict,
            task.score,
            task.nearest_id,
        )
        for key, request_id in (
            ("proposed_by", task.propose_request_id),
            ("classified_by", task.classify_request_id),
            ("instantiated_by", instance.request_id),
        ):
            if request_id is None:
                assert record[key] is None
                continue
            log = grown.request_log.record(request_id)
            assert record[key]["request_id"] == request_id
            assert record[key]["model"] == log.request.model
            assert record[key]["answered_by"] == log.attempts[-1].answered_by
            stored = json.dumps(log.request.prompt, ensure_ascii=False).encode()
            assert record[key]["prompt_sha256"] == hashlib.sha256(stored).hexdigest()
        assert task.propose_request_id is not None
        shown = grown.requests.get(task.propose_request_id).in_context
        tasks = [grown.tasks.get(one) for one in shown]
        assert record["proposed_by"]["in_context"] == [
            {"id": one.id, "origin": one.origin, "name": one.name} for one in tasks
        ]


def test_a_row_has_the_decisions_on_its_task_and_itself_and_not_those_on_its_siblings(
    grown: Workspace,
) -> None:
    kinds = set()
    for row, record in records(grown):
        on_task = grown.decisions.of_task(row.task_id)
        on_instance = [
            one for one in grown.decisions.on_instances_of(row.task_id) if one.instance_id == row.instance_id
        ]
        in_order: list[AnyDecision] = sorted([*on_task, *on_instance], key=lambda one: one.id)
        assert [one["kind"] for one in record["decisions"]] == [one.kind for one in in_order]
        assert [one["at"] for one in record["decisions"]] == [one.at for one in in_order]
        kinds |= {(one["on"], one["kind"]) for one in record["decisions"]}
    assert {("task", "accept"), ("instance", "edit"), ("instance", "add"), ("instance", "undo")} <= kinds


def test_a_seed_came_from_nowhere_and_was_decided_on_by_nobody_in_person(grown: Workspace) -> None:
    seeds = [one for row, one in records(grown, include_seeds=True) if row.origin == "seed"]
    assert seeds
    for record in seeds:
        assert record["proposed_by"] is record["instantiated_by"] is record["imported_from"] is None
        assert not any(one["who"] == "human" for one in record["decisions"])


def test_decisions_say_who_took_them_and_imported_rows_which_line_they_were(engine_on: OpenEngine) -> None:
    engine = engine_on()
    workspace = engine.workspace
    workspace.decisions.person = "Ana"
    task_id = workspace.tasks.add("Name a river in Europe.", origin="imported", at="now", label="generation")
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    made = [NewInstance("", "The Rhine."), NewInstance("", "The Po.")]
    ids = workspace.instances.add(task_id, "Name a river in Europe.", "generation", made, request_id=None)
    import_id = workspace.imports.begin("rivers.jsonl", shape="alpaca", options={}, at="now")
    for line, one in enumerate(ids, start=7):
        digest = str(line).encode()
        workspace.imports.add_row(import_id, line=line, task_id=task_id, instance_id=one, digest=digest)
    (_, po), (_, rhine) = records(workspace)
    assert rhine["imported_from"] == {"file": "rivers.jsonl", "line": 7}
    assert po["imported_from"] == {"file": "rivers.jsonl", "line": 8}
    (decision,) = rhine["decisions"]
    assert (decision["on"], decision["kind"], decision["who"], decision["person"]) == (
        "task",
        "accept",
        "human",
        "Ana",
    )


def test_each_answer_is_of_the_model_that_it_names(engine_on: OpenEngine) -> None:
    workspace = engine_on().workspace
    workspace.start_run(at="now")
    rows = []
    for model in ("m-1", "m-2", None):
        request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
        for status, error in ((500, "It is down."), (200, None)):
            attempt_id = begin_attempt(workspace, request_id)
            if error is not None:
                workspace.requests.store_failure(
                    attempt_id, http_status=status, body=b"no", error=error, free=True, at="n"
                )
        workspace.requests.store_answer(attempt_id, http_status=200, body=b"{}", at="n")
        workspace.requests.settle(attempt_id, answered_by=model, usage=Usage())
        task_id = workspace.tasks.add("Count.", origin="model", at="now", request_id=request_id)
        rows.append(TrainingRow(task_id, "model", "Count.", "", "x"))
    found = list(provenance_of(rows, workspace.provenance))
    assert [one["proposed_by"]["answered_by"] for one in found] == ["m-1", "m-2", None]
    assert [one["instantiated_by"] for one in found] == [None] * 3


def test_rows_beyond_one_block_are_told_like_all_others(engine_on: OpenEngine) -> None:
    engine = engine_on()
    workspace = engine.workspace
    task_id = workspace.tasks.add("Count.", origin="human", at="now", label="generation")
    made = [NewInstance(str(number), "x") for number in range(1203)]
    ids = workspace.instances.add(task_id, "Count.", "generation", made, request_id=None)
    rows = [TrainingRow(task_id, "human", "Count.", "", "x", one) for one in ids]
    assert [one["instance_id"] for one in provenance_of(iter(rows), workspace.provenance)] == ids


def test_no_rows_have_no_records(grown: Workspace) -> None:
    assert list(provenance_of([], grown.provenance)) == []
