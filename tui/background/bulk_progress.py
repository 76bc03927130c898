"""Progress and cancellation of bulk steps, which change hundreds of tasks at once."""

import time
from collections.abc import Callable

_REPORT_S = 0.25
"""Minimum seconds between two reports; drawing takes time too."""


class BulkProgress:
    """Progress of a bulk step, and whether the person has stopped it.

    Args:
        doing: Description of the step, such as "Accepting 5,000 tasks".
        stop_key: The key that stops the step, as displayed.
        tell: Called from time to time with a sentence for the message line.
        stop: Called when the person stops the step.
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
        """Whether the person has stopped the step."""

    def progress(self, done: float) -> None:
        """Record the completed fraction, 0 to 1."""
        self._done = done
        if time.monotonic() - self._told_at >= _REPORT_S:
            self._say()

    def stop(self) -> None:
        """Stop the step; everything done so far is kept."""
        self.stopped = True
        self._stop()

    def refuse(self, what: str) -> None:
        """Report that another action has to wait until the step ends."""
        self._rest = f" {what} has to wait until then."
        self._say()

    def _say(self) -> None:
        self._told_at = time.monotonic()
        self._tell(f"{self._doing}: {self._done:.0%} done. {self._stop_key} stops here.{self._rest}")
