"""Batches: when one is complete, what it brought, and when so many brought nothing that work is to end."""

from dataclasses import replace

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.runs.batch_tracker import SATURATED_BATCHES, BatchTracker, CompletedBatch
from selfinstruct.db.records import Request
from tests.conftest import OpenEngine


class Tracked:
    """A tracker over a workspace in which requests are planned and candidates come."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.awaited: set[int] = set()
        self.tracker = BatchTracker(
            engine.workspace,
            counts=lambda task: task.verdict == "pass",
            awaits_vectors=lambda number: number in self.awaited,
        )

    def plan(self, batch: int, *, size: int) -> Request:
        request_id = self.engine.planner.propose(batch)
        self.tracker.plan(batch, request_id, size=size)
        return self.engine.workspace.requests.get(request_id)

    def bring(self, batch: int, *, passing: int, falling: int = 0) -> None:
        tasks = self.engine.workspace.tasks
        for verdict in ["pass"] * passing + ["too_short"] * falling:
            task_id = tasks.add("Name a bird.", origin="model", at="now", batch=batch)
            tasks.assess(task_id, verdict, (), None)

    def take_in(self, request: Request, state: str = "parsed") -> None:
        self.tracker.take_in(replace(request, state=state))

    def completed(self) -> list[CompletedBatch]:
        completed = []
        while (batch := self.tracker.oldest_completed()) is not None:
            self.tracker.remove(batch)
            completed.append(batch)
        return completed


@pytest.fixture
def tracked(engine_on: OpenEngine) -> Tracked:
    return Tracked(engine_on())


def test_a_batch_is_complete_once_and_only_when_all_its_answers_are_in(tracked: Tracked) -> None:
    first = tracked.plan(1, size=2)
    tracked.take_in(first)
    assert tracked.completed() == [], "half of it has not been planned"
    second = tracked.plan(1, size=2)
    assert tracked.completed() == []
    tracked.bring(1, passing=2, falling=1)
    tracked.take_in(second, "failed")
    both = (first.id, second.id)
    assert tracked.completed() == [CompletedBatch(1, candidates=3, yielded=2, requests=both)]
    assert tracked.completed() == []


def test_a_request_that_waits_to_be_sent_keeps_its_batch_open(tracked: Tracked) -> None:
    request = tracked.plan(1, size=1)
    for state in ("planned", "sent"):
        tracked.take_in(request, state)
        assert tracked.completed() == []
        assert tracked.tracker.out == 1


def test_a_batch_whose_vectors_are_to_come_is_complete_when_they_have(tracked: Tracked) -> None:
    tracked.awaited = {1}
    for batch in (1, 2):
        tracked.take_in(tracked.plan(batch, size=1))
    assert [batch.number for batch in tracked.completed()] == [2]
    tracked.awaited = set()
    assert [batch.number for batch in tracked.completed()] == [1]


def test_many_batches_in_a_row_without_fruit_are_the_end_and_one_that_brings_something_begins_anew(
    tracked: Tracked,
) -> None:
    def complete(batch: int, *, passing: int) -> None:
        tracked.bring(batch, passing=passing, falling=1)
        tracked.take_in(tracked.plan(batch, size=1))
        assert [one.number for one in tracked.completed()] == [batch]

    for batch in range(1, SATURATED_BATCHES):
        complete(batch, passing=0)
    assert not tracked.tracker.is_saturated
    complete(SATURATED_BATCHES, passing=0)
    assert tracked.tracker.is_saturated
    complete(SATURATED_BATCHES + 1, passing=1)
    for batch in range(SATURATED_BATCHES + 2, 2 * SATURATED_BATCHES + 1):
        complete(batch, passing=0)
    assert not tracked.tracker.is_saturated
    complete(2 * SATURATED_BATCHES + 1, passing=0)
    assert tracked.tracker.is_saturated


def test_a_request_that_is_sent_again_makes_no_batch_larger(tracked: Tracked) -> None:
    first = tracked.plan(1, size=2)
    tracked.plan(1, size=2)
    tracked.take_in(first, "failed")
    assert tracked.tracker.progress == (1, 2)
    tracked.tracker.plan_again(first)
    assert tracked.tracker.progress == (0, 2)
    tracked.take_in(first, "failed")
    in_its_stead = replace(first, id=99, instead_of=first.id)
    tracked.tracker.plan_again(in_its_stead)
    assert tracked.tracker.progress == (0, 2)
    tracked.take_in(in_its_stead)
    assert tracked.tracker.progress == (1, 2)


def test_a_request_of_an_old_batch_that_is_sent_again_is_waited_for(tracked: Tracked) -> None:
    request = tracked.engine.workspace.requests.get(tracked.engine.planner.propose(7))
    tracked.tracker.plan_again(request)
    assert 7 in tracked.tracker
    assert tracked.tracker.progress == (0, 1)
    assert tracked.tracker.half_planned is None
    tracked.take_in(request)
    assert [batch.number for batch in tracked.completed()] == [7]


def test_progress_is_that_of_the_oldest_batch(tracked: Tracked) -> None:
    assert tracked.tracker.progress is None
    tracked.plan(3, size=4)
    older = tracked.plan(2, size=2)
    tracked.take_in(older)
    assert tracked.tracker.progress == (1, 2)
    assert tracked.tracker.made_of(3) == (0, 4)
    assert tracked.tracker.made_of(1) is None
    assert tracked.tracker.after(2) == [3]
    assert tracked.tracker.half_planned == 3, "the one that was begun first is gone on with first"
    assert len(tracked.tracker) == 2


def test_a_batch_that_is_ended_short_is_complete_with_what_was_asked_for(tracked: Tracked) -> None:
    request = tracked.plan(1, size=4)
    tracked.tracker.end_short(1)
    assert tracked.completed() == []
    tracked.take_in(request)
    assert [batch.number for batch in tracked.completed()] == [1]


def test_at_a_pause_batches_end_at_what_is_out_and_the_others_are_forgotten(tracked: Tracked) -> None:
    idle = tracked.plan(1, size=4)
    tracked.take_in(idle)
    out = tracked.plan(2, size=4)
    tracked.tracker.end_all_short()
    assert 1 not in tracked.tracker
    tracked.take_in(out)
    assert [batch.number for batch in tracked.completed()] == [2]


def test_batches_that_have_candidates_are_let_go_and_the_rest_stay(tracked: Tracked) -> None:
    for batch in (1, 2):
        tracked.plan(batch, size=1)
    tracked.bring(1, passing=0, falling=1)
    tracked.tracker.forget_begun()
    assert (1 in tracked.tracker, 2 in tracked.tracker) == (False, True)
    tracked.tracker.forget()
    assert len(tracked.tracker) == 0


def test_a_batch_knows_all_its_requests_whichever_was_sent_again(tracked: Tracked) -> None:
    requests = [tracked.plan(1, size=3) for _ in range(3)]
    for request in requests:
        tracked.take_in(request, "failed")
    for request in requests:
        tracked.tracker.plan_again(request)
    for request in requests:
        tracked.take_in(request)
    (batch,) = tracked.completed()
    assert sorted(batch.requests) == [request.id for request in requests]
    assert requests[0].id == 1
