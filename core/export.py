"""Training files: written whole or not at all."""

import json
import os
import random
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from selfinstruct.core.errors import ExportError
from selfinstruct.db.rows import TrainingRow
from selfinstruct.db.workspace import Workspace

ExportFormat = Literal["gpt3", "alpaca", "messages"]


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


def write_export(
    workspace: Workspace,
    path: Path,
    export_format: ExportFormat,
    *,
    include_seeds: bool,
    rng_seed: int,
    force: bool,
) -> Exported:
    """Write the kept instances of accepted tasks to `path`, shuffled, without exact duplicates (section 2.3).

    The same workspace and `rng_seed` give the same file. A path that ends in .json gets one array when
    the format is `alpaca`; all else is JSON Lines.

    Raises:
        ExportError: the file is there and `force` is not given, or it cannot be written.
    """
    if path.is_dir():
        raise ExportError(f"{path} is a folder. Give --out the name of a file in it.")
    if path.exists() and path.samefile(workspace.path):
        raise ExportError(f"{path} is the workspace itself. Give --out another name.")
    if path.exists() and not path.is_file():
        raise ExportError(f"{path} is not an ordinary file. Give --out another name.")
    if (path.exists() or path.is_symlink()) and not force:
        raise ExportError(f"{path} is there already. Give --force to replace it, or another --out.")
    rng = random.Random(rng_seed)
    rows = list(workspace.instances.training_rows(include_seeds=include_seeds))
    unique = list({(row.instruction, row.input, row.output): row for row in reversed(rows)}.values())[::-1]
    rng.shuffle(unique)
    records = [encode(row, export_format, rng) for row in unique]
    as_array = export_format == "alpaca" and path.suffix.lower() == ".json"
    text = _array(records) if as_array else "".join(f"{_json(record)}\n" for record in records)
    _write_whole(path, text)
    of_seeds = sum(row.origin == "seed" for row in unique)
    return Exported(path, len(unique), len(unique) - of_seeds, of_seeds, len(rows) - len(unique))


Record = dict[str, str] | dict[str, list[dict[str, str]]]


def encode(row: TrainingRow, export_format: ExportFormat, rng: random.Random) -> Record:
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


def _write_whole(path: Path, text: str) -> None:
    """Write beside the target and move over it, so that nobody ever sees half a file."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror or error}. Give --out another place."
        ) from error
