"""What is still to be requested: a label that was unclear can be asked for again."""

from dataclasses import replace

import pytest

from selfinstruct.db.check.check import check
from selfinstruct.db.records import Label
from selfinstruct.db.workspace import Workspace


@pytest.mark.parametrize(("label", "is_asked_again"), [("unknown", True), ("generation", False)])
def test_a_task_that_a_person_accepted_with_an_unclear_label_can_get_another(
    workspace: Workspace, label: Label, is_asked_again: bool
) -> None:
    task_id = workspace.tasks.add("Name a river.", origin="model", at="now", label=label)
    task = workspace.tasks.get(task_id)
    accepted = replace(task.standing, state="accepted")
    workspace.decisions.add(
        task_id, "accept", step=1, who="human", at="now", before=task.standing, after=accepted
    )
    workspace.backlog.release_unclear()
    assert (workspace.backlog.to_classify() == task_id) == is_asked_again
    workspace.tasks.set_label(task_id, "generation")
    rejected = replace(workspace.tasks.get(task_id).standing, state="rejected")
    workspace.decisions.add(
        task_id,
        "reject",
        step=2,
        who="human",
        at="now",
        before=workspace.tasks.get(task_id).standing,
        after=rejected,
    )
    assert check(workspace.path).is_well
