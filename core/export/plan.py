"""The plan of an export: the format of its rows, its files by name, and whether its options go together."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.format_kinds import (
    ExportFormat,
    JsonFormat,
    ParquetFormat,
    SpreadsheetFormat,
)
from selfinstruct.core.export.options import JOINS, ExportOptions, Preference
from selfinstruct.core.export.parquet_file import require_parquet
from selfinstruct.core.export.registry import FORMATS, format_of
from selfinstruct.core.export.trainer_kinds import TEST, TRAIN, EncodePair, EncodeRated, Job, Trainer
from selfinstruct.core.export.trainers.registry import trainer_of

_README = "README.md"
_LONGEST = 255
"""Bytes of a file's name that file systems allow."""
_USUAL_FORMAT = ExportOptions().format
_THOUGHTS_APART = ("messages", "axolotl")
"""Formats and trainers whose messages have a field for thoughts."""
_FOLDER_FILES = {"train": TRAIN, "test": TEST}


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export writes: rows in a format, and files beside them."""

    format: ExportFormat
    trainer: Trainer | None
    join: str
    """What stands between instruction and input, where both become one text."""
    preference: Preference | None = None
    encode_pair: EncodePair | None = None
    encode_rated: EncodeRated | None = None
    provenance: bool = False
    decontaminates: bool = False

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

    def job(self, parts: Collection[str]) -> Job:
        """Return the training job for these parts."""
        return Job(self.preference or "sft", has_test="test" in parts)

    def configs(self, path: Path, parts: Collection[str]) -> dict[Path, str]:
        """Return the trainer's files beside the data with their texts.

        Args:
            path: The folder that a person named.
            parts: The parts of the rows.
        """
        if self.trainer is None or self.trainer.configs is None:
            return {}
        return {path / name: text for name, text in self.trainer.configs(self.job(parts)).items()}

    def card(self, path: Path) -> Path:
        """Return the file of the card."""
        return path / _README if self.is_folder else _beside(path, ".card.md")

    def provenance_file(self, path: Path, part: str) -> Path:
        """Return the file that says where the rows of a part came from."""
        if self.is_folder:
            return path / f"{part}.provenance.jsonl"
        return _beside(self.data_file(path, part), ".provenance.jsonl")

    def contaminated_file(self, path: Path) -> Path:
        """Return the file of the rows that overlap with an evaluation set."""
        return path / "contaminated.jsonl" if self.is_folder else _beside(path, ".contaminated.jsonl")

    def files(self, path: Path, parts: Sequence[str]) -> list[Path]:
        """Return every file that is written but the card, the data first."""
        data = [self.data_file(path, part) for part in parts]
        sources = [self.provenance_file(path, part) for part in parts] if self.provenance else []
        left_out = [self.contaminated_file(path)] if self.decontaminates else []
        return [*data, *self.configs(path, parts), *sources, *left_out]


def _beside(path: Path, ending: str) -> Path:
    """Return the name of a file that belongs to another one, shortened where that has a very long name."""
    name = path.name
    while len(f"{name}{ending}".encode(errors="surrogateescape")) > _LONGEST:
        name = name[:-1]
    return path.with_name(f"{name}{ending}")


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
    if options.thoughts == "separate" and chosen.name not in _THOUGHTS_APART:
        raise ExportError(
            f"{chosen.name} has no field for thoughts. Give --thoughts keep, which puts them before the"
            f" output, or --format {_THOUGHTS_APART[0]}."
        )
    if options.ngram < 1:
        raise ExportError("--ngram must be 1 or more.")
    encode_pair, encode_rated = _preference_encoders(options, trainer)
    own = "blank-line" if trainer is None else trainer.join
    return Plan(
        chosen,
        trainer,
        JOINS[options.join or own],
        preference=options.preference,
        encode_pair=encode_pair,
        encode_rated=encode_rated,
        provenance=options.provenance,
        decontaminates=bool(options.decontaminate),
    )


def _preference_encoders(
    options: ExportOptions, trainer: Trainer | None
) -> tuple[EncodePair | None, EncodeRated | None]:
    """Return how pairs and rated rows are written.

    Raises:
        ExportError: The format or the trainer takes none of what is wanted.
    """
    if options.preference is None:
        if options.preference_by_filters:
            raise ExportError("--preference-by-filters is for --preference kto. Leave it out, or give both.")
        return None, None
    if options.preference_by_filters and options.preference != "kto":
        raise ExportError("--preference-by-filters is for --preference kto. Pairs are people's edits only.")
    if trainer is None and options.format != _USUAL_FORMAT:
        raise ExportError(
            f"--preference has one format of its own, and {options.format} is another. Leave out --format, or"
            " give --for."
        )
    # The shapes of TRL, which most others read.
    trainer = trainer or trainer_of("trl")
    encoder = trainer.encode_pair if options.preference == "dpo" else trainer.encode_rated
    if encoder is None:
        raise ExportError(
            f"{trainer.name} does not train by {options.preference.upper()}. Choose another one."
        )
    return trainer.encode_pair, trainer.encode_rated


def _named(formats: Iterable[ExportFormat]) -> str:
    names = [one.name for one in formats]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
