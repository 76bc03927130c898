"""What is known of a trainer: the shapes that it reads, its rules, its configuration and its command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from selfinstruct.core.export.format_kinds import Encode, Record
from selfinstruct.core.export.options import Join
from selfinstruct.core.export.preference_rows import PreferencePair, RatedRow
from selfinstruct.core.export.style import Style

Objective = Literal["sft", "dpo", "kto"]
"""Supervised fine-tuning, or one of two ways of learning from preferences."""

EncodePair = Callable[[PreferencePair, Style], Record]
EncodeRated = Callable[[RatedRow, Style], Record]

MODEL = "Qwen/Qwen2.5-0.5B-Instruct"
"""The model in every configuration: small, widely known, with a chat template."""

TRAIN, TEST = "data/train.jsonl", "data/test.jsonl"
"""The files of rows, in the folder of an export that has a configuration."""


@dataclass(frozen=True, slots=True)
class Job:
    """A training job to be described."""

    objective: Objective = "sft"
    has_test: bool = False
    """Whether there are rows apart, to evaluate the model with."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a trainer refuses, or skips without a word."""

    min_rows: int = 1
    max_rows: int | None = None
    max_bytes: int | None = None
    alternates: bool = False
    """Whether user and assistant must take turns."""
    one_turn: frozenset[Objective] = frozenset()
    """Objectives for which a row must be one question with one answer."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """A trainer, or a service that trains.

    No row has a key beside those that are trained on, and every row has the same keys.
    """

    name: str
    about: str
    """What is written for it, for the help of `--for`."""
    encode: Encode
    """Converts a row for supervised fine-tuning."""
    command: Callable[[Job, Path], str]
    """Returns what starts the training, given the exported file or folder."""
    configs: Callable[[Job], Mapping[str, str]] | None = None
    """Returns the files beside the data, by name; None if there are none, and the data is one file."""
    encode_pair: EncodePair | None = None
    """None if it does not train on pairs of answers."""
    encode_rated: EncodeRated | None = None
    """None if it does not train on answers that are wanted or not."""
    join: Join = "blank-line"
    """How it joins instruction and input itself."""
    rules: Rules = Rules()

    @property
    def is_folder(self) -> bool:
        """Whether an export for it is a folder."""
        return self.configs is not None
