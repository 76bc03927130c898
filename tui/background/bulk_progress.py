"""A step on hundreds of tasks, told of while it is carried out."""

import time
from collections.abc import Callable

_TELL_S = 0.25
"""How often it is told of: drawing takes time too."""


class BulkProgress:
    """How far a step has come, and whether a person has stopped it.

    Args:
        doing: What is done, as "Accepting 5,000 tasks".
        stop_key: The key that stops it, as people write it.
        tell: Given a sentence for the message line, now and then.
        stop: Called when a person stops it.
    """

    def __init__(
        self, doing: str, stop_key: str, *, tell: Callable[[str], None], stop: Callable[[], None]
    ) -> None:
        self._doing = doing
        self._stop_key = stop_key
        self._tell = tell
        self._stop = stop
        self._done = 0.0
        self._told_at = 0.0
        self._rest = ""
        self.stopped = False
        """Whether a person has asked for its end."""

    def progress(self, done: float) -> None:
        """Note how much is done, 0 to 1."""
        self._done = done
        if time.monotonic() - self._told_at >= _TELL_S:
            self._say()

    def stop(self) -> None:
        """End it after what is done of it."""
        self.stopped = True
        self._stop()

    def refuse(self, what: str) -> None:
        """Say that something has to wait for its end."""
        self._rest = f" {what} has to wait until then."
        self._say()

    def _say(self) -> None:
        self._told_at = time.monotonic()
        self._tell(f"{self._doing}: {self._done:.0%} done. {self._stop_key} stops after that.{self._rest}")
