"""The plan of an export: the format of its rows, its files by name, and whether its options go together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.format_kinds import (
    ExportFormat,
    JsonFormat,
    ParquetFormat,
    SpreadsheetFormat,
)
from selfinstruct.core.export.hub_readme import hub_readme
from selfinstruct.core.export.options import JOINS, ExportOptions
from selfinstruct.core.export.parquet_file import require_parquet
from selfinstruct.core.export.registry import FORMATS, format_of
from selfinstruct.core.export.trainer_kinds import TEST, TRAIN, Job, Trainer
from selfinstruct.core.export.trainers.registry import trainer_of

_README = "README.md"
_FOLDER_FILES = {"train": TRAIN, "test": TEST}


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export writes: rows in a format, and files beside them."""

    format: ExportFormat
    trainer: Trainer | None
    join: str
    """What stands between instruction and input, where both become one text."""

    @property
    def is_folder(self) -> bool:
        """Whether it writes a folder."""
        if self.trainer is not None:
            return self.trainer.is_folder
        return isinstance(self.format, ParquetFormat) and self.format.is_folder

    def data_file(self, path: Path, part: str) -> Path:
        """Return the file of a part's rows.

        Args:
            path: The file or folder that a person named.
            part: `train` or `test`.
        """
        if not self.is_folder:
            return path if part == "train" else path.with_name(f"{path.stem}.{part}{path.suffix}")
        if self.trainer is None:
            return path / "data" / f"{part}-00000-of-00001.parquet"
        return path / _FOLDER_FILES[part]

    def beside(self, path: Path, rows: Mapping[str, int]) -> dict[Path, str]:
        """Return the files beside the data with their texts.

        Args:
            path: The folder that a person named.
            rows: The number of rows of each part.
        """
        if not self.is_folder:
            return {}
        if self.trainer is None:
            return {path / _README: hub_readme(rows)}
        assert self.trainer.configs is not None
        texts = self.trainer.configs(Job(has_test="test" in rows))
        return {path / name: text for name, text in texts.items()}

    def files(self, path: Path, parts: Sequence[str]) -> list[Path]:
        """Return every file that is written, the data first."""
        data = [self.data_file(path, part) for part in parts]
        return [*data, *self.beside(path, dict.fromkeys(parts, 0))]


def plan_of(options: ExportOptions) -> Plan:
    """Return the plan for the options.

    Raises:
        ExportError: A name is unknown, options do not go together, or a package is missing.
    """
    trainer = None if options.trainer is None else trainer_of(options.trainer)
    if trainer is None:
        chosen = format_of(options.format, options.layouts)
    elif options.layouts is not None:
        raise ExportError(
            f"{trainer.name} has one layout. Leave out --layouts, or give it with --format gpt3."
        )
    else:
        chosen = JsonFormat(trainer.name, trainer.about, trainer.encode, holds_conversations=True, joins=True)
    if options.max_instances is not None and options.max_instances < 1:
        raise ExportError("--max-instances must be 1 or more.")
    if options.system and not chosen.holds_conversations:
        raise ExportError(
            f"{chosen.name} has no place for a system prompt. Leave out --system, or give --format"
            f" {_named(one for one in FORMATS if one.holds_conversations)}."
        )
    if options.join is not None and not chosen.joins:
        raise ExportError(f"{chosen.name} keeps instruction and input apart. Leave out --join.")
    if options.guard_formulas:
        if not isinstance(chosen, SpreadsheetFormat):
            tables = _named(one for one in FORMATS if isinstance(one, SpreadsheetFormat))
            raise ExportError(
                f"--guard-formulas is for spreadsheets. Combine it with --format {tables}, or leave it out."
            )
        chosen = replace(chosen, guards_formulas=True)
    if isinstance(chosen, ParquetFormat):
        require_parquet()
    own = "blank-line" if trainer is None else trainer.join
    return Plan(chosen, trainer, JOINS[options.join or own])


def _named(formats: Iterable[ExportFormat]) -> str:
    names = [one.name for one in formats]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
