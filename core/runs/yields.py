"""How many tasks a propose request yields, and how many requests a round of jobs needs for a target."""

from selfinstruct.db.records import Request

_AT_FIRST = 6.0
"""Tasks that the first propose requests yield: of 8 that one asks for, the filters take some."""
_AT_LEAST = 0.5
"""The lowest yield that is planned with, so that a round of duplicates is not followed by a huge one."""


class Yield:
    """The tasks that propose requests have yielded in a run.

    Args:
        reached: The number of tasks of the target when it began.
    """

    def __init__(self, reached: int) -> None:
        self._before = self._reached = reached
        self._processed = 0

    def note(self, request: Request, reached: int) -> None:
        """Note a processed request, and the number of tasks of the target since then."""
        self._processed += request.stage == "propose" and request.state == "parsed"
        self._reached = reached

    def is_enough(self, out: int, missing: int) -> bool:
        """Whether `out` propose requests will probably yield the tasks that are missing."""
        each = _AT_FIRST
        if self._processed:
            each = max(_AT_LEAST, (self._reached - self._before) / self._processed)
        return out * each >= missing
