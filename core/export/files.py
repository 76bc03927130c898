"""Export of training files, written atomically."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.core.errors import ExportError, TargetExistsError
from selfinstruct.core.export.format_kinds import ExportFormat, SpreadsheetFormat
from selfinstruct.core.export.registry import format_of
from selfinstruct.core.settings.sources import from_store
from selfinstruct.db.atomic_file import is_special, writing
from selfinstruct.db.missing import not_written
from selfinstruct.db.sqlite.own_files import own_file
from selfinstruct.db.workspace import Workspace

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters of cells that spreadsheets treat as formulas, or skip before looking for one."""
_JSON_SUFFIXES = (".json", ".jsonl")
_TABLE_SUFFIXES = (".csv", ".tsv")
_SOURCES = {"seeds": "seed tasks", "prompts": "prompt templates"}
"""Settings that name files, and the content of those files."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export."""

    path: Path
    rows: int
    of_model: int
    """Rows of accepted tasks other than seeds."""
    of_seeds: int
    duplicates: int
    """Rows left out as exact duplicates."""
    formulas: int = 0
    """Cells of a CSV file that a spreadsheet would treat as formulas, guarded or not."""


def write_export(
    workspace: Workspace,
    path: Path,
    export_format: str,
    *,
    include_seeds: bool,
    rng_seed: int,
    force: bool,
    guard_formulas: bool = False,
    layouts: str | None = None,
) -> Exported:
    """Write the kept instances of accepted tasks to `path`, shuffled, without exact duplicates (section 2.3).

    The output is deterministic for a workspace and `rng_seed`. JSON formats write an array if the path ends
    in `.json`, otherwise JSON Lines.

    Args:
        workspace: The source of the rows.
        path: The file to write.
        export_format: The name of a format (see `selfinstruct.core.export.registry`).
        include_seeds: Whether to include the seed tasks.
        rng_seed: Seed for the order of rows, and for the layouts of `gpt3`.
        force: Whether to replace an existing file.
        guard_formulas: Whether to prefix cells that spreadsheets would evaluate with an apostrophe.
        layouts: The set of layouts, for a format that has several; None is its default.

    Raises:
        TargetExistsError: the file exists, and `force` is not set.
        ExportError: the format or its layouts are unknown, the path belongs to a workspace or has the
            suffix of another kind of format, the file cannot be written, or without any row it would be
            replaced by an empty one.
    """
    chosen = format_of(export_format, layouts)
    try:
        _check_target(path, workspace)
        _check_suffix(path, chosen)
        if (path.exists() or path.is_symlink()) and not force:
            raise FileExistsError
        rng = random.Random(rng_seed)
        rows = list(workspace.instances.training_rows(include_seeds=include_seeds))
        unique = list({row.content: row for row in reversed(rows)}.values())[::-1]
        if not unique and path.is_file() and path.stat().st_size:
            raise ExportError(f"There are no rows to export yet; {path} was left unchanged.")
        rng.shuffle(unique)
        formulas = 0
        if isinstance(chosen, SpreadsheetFormat):
            cells = [chosen.cells(row) for row in unique]
            formulas = sum(_is_formula(cell) for row in cells for cell in row)
            text = chosen.write([chosen.columns, *(_guarded(cells) if guard_formulas else cells)])
        else:
            text = chosen.text(unique, path, rng)
        with writing(path, force=force) as part:
            part.write_text(text, encoding="utf-8", newline="")
    except FileExistsError:
        raise TargetExistsError(path) from None
    except OSError as error:
        raise ExportError(not_written(path, error, "choose another place")) from error
    of_seeds = sum(row.origin == "seed" for row in unique)
    return Exported(
        path,
        rows=len(unique),
        of_model=len(unique) - of_seeds,
        of_seeds=of_seeds,
        duplicates=len(rows) - len(unique),
        formulas=formulas,
    )


def _check_target(path: Path, workspace: Workspace) -> None:
    if str(path) == "-":
        raise ExportError("Export to standard output is not supported. Choose the name of a file.")
    if path.is_dir():
        raise ExportError(f"{path} is a folder. Choose the name of a file in it.")
    if is_special(path):
        raise ExportError(f"{path} is not an ordinary file. Choose another name.")
    if (what := own_file(path, workspace.path) or _source(path, workspace)) is not None:
        raise ExportError(f"{path} {what}. Choose another name.")


def _check_suffix(path: Path, chosen: ExportFormat) -> None:
    is_table = isinstance(chosen, SpreadsheetFormat)
    if path.suffix.lower() in (_JSON_SUFFIXES if is_table else _TABLE_SUFFIXES):
        wanted = "a table" if is_table else "JSON"
        raise ExportError(
            f"{path} does not have the name of {wanted}, which the format {chosen.name} writes. "
            f"Choose a name that ends in {'.csv' if is_table else '.jsonl or .json'}, or another format."
        )


def _source(path: Path, workspace: Workspace) -> str | None:
    """What a file is used for in a workspace's settings, as a predicate; None if it is not."""
    stored = from_store(workspace.settings.read(), workspace.path)
    for name, what in _SOURCES.items():
        source = stored.get(name)
        if source is not None and path.exists() and Path(source).exists() and path.samefile(source):
            return f"contains the {what} of this workspace"
    return None


def _guarded(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return [tuple(f"'{cell}" if _is_formula(cell) else cell for cell in row) for row in rows]


def _is_formula(cell: str) -> bool:
    return cell.startswith(_FORMULA_STARTS)
