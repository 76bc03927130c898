"""Recognizes files that belong to a workspace, so that no output overwrites them."""

import re
from collections.abc import Iterator
from pathlib import Path

from selfinstruct.db.real_path import real_path
from selfinstruct.db.sqlite.connection import has_marker

_ENDING = re.compile(r"-journal|-wal|-shm|\.run-\d+|\.before-repair(-\d+)?|\.schema-\d+(-\d+)?")
"""Suffixes that a workspace's journals, locks and copies add to its name."""

IS_WORKSPACE = "is a workspace, or a copy of one"
"""The answer for a file that has the application id of workspaces, but not the name of a side file."""


def own_file(path: Path, workspace: Path | None = None) -> str | None:
    """Say how a file belongs to a workspace, as a predicate for its name; None if it belongs to none.

    A file is recognized by the application id in its header, as in backups and copies, or by its name beside
    a workspace.

    Args:
        path: An output path, which need not exist.
        workspace: The workspace in use; damage may have made its header unrecognizable.

    Raises:
        OSError: The file cannot be inspected.
    """
    if workspace is not None and path.exists() and workspace.exists() and path.samefile(workspace):
        return "is the workspace itself"
    for name in {path, real_path(path)}:
        for base in _bases(name):
            if _is_workspace(base) or (workspace is not None and real_path(base) == real_path(workspace)):
                return f"belongs to the workspace {base.name}"
    return IS_WORKSPACE if _is_workspace(path) else None


def _is_workspace(path: Path) -> bool:
    return path.is_file() and has_marker(path)


def _bases(path: Path) -> Iterator[Path]:
    """Yield the workspaces that a file belongs to by name, such as `w.db` for `w.db.before-repair-wal`."""
    for found in _ENDING.finditer(path.name):
        if found.start() and _is_all_endings(path.name[found.start() :]):
            yield path.with_name(path.name[: found.start()])


def _is_all_endings(text: str) -> bool:
    return re.fullmatch(f"(?:{_ENDING.pattern})+", text) is not None
