"""What a person may choose for an export."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

ThoughtsMode = Literal["keep", "separate", "strip"]
"""`keep`: before the output, between `<think>` tags. `separate`: in `TrainingRow.thoughts`. `strip`: none."""
Preference = Literal["dpo", "kto"]
"""Pairs of answers, or answers that are wanted or not."""
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
    """Seed for the order of rows, the split, and the layouts of `gpt3`."""
    where: str = ""
    """A filter line of the curator that the tasks must match; empty for all."""
    reviewed_only: bool = False
    """Whether to take only rows of which a person has decided on the task or on the row itself."""
    split: float | None = None
    """The share of rows for training, the others being for tests; None for one file."""
    decontaminate: tuple[str, ...] = ()
    """Files of evaluation sets, with which no row may overlap."""
    ngram: int = 8
    """The number of tokens in sequence that count as an overlap."""
    thoughts: ThoughtsMode = "strip"
    preference: Preference | None = None
    """What people decided on outputs, for preference optimization; None for supervised fine-tuning."""
    preference_by_filters: bool = False
    """Whether outputs that rules have dropped are undesirable too, for KTO."""
    provenance: bool = False
    """Whether to write where each row came from beside the data."""

    def given(self) -> dict[str, Any]:
        """Return the options that differ from the defaults, as JSON values."""
        usual = ExportOptions()
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != getattr(usual, name)
        }

    @classmethod
    def repeated(cls, given: Mapping[str, Any]) -> Self:
        """Return the options that `given` came from."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
        }
        return cls(**values)
