"""Workers: background tasks that belong to a screen or to the app, and end with it."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from textual.dom import DOMNode
from textual.worker import Worker

Result = TypeVar("Result")


def start_worker(
    owner: DOMNode,
    work: Callable[[], Coroutine[Any, Any, Result]],
    *,
    group: str = "default",
    exclusive: bool = False,
) -> Worker[Result]:
    """Start a worker that calls `work` when its turn comes.

    A coroutine passed to `run_worker` is never awaited if the worker is cancelled before its turn, which
    Python warns of.

    Args:
        owner: The node whose removal cancels the worker.
        work: An asynchronous function without arguments.
        group: The name of a group of workers of the owner.
        exclusive: Whether to cancel the other workers of the group.
    """
    # Its types expect the result of an asynchronous function to be known at the call.
    worker = owner.run_worker(cast(Any, work), group=group, exclusive=exclusive)
    return cast("Worker[Result]", worker)
