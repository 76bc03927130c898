"""What waits for a person is found without a look at all that the filters object to, which stays for ever."""

from collections.abc import Callable

import pytest

from selfinstruct.db.records import PASS, Reason
from selfinstruct.db.tables.tasks import Tasks
from selfinstruct.db.workspace import Workspace

_A_BATCH = 40
_LAST = 3
"""The batch before the person; there is one behind it."""


def add(workspace: Workspace, verdict: str, number: int, batch: int) -> list[int]:
    tasks, ids = workspace.tasks, []
    with workspace.transaction():
        for count in range(number):
            task_id = tasks.add(f"Name {count}.", origin="model", at="now", batch=batch, held=True)
            tasks.assess(task_id, verdict, [] if verdict == PASS else [Reason(verdict, "So.")], None)
            ids.append(task_id)
    return ids


def grow(workspace: Workspace, filtered: int) -> None:
    """Filtered ones in an early batch, then some that pass, in each later batch."""
    add(workspace, "too_similar", filtered, 1)
    for batch in range(2, _LAST + 2):
        add(workspace, PASS, _A_BATCH // 2, batch)
        add(workspace, "too_short", _A_BATCH // 2, batch)


def work(workspace: Workspace, ask: Callable[[Tasks], object]) -> int:
    """How many tens of steps SQLite needs for an answer."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    workspace._db.set_progress_handler(step, 10)
    ask(workspace.tasks)
    workspace._db.set_progress_handler(None, 0)
    return steps


QUESTIONS: dict[str, Callable[[Tasks], object]] = {
    "the rows of Curate": lambda tasks: tasks.to_review(_LAST),
    "the rows of Curate, sorted": lambda tasks: tasks.to_review(_LAST, "score"),
    "how many are new": lambda tasks: tasks.passing_after(_LAST),
    "the next batch": lambda tasks: tasks.batches_waiting(after=_LAST, most=2),
    "all that pass": lambda tasks: tasks.waiting_among(tasks.to_review(_LAST)),
    "the next candidate": lambda tasks: tasks.first_waiting_among(tasks.to_review(_LAST)),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_what_the_filters_object_to_makes_no_question_slower(
    question: Callable[[Tasks], object], workspace: Workspace
) -> None:
    grow(workspace, 10)
    few = work(workspace, question)
    assert few > 0
    add(workspace, "too_similar", 1000, 1)
    assert work(workspace, question) <= few * 1.5


def test_what_waits_is_all_of_this_batch_and_what_passes_of_earlier_ones(workspace: Workspace) -> None:
    grow(workspace, 10)
    by_hand = workspace.tasks.add("Name 1.", origin="human", at="now")
    workspace.tasks.assess(by_hand, PASS, [], None)
    rows = workspace.tasks.get_many(workspace.tasks.to_review(_LAST))
    assert [task.id for task in rows] == sorted(task.id for task in rows)
    assert {(task.batch, task.verdict) for task in rows} == {
        (2, PASS),
        (3, PASS),
        (3, "too_short"),
        (None, PASS),
    }
    assert workspace.tasks.passing_after(_LAST) == _A_BATCH // 2
    assert workspace.tasks.batches_waiting(after=1, most=2) == [2, 3]
    assert workspace.tasks.batches_waiting(after=_LAST, most=2) == [4]


def test_the_next_that_waits_is_found_however_far_it_is(workspace: Workspace) -> None:
    ids = add(workspace, "too_short", 900, 1) + add(workspace, PASS, 2, 1)
    assert workspace.tasks.first_waiting_among(ids) == 900
    assert workspace.tasks.first_waiting_among(ids[:900]) is None
