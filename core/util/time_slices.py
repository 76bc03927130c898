"""Cooperative time slicing: long work on the event loop's thread, a few milliseconds at a time."""

import asyncio
import time
from collections.abc import Callable, Generator
from typing import TypeVar

Result = TypeVar("Result")

Sliced = Generator[float, None, Result]
"""A generator that works in short steps, yields its progress from 0 to 1, and returns a result."""

SLICE_S = 0.003
"""Length of a time slice in seconds; a key press waits at most this long plus one step."""


def at_once(work: Sliced[Result]) -> Result:
    """Run `work` to completion without pauses, where nobody is waiting or there is little to do."""
    try:
        while True:
            next(work)
    except StopIteration as end:
        result: Result = end.value
        return result


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
            if (taken := time.perf_counter() - begun) >= SLICE_S:
                progress(done)
                await asyncio.sleep(taken)
                begun = time.perf_counter()
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        work.close()
