"""Whoever has looked at the vectors of a workspace learns that others have come."""

from selfinstruct.db.tables.vectors import NewVector
from selfinstruct.db.workspace import Workspace
from tests.db.test_workspace import REQUEST

_VECTOR = bytes(4)


def test_each_stored_vector_shows_in_the_last_id(workspace: Workspace) -> None:
    seen = [workspace.vectors.last_id()]
    workspace.start_run(at="now")
    request = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    for text in ("Name a river.", "Name a lake."):
        task_id = workspace.tasks.add(text, origin="human", at="now")
        new = NewVector(task_id, text, _VECTOR)
        assert workspace.vectors.store([new], model="m", base_url="u", request_id=request) == [task_id]
        seen.append(workspace.vectors.last_id())
    assert seen == sorted(set(seen))
