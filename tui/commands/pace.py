"""How fast a target comes nearer."""

from collections import deque

_WINDOW_S = 300.0
"""What was reached longer ago says little: with a fuller pool fewer candidates pass."""
_ENOUGH_S, _ENOUGH = 10.0, 5
"""From so long a time, and so many tasks gained in it, the time that is left can be told."""


class Pace:
    """Tasks reached by time, over the last minutes.

    Args:
        target: How many are to be reached; None: there is no target.
    """

    def __init__(self, target: int | None) -> None:
        self._target = target
        self._samples: deque[tuple[float, int]] = deque()

    def note(self, now: float, reached: int) -> None:
        """Note how many tasks are reached at a time, in seconds."""
        self._samples.append((now, reached))
        while len(self._samples) > 2 and now - self._samples[1][0] >= _WINDOW_S:
            self._samples.popleft()

    def told(self, now: float) -> list[str]:
        """Tasks a minute, and when the target is reached; nothing before that can be known.

        The answers that are still under way at `now` count as time, too.
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
            parts.append(f"ready in {duration((self._target - reached) / per_s)}")
        return parts


def duration(seconds: float) -> str:
    """A time in words, to the second."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
