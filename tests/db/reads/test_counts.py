"""The numbers of `status` are those that one gets by going through all tasks and their requests."""

from collections import Counter
from collections.abc import Iterator

import pytest

from selfinstruct.db.reads.counts import Rowless
from selfinstruct.db.records import Unfinished
from selfinstruct.db.workspace import Workspace
from tests.db.tables.every_task import Known, fill


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, list[Known]]]:
    with Workspace.open(tmp_path_factory.mktemp("filled") / "w.db", create=True) as workspace:
        known = fill(workspace)
        yield workspace, known


def lacking(one: Known) -> str:
    """Why an accepted task has no row."""
    if one.label == "unknown":
        return "unclear_label"
    if one.label is None:
        return {"failed": "failed", "failed answer": "unusable"}.get(one.classify, "labels")
    if one.instance == "dropped":
        return "dropped"
    why = {"failed": "failed", "failed answer": "unusable", "parsed": "no_instance"}
    return why.get(one.instantiate, "instances")


def test_tasks_and_instances_are_counted_without_seeds(filled: tuple[Workspace, list[Known]]) -> None:
    workspace, known = filled
    counts = workspace.counts()
    own = [one for one in known if one.origin != "seed"]
    pool = Counter(one.origin for one in known if one.state == "accepted")
    assert counts.pool == {"imported": 0} | pool
    assert counts.candidates == Counter(one.state for one in own)
    assert counts.verdicts == Counter("pass" if one.passes else "short" for one in own)
    assert list(counts.verdicts.values()) == sorted(counts.verdicts.values(), reverse=True)
    assert counts.labels == Counter(one.label for one in own if one.label)
    assert counts.instances == Counter(one.instance for one in own if one.instance != "none")


def test_requests_are_counted_by_state_and_failures_by_stage(filled: tuple[Workspace, list[Known]]) -> None:
    workspace, known = filled
    counts = workspace.counts()
    asked = Counter(one.classify for one in known) + Counter(one.instantiate for one in known)
    failed = asked["failed"] + asked["failed answer"]
    by_state = {"planned": asked["planned"], "sent": 0, "failed": failed, "in_doubt": 0}
    assert counts.requests == by_state | {"answered": asked["parsed"]}
    failing = {"failed", "failed answer"}
    unclear = sum(one.label == "unknown" and one.classify != "not" for one in known)
    useless = sum(one.instantiate == "parsed" for one in known)  # no instance here is of a request
    assert counts.failures == {
        "propose": 0,
        "embed": 0,
        "classify": sum(one.classify in failing for one in known) + unclear,
        "instantiate": sum(one.instantiate in failing for one in known) + useless,
    }


def test_each_task_without_a_row_is_counted_once_by_what_it_lacks(
    filled: tuple[Workspace, list[Known]],
) -> None:
    workspace, known = filled
    counts = workspace.counts()
    found = Counter(lacking(one) for one in known if one.is_of_pool and one.instance != "kept")
    assert counts.rowless == Rowless(
        unclear_label=found["unclear_label"],
        no_instance=found["no_instance"],
        dropped=found["dropped"],
        failed=found["failed"] + found["unusable"],
        in_doubt=0,
        unfinished=found["labels"] + found["instances"],
    )
    assert min(found.values()) > 0
    waits = [one for one in known if one.state == "pending" and one.passes and one.held and not one.label]
    held = sum(one.classify not in {"failed", "failed answer"} for one in waits)
    assert counts.unfinished == Unfinished(found["labels"], found["instances"], held, found["failed"])


def test_rows_of_an_overview_are_those_of_an_export_in_a_range(filled: tuple[Workspace, list[Known]]) -> None:
    workspace, known = filled
    rows = workspace.overview.training_texts(100, 400)
    kept = [one for one in known[100:400] if one.is_of_pool and one.instance == "kept"]
    assert [(row.task_id, row.instruction) for row in rows] == [(one.id, one.text) for one in kept]
    proposed = workspace.overview.proposed(100, 400)
    own = [one for one in known[100:400] if one.origin != "seed"]
    assert [(one.state, one.label, one.instruction) for one in proposed] == [
        (one.state, one.label, one.text) for one in own
    ]
    answered = workspace.overview.answered()
    asked = Counter(one.classify for one in known) + Counter(one.instantiate for one in known)
    assert (answered.proposals, answered.requests) == (0, asked["parsed"])


def test_an_untouched_workspace_has_seeds_and_nothing_that_may_have_cost(workspace: Workspace) -> None:
    workspace.tasks.add("Name a river.", origin="seed", at="now")
    assert workspace.is_untouched()
    workspace.tasks.add("Name a lake.", origin="model", at="now")
    assert not workspace.is_untouched()
