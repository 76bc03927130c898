"""A loop whose clock jumps to the next timer: minutes of waiting take no time. For what has no sockets."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar
from unittest.mock import patch

Result = TypeVar("Result")


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(None if timeout is None else 0)
        if not ready and timeout:
            self.now += timeout
        return ready


class Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _Selector()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


class _Here:
    """An executor that does its work at once: a thread would take time by another clock."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(work(*arguments))
        return future

    def shutdown(self) -> None:
        pass


def run(main: Coroutine[Any, Any, Result]) -> tuple[Result, float]:
    """What `main` returns, and how many seconds it would have taken."""
    commits = patch("selfinstruct.db.sqlite.transactions.ThreadPoolExecutor", _Here)
    with commits, asyncio.Runner(loop_factory=Loop) as runner:
        result = runner.run(main)
        return result, runner.get_loop().time()
