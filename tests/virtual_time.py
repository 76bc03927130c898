"""A loop whose clock jumps to the next timer: minutes of waiting take no time. For what has no sockets."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

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


def run(main: Coroutine[Any, Any, Result]) -> tuple[Result, float]:
    """What `main` returns, and how many seconds it would have taken."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        result = runner.run(main)
        return result, runner.get_loop().time()
