"""An instance belongs to the wording and the label that its task had; only those of now are shown."""

from dataclasses import replace

import pytest

from selfinstruct.db.records import (
    DecisionKind,
    Instance,
    NewInstance,
    Origin,
    Reason,
    Standing,
    State,
    TrainingRow,
)
from selfinstruct.db.workspace import Workspace
from tests.db.test_workspace import REQUEST

RIVER, LAKE = "Name a river.", "Name a lake."
EMPTY = Reason("empty", "The output is empty.")
KEPT, DROPPED, WITHDRAWN = (
    NewInstance("", "The Rhine.", "kept"),
    NewInstance("a", "", "dropped", EMPTY),
    NewInstance("b", "The Po.", "withdrawn"),
)


def task_of(
    workspace: Workspace, text: str = RIVER, *, state: State = "accepted", origin: Origin = "model"
) -> int:
    task_id = workspace.tasks.add(text, origin=origin, at="now", label="generation")
    if state != "pending":
        before = workspace.tasks.get(task_id).standing
        after = Standing(state, text, "generation")
        kind: DecisionKind = "accept" if state == "accepted" else "reject"
        step = workspace.decisions.next_step()
        workspace.decisions.add(task_id, kind, step=step, who="human", at="now", before=before, after=after)
    return task_id


def request_of(workspace: Workspace, *, more: bool = False) -> int:
    if not workspace.has_run:
        workspace.start_run(at="now")
    asked = replace(REQUEST, stage="instantiate", more=more)
    return workspace.requests.plan(asked, run_id=workspace.run_id, at="now")


def outputs(found: list[Instance]) -> list[str]:
    return [one.output for one in found]


def test_those_of_another_wording_or_label_and_those_withdrawn_are_not_shown(workspace: Workspace) -> None:
    task_id, other = task_of(workspace), task_of(workspace, LAKE)
    add = workspace.instances.add
    ids = add(task_id, RIVER, "generation", [KEPT, DROPPED, WITHDRAWN], request_id=None)
    add(task_id, RIVER, "classification", [NewInstance("", "another label")], request_id=None)
    add(task_id, LAKE, "generation", [NewInstance("", "another wording")], request_id=None)
    add(other, LAKE, "generation", [NewInstance("", "Como.")], request_id=None)
    shown = workspace.instances.of_task(task_id)
    assert [one.id for one in shown] == ids[:2]
    assert [(one.input, one.output, one.state, one.reason) for one in shown] == [
        ("", "The Rhine.", "kept", None),
        ("a", "", "dropped", EMPTY),
    ]
    assert outputs(workspace.instances.of_wording(task_id, LAKE, "generation")) == ["another wording"]
    assert outputs(workspace.instances.of_wording(task_id, RIVER, "classification")) == ["another label"]
    assert outputs(workspace.instances.of_wording(task_id, RIVER, "generation")) == ["The Rhine.", ""]
    assert workspace.instances.kept([task_id, other, 99]) == {task_id: 1, other: 1}
    assert workspace.instances.kept([other]) == {other: 1}
    assert workspace.instances.get(ids[2]).state == "withdrawn"
    with pytest.raises(KeyError):
        workspace.instances.get(99)


def test_those_of_a_request_are_found_in_any_state(workspace: Workspace) -> None:
    task_id, other = task_of(workspace), task_of(workspace, LAKE)
    first, second = request_of(workspace), request_of(workspace)
    add = workspace.instances.add
    add(task_id, RIVER, "generation", [WITHDRAWN, KEPT], request_id=first)
    add(task_id, RIVER, "generation", [DROPPED], request_id=second)
    add(other, LAKE, "generation", [NewInstance("", "Como.")], request_id=first)
    assert outputs(workspace.instances.of_request(first, task_id)) == ["The Po.", "The Rhine."]
    assert outputs(workspace.instances.of_request(second, task_id)) == [""]


def test_only_the_first_request_for_a_wording_answers_it(workspace: Workspace) -> None:
    task_id = task_of(workspace)
    add = workspace.instances.add
    add(task_id, RIVER, "generation", [KEPT], request_id=None)
    add(task_id, RIVER, "generation", [KEPT], request_id=request_of(workspace, more=True))
    assert not workspace.instances.are_answered(task_id, RIVER, "generation")
    add(task_id, RIVER, "generation", [KEPT], request_id=request_of(workspace))
    assert workspace.instances.are_answered(task_id, RIVER, "generation")
    assert not workspace.instances.are_answered(task_id, LAKE, "generation")
    assert not workspace.instances.are_answered(task_id, RIVER, "classification")


def test_rows_to_train_on_are_the_kept_ones_of_the_pool_seeds_first(workspace: Workspace) -> None:
    add = workspace.instances.add
    tasks: list[tuple[str, State, Origin]] = [
        ("One.", "accepted", "model"),
        ("Two.", "rejected", "model"),
        ("Three.", "pending", "model"),
        ("Four.", "accepted", "seed"),
        ("Five.", "accepted", "human"),
    ]
    for text, state, origin in tasks:
        task_id = task_of(workspace, text, state=state, origin=origin)
        add(task_id, text, "generation", [DROPPED, WITHDRAWN, KEPT], request_id=None)
        add(task_id, "Before.", "generation", [KEPT], request_id=None)
    add(1, "One.", "generation", [NewInstance("", "The Elbe.")], request_id=None)
    own = [
        TrainingRow(1, "model", "One.", "", "The Rhine."),
        TrainingRow(1, "model", "One.", "", "The Elbe."),
        TrainingRow(5, "human", "Five.", "", "The Rhine."),
    ]
    seed = TrainingRow(4, "seed", "Four.", "", "The Rhine.")
    assert list(workspace.instances.training_rows(include_seeds=False)) == own
    assert list(workspace.instances.training_rows(include_seeds=True)) == [seed, *own]
    counted = workspace.training()
    assert (
        counted.rows,
        counted.of_tasks_outside_the_pool,
        counted.of_other_wordings,
        counted.duplicates,
    ) == (
        3,
        4,
        2,
        0,
    )
    add(5, "Five.", "generation", [KEPT], request_id=None)
    assert workspace.training().duplicates == 1
