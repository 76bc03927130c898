"""Training files: written whole or not at all."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.format_kinds import SpreadsheetFormat
from selfinstruct.core.export.registry import format_of
from selfinstruct.core.settings.sources import from_store
from selfinstruct.db.atomic_file import writing
from selfinstruct.db.sqlite.own_files import own_file
from selfinstruct.db.workspace import Workspace

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that spreadsheets take for a formula, or skip to find one."""
_SOURCES = {"seeds": "seed tasks", "prompts": "prompt templates"}
"""Settings that name files, and what those hold."""


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
    export_format: str,
    *,
    include_seeds: bool,
    rng_seed: int,
    force: bool,
    guard_formulas: bool = False,
) -> Exported:
    """Write the kept instances of accepted tasks to `path`, shuffled, without exact duplicates (section 2.3).

    The same workspace and `rng_seed` give the same file. JSON formats write one array to a path that ends in
    `.json`, and JSON Lines to any other.

    Args:
        workspace: Where the rows come from.
        path: Where they go.
        export_format: The name of a format (see `selfinstruct.core.export.registry`).
        include_seeds: Whether the seed tasks are among them.
        rng_seed: Decides the order, and the layouts of `gpt3`.
        force: Whether a file that is there is replaced.
        guard_formulas: Whether cells that spreadsheets would run begin with an apostrophe.

    Raises:
        ExportError: there is no such format, the file is there and `force` is not given, it belongs to a
            workspace, or it cannot be written.
    """
    chosen = format_of(export_format)
    try:
        _check_target(path, workspace)
        if (path.exists() or path.is_symlink()) and not force:
            raise FileExistsError
        rng = random.Random(rng_seed)
        rows = list(workspace.instances.training_rows(include_seeds=include_seeds))
        unique = list({(row.instruction, row.input, row.output): row for row in reversed(rows)}.values())[
            ::-1
        ]
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
        raise ExportError(f"{path} is there already. Give --force to replace it, or another --out.") from None
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror or error}. Give --out another place."
        ) from error
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
        raise ExportError("Nothing is written to standard output. Give --out the name of a file.")
    if path.is_dir():
        raise ExportError(f"{path} is a folder. Give --out the name of a file in it.")
    if path.exists() and not path.is_file():
        raise ExportError(f"{path} is not an ordinary file. Give --out another name.")
    if (what := own_file(path, workspace.path) or _source(path, workspace)) is not None:
        raise ExportError(f"{path} {what}. Give --out another name.")


def _source(path: Path, workspace: Workspace) -> str | None:
    """What a file is to the settings of a workspace, in words that go on after its name."""
    stored = from_store(workspace.settings.read(), workspace.path)
    for name, what in _SOURCES.items():
        source = stored.get(name)
        if source is not None and path.exists() and Path(source).exists() and path.samefile(source):
            return f"holds the {what} of this workspace"
    return None


def _guarded(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return [tuple(f"'{cell}" if _is_formula(cell) else cell for cell in row) for row in rows]


def _is_formula(cell: str) -> bool:
    return cell.startswith(_FORMULA_STARTS)
