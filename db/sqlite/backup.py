"""A consistent copy of a workspace, also while programs work on it: whole, verified, or not at all."""

import errno
import os
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.db.errors import DamagedError, WorkspaceError
from selfinstruct.db.sqlite.connection import connect_to_read
from selfinstruct.db.sqlite.driver import Connection, sqlite3
from selfinstruct.db.sqlite.error_guard import damage_in_words
from selfinstruct.db.sqlite.journal_files import ENDINGS, beside, real_path


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
        force: Replace what is at `out`.

    Raises:
        WorkspaceError: there is no workspace, `out` is there and `force` is not given, or it cannot be
            written.
        DamagedError: the workspace is damaged; then nothing is written.
    """
    with closing(connect_to_read(path)) as db:
        _refuse(path, out, force=force)
        return copy_to(db, out, force=force)


def _refuse(path: Path, out: Path, *, force: bool) -> None:
    """Refuse a place that a copy must not have."""
    try:
        if out.is_dir():
            raise WorkspaceError(f"{out} is a folder. Give --out the name of a file in it.")
        if out.exists() and out.samefile(path):
            raise WorkspaceError(f"{out} is the workspace itself. Give --out another name.")
        if out.exists() and not out.is_file():
            raise WorkspaceError(f"{out} is not an ordinary file. Give --out another name.")
        if real_path(out) in {beside(path, ending) for ending in ENDINGS}:
            raise WorkspaceError(f"{out} belongs to the workspace. Give --out another name.")
        if (out.exists() or out.is_symlink()) and not force:
            raise _there_already(out)
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
        descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        temporary = Path(name)
        try:
            os.close(descriptor)
            _copy(db, temporary)
            _sync(temporary)
            _move(temporary, out, force=force)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(out.parent)
        return BackedUp(out, out.stat().st_size)
    except OSError as error:
        raise _not_written(out, error) from error
    except sqlite3.OperationalError as error:
        raise _not_written(out, error) from error


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


def _move(temporary: Path, out: Path, *, force: bool) -> None:
    if force:
        temporary.replace(out)
        return
    try:
        # Unlike a rename it never replaces what somebody has put there meanwhile.
        os.link(temporary, out, follow_symlinks=False)
    except FileExistsError:
        raise _there_already(out) from None
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EMLINK}:
            raise
        temporary.replace(out)  # a file system without links


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _there_already(out: Path) -> WorkspaceError:
    return WorkspaceError(f"{out} is there already. Give --force to replace it, or another --out.")


def _not_written(out: Path, error: Exception) -> WorkspaceError:
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return WorkspaceError(f"{out} cannot be written: {why}. Give another place.")
