"""Export of training files: rows are selected, encoded, and written atomically.

Rows stream from the workspace into a spool, each encoded as it will be written, and from there in random
order into the files: memory holds none of their texts.
"""

import random
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

from selfinstruct.core.errors import ExportError, TargetExistsError
from selfinstruct.core.export.checks import RowChecks
from selfinstruct.core.export.encoded_rows import RowSource
from selfinstruct.core.export.exported import Exported, Tally, WrittenFile
from selfinstruct.core.export.format_kinds import JsonFormat, ParquetFormat, SpreadsheetFormat
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.export.parquet_file import write_parquet
from selfinstruct.core.export.plan import Plan, plan_of
from selfinstruct.core.export.sidecars import (
    card_text,
    contaminated_lines,
    is_card,
    provenance_lines,
    write_lines,
)
from selfinstruct.core.export.spool import Spool
from selfinstruct.core.export.style import Style
from selfinstruct.core.export.targets import check_targets
from selfinstruct.db.atomic_file import writing
from selfinstruct.db.missing import not_written
from selfinstruct.db.records import Message, TrainingRow
from selfinstruct.db.workspace import Workspace

STANDARD_OUTPUT = Path("-")

CheckRows = Callable[[Iterator[Sequence[Message]]], None]
"""Looks at the messages of each row, and raises what is wrong with them."""

_PREFERENCES = {"dpo": ("pairs", "edited"), "kto": ("rated rows", "edited, added or dropped")}
_NEAR = 0.7
"""The ROUGE-L of instructions that are near-duplicates, none of which may be in both parts of a split."""
_BUFFER = 1 << 20
"""Bytes that are written at once."""


@dataclass(frozen=True, slots=True)
class _Collected:
    """The rows of an export, encoded."""

    plan: Plan
    spool: Spool
    rows: Sequence[TrainingRow]
    """Without their texts."""
    digests: list[bytes]
    parts: Mapping[str, Sequence[int]]
    """For each file, the numbers of its rows in order."""
    tally: Tally
    checks: RowChecks | None

    def write(self, file: BinaryIO, path: Path, part: str) -> None:
        rows = self.spool.read(self.parts[part])
        if isinstance(self.plan.format, ParquetFormat):
            write_parquet(file, rows)
        else:
            file.writelines(self.plan.format.frame(path).around(rows))

    def rows_of(self, part: str) -> list[TrainingRow]:
        return [self.rows[number] for number in self.parts[part]]


def write_export(
    workspace: Workspace,
    path: Path,
    options: ExportOptions,
    *,
    at: str,
    force: bool = False,
    check: CheckRows | None = None,
) -> Exported:
    """Write the kept instances of accepted tasks, shuffled, without exact duplicates (section 2.3).

    JSON formats write an array if the path ends in `.json`, otherwise JSON Lines. A data-set card is written
    beside the data. The workspace remembers the export, unless it cannot be written to.

    Args:
        workspace: The source of the rows.
        path: The file or folder to write.
        options: What decides on the content.
        at: The current time, as ISO 8601 text.
        force: Whether to replace existing files.
        check: Looks at the messages of all rows before anything is written, and raises what is wrong.

    Raises:
        TargetExistsError: A file exists, and `force` is not set.
        ExportError: Options do not go together, the path cannot be used, the trainer would refuse rows, a
            file cannot be written, or without any row one would be replaced by an empty one.
    """
    plan = plan_of(options)
    parts = ["train"] if options.split is None else ["train", "test"]
    try:
        check_targets(path, plan, parts, workspace, force=force)
        with (
            _folders(path, plan) as folder,
            _collected(workspace, plan, options, folder, check) as rows,
        ):
            first = plan.data_file(path, "train")
            if not rows.digests and first.is_file() and first.stat().st_size:
                raise ExportError(f"There are no rows to export yet; {first} was left unchanged.")
            exported = _write(workspace, path, rows, options, at=at, force=force)
    except FileExistsError:
        raise TargetExistsError(path) from None
    except OSError as error:
        raise ExportError(not_written(path, error, "choose another place")) from error
    if not workspace.read_only:
        for file in exported.files:
            workspace.exports.add(
                str(file.path),
                format_name=options.trainer or options.format,
                options=options.given(),
                rows=file.rows,
                sha256=file.sha256,
                at=at,
                person=workspace.decisions.person,
            )
    return exported


def stream_export(
    workspace: Workspace, stream: BinaryIO, options: ExportOptions, check: CheckRows | None = None
) -> Exported:
    """Write one file of rows to a stream, such as standard output, and nothing beside it.

    Raises:
        ExportError: As for `write_export`, or several files would be written.
        OSError: The stream cannot be written to.
    """
    plan = plan_of(options)
    if plan.is_folder:
        raise ExportError(f"{plan.format.name} is a folder with several files. Choose its name with --out.")
    if options.split is not None or options.provenance:
        raise ExportError("Standard output takes one file. Choose the name of a file with --out.")
    with _collected(workspace, plan, options, None, check) as rows:
        rows.write(stream, STANDARD_OUTPUT, "train")
        return Exported(STANDARD_OUTPUT, (), rows.tally, len(rows.digests))


@contextmanager
def _folders(path: Path, plan: Plan) -> Iterator[Path]:
    """Create the folders of an export, and remove them if it fails; yields one that is there."""
    wanted = [path, path / "data"] if plan.is_folder else []
    made = [folder for folder in wanted if not folder.is_dir()]
    try:
        for folder in made:
            folder.mkdir()
        yield wanted[-1] if wanted else path.parent
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def _collected(
    workspace: Workspace,
    plan: Plan,
    options: ExportOptions,
    folder: Path | None,
    check: CheckRows | None,
) -> Iterator[_Collected]:
    """Read and encode the rows, and check them by the rules of the trainer."""
    tally, rows, digests = Tally(), list[TrainingRow](), list[bytes]()
    checks = None if plan.trainer is None else RowChecks(plan.trainer, plan.preference or "sft")
    table = plan.format if isinstance(plan.format, SpreadsheetFormat) else None
    source = RowSource(workspace, plan, options)
    instructions: list[TrainingRow] = []
    with Spool(folder) as spool:
        with workspace.one_moment():
            style = Style(
                plan.join,
                _has_conversations(workspace, plan, options),
                options.thoughts == "separate",
                random.Random(options.rng_seed),
            )
            if check is not None:
                check(style.messages(row) for row, _ in source.chosen(Tally()))
            for one in source.encoded(style, tally):
                if checks is not None:
                    checks.see(len(digests), one.row)
                if table is not None:
                    tally.formulas += table.formulas(one.row)
                spool.add(one.text)
                digests.append(one.digest)
                rows.append(
                    replace(one.row, instruction="", input="", output="", conversation=None, thoughts="")
                )
                if options.split is not None:
                    instructions.append(replace(rows[-1], instruction=one.row.instruction))
        if not digests and options.preference is not None:
            what, how = _PREFERENCES[options.preference]
            raise ExportError(f"There are no {what}: nobody has {how} an output of these tasks.")
        parts = _parts(instructions, len(digests), options, source.language)
        if checks is not None:
            checks.refuse(parts)
        yield _Collected(plan, spool, rows, digests, parts, tally, checks)


def _parts(
    rows: Sequence[TrainingRow], number: int, options: ExportOptions, language: str
) -> dict[str, Sequence[int]]:
    """Return the numbers of the rows of each file, in random order.

    Args:
        rows: The rows with their instructions, if they are split.
        number: How many there are.
        options: What a person has chosen.
        language: The code of their language.

    Raises:
        ExportError: There is no such split.
    """
    order = array("Q", range(number))
    random.Random(options.rng_seed).shuffle(order)
    if options.split is None:
        return {"train": order}
    from selfinstruct.core.export.split import tasks_for_test  # noqa: PLC0415 - imports NumPy and RapidFuzz

    test = tasks_for_test(rows, options.split, seed=options.rng_seed, near=_NEAR, language=language)
    return {
        "train": array("Q", (one for one in order if rows[one].task_id not in test)),
        "test": array("Q", (one for one in order if rows[one].task_id in test)),
    }


def _has_conversations(workspace: Workspace, plan: Plan, options: ExportOptions) -> bool:
    if not isinstance(plan.format, JsonFormat) or not plan.format.depends_on_conversations:
        return False
    return bool(options.system) or workspace.instances.has_conversations(include_seeds=options.include_seeds)


def _write(
    workspace: Workspace, path: Path, rows: _Collected, options: ExportOptions, *, at: str, force: bool
) -> Exported:
    """Write all files under temporary names, and then rename them."""
    plan, files, beside = rows.plan, list[WrittenFile](), list[Path]()
    with ExitStack() as renamed_at_the_end:
        for file, text in plan.configs(path, rows.parts).items():
            write_lines(renamed_at_the_end, file, iter([text]), force=force)
            beside.append(file)
        if plan.decontaminates:
            target = plan.contaminated_file(path)
            write_lines(renamed_at_the_end, target, contaminated_lines(rows.tally.contaminated), force=force)
            beside.append(target)
        for part, order in rows.parts.items():
            target = plan.data_file(path, part)
            part_file = renamed_at_the_end.enter_context(writing(target, force=force))
            with part_file.open("wb", buffering=_BUFFER) as written:
                rows.write(written, target, part)
            if rows.checks is not None:
                rows.checks.refuse_size(part_file.stat().st_size)
            with part_file.open("rb") as finished:
                sha256 = file_digest(finished, "sha256").hexdigest()
            ids = array("q", (rows.rows[one].instance_id or 0 for one in order))
            files.append(WrittenFile(target, part, sha256, ids, [rows.digests[one] for one in order]))
            if plan.provenance:
                target = plan.provenance_file(path, part)
                lines = provenance_lines(workspace, rows.rows_of(part))
                write_lines(renamed_at_the_end, target, lines, force=force)
                beside.append(target)
        folder = path if plan.is_folder and plan.trainer is None else None
        card = plan.card(path)
        part_file = renamed_at_the_end.enter_context(writing(card, force=force or is_card(card)))
        text = card_text(workspace, path.stem, files, rows.rows, options.given(), at=at, folder=folder)
        part_file.write_text(text, encoding="utf-8", newline="")
        beside.append(card)
    return Exported(
        path,
        tuple(files),
        rows.tally,
        len(rows.digests),
        tuple(beside),
        None if plan.trainer is None else plan.trainer.command(plan.job(rows.parts), path),
    )
