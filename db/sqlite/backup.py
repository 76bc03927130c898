"""Online backup: a consistent, verified copy of a workspace that may be in use, written atomically."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.db.atomic_file import is_special, writing
from selfinstruct.db.errors import DamagedError, WorkspaceError
from selfinstruct.db.missing import not_written
from selfinstruct.db.sqlite.connection import connect_to_read
from selfinstruct.db.sqlite.driver import Connection, sqlite3
from selfinstruct.db.sqlite.error_guard import damage_found
from selfinstruct.db.sqlite.journal_files import ENDINGS, beside
from selfinstruct.db.sqlite.own_files import IS_WORKSPACE, own_file

_LAST_ROWS = tuple(
    f"SELECT id, {at} FROM {table} ORDER BY id DESC LIMIT 1"
    for table, at in {
        "runs": "started_at",
        "tasks": "created_at",
        "decisions": "at",
        "attempts": "sent_at",
    }.items()
)
"""The last rows of tables that show whether a copy has rows of its own: every writing program adds a run."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A finished backup."""

    path: Path
    size: int
    """Bytes."""


def back_up(path: Path, out: Path, *, force: bool) -> BackedUp:
    """Copy a snapshot of the workspace at `path` to `out`, while other programs may keep writing to it.

    The copy is a single file of mode 0600, which does not need the journals beside the workspace. With
    `force`, a symbolic link at `out` is followed and kept.

    Args:
        path: A workspace with any version of the schema.
        out: The destination.
        force: Whether to replace an earlier copy of this workspace at `out`; no other file is replaced.

    Raises:
        WorkspaceError: There is no workspace, `out` exists and `force` is not given, it is another file, or
            it cannot be written.
        DamagedError: The workspace is damaged; nothing is written.
    """
    with closing(connect_to_read(path)) as db:
        _refuse(db, path, out, force=force)
        return copy_to(db, out, force=force)


def _refuse(db: Connection, path: Path, out: Path, *, force: bool) -> None:
    """Raise WorkspaceError for a destination that a backup must not overwrite."""
    try:
        if out.is_dir():
            raise WorkspaceError(f"{out} is a folder. Give --out the name of a file in it.")
        if is_special(out):
            raise WorkspaceError(f"{out} is not an ordinary file. Choose another --out.")
        what = own_file(out, path)
        if what not in {None, IS_WORKSPACE}:
            raise WorkspaceError(f"{out} {what}. Choose another --out.")
        if (out.exists() or out.is_symlink()) and not force:
            raise _exists(out)
        if what is None and out.is_file() and out.stat().st_size:
            raise WorkspaceError(f"{out} is not a copy of a workspace. Choose another --out.")
        if what == IS_WORKSPACE and not _is_earlier_copy(out, db):
            raise WorkspaceError(
                f"{out} is a workspace and not an earlier copy of {path}; its content would be lost."
                " Choose another --out."
            )
        # SQLite would mistake them for the copy's, and apply their pages to it.
        for journal in (beside(out, ending) for ending in ENDINGS):
            if journal.exists():
                raise WorkspaceError(
                    f"{journal} belongs to another file that is, or was, at {out}. Move it away, or"
                    " choose another --out."
                )
    except OSError as error:
        raise _not_written(out, error) from error


def copy_to(db: Connection, out: Path, *, force: bool) -> BackedUp:
    """Copy what a connection sees to `out`: write a temporary file beside it, verify it, and rename it.

    Raises:
        WorkspaceError: `out` exists and `force` is not given, or it cannot be written.
        DamagedError: The workspace, and so the copy, is damaged; nothing is written.
    """
    try:
        with writing(out, force=force) as part:
            _copy(db, part)
        return BackedUp(out, out.stat().st_size)
    except FileExistsError:
        raise _exists(out) from None
    except (OSError, sqlite3.OperationalError) as error:
        raise _not_written(out, error) from error


def _is_earlier_copy(out: Path, db: Connection) -> bool:
    """Whether `out` contains nothing that `db` lacks: the last row of each of its tables is in both."""
    try:
        with closing(connect_to_read(out)) as copy:
            last = {query: copy.execute(query).fetchone() for query in _LAST_ROWS}
    except DamagedError:
        return False
    try:
        return all(row is None or _has_row(db, query, row) for query, row in last.items())
    except DamagedError as error:
        raise DamagedError(_path_of(db), f"{error.what}; no copy was written") from error


def _has_row(db: Connection, query: str, row: tuple[object, ...]) -> bool:
    there = db.execute(query.replace(" ORDER BY", " WHERE id = ? ORDER BY"), [row[0]]).fetchone()
    return bool(there == row)


def _copy(db: Connection, target: Path) -> None:
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        # The finished file is synced once.
        copy.execute("PRAGMA synchronous = OFF")
        try:
            # In a single step: an incremental backup restarts whenever another program writes.
            db.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise DamagedError(_path_of(db), f"{damage_found(error)}; no copy was written") from error
        if found != "ok":
            raise DamagedError(_path_of(db), "its pages are inconsistent; no copy was written")


def _path_of(db: Connection) -> Path | None:
    path: Path | None = getattr(db, "path", None)
    return path


def _exists(out: Path) -> WorkspaceError:
    return WorkspaceError(f"{out} already exists. Give --force to replace it, or another --out.")


def _not_written(out: Path, error: Exception) -> WorkspaceError:
    return WorkspaceError(not_written(out, error, "choose another --out"))
