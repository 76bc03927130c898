"""Rests of unattended work: how long, why and which attempt follows, one line for each."""

from selfinstruct.core.events import RequestDelayed
from selfinstruct.tui.commands.pace import duration

UNTOLD_S = 10.0
"""Seconds up to which a rest is not worth a line."""


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
