"""What becomes of requests whose programs went away, or that were not sent after all."""

from dataclasses import replace

import pytest

from selfinstruct.db.workspace import Workspace
from tests.db.test_workspace import REQUEST, begin_attempt


def plan(workspace: Workspace) -> int:
    return workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")


def test_a_request_that_takes_the_id_of_one_that_was_undone_has_its_own_prompt(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    with pytest.raises(ValueError, match="undone"), workspace.transaction():
        undone = plan(workspace)
        raise ValueError("undone")
    other = Workspace.open(workspace.path)
    with other:
        other.start_run(at="now")
        theirs = replace(REQUEST, prompt="Another prompt.")
        assert other.requests.plan(theirs, run_id=other.run_id, at="now") == undone
    assert workspace.requests.get(undone).prompt == "Another prompt."


def test_a_late_answer_to_a_request_in_doubt_is_taken(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    request_id = plan(workspace)
    attempt_id = begin_attempt(workspace, request_id)
    workspace.requests.put_in_doubt(workspace.run_id)
    assert workspace.requests.get(request_id).state == "in_doubt"
    workspace.requests.store_answer(attempt_id, http_status=200, body=b"late", at="then")
    assert workspace.requests.get(request_id).state == "answered"
    stored = workspace.requests.answer(request_id)
    assert stored is not None
    assert stored.body == b"late"


def test_taking_back_an_attempt_leaves_every_other_request_alone(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    requests = [plan(workspace) for _ in range(3)]
    attempts = [begin_attempt(workspace, request_id) for request_id in requests]
    workspace.requests.take_back_attempt(attempts[1])
    assert [workspace.requests.get(one).state for one in requests] == ["sent", "planned", "sent"]


def test_taking_back_an_attempt_leaves_an_earlier_one_of_the_request_in_doubt(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    request_id = plan(workspace)
    begin_attempt(workspace, request_id)
    workspace.requests.put_in_doubt(workspace.run_id)
    workspace.requests.take_back_attempt(begin_attempt(workspace, request_id))
    assert workspace.requests.get(request_id).state == "in_doubt"
