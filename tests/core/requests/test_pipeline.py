"""Requests under way: always as many as allowed, taken in in their order, whatever happens to one of them."""

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from selfinstruct.core.requests.pipeline import Pipeline

PATIENCE_S = 120.0
"""A flow that stands still fails a test after this, and does not hang."""


Result = TypeVar("Result")


class AtOnce:
    """Carries writes out without storing anything."""

    async def write(
        self,
        write: Callable[[], Result],
        *,
        take_back: Callable[[Result], None] | None = None,
        at_once: bool = False,
    ) -> Result:
        del take_back, at_once
        return write()


class Requests:
    """Requests that are answered when a test says so, and a diary of what the flow did."""

    def __init__(
        self, count: int, width: int, *, broken: Callable[[str], bool] = lambda entry: False
    ) -> None:
        self.diary: list[str] = []
        self.answers: dict[int, asyncio.Future[None]] = {}
        self.flow = Pipeline(
            width=width,
            plan=self._plan,
            carry_out=self._carry_out,
            take_in=self._take_in,
            stopping=asyncio.get_running_loop().create_future(),
            together=AtOnce(),
        )
        self.count = count
        self.planned = 0
        self._broken = broken
        self._sent: asyncio.Queue[int] = asyncio.Queue()

    def _write(self, entry: str) -> None:
        if self._broken(entry):
            raise RuntimeError(f"cannot {entry}")
        self.diary.append(entry)

    def _plan(self) -> int | None:
        if self.planned == self.count:
            return None
        self._write(f"plan {self.planned}")
        self.planned += 1
        return self.planned - 1

    async def _carry_out(self, request_id: int) -> None:
        answer = self.answers[request_id] = asyncio.get_running_loop().create_future()
        self._sent.put_nowait(request_id)
        await answer

    def _take_in(self, request_id: int) -> None:
        self._write(f"take in {request_id}")

    async def sent(self, count: int) -> list[int]:
        """The next `count` requests that are sent."""
        async with asyncio.timeout(PATIENCE_S):
            return [await self._sent.get() for _ in range(count)]

    def answer(self, *request_ids: int) -> None:
        for request_id in request_ids:
            self.answers[request_id].set_result(None)

    def fail(self, request_id: int) -> None:
        self.answers[request_id].set_exception(ConnectionError(f"request {request_id}"))


def in_lockstep(count: int, width: int) -> list[str]:
    """The diary that is promised: request k is planned once request k - width has been taken in."""
    diary = [f"plan {number}" for number in range(min(width, count))]
    for number in range(count):
        diary.append(f"take in {number}")
        if number + width < count:
            diary.append(f"plan {number + width}")
    return diary


async def over(running: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(PATIENCE_S):
        await running


@pytest.mark.parametrize("width", [1, 2, 3, 8, 20])
@pytest.mark.parametrize("order", range(8))
async def test_whatever_order_answers_arrive_in_the_outcome_is_the_same(width: int, order: int) -> None:
    count, rng = 12, random.Random(order)
    requests = Requests(count, width)
    running = asyncio.create_task(requests.flow.run())
    waiting: list[int] = []
    answered: set[int] = set()
    sent = 0
    while len(answered) < count:
        taken_in = next(number for number in range(count) if number not in answered)
        expected = min(count, taken_in + width)
        if expected > sent:
            waiting += await requests.sent(expected - sent)
            async with asyncio.timeout(PATIENCE_S):
                # No more than the width, and no fewer, once the rests are over.
                while requests.flow.under_way != expected - taken_in:  # noqa: ASYNC110
                    await asyncio.sleep(0)
        sent = expected
        assert requests.planned == expected
        chosen = waiting.pop(rng.randrange(len(waiting)))
        requests.answer(chosen)
        answered.add(chosen)
    await over(running)
    assert requests.diary == in_lockstep(count, width)


async def test_nothing_to_plan_is_over_at_once() -> None:
    requests = Requests(0, width=3)
    await over(asyncio.create_task(requests.flow.run()))
    assert requests.diary == []


async def test_planning_is_asked_again_after_each_answer() -> None:
    requests = Requests(1, width=2)
    running = asyncio.create_task(requests.flow.run())
    await requests.sent(1)
    requests.count = 3  # there was nothing more to do, and now there is
    requests.answer(0)
    assert await requests.sent(2) == [1, 2]
    requests.answer(1, 2)
    await over(running)
    assert requests.diary == ["plan 0", "take in 0", "plan 1", "plan 2", "take in 1", "take in 2"]


async def test_a_request_that_fails_ends_the_planning_but_all_under_way_are_taken_in() -> None:
    requests = Requests(9, width=3)
    running = asyncio.create_task(requests.flow.run())
    await requests.sent(3)
    requests.fail(0)
    requests.answer(2, 1)
    with pytest.raises(ConnectionError, match="request 0"):
        await over(running)
    assert requests.diary == ["plan 0", "plan 1", "plan 2", "take in 0", "take in 1", "take in 2"]
    assert requests.flow.under_way == 0


async def test_those_before_a_request_that_fails_still_count() -> None:
    requests = Requests(9, width=2)
    running = asyncio.create_task(requests.flow.run())
    await requests.sent(2)
    requests.fail(1)
    requests.answer(0)
    await requests.sent(1)
    requests.answer(2)
    with pytest.raises(ConnectionError, match="request 1"):
        await over(running)
    assert requests.diary == ["plan 0", "plan 1", "take in 0", "plan 2", "take in 1", "take in 2"]


async def test_of_two_failures_the_first_in_order_is_raised() -> None:
    requests = Requests(9, width=3)
    running = asyncio.create_task(requests.flow.run())
    await requests.sent(3)
    requests.fail(2)
    requests.fail(0)
    requests.answer(1)
    with pytest.raises(ConnectionError, match="request 0"):
        await over(running)
    assert requests.diary[3:] == ["take in 0", "take in 1", "take in 2"]


async def test_an_answer_that_cannot_be_taken_in_ends_the_planning_too() -> None:
    requests = Requests(9, width=3, broken=lambda entry: entry == "take in 0")
    running = asyncio.create_task(requests.flow.run())
    await requests.sent(3)
    requests.answer(0, 1, 2)
    with pytest.raises(RuntimeError, match="cannot take in 0"):
        await over(running)
    assert requests.diary[3:] == ["take in 1", "take in 2"]


async def test_a_plan_that_fails_does_not_lose_what_is_under_way() -> None:
    requests = Requests(9, width=3, broken=lambda entry: entry == "plan 2")
    running = asyncio.create_task(requests.flow.run())
    await requests.sent(2)
    requests.answer(0, 1)
    with pytest.raises(RuntimeError, match="cannot plan 2"):
        await over(running)
    assert requests.diary == ["plan 0", "plan 1", "take in 0", "take in 1"]


async def test_stopping_takes_in_what_is_under_way_and_plans_no_more() -> None:
    requests = Requests(9, width=2)
    running = asyncio.create_task(requests.flow.run())
    await requests.sent(2)
    requests.flow.stop()
    requests.answer(1, 0)
    await over(running)
    assert requests.diary == ["plan 0", "plan 1", "take in 0", "take in 1"]


async def test_cancelling_gives_up_those_under_way() -> None:
    requests = Requests(9, width=3)
    running = asyncio.create_task(requests.flow.run())
    await requests.sent(3)
    requests.answer(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await over(running)
    assert requests.answers[0].cancelled()
    assert requests.answers[2].cancelled()
    assert requests.diary == ["plan 0", "plan 1", "plan 2"]
    assert requests.flow.under_way == 0


async def test_cancelling_waits_until_those_under_way_have_put_things_in_order() -> None:
    steps: asyncio.Queue[str] = asyncio.Queue()
    may_end = [asyncio.Event(), asyncio.Event()]

    async def carry_out(request_id: int) -> None:
        steps.put_nowait(f"begin {request_id}")
        try:
            await asyncio.Event().wait()
        finally:
            steps.put_nowait(f"tidy up {request_id}")
            await may_end[request_id].wait()

    numbers = iter(range(2))
    stopping = asyncio.get_running_loop().create_future()
    flow = Pipeline(
        width=2,
        plan=lambda: next(numbers, None),
        carry_out=carry_out,
        take_in=lambda _: None,
        stopping=stopping,
        together=AtOnce(),
    )
    running = asyncio.create_task(flow.run())
    assert [await steps.get(), await steps.get()] == ["begin 0", "begin 1"]
    running.cancel()
    for request_id in range(2):
        assert await steps.get() == f"tidy up {request_id}"
        assert not running.done()
        may_end[request_id].set()
    with pytest.raises(asyncio.CancelledError):
        await over(running)


async def test_what_comes_up_meanwhile_is_sent_at_once_if_there_is_room() -> None:
    requests = Requests(1, width=3)
    running = asyncio.create_task(requests.flow.run())
    await requests.sent(1)
    requests.count = 2
    requests.flow.nudge()
    assert await requests.sent(1) == [1], "the first has no answer yet"
    requests.answer(1, 0)
    await over(running)
    assert requests.diary == ["plan 0", "plan 1", "take in 0", "take in 1"]


async def test_a_nudge_without_room_changes_nothing() -> None:
    requests = Requests(3, width=1)
    running = asyncio.create_task(requests.flow.run())
    for number in range(3):
        requests.flow.nudge()
        assert await requests.sent(1) == [number]
        requests.flow.nudge()
        requests.answer(number)
    await over(running)
    assert requests.diary == in_lockstep(3, width=1)


async def test_looking_ahead_ends_when_something_else_is_wanted() -> None:
    looked: list[int] = []
    taken: list[int] = []
    requests = iter([1, 2])
    flow: Pipeline

    def look_ahead(request_id: int) -> Iterator[None]:
        for step in range(5):
            yield
            looked.append(request_id)
            if request_id == 1 and step == 1:
                flow.nudge()

    async def at_once(request_id: int) -> None:
        del request_id

    flow = Pipeline(
        width=2,
        plan=lambda: next(requests, None),
        carry_out=at_once,
        take_in=taken.append,
        look_ahead=look_ahead,
        stopping=asyncio.get_running_loop().create_future(),
        together=AtOnce(),
    )
    await flow.run()
    assert taken == [1, 2]
    assert looked == [1, 1, 2, 2, 2, 2, 2]


async def test_cancelling_gives_up_what_was_planned_and_has_not_begun() -> None:
    """Its attempt may be stored already, so that it would count as sent."""
    abandoned: list[int] = []
    begun: list[int] = []
    numbers = iter(range(3))
    planned = asyncio.Event()

    def plan() -> int | None:
        number = next(numbers, None)
        if number == 2:
            planned.set()
        return number

    async def carry_out(request_id: int) -> None:
        begun.append(request_id)
        await asyncio.Event().wait()

    flow = Pipeline(
        width=3,
        plan=plan,
        carry_out=carry_out,
        take_in=lambda _: None,
        abandon=abandoned.append,
        stopping=asyncio.get_running_loop().create_future(),
        together=AtOnce(),
        slice_s=60.0,
    )
    running = asyncio.create_task(flow.run())
    await planned.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await over(running)
    assert begun == []
    assert abandoned == [0, 1, 2]
