"""Long work leaves the loop to others."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from selfinstruct.core.util.time_slices import SLICE_S, WAITING, Sliced, at_once, in_slices
from selfinstruct.db.errors import BusyError


def counting(steps: int) -> Sliced[int]:
    for step in range(steps):
        begun = time.perf_counter()
        while time.perf_counter() - begun < SLICE_S / 4:
            pass
        yield (step + 1) / steps
    return steps


async def test_others_run_while_long_work_goes_on() -> None:
    work = asyncio.ensure_future(in_slices(counting(40)))
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    assert work.result() == 40
    assert turns > 10


async def test_progress_is_told_and_never_goes_back() -> None:
    told: list[float] = []
    await in_slices(counting(40), told.append)
    assert len(told) >= 4
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] <= 1


async def test_work_that_is_left_ends_at_once() -> None:
    left: list[str] = []

    @contextmanager
    def held() -> Iterator[None]:
        try:
            yield
        finally:
            left.append("let go")

    def endless() -> Sliced[None]:
        with held():
            while True:
                yield from counting(1000)

    work = asyncio.ensure_future(in_slices(endless()))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert left == ["let go"]


async def test_an_error_in_the_work_reaches_who_waits_for_it() -> None:
    def failing() -> Sliced[None]:
        yield 0.5
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        await in_slices(failing())


def test_work_that_cannot_wait_says_that_another_program_uses_the_workspace() -> None:
    def locked_out() -> Sliced[None]:
        yield WAITING

    with pytest.raises(BusyError, match=r"^Another program is using the workspace\. Try again\.$"):
        at_once(locked_out())
