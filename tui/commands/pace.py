"""The pace of unattended work, and the estimated time left."""

from collections import deque

_WINDOW_S = 300.0
"""Sliding window in seconds; older samples mislead, since fewer candidates pass as the pool fills."""
_ENOUGH_S, _ENOUGH = 10.0, 5
"""Seconds, and tasks gained in them, that an estimate needs at least."""


class Pace:
    """Tasks reached per time, over a sliding window.

    Args:
        target: Number of tasks to reach; None if there is no target.
    """

    def __init__(self, target: int | None) -> None:
        self._target = target
        self._samples: deque[tuple[float, int]] = deque()

    def note(self, now: float, reached: int) -> None:
        """Record the number of tasks reached at a time, in seconds."""
        self._samples.append((now, reached))
        while len(self._samples) > 2 and now - self._samples[1][0] >= _WINDOW_S:
            self._samples.popleft()

    def told(self, now: float) -> list[str]:
        """Return the tasks per minute and the estimated time left, as far as they can be estimated.

        The time up to `now` counts too, since answers are in flight.
        """
        if not self._samples:
            return []
        (began, before), (_, reached) = self._samples[0], self._samples[-1]
        elapsed, gained = now - began, reached - before
        if elapsed < _ENOUGH_S:
            return []
        per_s = gained / elapsed
        parts = [f"{60 * per_s:.0f} a minute"]
        if self._target and gained >= _ENOUGH and reached < self._target:
            parts.append(f"about {duration((self._target - reached) / per_s)} left")
        return parts


def duration(seconds: float) -> str:
    """Format a duration, to the second."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
