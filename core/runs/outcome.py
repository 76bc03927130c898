"""Why an unattended run ended, and whether that is a success."""

from dataclasses import dataclass
from enum import Enum

_ROWLESS_SHARE = 0.25
"""Share of the accepted tasks that may be without a row in a successful run. The method always loses some to
unclear labels and dropped instances: the built-in model an eighth at times."""
_FEW_ROWLESS = 1
"""Accepted tasks that may lack a row while more tasks have rows: in a short run, chance decides."""


class Ended(Enum):
    """Why an unattended run ended."""

    DONE = "done"
    ROWLESS = "rowless"
    """The target is reached, but too many accepted tasks have no row, or their requests are unfinished."""
    STAGE_FAILED = "stage failed"
    """The target is reached, but a stage has failed in all its requests, and there is no row."""
    LIMIT = "limit"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """Why an unattended run ended, with a sentence for the person."""

    ended: Ended
    sentence: str


def are_too_many_rowless(rowless: int, accepted: int) -> bool:
    """Whether so many of the accepted tasks have no row that a run which reached its target is no success."""
    is_half = 0 < accepted <= 2 * rowless
    return is_half or rowless > max(_FEW_ROWLESS, accepted * _ROWLESS_SHARE)
