"""How many tasks a propose request yields, and how many requests a round of jobs needs for a target."""

from collections import deque

from selfinstruct.db.records import Request

_AT_FIRST = 6.0
"""Tasks that the first propose requests yield: of 8 that one asks for, the filters take some."""
_AT_LEAST = 0.5
"""The lowest yield that is planned with, so that a round of duplicates is not followed by a huge one."""
_RECENT = 100
"""The propose requests that count: as the pool fills, each yields less."""
_MARGIN = 1.25
"""What is planned beyond the tasks that are missing: a few requests cost less than another round's day."""


class Yield:
    """The tasks that propose requests have yielded in a run.

    Args:
        reached: The number of tasks of the target when it began.
        target: The target; None if any number of requests is wanted, as where only a few are out at once. A
            round of jobs has room for many times what a target needs.
    """

    def __init__(self, reached: int, target: int | None) -> None:
        self._reached = reached
        self._target = target
        self._gained: deque[int] = deque(maxlen=_RECENT)

    def note(self, request: Request, reached: int) -> None:
        """Note a processed request, and the number of tasks of the target since then."""
        if request.stage == "propose" and request.state == "parsed":
            self._gained.append(0)
        if self._gained:
            self._gained[-1] += reached - self._reached
        self._reached = reached

    def is_enough(self, out: int) -> bool:
        """Whether `out` propose requests will probably yield the tasks that the target lacks."""
        if self._target is None:
            return False
        each = _AT_FIRST
        if self._gained:
            each = max(_AT_LEAST, sum(self._gained) / len(self._gained))
        return out * each >= _MARGIN * (self._target - self._reached)
