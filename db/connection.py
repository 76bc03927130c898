"""Opens a workspace's SQLite file: the marker that it is ours, the journal mode, transactions."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection

from selfinstruct.db.errors import StorageError, WorkspaceError

APPLICATION_ID = 0x53494E53
"""Marks a file as a workspace ("SINS"), so that another program's database is never written to."""

_WAL_IS_SAFE_SINCE = (3, 51, 3)
"""https://sqlite.org/wal.html#walresetbug: before, two connections can corrupt a WAL file."""

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another program's transaction."""


def journal_of(version: tuple[int, ...]) -> tuple[str, str]:
    """The journal mode and the synchronous setting for a version of SQLite.

    With both, a commit that has returned outlasts a power cut. A rollback journal needs EXTRA for that:
    FULL does not sync the folder after the journal is deleted, and a journal that is back undoes the commit.
    """
    return ("WAL", "FULL") if version >= _WAL_IS_SAFE_SINCE else ("DELETE", "EXTRA")


def connect(path: Path, *, create: bool) -> Connection:
    """Open `path` for reading and writing.

    Args:
        path: The workspace's file.
        create: Make the file (mode 0600) when there is none; an empty file counts as none.

    Raises:
        WorkspaceError: there is no such file, it is not a workspace, or it cannot be opened.
    """
    new = _is_new(path)
    if new and not create:
        raise _nothing_there(path)
    try:
        if new:
            _make(path)
        db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        if _is_empty(db):
            if not create:
                db.close()
                raise _nothing_there(path)
            # Before anything else is written: a crash from here on leaves a workspace, if an empty one.
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _require_ours(db, path)
        journal, synchronous = journal_of(sqlite3.sqlite_version_info)
        db.execute(f"PRAGMA journal_mode = {journal}")
        db.execute(f"PRAGMA synchronous = {synchronous}")
        db.execute("PRAGMA foreign_keys = ON")
    except (OSError, sqlite3.OperationalError) as error:
        kind = StorageError if is_of_disk(error) else WorkspaceError
        raise kind(f"The workspace {path} cannot be opened: {error}. {_advice(path)}") from error
    except sqlite3.DatabaseError as error:
        raise WorkspaceError(f"{path} is not a workspace: {error}. Give --db another file.") from error
    return db


def _make(path: Path) -> None:
    """Make an empty file that is its owner's alone, whatever the umask; SQLite makes its others alike."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def connect_to_read(path: Path) -> Connection:
    """Open `path` for reading only.

    Raises:
        WorkspaceError: there is no such file, it is not a workspace, or it cannot be opened.
    """
    if _is_new(path):
        raise _nothing_there(path)
    try:
        # Not mode=ro: after a crash, whoever comes first has to roll back what was half written.
        address = f"{path.absolute().as_uri()}?mode=rw"
        # One thread works with it, and another one may break off what it does.
        db = sqlite3.connect(
            address, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        db.execute("PRAGMA query_only = ON")
        if _is_empty(db):
            db.close()
            raise _nothing_there(path)
        _require_ours(db, path)
    except sqlite3.OperationalError as error:
        raise WorkspaceError(f"The workspace {path} cannot be opened: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise WorkspaceError(f"{path} is not a workspace: {error}. Give --db another file.") from error
    return db


def _is_new(path: Path) -> bool:
    """Whether there is no file, or an empty one, at a path that a workspace can have."""
    if path.is_dir():
        raise WorkspaceError(f"{path} is a folder. Give --db the name of a file in it.")
    if path.exists() and not path.is_file():
        raise WorkspaceError(f"{path} is not an ordinary file. Give --db another name.")
    return not path.exists() or path.stat().st_size == 0


def _nothing_there(path: Path) -> WorkspaceError:
    return WorkspaceError(f"There is no workspace at {path}. Check --db, or make one with selfinstruct-tui.")


def _is_empty(db: Connection) -> bool:
    """Whether nothing was ever committed; a file that was being made at a crash has some bytes then."""
    return bool(db.execute("PRAGMA page_count").fetchone() == (0,))


def _require_ours(db: Connection, path: Path) -> None:
    marker = db.execute("PRAGMA application_id").fetchone()[0]
    if marker != APPLICATION_ID:
        db.close()
        raise WorkspaceError(
            f"{path} is a SQLite file of another program, not a workspace. Give --db another file."
        )


def _advice(path: Path) -> str:
    folder = path.absolute().parent
    if not folder.is_dir():
        return f"There is no folder {folder}: make it first."
    if not os.access(folder, os.W_OK):
        return f"The folder {folder} cannot be written to: choose another one with --db."
    return "Check that the disk has room and that the file may be written to."


def is_of_disk(error: BaseException) -> bool:
    """Whether an error says that the disk is full or fails."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO}
    # The lowest byte of an extended code is the kind of the error.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return kind in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


@contextmanager
def in_words(done: str) -> Iterator[None]:
    """Say in a sentence why the file cannot be `done`: read, or written."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"The workspace cannot be {done}: {error}. What was stored before is kept. Check that the"
            " disk has room and that no other program holds the workspace."
        ) from error


@contextmanager
def transaction(db: Connection) -> Iterator[None]:
    """One `BEGIN IMMEDIATE` transaction; inside another one it simply joins it.

    IMMEDIATE, because a transaction that reads first and writes later fails at once when another
    program writes in between, whatever the busy timeout.

    Raises:
        StorageError: it could not be written; nothing of it has happened.
    """
    if db.in_transaction:
        yield
        return
    with in_words("written"):
        try:
            db.execute("BEGIN IMMEDIATE")
            yield
            # A commit can fail too, for example while another program reads; later writes must not join it.
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
