"""Cooperative time slicing: long work on the event loop's thread, a few milliseconds at a time."""

import asyncio
import time
from collections.abc import Callable, Generator
from typing import TypeVar

from selfinstruct.db.errors import BusyError
from selfinstruct.db.sqlite.lock_wait import PAUSE_S
from selfinstruct.db.workspace import Workspace

Result = TypeVar("Result")

Sliced = Generator[float, None, Result]
"""A generator that works in short steps, yields its progress from 0 to 1, and returns a result.

It yields WAITING while another program locks the workspace, and retries the step when it is resumed.
"""

WAITING = -1.0

SLICE_S = 0.003
"""Length of a time slice in seconds; a key press waits at most this long plus one step."""


def at_once(work: Sliced[Result]) -> Result:
    """Run `work` to completion without pauses, where nobody is waiting or there is little to do.

    Raises:
        BusyError: Another program locks the workspace.
    """
    try:
        while True:
            if next(work) == WAITING:
                work.close()
                raise BusyError("Another program is using the workspace. Try again.")
    except StopIteration as end:
        result: Result = end.value
        return result


def when_free(workspace: Workspace, step: Callable[[], Result]) -> Sliced[Result]:
    """Run one step as soon as no other program locks the workspace; until then nothing of it happens."""
    tries = workspace.lock_wait.tries(step)
    try:
        while True:
            next(tries)
            yield WAITING
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        tries.close()


def _ignore(done: float) -> None:
    del done


async def in_slices(work: Sliced[Result], progress: Callable[[float], None] = _ignore) -> Result:
    """Run `work` in time slices, and yield the event loop after each slice for as long as it took.

    Everything runs on the loop's thread, so the work can use the workspace, which may change between two
    slices. Cancellation closes the generator.

    Args:
        work: The generator to run.
        progress: Called after each slice with the progress, from 0 to 1.

    Returns:
        The result of the generator.
    """
    begun = time.perf_counter()
    try:
        while True:
            done = next(work)
            if done == WAITING:
                await asyncio.sleep(PAUSE_S)
                begun = time.perf_counter()
            elif (taken := time.perf_counter() - begun) >= SLICE_S:
                progress(done)
                await asyncio.sleep(taken)
                begun = time.perf_counter()
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        work.close()
