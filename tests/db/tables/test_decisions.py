"""Decisions that are not as they were written end in a sentence that names them."""

import pytest

from selfinstruct.db.errors import DamagedError
from selfinstruct.db.records import Instance, InstanceStanding, NewInstance, Standing
from selfinstruct.db.workspace import Workspace

_MISSHAPEN = ["", "{", "[]", "{}", "null", "1", '"x"', '{"state": "accepted"}', '{"no": 1, "reason": null}']
_OF_INSTANCES = ['{"reason": 1}', '{"reason": {"no": 1}}', '{"input": "", "output": "", "state": "kept"}']


in_either_column = pytest.mark.parametrize("column", ["before", "after"])


def spoil(workspace: Workspace, column: str, text: str) -> None:
    workspace._db.execute("DROP TRIGGER decisions_never_change")
    workspace._db.execute(f"UPDATE decisions SET {column} = ? WHERE id = 1", [text])


@in_either_column
@pytest.mark.parametrize("text", _MISSHAPEN)
def test_a_misshapen_decision_on_a_task_is_named(workspace: Workspace, column: str, text: str) -> None:
    task_id = workspace.tasks.add("Name a river.", origin="human", at="now")
    before = workspace.tasks.get(task_id).standing
    after = Standing("accepted", before.instruction, before.label)
    workspace.decisions.add(task_id, "accept", step=1, who="human", at="now", before=before, after=after)
    spoil(workspace, column, text)
    with pytest.raises(DamagedError, match="decision 1 cannot be read"):
        workspace.decisions.of_task(task_id)
    with pytest.raises(DamagedError, match="decision 1 cannot be read"):
        workspace.decisions.standing(1, "undo", before=None, most=9)


@in_either_column
@pytest.mark.parametrize("text", [*_MISSHAPEN, *_OF_INSTANCES])
def test_a_misshapen_decision_on_an_instance_is_named(workspace: Workspace, column: str, text: str) -> None:
    task_id = workspace.tasks.add("Name a river.", origin="human", at="now", label="generation")
    new = [NewInstance("", "The Rhine.")]
    workspace.instances.add(task_id, "Name a river.", "generation", new, request_id=None)
    (instance,) = workspace.instances.of_task(task_id)
    assert isinstance(instance, Instance)
    dropped = InstanceStanding(instance.input, instance.output, "dropped", None)
    workspace.decisions.add_on_instance(instance, "drop", step=1, at="now", after=dropped)
    spoil(workspace, column, text)
    with pytest.raises(DamagedError, match="decision 1 cannot be read"):
        workspace.decisions.standing(1, "undo", before=None, most=9)


def test_what_is_not_there_is_told_by_its_number(workspace: Workspace) -> None:
    for get in (workspace.tasks.get, workspace.requests.get, workspace.instances.get):
        with pytest.raises(KeyError, match="9"):
            get(9)
