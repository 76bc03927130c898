"""What is still to be requested is what one finds by going through all tasks and their requests."""

import json
from collections.abc import Callable, Iterator

import pytest

from selfinstruct.db.tables.backlog import Backlog
from selfinstruct.db.workspace import Workspace
from tests.db.tables.every_task import Known, fill


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Backlog, list[Known]]]:
    with Workspace.open(tmp_path_factory.mktemp("filled") / "w.db", create=True) as workspace:
        known = fill(workspace)
        yield workspace.backlog, known


def size(known: list[Known], wanted: Callable[[Known], bool]) -> tuple[int, int]:
    """How many tasks these are, and how long their instructions are as JSON, in bytes."""
    texts = [json.dumps(one.text, ensure_ascii=False) for one in known if wanted(one)]
    return len(texts), sum(len(text.encode()) for text in texts)


Question = tuple[Callable[[Backlog], object], Callable[[list[Known]], object]]

QUESTIONS: dict[str, Question] = {
    "the first to classify": (
        Backlog.to_classify,
        lambda known: next(one.id for one in known if one.to_classify),
    ),
    "the first to instantiate": (
        Backlog.to_instantiate,
        lambda known: next(one.id for one in known if one.to_instantiate),
    ),
    "how many can be asked about": (
        lambda backlog: backlog.count_unasked(10_000),
        lambda known: sum(one.to_instantiate for one in known) + sum(one.to_classify for one in known),
    ),
    "no more than so many": (lambda backlog: backlog.count_unasked(3), lambda known: 3),
    "how many requests are to come": (
        Backlog.requests_needed,
        lambda known: sum(one.needed for one in known),
    ),
    "those that await instances": (
        Backlog.awaiting_instances,
        lambda known: size(known, lambda one: one.to_instantiate or (one.is_of_pool and one.label is None)),
    ),
    "those that await a label": (
        Backlog.awaiting_label,
        lambda known: size(known, lambda one: one.is_of_pool and one.label is None and one.classify == "not"),
    ),
    "those with an answer and no instance": (
        Backlog.without_instances,
        lambda known: [
            one.id
            for one in known
            if one.is_of_pool and one.is_clear and one.instantiate == "parsed" and one.instance != "kept"
        ],
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_as_if_every_task_was_looked_at(
    filled: tuple[Backlog, list[Known]], question: str
) -> None:
    backlog, known = filled
    asked, look = QUESTIONS[question]
    answer = asked(backlog)
    assert answer == look(known)
    assert answer, "a question that nothing answers shows nothing"


def test_tasks_that_cannot_be_asked_about_now_are_passed_over(filled: tuple[Backlog, list[Known]]) -> None:
    backlog, known = filled
    waiting = [one.id for one in known if one.to_instantiate]
    for number in range(3):
        assert backlog.to_instantiate(but=waiting[:number]) == waiting[number]
    assert backlog.to_instantiate(but=waiting) is None


@pytest.mark.parametrize("answered", [False, True])
def test_what_failed_can_be_asked_again_and_its_answer_only_if_that_may_cost(
    workspace: Workspace, answered: bool
) -> None:
    known = fill(workspace)
    failed = {"failed", "failed answer"} if answered else {"failed"}
    workspace.backlog.release_failed(answered=answered)
    for one, task in zip(known, workspace.tasks.get_many(one.id for one in known), strict=True):
        freed_label = one.classify in failed and one.label is None
        assert (task.classify_request_id is None) == (one.classify == "not" or freed_label)
        freed = one.instantiate in failed and one.state == "accepted"
        assert (task.instantiate_request_id is None) == (one.instantiate == "not" or freed)


def test_only_unclear_labels_of_the_pool_are_released(workspace: Workspace) -> None:
    known = fill(workspace)
    workspace.backlog.release_unclear()
    for one, task in zip(known, workspace.tasks.get_many(one.id for one in known), strict=True):
        is_released = one.is_of_pool and one.label == "unknown"
        assert task.label == (None if is_released else one.label)
        assert (task.classify_request_id is None) == (is_released or one.classify == "not")
