"""A consistent copy of a workspace, also while programs work on it: whole, verified, or not at all."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.db.atomic_file import writing
from selfinstruct.db.errors import DamagedError, WorkspaceError
from selfinstruct.db.sqlite.connection import connect_to_read
from selfinstruct.db.sqlite.driver import Connection, sqlite3
from selfinstruct.db.sqlite.error_guard import damage_in_words
from selfinstruct.db.sqlite.journal_files import ENDINGS
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
"""What tells whether a copy has rows of its own: every program that works on one enters its run."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup wrote."""

    path: Path
    size: int
    """In bytes."""


def back_up(path: Path, out: Path, *, force: bool) -> BackedUp:
    """Copy the workspace at `path` to `out`, as it is at one moment; others may go on with it.

    The copy is one file of mode 0600, in no need of the journals beside the workspace. A symbolic link
    at `out` is not followed.

    Args:
        path: A workspace, of whatever version of the schema.
        out: Where the copy goes.
        force: Replace what is at `out`; of workspaces only an earlier copy of this one.

    Raises:
        WorkspaceError: there is no workspace, `out` is there and `force` is not given, it belongs to a
            workspace, or it cannot be written.
        DamagedError: the workspace is damaged; then nothing is written.
    """
    with closing(connect_to_read(path)) as db:
        _refuse(db, path, out, force=force)
        return copy_to(db, out, force=force)


def _refuse(db: Connection, path: Path, out: Path, *, force: bool) -> None:
    """Refuse a place that a copy must not have."""
    try:
        if out.is_dir():
            raise WorkspaceError(f"{out} is a folder. Give --out the name of a file in it.")
        if out.exists() and not out.is_file():
            raise WorkspaceError(f"{out} is not an ordinary file. Give --out another name.")
        what = own_file(out, path)
        if what not in {None, IS_WORKSPACE}:
            raise WorkspaceError(f"{out} {what}. Give --out another name.")
        if (out.exists() or out.is_symlink()) and not force:
            raise _there_already(out)
        if what == IS_WORKSPACE and not _is_earlier_copy(out, db):
            raise WorkspaceError(
                f"{out} is a workspace and not an earlier copy of {path}; what it holds would be lost. Give"
                " --out another name."
            )
        # SQLite would take them for those of the copy, and put their pages into it.
        for journal in (out.with_name(out.name + ending) for ending in ENDINGS):
            if journal.exists():
                raise WorkspaceError(
                    f"{journal} is from another file that was, or is, at {out}. Move it away, or give --out"
                    " another name."
                )
    except OSError as error:
        raise _not_written(out, error) from error


def copy_to(db: Connection, out: Path, *, force: bool) -> BackedUp:
    """Copy what a connection sees to `out`: written beside it, verified, and then moved there.

    Raises:
        WorkspaceError: there is a file already and `force` is not given, or it cannot be written.
        DamagedError: the copy is not sound, because the workspace is not; then nothing is written.
    """
    try:
        with writing(out, force=force) as part:
            _copy(db, part)
        return BackedUp(out, out.stat().st_size)
    except FileExistsError:
        raise _there_already(out) from None
    except (OSError, sqlite3.OperationalError) as error:
        raise _not_written(out, error) from error


def _is_earlier_copy(out: Path, db: Connection) -> bool:
    """Whether all that a workspace holds is in another one as well: its last row of each kind is."""
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
        # It is synced once, as a whole.
        copy.execute("PRAGMA synchronous = OFF")
        try:
            # In one go: in steps it would begin anew with each change that another program makes.
            db.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise DamagedError(_path_of(db), f"{damage_in_words(error)}; no copy was written") from error
        if found != "ok":
            raise DamagedError(_path_of(db), "its pages do not fit together; no copy was written")


def _path_of(db: Connection) -> Path | None:
    path: Path | None = getattr(db, "path", None)
    return path


def _there_already(out: Path) -> WorkspaceError:
    return WorkspaceError(f"{out} already exists. Give --force to replace it, or another --out.")


def _not_written(out: Path, error: Exception) -> WorkspaceError:
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return WorkspaceError(f"{out} cannot be written: {why}. Give another place.")
