"""Long work on the loop's own thread, a few milliseconds at a time."""

import asyncio
import time
from collections.abc import Callable, Generator
from typing import TypeVar

from selfinstruct.db.errors import BusyError
from selfinstruct.db.sqlite.lock_wait import PAUSE_S
from selfinstruct.db.workspace import Workspace

Result = TypeVar("Result")

Sliced = Generator[float, None, Result]
"""Work in short steps: each yields how much is done, 0 to 1, and the last one returns a result.

It yields WAITING when another program keeps the workspace, and tries the step again when it is gone on with.
"""

WAITING = -1.0

SLICE_S = 0.003
"""How long the loop is held at a time, in seconds; a key waits for no longer than this and one step."""


def at_once(work: Sliced[Result]) -> Result:
    """Carry `work` out without a pause, for where nobody waits or there is little to do.

    Raises:
        BusyError: another program keeps the workspace.
    """
    try:
        while True:
            if next(work) == WAITING:
                work.close()
                raise BusyError("Another program keeps the workspace. Try again.")
    except StopIteration as end:
        result: Result = end.value
        return result


def when_free(workspace: Workspace, step: Callable[[], Result]) -> Sliced[Result]:
    """One step of work, as soon as no other program keeps the workspace; nothing of it happens before."""
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
