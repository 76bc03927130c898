"""Rows of preference data: pairs of answers, and answers that are wanted or not."""

from dataclasses import dataclass

from selfinstruct.db.records import TrainingRow


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """Two answers to one question, for DPO."""

    row: TrainingRow
    """The question; its output is of no effect."""
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class RatedRow:
    """An answer to a question, for KTO."""

    row: TrainingRow
    """The question, and the answer as its output."""
    label: bool
    """Whether the answer is wanted."""
