"""Each question about the requests has the answer that one gets by going through all of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Literal, get_args

import pytest

from selfinstruct.db.reads.counts import REQUEST_STATES
from selfinstruct.db.records import Request, Stage
from selfinstruct.db.tables.requests import Requests
from selfinstruct.db.workspace import Workspace
from tests.db.test_workspace import REQUEST

_TASKS = 5
_STAGES: tuple[Stage, ...] = get_args(Stage)
Outcome = Literal["never sent", "no answer", "refused", "answered"]


@dataclass(frozen=True)
class Known:
    """A request as it was stored, with what `Request` does not show."""

    request: Request
    outcome: Outcome
    is_of_ended_run: bool

    @property
    def id(self) -> int:
        return self.request.id

    @property
    def is_read(self) -> bool:
        """Whether an answer came that was, or could have been, read."""
        return self.outcome == "answered" and self.request.state in {"parsed", "failed"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Requests, list[Known], int]]:
    """A workspace with requests of every kind, what is known of them, and the run at work."""
    kinds = list(product(_STAGES, REQUEST_STATES, get_args(Outcome), (False, True)))
    Random(1).shuffle(kinds)
    with Workspace.open(tmp_path_factory.mktemp("filled") / "w.db", create=True) as workspace:
        workspace.start_run(at="now")
        with Workspace.open(workspace.path) as other:
            other.start_run(at="now")
            ended = other.run_id
        other_run = workspace._db.execute("UPDATE runs SET ended_at = 'now' WHERE id = ?", [ended]).rowcount
        assert other_run == 1
        with workspace.transaction():
            for _ in range(_TASKS):
                workspace.tasks.add("Name a river.", origin="model", at="now")
            for number, (stage, state, outcome, of_ended) in enumerate(kinds):
                task_id = None if stage in {"propose", "embed"} else number % _TASKS + 1
                asked = replace(
                    REQUEST,
                    stage=stage,
                    task_id=task_id,
                    batch=number % 7,
                    prompt=("a",) if stage == "embed" else "9.",
                )
                request_id = workspace.requests.plan(asked, run_id=workspace.run_id, at="now")
                if outcome != "never sent":
                    attempt = workspace.requests.begin_attempt(request_id, {}, run_id=1, at="now")
                    assert attempt is not None
                    if outcome == "refused":
                        workspace.requests.store_failure(
                            attempt, http_status=400, body=b"no", error="No.", free=True, at="then"
                        )
                    elif outcome == "answered":
                        workspace.requests.store_answer(attempt, http_status=200, body=b"{}", at="then")
                run = ended if of_ended else workspace.run_id
                workspace._db.execute(
                    "UPDATE requests SET state = ?, run_id = ? WHERE id = ?", [state, run, request_id]
                )
        known = [
            Known(workspace.requests.get(number), outcome, of_ended)
            for number, (_, _, outcome, of_ended) in enumerate(kinds, start=1)
        ]
        yield workspace.requests, known, workspace.run_id


def ids(known: list[Known], wanted: Callable[[Known], bool]) -> list[int]:
    return [one.id for one in known if wanted(one)]


Question = tuple[Callable[[Requests], object], Callable[[list[Known]], object]]

QUESTIONS: dict[str, Question] = {
    "how many": (Requests.count, len),
    "the next": (Requests.next_id, lambda known: len(known) + 1),
    "the newest batch": (Requests.last_batch, lambda known: max(one.request.batch or 0 for one in known)),
    "in doubt": (
        Requests.in_doubt,
        lambda known: len(ids(known, lambda one: one.request.state == "in_doubt")),
    ),
    "in doubt, but for some stages": (
        lambda requests: requests.in_doubt(but=("embed", "classify")),
        lambda known: len(
            ids(
                known,
                lambda one: (
                    one.request.state == "in_doubt" and one.request.stage in {"propose", "instantiate"}
                ),
            )
        ),
    ),
    "a page of proposals that were read": (
        lambda requests: requests.answered_proposals(after=10, most=5),
        lambda known: ids(known[10:], lambda one: one.request.stage == "propose" and one.is_read)[:5],
    ),
    "a page of tasks with answers": (
        lambda requests: requests.tasks_answered(after=1, most=3),
        lambda known: sorted({one.request.task_id or 0 for one in known if one.is_read} - {0, 1})[:3],
    ),
    "answers about a task": (
        lambda requests: [request.id for request in requests.answered_about(3)],
        lambda known: ids(known, lambda one: one.request.task_id == 3 and one.is_read),
    ),
    "with an answer": (
        lambda requests: [number for number in range(1, requests.next_id()) if requests.answer(number)],
        lambda known: ids(known, lambda one: one.outcome == "answered"),
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_as_if_every_request_was_looked_at(
    filled: tuple[Requests, list[Known], int], question: str
) -> None:
    requests, known, _ = filled
    ask, look = QUESTIONS[question]
    answer = ask(requests)
    assert answer == look(known)
    assert answer, "a question that nothing answers shows nothing"


def test_what_an_ended_run_left_is_taken_over_with_ones_own(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    with Workspace.open(workspace.path) as alive, Workspace.open(workspace.path) as gone:
        alive.start_run(at="now")
        gone.start_run(at="now")
        runs = (workspace.run_id, alive.run_id, gone.run_id)
        expected = []
        stages: tuple[Stage, ...] = ("propose", "classify")
        for stage, state, run in product(stages, REQUEST_STATES, runs):
            asked = replace(REQUEST, stage=stage)
            request_id = workspace.requests.plan(asked, run_id=run, at="now")
            workspace._db.execute("UPDATE requests SET state = ? WHERE id = ?", [state, request_id])
            takes = state in {"planned", "answered"} or (state == "in_doubt" and stage == "propose")
            if takes and run != alive.run_id:
                expected.append(request_id)
        workspace._db.execute("UPDATE runs SET ended_at = 'now' WHERE id = ?", [gone.run_id])
        taken = workspace.requests.left_over(
            run_id=workspace.run_id, states=("planned", "answered"), doubtful=stages[:1]
        )
        assert [request.id for request in taken] == expected
        of_this = workspace._db.execute(
            "SELECT id FROM requests WHERE run_id = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY id",
            [workspace.run_id, str(expected)],
        ).fetchall()
        assert [number for (number,) in of_this] == expected


@pytest.mark.parametrize("state", REQUEST_STATES)
def test_only_what_failed_or_is_in_doubt_of_an_ended_run_is_planned_again(
    workspace: Workspace, state: str
) -> None:
    workspace.start_run(at="now")
    with Workspace.open(workspace.path) as gone:
        gone.start_run(at="now")
        ended = gone.run_id
    for run, is_ended, answered in product((workspace.run_id, ended), (False, True), (False, True)):
        request_id = workspace.requests.plan(REQUEST, run_id=run, at="now")
        workspace._db.execute("UPDATE runs SET ended_at = ?", ["now" if is_ended else None])
        attempt = workspace.requests.begin_attempt(request_id, {}, run_id=run, at="now")
        assert attempt is not None
        if answered:
            workspace.requests.store_answer(attempt, http_status=200, body=b"{}", at="then")
        workspace._db.execute("UPDATE requests SET state = ?, error = 'no' WHERE id = ?", [state, request_id])
        may = not answered and (state == "failed" or (state == "in_doubt" and is_ended))
        assert workspace.requests.plan_again(request_id, reserved_usd=0.25, run_id=workspace.run_id) == may
        found = workspace.requests.get(request_id)
        assert found.state == ("planned" if may else state)
        assert found.error == (None if may else "no")
        assert workspace.requests.read_again(request_id) == (answered and state == "failed")
    workspace._db.execute("UPDATE runs SET ended_at = NULL WHERE id = ?", [workspace.run_id])


@pytest.mark.parametrize("stage", ["instantiate", "classify"])
@pytest.mark.parametrize("state", REQUEST_STATES)
def test_instances_are_under_way_until_their_request_is_settled_or_in_doubt(
    workspace: Workspace, state: str, stage: Stage
) -> None:
    workspace.start_run(at="now")
    task_id, other = (workspace.tasks.add("Name a river.", origin="model", at="now") for _ in range(2))
    asked = replace(REQUEST, stage=stage, task_id=task_id)
    request_id = workspace.requests.plan(asked, run_id=workspace.run_id, at="now")
    workspace._db.execute("UPDATE requests SET state = ? WHERE id = ?", [state, request_id])
    is_under_way = stage == "instantiate" and state in {"planned", "sent", "answered"}
    assert workspace.requests.are_instances_under_way(task_id) == is_under_way
    assert not workspace.requests.are_instances_under_way(other)


def test_the_newest_of_the_requests_in_its_place_is_named(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    plan = workspace.requests.plan
    first, other = (plan(REQUEST, run_id=workspace.run_id, at="now") for _ in range(2))
    assert workspace.requests.asked_anew(first) is None
    later = [plan(REQUEST, run_id=workspace.run_id, at="now", instead_of=first) for _ in range(2)]
    assert workspace.requests.asked_anew(first) == later[-1]
    assert workspace.requests.asked_anew(other) is None


def test_of_two_answers_the_later_one_is_read(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    begin = workspace.requests.begin_attempt
    attempts = [begin(request_id, {"n": n}, run_id=workspace.run_id, at=f"sent {n}") for n in range(3)]
    for number, attempt in enumerate(attempts[:2]):
        assert attempt is not None
        workspace.requests.store_answer(attempt, http_status=200, body=b"%d" % number, at=f"ended {number}")
    stored = workspace.requests.answer(request_id)
    assert stored is not None
    assert (stored.attempt_id, stored.body) == (attempts[1], b"1")
    with pytest.raises(KeyError):
        workspace.requests.get(99)
