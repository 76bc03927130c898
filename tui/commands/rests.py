"""What unattended work says while it waits: of rests between attempts, and of an endpoint that is silent."""

from selfinstruct.core.events import RequestDelayed
from selfinstruct.tui.commands.pace import duration
from selfinstruct.tui.text.safe_text import many

UNTOLD_S = 10.0
"""Seconds up to which a rest is not worth a line."""
UNHEARD_S = 30.0
"""Seconds without news of any request after which a line says so."""


class Rests:
    """Tells of the rests between attempts.

    An endpoint that throttles delays every request in flight; the first one speaks for all that wait with it.
    """

    def __init__(self) -> None:
        self._until = 0.0

    def told(self, delayed: RequestDelayed, now: float) -> str | None:
        """Return a line for a rest that begins at `now`, in seconds; None if it is short or already told."""
        if delayed.wait_s <= UNTOLD_S or now < self._until:
            return None
        self._until = now + delayed.wait_s
        return (
            f"Waiting {duration(delayed.wait_s)}, then attempt {delayed.attempt} of {delayed.attempts} of"
            f" request {delayed.request_id}: {delayed.sentence}"
        )


class Silence:
    """Tells that nothing comes from an endpoint, at intervals that double: a slow model is not a fault."""

    def __init__(self, now: float) -> None:
        self._heard = now
        self._told_after = UNHEARD_S

    def heard(self, now: float) -> None:
        """Note news of a request; during a rest, when it will end. Times are in seconds."""
        self._heard = max(self._heard, now)

    def told(self, now: float, *, under_way: int, timeout_s: float) -> str | None:
        """Return a line if nothing has been heard of the requests under way for long; else None."""
        silent = now - self._heard
        if not under_way or silent < self._told_after:
            return None
        self._told_after = 2 * silent
        return (
            f"No answer for {duration(silent)}, {many(under_way, 'request')} in flight. Each may take"
            f" {duration(timeout_s)} (timeout_s in the settings), and is then sent again."
        )
