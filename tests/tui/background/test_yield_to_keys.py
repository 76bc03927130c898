"""Work in the background makes room for keys, and goes on all the same."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from selfinstruct.tui.background import yield_to_keys as module
from selfinstruct.tui.background.yield_to_keys import YieldToKeys

STEP_S = 0.01


class Clock:
    """Time that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.while_asleep: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.while_asleep()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    return clock


async def rested(courtesy: YieldToKeys, clock: Clock, *, hurry: bool = False) -> float:
    """How long the work rests after a step."""
    await courtesy.give_way()
    clock.now += STEP_S
    before = clock.now
    await courtesy.give_way(hurry=hurry)
    return clock.now - before


async def test_work_rests_several_times_as_long_as_it_works_and_longer_while_somebody_types(
    clock: Clock,
) -> None:
    courtesy = YieldToKeys()
    quiet = await rested(courtesy, clock)
    courtesy.touched()
    clock.now += 0.5  # longer than a key is waited for, and not yet quiet
    after_one = await rested(courtesy, clock)
    courtesy.touched()
    clock.now += 0.5
    typing = await rested(courtesy, clock)
    assert quiet == pytest.approx(after_one)
    assert STEP_S < quiet < typing
    assert await rested(YieldToKeys(), clock, hurry=True) == pytest.approx(STEP_S)


async def test_no_step_begins_right_after_a_key(clock: Clock) -> None:
    courtesy = YieldToKeys()
    courtesy.touched()
    assert await rested(courtesy, clock) > 0
    courtesy.touched()
    pressed = clock.now
    await courtesy.give_way()
    assert clock.now - pressed >= 0.2


async def test_however_fast_somebody_types_the_work_goes_on(clock: Clock) -> None:
    courtesy = YieldToKeys()
    clock.while_asleep = courtesy.touched
    began = clock.now
    for _ in range(10):
        await courtesy.give_way()
    assert clock.now - began < 10 * 0.7


async def test_steps_of_several_come_one_at_a_time(clock: Clock) -> None:
    courtesy = YieldToKeys()
    turns: list[float] = []

    async def step() -> None:
        await courtesy.give_way()
        turns.append(clock.now)
        clock.now += STEP_S

    await asyncio.gather(*(step() for _ in range(5)))
    assert all(later - earlier > STEP_S for earlier, later in pairwise(turns))
