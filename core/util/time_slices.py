"""Long work on the loop's own thread, a few milliseconds at a time."""

import asyncio
import time
from collections.abc import Callable, Generator
from typing import TypeVar

Result = TypeVar("Result")

Sliced = Generator[float, None, Result]
"""Work in short steps: each yields how much is done, 0 to 1, and the last one returns a result."""

SLICE_S = 0.003
"""How long the loop is held at a time, in seconds; a key waits for no longer than this and one step."""


def at_once(work: Sliced[Result]) -> Result:
    """Carry `work` out without a pause, for where nobody waits or there is little to do."""
    try:
        while True:
            next(work)
    except StopIteration as end:
        result: Result = end.value
        return result


def _ignore(done: float) -> None:
    del done


async def in_slices(work: Sliced[Result], progress: Callable[[float], None] = _ignore) -> Result:
    """Carry `work` out, and leave the loop to others for as long as each slice has taken.

    Everything runs on the thread of the loop, so the work may use the workspace; between two slices the
    workspace may change. Cancelling closes the generator.

    Args:
        work: The work.
        progress: Called after each slice with how much is done, 0 to 1.
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
