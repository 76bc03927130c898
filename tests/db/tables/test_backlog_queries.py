"""What is still to be requested is what one finds by going through all tasks and their requests."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Literal, get_args

import pytest

from selfinstruct.db.records import PASS, DecisionKind, Label, NewInstance, Origin, Stage, Standing, State
from selfinstruct.db.tables.backlog import Backlog
from selfinstruct.db.workspace import Workspace
from tests.db.test_workspace import REQUEST

Asked = Literal["not", "planned", "failed", "failed answer", "parsed"]
_STATES: tuple[State, ...] = ("accepted", "pending", "rejected")
_ORIGINS: tuple[Origin, ...] = ("model", "human", "seed")
_LABELS: tuple[Label | None, ...] = (None, "generation", "classification", "unknown")
_TASKS = 700


@dataclass(frozen=True)
class Known:
    """A task as it was stored, and what became of its requests."""

    id: int
    text: str
    state: State
    origin: Origin
    label: Label | None
    passes: bool
    held: bool
    classify: Asked
    instantiate: Asked
    is_kept: bool

    @property
    def is_clear(self) -> bool:
        return self.label in {"generation", "classification"}

    @property
    def is_of_pool(self) -> bool:
        return self.state == "accepted" and self.origin != "seed"

    @property
    def to_classify(self) -> bool:
        wanted = self.state == "accepted" or (self.state == "pending" and self.passes and self.held)
        return self.label is None and self.classify == "not" and wanted

    @property
    def to_instantiate(self) -> bool:
        return self.is_of_pool and self.is_clear and self.instantiate == "not"

    @property
    def needed(self) -> int:
        """Requests for its label and its instances that are still to come."""
        number = int(self.to_instantiate)
        if self.is_of_pool and self.label is None:
            number += {"not": 2, "planned": 1, "parsed": 1, "failed": 2, "failed answer": 0}[self.classify]
        number += self.to_classify and self.state == "pending"
        return number + (self.state == "accepted" and self.instantiate == "failed")


def ask(workspace: Workspace, task_id: int, stage: Stage, asked: Asked) -> None:
    if asked == "not":
        return
    request = replace(REQUEST, stage=stage, task_id=task_id)
    request_id = workspace.requests.plan(request, run_id=workspace.run_id, at="now")
    workspace.tasks.assign(task_id, stage=stage, request_id=request_id)
    if asked == "planned":
        return
    attempt = workspace.requests.begin_attempt(request_id, {}, run_id=workspace.run_id, at="now")
    assert attempt is not None
    if asked == "failed":
        workspace.requests.store_failure(
            attempt, http_status=500, body=b"", error="Busy.", free=True, at="then"
        )
    else:
        workspace.requests.store_answer(attempt, http_status=200, body=b"{}", at="then")
    if asked == "parsed":
        workspace.requests.parsed(request_id)
    else:
        workspace.requests.fail(request_id, "No.")


def fill(workspace: Workspace) -> list[Known]:
    """Tasks of every kind, in no order."""
    kinds = list(
        product(_STATES, _ORIGINS, _LABELS, (True, False), (True, False), get_args(Asked), get_args(Asked))
    )
    chance = Random(3)
    known = []
    workspace.start_run(at="now")
    with workspace.transaction():
        for number, kind in enumerate(chance.sample(kinds, _TASKS), start=1):
            state, origin, label, passes, held, classify, instantiate = kind
            text = f'Name {number} "wide" rivers of Öland.'
            task_id = workspace.tasks.add(text, origin=origin, at="now", label=label, held=held)
            workspace.tasks.assess(task_id, PASS if passes else "short", [], None)
            if state != "pending":
                done: DecisionKind = "accept" if state == "accepted" else "reject"
                before, after = Standing("pending", text, label), Standing(state, text, label)
                step = workspace.decisions.next_step()
                workspace.decisions.add(
                    task_id, done, step=step, who="human", at="now", before=before, after=after
                )
            ask(workspace, task_id, "classify", classify)
            ask(workspace, task_id, "instantiate", instantiate)
            is_kept = chance.random() < 0.5
            if label is not None:
                made = [NewInstance("", "The Rhine.", "kept" if is_kept else "dropped")]
                workspace.instances.add(task_id, text, label, made, request_id=None)
            known.append(
                Known(task_id, text, state, origin, label, passes, held, classify, instantiate, is_kept)
            )
    return known


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
            if one.is_of_pool and one.is_clear and one.instantiate == "parsed" and not one.is_kept
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
