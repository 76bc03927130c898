"""Training files: written whole or not at all."""

import csv
import io
import json
import os
import random
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from selfinstruct.core.errors import ExportError
from selfinstruct.db.records import TrainingRow
from selfinstruct.db.workspace import Workspace

ExportFormat = Literal["gpt3", "alpaca", "messages", "csv"]

_CSV_COLUMNS = ("instruction", "input", "output")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that spreadsheets take for a formula, or skip to find one."""
_LONGEST_PREFIX = 50
"""Characters of a name that are in that of the temporary file, which must not be too long."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    path: Path
    rows: int
    of_model: int
    """Rows of accepted tasks that are no seeds."""
    of_seeds: int
    duplicates: int
    """Rows left out because the very same one is there."""
    formulas: int = 0
    """Cells of a CSV file that a spreadsheet would take for formulas, guarded or not."""


def write_export(
    workspace: Workspace,
    path: Path,
    export_format: ExportFormat,
    *,
    include_seeds: bool,
    rng_seed: int,
    force: bool,
    guard_formulas: bool = False,
) -> Exported:
    """Write the kept instances of accepted tasks to `path`, shuffled, without exact duplicates (section 2.3).

    The same workspace and `rng_seed` give the same file. A path that ends in .json gets one array when
    the format is `alpaca`; all else but `csv` is JSON Lines.

    Args:
        workspace: Where the rows come from.
        path: Where they go.
        export_format: How a row is written.
        include_seeds: Whether the seed tasks are among them.
        rng_seed: Decides the order, and the layouts of `gpt3`.
        force: Whether a file that is there is replaced.
        guard_formulas: Whether cells of CSV that spreadsheets would run begin with an apostrophe.

    Raises:
        ExportError: the file is there and `force` is not given, or it cannot be written.
    """
    if str(path) == "-":
        raise ExportError("Nothing is written to standard output. Give --out the name of a file.")
    if path.is_dir():
        raise ExportError(f"{path} is a folder. Give --out the name of a file in it.")
    if path.exists() and path.samefile(workspace.path):
        raise ExportError(f"{path} is the workspace itself. Give --out another name.")
    if _is_beside(path, workspace.path):
        raise ExportError(f"{path} belongs to the workspace. Give --out another name.")
    if path.exists() and not path.is_file():
        raise ExportError(f"{path} is not an ordinary file. Give --out another name.")
    if (path.exists() or path.is_symlink()) and not force:
        raise _there_already(path)
    rng = random.Random(rng_seed)
    rows = list(workspace.instances.training_rows(include_seeds=include_seeds))
    unique = list({(row.instruction, row.input, row.output): row for row in reversed(rows)}.values())[::-1]
    rng.shuffle(unique)
    if export_format == "csv":
        text = _csv(unique, guard=guard_formulas)
    else:
        records = [encode(row, export_format, rng) for row in unique]
        as_array = export_format == "alpaca" and path.suffix.lower() == ".json"
        text = _array(records) if as_array else "".join(f"{_json(record)}\n" for record in records)
    _write_whole(path, text, force=force)
    formulas = sum(_is_formula(cell) for row in unique for cell in (row.instruction, row.input, row.output))
    of_seeds = sum(row.origin == "seed" for row in unique)
    return Exported(
        path,
        len(unique),
        len(unique) - of_seeds,
        of_seeds,
        len(rows) - len(unique),
        formulas if export_format == "csv" else 0,
    )


Record = dict[str, str] | dict[str, list[dict[str, str]]]


def encode(
    row: TrainingRow, export_format: Literal["gpt3", "alpaca", "messages"], rng: random.Random
) -> Record:
    """One row as the trainer takes it; `rng` chooses among the layouts of `gpt3`."""
    if export_format == "alpaca":
        return {"instruction": row.instruction, "input": row.input, "output": row.output}
    if export_format == "messages":
        asked = f"{row.instruction}\n\n{row.input}" if row.input else row.instruction
        return {
            "messages": [
                {"role": "user", "content": asked},
                {"role": "assistant", "content": row.output},
            ]
        }
    return _gpt3(row, rng)


def _gpt3(row: TrainingRow, rng: random.Random) -> Record:
    """A prompt in one of several layouts, so that a model does not come to rely on one (section 2.3).

    With and without "Task:", "Input:" and "Output:", with one or two line breaks between the parts.
    """
    gap = rng.choice(["\n", "\n\n"])
    parts = [rng.choice(["Task: ", ""]) + row.instruction]
    if row.input:
        parts.append(rng.choice(["Input: ", ""]) + row.input)
    if rng.random() < 0.5:
        return {"prompt": gap.join([*parts, "Output:"]), "completion": f" {row.output}"}
    return {"prompt": gap.join(parts) + gap, "completion": row.output}


def _json(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False)


def _array(records: Iterable[Record]) -> str:
    body = ",\n".join(f"  {_json(record)}" for record in records)
    return f"[\n{body}\n]\n" if body else "[]\n"


def _csv(records: Iterable[TrainingRow], *, guard: bool) -> str:
    """A header and a row for each record, all cells in quotes: RFC 4180 but for its line ends.

    Quotes around every cell, since readers take a lone carriage return outside of them for a line end.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for record in records:
        cells = (record.instruction, record.input, record.output)
        writer.writerow([f"'{cell}" if guard and _is_formula(cell) else cell for cell in cells])
    return text.getvalue()


def _is_formula(cell: str) -> bool:
    return cell.startswith(_FORMULA_STARTS)


def _is_beside(path: Path, workspace: Path) -> bool:
    """Whether a path is that of a file which SQLite or a program keeps beside a workspace."""
    name = workspace.name
    own = {f"{name}-wal", f"{name}-shm", f"{name}-journal"}
    return (path.name in own or path.name.startswith(f"{name}.run-")) and (
        path.parent.resolve() == workspace.parent.resolve()
    )


def _write_whole(path: Path, text: str, *, force: bool) -> None:
    """Write beside the target and move it there, so that nobody ever sees half a file.

    What is at the target, a symbolic link as well, is replaced and never written into.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_LONGEST_PREFIX]}.")
        part = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                part.chmod(0o600)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if force:
                part.replace(path)
            else:
                _move_to_nothing(part, path)
        finally:
            part.unlink(missing_ok=True)
        _sync(path.parent)
    except FileExistsError:
        raise _there_already(path) from None
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror or error}. Give --out another place."
        ) from error


def _move_to_nothing(part: Path, path: Path) -> None:
    """Move a file to where there is none, also when somebody makes one at this moment.

    Raises:
        FileExistsError: there is one.
    """
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        part.replace(path)


def _sync(folder: Path) -> None:
    """Have the name on disk, too, as far as the system can do that with folders."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _there_already(path: Path) -> ExportError:
    return ExportError(f"{path} is there already. Give --force to replace it, or another --out.")
