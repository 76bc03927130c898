"""What an export wrote, and what it left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from selfinstruct.db.records import ExportedRow, TrainingRow

if TYPE_CHECKING:
    from selfinstruct.core.export.decontamination import Overlap


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of training rows."""

    path: Path
    part: str
    """`train` or `test`."""
    sha256: str
    instance_ids: Sequence[int] = field(repr=False)
    """The instances of its rows, in the order of the file."""
    digests: Sequence[bytes] = field(repr=False)
    """The hashes of their content, in the same order."""

    @property
    def rows(self) -> list[ExportedRow]:
        """What is remembered of its rows, in the order of the file."""
        return [ExportedRow(*pair) for pair in zip(self.instance_ids, self.digests, strict=True)]


@dataclass(frozen=True, slots=True)
class Contaminated:
    """A row that was left out, since it overlaps with an evaluation set."""

    row: TrainingRow
    overlap: "Overlap"


@dataclass(slots=True)
class Tally:
    """Counts of rows, kept up while they stream by."""

    of_model: int = 0
    """Rows of accepted tasks other than seeds."""
    of_seeds: int = 0
    conversations: int = 0
    """Left out, since the format has no place for several turns or a system prompt."""
    duplicates: int = 0
    """Left out as exact duplicates."""
    over_limit: int = 0
    """Left out, since their task has more instances than wanted."""
    unmatched: int = 0
    """Left out, since their task does not match the filter line."""
    unreviewed: int = 0
    """Left out, since no person has decided on them."""
    contaminated: list[Contaminated] = field(default_factory=list)
    with_thoughts: int = 0
    without_thoughts: int = 0
    formulas: int = 0
    """Cells of a table that a spreadsheet would treat as formulas, guarded or not."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export."""

    path: Path
    files: tuple[WrittenFile, ...]
    tally: Tally
    rows: int
    """The number of rows in all files."""
    beside: tuple[Path, ...] = ()
    """Files written beside the data: configurations, a card."""
    command: str | None = None
    """What starts the training, for a shell."""
