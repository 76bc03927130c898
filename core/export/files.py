"""Export of training files: rows are selected, encoded, and written atomically.

Rows stream from the workspace into a spool, each encoded as it will be written, and from there in random
order into the files: memory holds none of their texts.
"""

import random
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

from selfinstruct.core.errors import ExportError, TargetExistsError
from selfinstruct.core.export.checks import RowChecks
from selfinstruct.core.export.exported import Exported, Tally, WrittenFile
from selfinstruct.core.export.format_kinds import JsonFormat, ParquetFormat, SpreadsheetFormat
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.export.parquet_file import write_parquet
from selfinstruct.core.export.plan import Plan, plan_of
from selfinstruct.core.export.selection import selected
from selfinstruct.core.export.spool import Spool
from selfinstruct.core.export.style import Style
from selfinstruct.core.export.targets import check_targets
from selfinstruct.core.export.trainer_kinds import Job
from selfinstruct.db.atomic_file import writing
from selfinstruct.db.missing import not_written
from selfinstruct.db.workspace import Workspace

STANDARD_OUTPUT = Path("-")

_BUFFER = 1 << 20
"""Bytes that are written at once."""


@dataclass(frozen=True, slots=True)
class _Collected:
    """The rows of an export, encoded."""

    plan: Plan
    spool: Spool
    instance_ids: "array[int]"
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


def write_export(
    workspace: Workspace, path: Path, options: ExportOptions, *, force: bool = False
) -> Exported:
    """Write the kept instances of accepted tasks, shuffled, without exact duplicates (section 2.3).

    JSON formats write an array if the path ends in `.json`, otherwise JSON Lines.

    Args:
        workspace: The source of the rows.
        path: The file or folder to write.
        options: What decides on the content.
        force: Whether to replace existing files.

    Raises:
        TargetExistsError: A file exists, and `force` is not set.
        ExportError: Options do not go together, the path cannot be used, the trainer would refuse rows, a
            file cannot be written, or without any row one would be replaced by an empty one.
    """
    plan = plan_of(options)
    try:
        check_targets(path, plan, ["train"], workspace, force=force)
        with _folders(path, plan) as folder, _collected(workspace, plan, options, folder) as rows:
            first = plan.data_file(path, "train")
            if not rows.digests and first.is_file() and first.stat().st_size:
                raise ExportError(f"There are no rows to export yet; {first} was left unchanged.")
            return _write(path, rows, force=force)
    except FileExistsError:
        raise TargetExistsError(path) from None
    except OSError as error:
        raise ExportError(not_written(path, error, "choose another place")) from error


def stream_export(workspace: Workspace, stream: BinaryIO, options: ExportOptions) -> Exported:
    """Write one file of rows to a stream, such as standard output.

    Raises:
        ExportError: As for `write_export`, or several files would be written.
        OSError: The stream cannot be written to.
    """
    plan = plan_of(options)
    if plan.is_folder:
        raise ExportError(f"{plan.format.name} is a folder with several files. Choose its name with --out.")
    with _collected(workspace, plan, options, None) as rows:
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
    workspace: Workspace, plan: Plan, options: ExportOptions, folder: Path | None
) -> Iterator[_Collected]:
    """Read and encode the rows, and check them by the rules of the trainer."""
    tally, instance_ids, digests = Tally(), array("q"), list[bytes]()
    checks = None if plan.trainer is None else RowChecks(plan.trainer)
    line, table = plan.format.line, plan.format if isinstance(plan.format, SpreadsheetFormat) else None
    with Spool(folder) as spool:
        with workspace.one_moment():
            style = Style(
                plan.join, _has_conversations(workspace, plan, options), random.Random(options.rng_seed)
            )
            for row, digest in selected(
                workspace, options, tally, holds_conversations=plan.format.holds_conversations
            ):
                if checks is not None:
                    checks.see(len(digests), row)
                if table is not None:
                    tally.formulas += table.formulas(row)
                spool.add(line(row, style))
                assert row.instance_id is not None
                instance_ids.append(row.instance_id)
                digests.append(digest)
        order = array("Q", range(len(digests)))
        random.Random(options.rng_seed).shuffle(order)
        parts = {"train": order}
        if checks is not None:
            checks.refuse(parts)
        yield _Collected(plan, spool, instance_ids, digests, parts, tally, checks)


def _has_conversations(workspace: Workspace, plan: Plan, options: ExportOptions) -> bool:
    if not isinstance(plan.format, JsonFormat) or not plan.format.depends_on_conversations:
        return False
    return bool(options.system) or workspace.instances.has_conversations(include_seeds=options.include_seeds)


def _write(path: Path, rows: _Collected, *, force: bool) -> Exported:
    """Write all files under temporary names, and then rename them."""
    plan, files = rows.plan, list[WrittenFile]()
    beside = plan.beside(path, {part: len(order) for part, order in rows.parts.items()})
    with ExitStack() as renamed_at_the_end:
        for file, text in beside.items():
            part_file = renamed_at_the_end.enter_context(writing(file, force=force))
            part_file.write_text(text, encoding="utf-8", newline="")
        for part, order in rows.parts.items():
            target = plan.data_file(path, part)
            part_file = renamed_at_the_end.enter_context(writing(target, force=force))
            with part_file.open("wb", buffering=_BUFFER) as written:
                rows.write(written, target, part)
            if rows.checks is not None:
                rows.checks.refuse_size(part_file.stat().st_size)
            with part_file.open("rb") as finished:
                sha256 = file_digest(finished, "sha256").hexdigest()
            ids = array("q", (rows.instance_ids[one] for one in order))
            digests = [rows.digests[one] for one in order]
            files.append(WrittenFile(target, part, sha256, ids, digests))
    job = Job(has_test="test" in rows.parts)
    return Exported(
        path,
        tuple(files),
        rows.tally,
        len(rows.digests),
        tuple(beside),
        None if plan.trainer is None else plan.trainer.command(job, path),
    )
