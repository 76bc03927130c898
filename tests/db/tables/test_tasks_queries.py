"""Each question about the tasks has the answer that one gets by going through all of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, product
from pathlib import Path
from random import Random
from typing import get_args

import pytest

from selfinstruct.db.records import (
    PASS,
    DecisionKind,
    Label,
    Order,
    Origin,
    PoolTask,
    Reason,
    Standing,
    State,
    Task,
    TaskQuery,
)
from selfinstruct.db.tables.tasks import Tasks
from selfinstruct.db.workspace import Workspace

_TASKS = 600
_BATCHES = 6
_STATES: tuple[State, ...] = ("pending", "accepted", "rejected")
_ORIGINS: tuple[Origin, ...] = ("model", "seed", "human", "imported")
_LABELS: tuple[Label | None, ...] = (None, "generation", "classification", "unknown")
_VERDICTS = (None, PASS, "similar", "short")
_WORDS = ("river", "lake", "Sea", "of", "in", "Ö", 'say "no"')


@dataclass(frozen=True)
class Known:
    """A task as it was stored, with what `Task` does not show."""

    task: Task
    held: bool

    @property
    def waits(self) -> bool:
        return self.task.state == "pending"

    @property
    def passes(self) -> bool:
        return self.task.verdict == PASS


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tasks, list[Known]]]:
    """A workspace with tasks of every kind, in no order, and what is known of them."""
    chance = Random(1)
    kinds = list(product(_STATES, _ORIGINS, _VERDICTS, (False, True)))
    chance.shuffle(kinds)
    path: Path = tmp_path_factory.mktemp("filled") / "w.db"
    with Workspace.open(path, create=True) as workspace, workspace.transaction():
        held: list[bool] = []
        for (state, origin, verdict, reserved), number in zip(
            cycle(kinds), range(1, _TASKS + 1), strict=False
        ):
            text = f"Name {number} {chance.choice(_WORDS)} {chance.choice(_WORDS)}."
            batch = chance.choice([None, *range(1, _BATCHES + 1)])
            label = chance.choice(_LABELS)
            task_id = workspace.tasks.add(
                text, origin=origin, at="now", label=label, batch=batch, held=reserved
            )
            held.append(reserved)
            if verdict is not None:
                near = (chance.randrange(1, min(task_id + 1, 9)), chance.randrange(1, 10) / 10)
                nearest = chance.choice([None, near])
                workspace.tasks.assess(task_id, verdict, [], nearest)
            if state != "pending":
                after = Standing(state, text, label)
                kind: DecisionKind = "accept" if state == "accepted" else "reject"
                before = Standing("pending", text, label)
                workspace.decisions.add(
                    task_id, kind, step=number, who="human", at="now", before=before, after=after
                )
        found = workspace.tasks.get_many(range(1, _TASKS + 1))
        assert len(found) == _TASKS
        yield workspace.tasks, [Known(task, is_held) for task, is_held in zip(found, held, strict=True)]


def ids(known: list[Known], wanted: Callable[[Known], bool]) -> list[int]:
    return [one.task.id for one in known if wanted(one)]


Question = tuple[Callable[[Tasks], object], Callable[[list[Known]], object]]

QUESTIONS: dict[str, Question] = {
    "all": (Tasks.count, len),
    "in the pool": (
        Tasks.count_accepted,
        lambda known: len(ids(known, lambda one: one.task.state == "accepted")),
    ),
    "the last": (Tasks.last_id, lambda known: known[-1].task.id),
    "undecided": (Tasks.count_undecided, lambda known: len(ids(known, lambda one: one.waits))),
    "undecided that pass": (
        Tasks.count_passing,
        lambda known: len(ids(known, lambda one: one.waits and one.passes)),
    ),
    "accepted or about to be": (
        Tasks.passing,
        lambda known: len(
            ids(
                known,
                lambda one: (
                    one.task.origin == "model"
                    and (one.task.state == "accepted" or (one.waits and one.passes))
                ),
            )
        ),
    ),
    "seeds": (
        lambda tasks: [task.id for task in tasks.seeds()],
        lambda known: ids(known, lambda one: one.task.origin == "seed" and one.task.state == "accepted"),
    ),
    "accepted, newest first": (
        Tasks.accepted,
        lambda known: ids(known, lambda one: one.task.origin != "seed" and one.task.state == "accepted")[
            ::-1
        ],
    ),
    "to decide": (
        Tasks.to_decide,
        lambda known: ids(known, lambda one: one.waits and not one.held and one.task.verdict is not None),
    ),
    "filtered out": (
        Tasks.filtered_out,
        lambda known: ids(
            known,
            lambda one: one.waits and not one.held and one.task.verdict is not None and not one.passes,
        ),
    ),
    "to decide among some": (
        lambda tasks: tasks.are_to_decide(range(100, 300)),
        lambda known: set(
            ids(
                known[99:299],
                lambda one: one.waits and not one.held and one.task.verdict is not None,
            )
        ),
    ),
    "a page of the standing": (
        lambda tasks: tasks.standing(100, 500, most=50),
        lambda known: [
            PoolTask(one.task.id, one.task.origin, one.task.state, one.task.instruction)
            for one in known[100:500]
            if one.task.state != "rejected"
        ][:50],
    ),
    "waiting since": (
        lambda tasks: tasks.waiting_since(200),
        lambda known: [(one.task.id, one.task.instruction) for one in known[200:] if one.waits],
    ),
    "waiting near": (
        lambda tasks: tasks.waiting_near(3),
        lambda known: ids(known, lambda one: one.waits and one.task.nearest_id == 3),
    ),
    "a batch": (
        lambda tasks: [task.id for task in tasks.of_batch(2)],
        lambda known: ids(known, lambda one: one.task.batch == 2),
    ),
    "the newest batch": (Tasks.batch_under_review, lambda known: max(one.task.batch or 0 for one in known)),
    "batches waiting": (
        lambda tasks: tasks.batches_waiting(after=2, most=3),
        lambda known: sorted(
            {one.task.batch or 0 for one in known if one.waits and one.held and (one.task.batch or 0) > 2}
        )[:3],
    ),
    "passing in later batches": (
        lambda tasks: tasks.passing_after(3),
        lambda known: len(
            ids(known, lambda one: one.waits and one.passes and one.held and (one.task.batch or 0) > 3)
        ),
    ),
    "to review": (
        lambda tasks: tasks.to_review(3),
        lambda known: ids(
            known,
            lambda one: (
                one.task.batch == 3
                or (one.waits and one.passes and (one.task.batch is None or one.task.batch < 3))
            ),
        ),
    ),
    "waiting among some, in their order": (
        lambda tasks: tasks.waiting_among(range(400, 200, -1)),
        lambda known: ids(known[200:400], lambda one: one.waits and one.passes)[::-1],
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_as_if_every_task_was_looked_at(
    filled: tuple[Tasks, list[Known]], question: str
) -> None:
    tasks, known = filled
    ask, look = QUESTIONS[question]
    answer = ask(tasks)
    assert answer == look(known)
    assert answer, "a question that nothing answers shows nothing"


@pytest.mark.parametrize("state", _STATES)
def test_a_tally_counts_by_origin_up_to_a_task(filled: tuple[Tasks, list[Known]], state: State) -> None:
    tasks, known = filled
    expected: dict[Origin, tuple[int, int]] = {}
    for one in known[:300]:
        if one.task.state == state:
            count, total = expected.get(one.task.origin, (0, 0))
            expected[one.task.origin] = (count + 1, total + one.task.id)
    assert tasks.tally(state, up_to=300) == expected


@pytest.mark.parametrize("start", [0, 1, 127, 128, 129, 500])
def test_the_first_that_waits_is_found_wherever_it_is(filled: tuple[Tasks, list[Known]], start: int) -> None:
    tasks, known = filled
    listed = [*ids(known, lambda one: not (one.waits and one.passes))][:start]
    assert tasks.first_waiting_among(listed) is None
    waiting = ids(known, lambda one: one.waits and one.passes)
    assert tasks.first_waiting_among([*listed, *waiting]) == len(listed)


QUERIES: dict[str, tuple[TaskQuery, Callable[[Task], bool]]] = {
    "all": (TaskQuery(), lambda task: True),
    "an origin": (TaskQuery(origin="human"), lambda task: task.origin == "human"),
    "a state": (TaskQuery(state="rejected"), lambda task: task.state == "rejected"),
    "a label": (TaskQuery(label="unknown"), lambda task: task.label == "unknown"),
    "a verdict": (TaskQuery(verdict="short"), lambda task: task.verdict == "short"),
    "a batch": (TaskQuery(batch=4), lambda task: task.batch == 4),
    "an id": (TaskQuery(id=77), lambda task: task.id == 77),
    "above a score": (TaskQuery(more_than=0.5), lambda task: task.score is not None and task.score > 0.5),
    "below a score": (TaskQuery(less_than=0.5), lambda task: task.score is not None and task.score < 0.5),
    "a word in another case": (TaskQuery(words=("SEA",)), lambda task: "sea" in task.instruction.lower()),
    "a short word": (TaskQuery(words=("OF",)), lambda task: "of" in task.instruction.lower()),
    "a quoted word": (TaskQuery(words=('y "no',)), lambda task: 'y "no' in task.instruction),
    "several": (
        TaskQuery(words=("river", "in"), state="accepted", more_than=0.2),
        lambda task: (
            "river" in task.instruction
            and "in" in task.instruction
            and task.state == "accepted"
            and (task.score or 0) > 0.2
        ),
    ),
}


def _sort_key(task: Task, order: Order) -> tuple[bool, float, str]:
    if order == "id":
        return False, 0, ""
    if order == "score":
        return task.score is None, -(task.score or 0), ""
    value: str | None = getattr(task, order)
    return value is not None, 0, (value or "").lower() if order == "instruction" else value or ""


@pytest.mark.parametrize("order", get_args(Order))
@pytest.mark.parametrize("query", QUERIES)
def test_a_search_finds_and_sorts_what_matches(
    filled: tuple[Tasks, list[Known]], query: str, order: Order
) -> None:
    tasks, known = filled
    wanted, matches = QUERIES[query]
    found = [one.task for one in reversed(known) if matches(one.task)]
    assert found
    # SQLite's NOCASE knows ASCII letters only, as these texts have before anything else.
    expected = [task.id for task in sorted(found, key=lambda task: _sort_key(task, order))]
    assert list(tasks.search(wanted, order)) == expected


def test_of_several_reasons_each_task_gets_its_own_in_order(workspace: Workspace) -> None:
    reasons = {
        number: [Reason(f"code {number} {place}", f"Sentence {place}.") for place in range(number)]
        for number in range(1, 5)
    }
    for number, listed in reasons.items():
        task_id = workspace.tasks.add("Name a river.", origin="model", at="now")
        workspace.tasks.assess(task_id, "old", [Reason("old", "Before.")], None)
        workspace.tasks.assess(task_id, "new", listed, None)
        assert task_id == number
    workspace.tasks.add("Name a lake.", origin="model", at="now")
    assert {number: workspace.tasks.reasons(number) for number in reasons} == reasons
    assert workspace.tasks.reasons_of([2, 3, 5]) == {2: reasons[2], 3: reasons[3]}


def test_who_comes_nearer_takes_the_place_of_the_nearest(workspace: Workspace) -> None:
    for _ in range(9):
        workspace.tasks.add("Name a river.", origin="model", at="now")
    for task_id, nearest in enumerate(((5, 0.5), (5, 0.7), (9, 0.6), (2, 0.6), None), start=1):
        workspace.tasks.assess(task_id, PASS, [], nearest)
    workspace.tasks.come_nearer(6, [(number, 0.6) for number in range(1, 6)])
    found = [(task.nearest_id, task.score) for task in workspace.tasks.get_many(range(1, 6))]
    # Of two equally near the older one stays or comes.
    assert found == [(6, 0.6), (5, 0.7), (6, 0.6), (2, 0.6), (6, 0.6)]
