"""Which files belong to a workspace, so that no output is ever written over them."""

import re
from collections.abc import Iterator
from pathlib import Path

from selfinstruct.db.sqlite.connection import has_marker
from selfinstruct.db.sqlite.journal_files import real_path

_ENDING = re.compile(r"-journal|-wal|-shm|\.run-\d+|\.before-repair(-\d+)?|\.schema-\d+(-\d+)?")
"""What is added to the name of a workspace for its journals, locks and copies."""

IS_WORKSPACE = "is a workspace, or a copy of one"
"""What is said of a file that has the marker, and no name beside a workspace."""


def own_file(path: Path, workspace: Path | None = None) -> str | None:
    """What a file is to a workspace, in words that go on after its name; None when it is nothing to any.

    A file is known by the marker of workspaces in it, as in backups and copies, or by its name beside one.

    Args:
        path: A place where something would be written; nothing need be there.
        workspace: The one at hand, which may be damaged beyond its marker.

    Raises:
        OSError: it cannot be looked at.
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
    """The workspaces that a file would belong to by its name, such as `w.db` for `w.db.before-repair-wal`."""
    for found in _ENDING.finditer(path.name):
        if found.start() and _is_all_endings(path.name[found.start() :]):
            yield path.with_name(path.name[: found.start()])


def _is_all_endings(text: str) -> bool:
    return re.fullmatch(f"(?:{_ENDING.pattern})+", text) is not None
