"""Where an export may be written: all of its files are checked before any is."""

from collections.abc import Iterable
from pathlib import Path

from selfinstruct.core.errors import ExportError, TargetExistsError
from selfinstruct.core.export.format_kinds import JsonFormat, ParquetFormat, SpreadsheetFormat
from selfinstruct.core.export.plan import Plan
from selfinstruct.core.export.sidecars import is_card
from selfinstruct.core.settings.sources import from_store
from selfinstruct.db.atomic_file import is_special
from selfinstruct.db.sqlite.own_files import own_file
from selfinstruct.db.workspace import Workspace

_SOURCES = {"seeds": "seed tasks", "prompts": "prompt templates"}
"""Settings that name files, and the content of those files."""
_SUFFIXES: dict[type, tuple[str, ...]] = {
    JsonFormat: (".jsonl", ".json"),
    SpreadsheetFormat: (".csv", ".tsv"),
    ParquetFormat: (".parquet",),
}
_KINDS = {JsonFormat: "JSON", SpreadsheetFormat: "a table", ParquetFormat: "a Parquet file"}
_USUAL = {JsonFormat: ".jsonl or .json", SpreadsheetFormat: ".csv", ParquetFormat: ".parquet"}


def check_targets(path: Path, plan: Plan, parts: list[str], workspace: Workspace, *, force: bool) -> None:
    """Check every file that an export would write.

    Args:
        path: The file or folder that a person named.
        plan: What is written.
        parts: The parts of the rows.
        workspace: The workspace that is exported.
        force: Whether files may be replaced.

    Raises:
        TargetExistsError: A file exists, and `force` is not set.
        ExportError: A path belongs to a workspace, is no ordinary file, or has the name of another kind.
        OSError: A path cannot be inspected.
    """
    if plan.is_folder:
        _check_folder(path, plan)
    else:
        _check_name(path, plan)
    files = plan.files(path, parts)
    for file in files:
        _check_file(file, workspace)
    card = plan.card(path)
    _check_file(card, workspace)
    if not force:
        _check_free(file for file in (*files, card) if file != card or not is_card(card))


def _check_folder(path: Path, plan: Plan) -> None:
    name = plan.format.name
    if path.suffix.lower() in {suffix for known in _SUFFIXES.values() for suffix in known}:
        raise ExportError(
            f"{name} is a folder with several files. Choose a name without an ending, such as"
            f" {path.with_suffix('')}."
        )
    if path.exists() and not path.is_dir():
        raise ExportError(f"{path} is a file, and {name} is a folder. Choose another name.")


def _check_name(path: Path, plan: Plan) -> None:
    kind = type(plan.format)
    if path.is_dir():
        raise ExportError(f"{path} is a folder. Choose the name of a file in it.")
    if any(path.suffix.lower() in known for other, known in _SUFFIXES.items() if other is not kind):
        raise ExportError(
            f"{path} does not have the name of {_KINDS[kind]}, which the format {plan.format.name} writes. "
            f"Choose a name that ends in {_USUAL[kind]}, or another format."
        )
    if plan.trainer is not None and path.suffix.lower() == ".json":
        raise ExportError(f"{plan.trainer.name} takes JSON Lines. Choose a name that ends in .jsonl.")


def _check_file(path: Path, workspace: Workspace) -> None:
    if path.is_dir():
        raise ExportError(f"{path} is a folder. Choose another name.")
    if is_special(path):
        raise ExportError(f"{path} is not an ordinary file. Choose another name.")
    if (what := own_file(path, workspace.path) or _source(path, workspace)) is not None:
        raise ExportError(f"{path} {what}. Choose another name.")


def _check_free(files: Iterable[Path]) -> None:
    for file in files:
        if file.exists() or file.is_symlink():
            raise TargetExistsError(file)


def _source(path: Path, workspace: Workspace) -> str | None:
    """What a file is used for in a workspace's settings, as a predicate; None if it is not."""
    stored = from_store(workspace.settings.read(), workspace.path)
    for name, what in _SOURCES.items():
        source = stored.get(name)
        if source is not None and path.exists() and Path(source).exists() and path.samefile(source):
            return f"contains the {what} of this workspace"
    return None
