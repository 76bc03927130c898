"""An instance belongs to the wording and the label that its task had; only those of now are shown."""

from dataclasses import replace

import pytest

from selfinstruct.db.errors import DamagedError
from selfinstruct.db.records import (
    Conversation,
    DecisionKind,
    Instance,
    NewInstance,
    Origin,
    Reason,
    Standing,
    State,
    TrainingRow,
    Turn,
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


def test_a_conversation_comes_back_as_it_was_stored(workspace: Workspace) -> None:
    task_id = task_of(workspace)
    turns = (Turn("assistant", "Which country?"), Turn("user", "Österreich \u2028 \n"))
    talk = NewInstance("", "The Inn.", conversation=Conversation("Be brief.", turns), thoughts="Alps.")
    (instance_id,) = workspace.instances.add(task_id, RIVER, "generation", [talk], request_id=None)
    stored = workspace.instances.get(instance_id)
    assert (stored.conversation, stored.thoughts) == (Conversation("Be brief.", turns), "Alps.")
    (row,) = workspace.instances.training_rows(include_seeds=False)
    assert (row.conversation, row.thoughts, row.output) == (stored.conversation, "Alps.", "The Inn.")


@pytest.mark.parametrize(
    "stored", ["{", "[]", '{"turns": []}', '{"system": "", "turns": [{"role": "user"}]}']
)
def test_a_conversation_that_cannot_be_read_is_damage_and_not_a_shorter_row(
    workspace: Workspace, stored: str
) -> None:
    task_id = task_of(workspace)
    workspace.instances.add(task_id, RIVER, "generation", [KEPT], request_id=None)
    workspace._db.execute("UPDATE instances SET conversation = ?", [stored])
    with pytest.raises(DamagedError, match="instance 1 cannot be read"):
        list(workspace.instances.training_rows(include_seeds=False))


def test_rows_that_differ_in_their_conversation_only_are_no_duplicates(workspace: Workspace) -> None:
    task_id = task_of(workspace)
    talks = [None, Conversation("Be brief."), Conversation("Be brief."), Conversation("Be kind.")]
    texts = [NewInstance("", "The Inn.", conversation=talk) for talk in talks]
    workspace.instances.add(task_id, RIVER, "generation", texts, request_id=None)
    assert (workspace.training().rows, workspace.training().duplicates) == (3, 1)


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
        TrainingRow(1, "model", "One.", "", "The Rhine.", 3, "generation"),
        TrainingRow(1, "model", "One.", "", "The Elbe.", 21, "generation"),
        TrainingRow(5, "human", "Five.", "", "The Rhine.", 19, "generation"),
    ]
    seed = TrainingRow(4, "seed", "Four.", "", "The Rhine.", 15, "generation")
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
