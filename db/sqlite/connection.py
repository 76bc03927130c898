"""Opens a workspace's SQLite file: the marker that it is ours, the journal mode, transactions."""

import errno
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.db.errors import BusyError, DamagedError, StorageError, WorkspaceError
from selfinstruct.db.sqlite.driver import LIBRARY, Connection, sqlite3
from selfinstruct.db.sqlite.error_guard import GuardedConnection, primary_code
from selfinstruct.db.sqlite.journal_files import JOURNALS, MARKER_AT, beside, real_path, require_own_journals
from selfinstruct.db.sqlite.storage_advice import what_helps

APPLICATION_ID = 0x53494E53
"""Marks a file as a workspace ("SINS"), so that another program's database is never written to."""

_WAL_IS_SAFE_SINCE = (3, 51, 3)
"""https://sqlite.org/wal.html#walresetbug: before, two connections can corrupt a WAL file."""

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another program's transaction."""


_SYNCHRONOUS = "EXTRA"
"""With it, a commit that has returned outlasts a power cut, whichever journal there is.

A rollback journal needs it: FULL does not sync the folder after the journal is deleted, and a journal that is
back undoes the commit. For a write-ahead log it means the same as FULL.
"""


def journal_of(version: tuple[int, ...]) -> str:
    """The journal mode for a version of SQLite."""
    return "wal" if version >= _WAL_IS_SAFE_SINCE else "delete"


def journal_mode(db: Connection) -> str:
    """The journal mode that a workspace has, in small letters."""
    return str(db.execute("PRAGMA journal_mode").fetchone()[0])


@dataclass(frozen=True, slots=True)
class Storage:
    """How a workspace is stored."""

    library: str
    """The package that SQLite comes from: `pysqlite3`, or `sqlite3` of Python."""
    version: str
    """Of SQLite."""
    journal: str
    """The journal mode: `wal`, or `delete` for a rollback journal."""


def storage_of(db: Connection) -> Storage:
    """How the workspace of a connection is stored."""
    return Storage(LIBRARY, sqlite3.sqlite_version, journal_mode(db))


def connect(path: Path, *, create: bool) -> Connection:
    """Open `path` for reading and writing.

    Args:
        path: The workspace's file.
        create: Make the file (mode 0600) when there is none; an empty file counts as none.

    Raises:
        WorkspaceError: there is no such file, it is not a workspace, or it cannot be opened.
        DamagedError: it is one, and damaged.
    """
    with _opening(path):
        new = is_new(path)
        if new and not create:
            raise _nothing_there(path)
        if new:
            _make(path)
        else:
            _require_readable(path, path)
            if not is_writable(path):
                raise WorkspaceError(
                    f"{path} cannot be written here. Look around in it with --read-only, or copy it to"
                    " another folder."
                )
        db = _open(path, "rw", create=create)
        try:
            if not _has_marker(db):
                # Before anything else is written: a crash from here on leaves a workspace, if an empty one.
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            _choose_journal(db, path)
            db.execute(f"PRAGMA synchronous = {_SYNCHRONOUS}")
            db.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            db.close()
            raise
        return db


def _choose_journal(db: Connection, path: Path) -> None:
    """Give a workspace the journal that suits this program's SQLite.

    Raises:
        WorkspaceError: it has a write-ahead log that only a newer SQLite may write, and is in use.
    """
    wanted = journal_of(sqlite3.sqlite_version_info)
    if journal_mode(db) == wanted:
        return
    if wanted == "wal" and is_in_use(path):
        return  # by a program with an older SQLite, or it would be one already
    db.execute("PRAGMA busy_timeout = 0")
    try:
        db.execute(f"PRAGMA journal_mode = {wanted}")
    except BusyError as error:
        if wanted == "delete":
            raise WorkspaceError(
                f"{path} is open in a program with a newer SQLite, and version {sqlite3.sqlite_version} could"
                " damage it meanwhile. Close that program first, or install pysqlite3 for this one."
            ) from error
        # Whoever has it open may be about to choose as well; the next start does it.
    finally:
        db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000:.0f}")


def is_in_use(path: Path) -> bool:
    """Whether a program is at work on a workspace: each holds the lock of its run."""
    runs = [*real_path(path).parent.glob(f"{glob.escape(real_path(path).name)}.run-*")]
    if not runs:
        return False
    from filelock import FileLock  # noqa: PLC0415 - not before there is something to lock

    for lock_file in runs:
        try:
            with FileLock(lock_file, timeout=0, mode=0o600):
                pass
        except TimeoutError:  # which filelock's own is
            return True
    return False


def _make(path: Path) -> None:
    """Make the file, or take an empty one, for its owner only, whatever the umask; its side files follow."""
    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW * (not path.exists()), 0o600)
    try:
        os.fchmod(file, 0o600)
    finally:
        os.close(file)


def connect_in_memory() -> Connection:
    """Open an empty file in memory, which nobody else sees."""
    db = sqlite3.connect(":memory:", isolation_level=None, factory=GuardedConnection)
    db.execute("PRAGMA foreign_keys = ON")
    return db


def connect_to_read(path: Path) -> Connection:
    """Open `path` for reading only, also where it cannot be written.

    Raises:
        WorkspaceError: there is no such file, it is not a workspace, or it cannot be opened.
        DamagedError: it is one, and damaged.
    """
    with _opening(path):
        if is_new(path):
            raise _nothing_there(path)
        # After a crash, whoever comes first has to roll back what was half written: so write if that can be.
        return _open(path, "rw" if is_writable(path) else "ro", query_only=True)


def _open(path: Path, mode: str, *, create: bool = False, query_only: bool = False) -> Connection:
    file = _look_at(path)
    # Absolute, and as an address: SQLite gives some relative names another meaning, such as ":memory:".
    address = f"{path.absolute().as_uri()}?mode={mode}"
    if mode == "ro" and file.needs_no_lock:
        address += "&immutable=1"
    # One thread works with it, and another one may break off what it does.
    db = sqlite3.connect(
        address,
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        factory=GuardedConnection,
        check_same_thread=False,
    )
    file.connections += 1
    db.path, db.closed = path, file.let_go
    try:
        if query_only:
            db.execute("PRAGMA query_only = ON")
        # A damaged page may lead anywhere.
        db.execute("PRAGMA cell_size_check = ON")
        _require_ours(db, path, create=create)
    except BaseException:
        db.close()
        raise
    return db


@dataclass
class _OpenFile:
    """A file that this program has connections to.

    While it has, nothing else here may open the file itself: closing it again would give up the locks
    that SQLite holds on it (https://sqlite.org/howtocorrupt.html, section 2.2).
    """

    has_marker: bool
    needs_no_lock: bool
    """It is in WAL mode and has no log, so that SQLite could only read it after making one."""
    connections: int = 0

    def let_go(self) -> None:
        """A connection is closed."""
        self.connections -= 1


_OPEN_FILES: dict[tuple[int, int], _OpenFile] = {}


def _look_at(path: Path) -> _OpenFile:
    """Look at a file before SQLite does, unless there are connections to it."""
    stat = path.stat()
    known = _OPEN_FILES.get((stat.st_dev, stat.st_ino))
    if known is not None and known.connections:
        return known
    require_own_journals(path, APPLICATION_ID)
    with path.open("rb") as file:
        header = file.read(100)
    found = _OpenFile(
        has_marker=header[MARKER_AT] == APPLICATION_ID.to_bytes(4),
        needs_no_lock=header[18:20] == b"\2\2" and not beside(path, "-wal").exists(),
    )
    _OPEN_FILES[stat.st_dev, stat.st_ino] = found
    return found


def has_marker(path: Path) -> bool:
    """Whether a file says that it is a workspace; one that this program has open is."""
    stat = path.stat()
    known = _OPEN_FILES.get((stat.st_dev, stat.st_ino))
    if known is not None and known.connections:
        return True
    with path.open("rb") as file:
        return file.read(100)[MARKER_AT] == APPLICATION_ID.to_bytes(4)


def is_writable(path: Path) -> bool:
    """Whether a workspace can be written here: the file itself, and journals beside it."""
    real = real_path(path)
    return os.access(real, os.W_OK) and os.access(real.parent, os.W_OK)


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    """Say in a sentence why a file cannot be opened."""
    try:
        yield
    except DamagedError as error:
        if _look_at(path).has_marker:
            raise
        raise WorkspaceError(f"{path} is not a workspace: {error.what}. Give --db another file.") from error
    except BusyError as error:
        raise BusyError(
            f"The workspace {path} cannot be opened: another program is at work on it. Try again."
        ) from error
    except StorageError as error:
        if not isinstance(error.__cause__, sqlite3.Error):
            raise  # it is a sentence about opening it already
        raise _not_opened(path, error.__cause__) from error.__cause__
    except (OSError, sqlite3.OperationalError) as error:
        if isinstance(error, PermissionError):
            _require_readable(Path(error.filename or path), path)
        raise _not_opened(path, error) from error


def _not_opened(path: Path, error: OSError | sqlite3.Error) -> WorkspaceError:
    advice = _advice(path, error)
    kind = StorageError if _is_of_disk(error) or _lacks_room(error, advice) else WorkspaceError
    return kind(f"The workspace {path} cannot be opened: {_why(error)}. {advice}")


def _require_readable(file: Path, path: Path) -> None:
    """Make sure that one may read a file, if it is there.

    Raises:
        WorkspaceError: one may not read it, or look into a folder on the way to it.
    """
    real = real_path(file)
    for step in (*reversed(real.parents), real):
        right, what = (os.R_OK, "read") if step == real else (os.X_OK, "look into the folder")
        if os.access(step, os.F_OK) and not os.access(step, right):
            raise WorkspaceError(
                f"The workspace {path} cannot be opened: you may not {what} {step}. Have its owner give you"
                " the right to, or give --db another file."
            )


def is_new(path: Path) -> bool:
    """Whether there is no file, or an empty one, at a path that a workspace can have.

    Raises:
        WorkspaceError: none can be there.
    """
    with _opening(path):
        if path.is_dir():
            raise WorkspaceError(f"{path} is a folder. Give --db the name of a file in it.")
        if path.is_symlink() and not path.exists():
            raise WorkspaceError(
                f"{path} is a symbolic link to a file that is not there. Give --db another name."
            )
        if path.exists() and not path.is_file():
            raise WorkspaceError(f"{path} is not an ordinary file. Give --db another name.")
        return not path.exists() or path.stat().st_size == 0


def _nothing_there(path: Path) -> WorkspaceError:
    return WorkspaceError(f"There is no workspace at {path}. Check --db, or make one with selfinstruct-tui.")


def _is_empty(db: Connection) -> bool:
    """Whether nothing was ever committed; a file that was being made at a crash has some bytes then."""
    return bool(db.execute("PRAGMA page_count").fetchone() == (0,))


def _has_marker(db: Connection) -> bool:
    return bool(db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,))


def _require_ours(db: Connection, path: Path, *, create: bool) -> None:
    if _has_marker(db):
        return
    if not _is_empty(db):
        raise WorkspaceError(
            f"{path} is a SQLite file of another program, not a workspace. Give --db another file."
        )
    if not create:
        raise _nothing_there(path)


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _advice(path: Path, error: Exception) -> str:
    folder = path.absolute().parent
    try:
        if not is_writable(path) and any(_has_bytes(beside(path, ending)) for ending in JOURNALS):
            return (
                "A program was stopped while it wrote, and what it left has to be taken back first: open it"
                " once where it can be written."
            )
        if not folder.is_dir():
            return f"There is no folder {folder}: make it first."
        if not os.access(folder, os.W_OK):
            return f"The folder {folder} cannot be written to: choose another one with --db."
    except OSError:
        return "Give --db another name."
    return what_helps(error)


def _has_bytes(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _lacks_room(error: Exception, advice: str) -> bool:
    """Whether a journal could not be made for a reason that is none of those that can be looked for."""
    return primary_code(error) == sqlite3.SQLITE_CANTOPEN and advice == what_helps(error)


def _is_of_disk(error: BaseException) -> bool:
    """Whether an error says that the disk is full or fails."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO}
    return primary_code(error) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


@contextmanager
def one_moment(db: Connection) -> Iterator[None]:
    """Reads within see the workspace as it is at one moment; inside a transaction they see that one's."""
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


@contextmanager
def transaction(db: Connection, *, beside_readers: bool = False) -> Iterator[None]:
    """One transaction that writes; inside another one it simply joins it.

    It has the right to write before anything is read: one that reads first and writes later fails at once
    when another program writes in between, whatever the busy timeout. With a rollback journal it keeps
    readers out as well from the beginning, so that no reader can hold up its commit: whoever is refused is
    refused before anything has happened.

    Args:
        db: The connection.
        beside_readers: Whether others may read until it is committed, also with a rollback journal.

    Raises:
        BusyError: another program writes, or reads where that matters; nothing of it has happened.
        StorageError: it could not be written; nothing of it has happened.
    """
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN IMMEDIATE" if beside_readers else "BEGIN EXCLUSIVE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
