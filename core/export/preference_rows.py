"""Rows of preference data."""

from dataclasses import dataclass

from selfinstruct.db.records import TrainingRow


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """Two outputs for one prompt, for direct preference optimization (DPO)."""

    row: TrainingRow
    """The row as it is exported otherwise."""
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class RatedRow:
    """An output and whether it is desirable, for Kahneman-Tversky optimization (KTO)."""

    row: TrainingRow
    label: bool
