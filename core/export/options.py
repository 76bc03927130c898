"""What a person may choose for an export."""

from dataclasses import dataclass
from typing import Literal

Join = Literal["blank-line", "line-break"]
"""What stands between instruction and input, where both become one text."""

JOINS: dict[Join, str] = {"blank-line": "\n\n", "line-break": "\n"}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """All that decides which bytes are exported from a workspace: the same options give the same bytes."""

    format: str = "messages"
    """The name of a format (see `selfinstruct.core.export.registry`); of no effect with a trainer."""
    trainer: str | None = None
    """The name of a trainer (see `selfinstruct.core.export.trainers.registry`), which has its own format."""
    include_seeds: bool = False
    max_instances: int | None = None
    """The most rows of a task; None for all."""
    system: str = ""
    """A system prompt for rows without one."""
    join: Join | None = None
    """None for the trainer's own, or a blank line."""
    layouts: str | None = None
    """The set of layouts, for a format that has several; None is its default."""
    guard_formulas: bool = False
    """Whether to prefix cells that spreadsheets would evaluate with an apostrophe."""
    rng_seed: int = 0
    """Seed for the order of rows, and for the layouts of `gpt3`."""
