"""Connections to a workspace's SQLite file: application id, journal mode, errors on opening."""

import errno
import glob
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.db.errors import BusyError, DamagedError, StorageError, WorkspaceError
from selfinstruct.db.missing import why_missing
from selfinstruct.db.real_path import real_path
from selfinstruct.db.sqlite.driver import LIBRARY, Connection, sqlite3
from selfinstruct.db.sqlite.error_guard import GuardedConnection, primary_code
from selfinstruct.db.sqlite.journal_files import JOURNALS, MARKER_AT, beside, require_own_journals
from selfinstruct.db.sqlite.storage_advice import what_helps
from selfinstruct.db.sqlite.transactions import file_id

APPLICATION_ID = 0x53494E53
"""Marks a file as a workspace ("SINS"), so that other programs' databases are never written to."""

_WAL_IS_SAFE_SINCE = (3, 51, 3)
"""In older versions, two connections can corrupt a WAL file (https://sqlite.org/wal.html#walresetbug)."""

_CACHED_STATEMENTS = 1000
"""Prepared statements that a connection keeps: more than there are different ones in this program.

pysqlite3 keeps the statements that were used most often. With its default of 128, those of opening fill the
cache, and every later statement is parsed again each time.
"""

_LOG_PAGES = 4000
"""Pages of a write-ahead log after which it is written into the file: 16 MB, four times SQLite's default.

Requests rewrite the same pages many times."""

BUSY_TIMEOUT_S = 30.0
"""Seconds that a writer waits for another program's transaction."""


_SYNCHRONOUS = "EXTRA"
"""Makes a commit durable across a power cut once it has returned, in either journal mode.

A rollback journal needs it: FULL does not sync the folder after the journal is deleted, and a journal that
reappears rolls the commit back. With a write-ahead log, EXTRA is the same as FULL.
"""


def journal_of(version: tuple[int, ...]) -> str:
    """Return the journal mode for a version of SQLite."""
    return "wal" if version >= _WAL_IS_SAFE_SINCE else "delete"


def journal_mode(db: Connection) -> str:
    """Return the journal mode of a workspace, in lower case."""
    return str(db.execute("PRAGMA journal_mode").fetchone()[0])


@dataclass(frozen=True, slots=True)
class Storage:
    """The SQLite library and the journal mode of a workspace."""

    library: str
    """The package that provides SQLite: `pysqlite3`, or Python's `sqlite3`."""
    version: str
    """The version of SQLite."""
    journal: str
    """The journal mode: `wal`, or `delete` for a rollback journal."""


def storage_of(db: Connection) -> Storage:
    """Return the library and journal mode that a connection uses."""
    return Storage(LIBRARY, sqlite3.sqlite_version, journal_mode(db))


def connect(path: Path, *, create: bool) -> GuardedConnection:
    """Open `path` for reading and writing.

    Args:
        path: The workspace's file.
        create: Whether to create the file (mode 0600) if it does not exist or is empty.

    Raises:
        WorkspaceError: There is no such file, it is not a workspace, or it cannot be opened.
        DamagedError: The workspace is damaged.
    """
    with _opening(path):
        new = is_new(path)
        if new and not create:
            raise _not_found(path)
        if new:
            _make(path)
        else:
            _require_readable(path, path)
            if not is_writable(path):
                raise WorkspaceError(
                    f"{path} cannot be written to. Open it with --read-only, or copy it to another folder."
                )
        db = _open(path, "rw", create=create)
        try:
            if not _has_marker(db):
                # Written first: a crash after this leaves an empty workspace.
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            _choose_journal(db, path)
            db.execute(f"PRAGMA synchronous = {_SYNCHRONOUS}")
            db.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
            db.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            db.close()
            raise
        return db


def _choose_journal(db: Connection, path: Path) -> None:
    """Set the journal mode that is safe with this program's SQLite.

    Raises:
        WorkspaceError: The workspace is in use, with a write-ahead log that only a newer SQLite may write.
    """
    wanted = journal_of(sqlite3.sqlite_version_info)
    if journal_mode(db) == wanted:
        return
    if wanted == "wal" and is_in_use(path):
        return  # in use by a program with an older SQLite; otherwise it would be in WAL mode
    db.execute("PRAGMA busy_timeout = 0")
    try:
        db.execute(f"PRAGMA journal_mode = {wanted}")
    except BusyError as error:
        if wanted == "delete":
            raise WorkspaceError(
                f"{path} is open in a program with a newer SQLite, and version {sqlite3.sqlite_version} could"
                " damage it meanwhile. Close that program first, or install pysqlite3 for this one."
            ) from error
        # The other program may be about to switch too; otherwise the next start does.
    finally:
        db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000:.0f}")


def is_in_use(path: Path) -> bool:
    """Whether any program is using a workspace: each holds the lock of its run."""
    runs = [*real_path(path).parent.glob(f"{glob.escape(real_path(path).name)}.run-*")]
    if not runs:
        return False
    from filelock import FileLock  # noqa: PLC0415 - only needed if there are locks

    for lock_file in runs:
        try:
            with FileLock(lock_file, timeout=0, mode=0o600):
                pass
        except TimeoutError:  # the base of filelock's Timeout
            return True
    return False


def _make(path: Path) -> None:
    """Create the file if it is missing, and set mode 0600 regardless of the umask; journals inherit it."""
    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW * (not path.exists()), 0o600)
    try:
        os.fchmod(file, 0o600)
    finally:
        os.close(file)


def connect_in_memory() -> GuardedConnection:
    """Open a private, empty database in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None, factory=GuardedConnection)
    db.execute("PRAGMA foreign_keys = ON")
    return db


def connect_to_read(path: Path) -> GuardedConnection:
    """Open `path` read-only; the file itself may be write-protected.

    Raises:
        WorkspaceError: There is no such file, it is not a workspace, or it cannot be opened.
        DamagedError: The workspace is damaged.
    """
    with _opening(path):
        if is_new(path):
            raise _not_found(path)
        # The first connection after a crash rolls back what was half written, which takes write access.
        return _open(path, "rw" if is_writable(path) else "ro", query_only=True)


@contextmanager
def keeping_log(path: Path) -> Iterator[None]:
    """Keep SQLite from writing the log into the file when the last connection inside closes.

    A connection that cannot write is open until the end, so the others are not the last, and it leaves the
    log as it is.
    """
    with ExitStack() as stack:
        with suppress(WorkspaceError, OSError, sqlite3.Error):  # then nothing inside can write it either
            if has_log(path):
                stack.enter_context(closing(_open(path, "ro", query_only=True)))
        yield


def has_log(path: Path) -> bool:
    """Whether there is a write-ahead log with pages beside a file."""
    return _has_bytes(beside(path, "-wal"))


def _open(path: Path, mode: str, *, create: bool = False, query_only: bool = False) -> GuardedConnection:
    file = _inspect(path)
    # An absolute URI: SQLite gives some relative names a special meaning, such as ":memory:".
    address = f"{path.absolute().as_uri()}?mode={mode}"
    if mode == "ro" and file.needs_no_lock:
        address += "&immutable=1"
    # One thread uses the connection; another may interrupt its queries.
    db = sqlite3.connect(
        address,
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        factory=GuardedConnection,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )
    file.connections += 1
    db.path, db.closed = path, file.let_go
    db.file_id = file_id(path) if mode == "rw" else None
    try:
        if query_only:
            db.execute("PRAGMA query_only = ON")
        # A corrupt page may point anywhere.
        db.execute("PRAGMA cell_size_check = ON")
        _require_ours(db, path, create=create)
    except BaseException:
        db.close()
        raise
    return db


@dataclass
class _OpenFile:
    """A file to which this program has connections.

    As long as it has any, nothing else here may open the file: closing a descriptor of it would release
    SQLite's locks (https://sqlite.org/howtocorrupt.html, section 2.2).
    """

    has_marker: bool
    needs_no_lock: bool
    """Whether it is in WAL mode without a log file, which SQLite would have to create before reading."""
    connections: int = 0

    def let_go(self) -> None:
        """Count a closed connection."""
        self.connections -= 1


_OPEN_FILES: dict[tuple[int, int], _OpenFile] = {}


def _inspect(path: Path) -> _OpenFile:
    """Inspect a file's header before SQLite opens it, unless there are already connections to it."""
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
    """Whether a file's header marks it as a workspace; remembered for files that this program has open."""
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
    """Translate errors on opening into a WorkspaceError that says why and what to do."""
    try:
        yield
    except DamagedError as error:
        if _inspect(path).has_marker:
            raise
        raise WorkspaceError(
            f"{path} is not a workspace: {error.what}. Choose another file with --db."
        ) from error
    except BusyError as error:
        raise BusyError(
            f"The workspace {path} cannot be opened: another program is using it. Try again."
        ) from error
    except StorageError as error:
        if not isinstance(error.__cause__, sqlite3.Error):
            raise  # already a sentence about opening
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
    """Check that the user may read a file, if it exists.

    Raises:
        WorkspaceError: The user may not read it, or not enter one of its parent folders.
    """
    real = real_path(file)
    for step in (*reversed(real.parents), real):
        right, what = (os.R_OK, "read") if step == real else (os.X_OK, "look into the folder")
        if os.access(step, os.F_OK) and not os.access(step, right):
            raise WorkspaceError(
                f"The workspace {path} cannot be opened: you may not {what} {step}. Ask its owner for"
                " permission, or give --db another file."
            )


def is_new(path: Path) -> bool:
    """Whether the file is missing or empty, so that a workspace can be created there.

    Raises:
        WorkspaceError: There can be no workspace at `path`.
    """
    with _opening(path):
        if path.is_dir():
            raise WorkspaceError(f"{path} is a folder. Give --db the name of a file in it.")
        if path.is_symlink() and not path.exists():
            raise WorkspaceError(
                f"{path} is a symbolic link to a file that does not exist. Choose another name with --db."
            )
        if path.exists() and not path.is_file():
            raise WorkspaceError(f"{path} is not an ordinary file. Choose another name with --db.")
        return not path.exists() or path.stat().st_size == 0


def _not_found(path: Path) -> WorkspaceError:
    return WorkspaceError(
        f"There is no workspace at {path}: {why_missing(path)}. Check --db, or create one with"
        " selfinstruct-tui."
    )


def _is_empty(db: Connection) -> bool:
    """Whether nothing was ever committed; after a crash during creation, the file may still have bytes."""
    return bool(db.execute("PRAGMA page_count").fetchone() == (0,))


def _has_marker(db: Connection) -> bool:
    return bool(db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,))


def _require_ours(db: Connection, path: Path, *, create: bool) -> None:
    if _has_marker(db):
        return
    if not _is_empty(db):
        raise WorkspaceError(
            f"{path} is a SQLite file of another program, not a workspace. Choose another file with --db."
        )
    if not create:
        raise _not_found(path)


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _advice(path: Path, error: Exception) -> str:
    folder = path.absolute().parent
    try:
        if not is_writable(path) and any(_has_bytes(beside(path, ending)) for ending in JOURNALS):
            return (
                "A program was killed during a write, which must be rolled back first: open it once where it"
                " can be written to."
            )
        if not folder.is_dir():
            return f"There is no folder {folder}: create it first."
        if not os.access(folder, os.W_OK):
            return f"The folder {folder} cannot be written to: choose another one with --db."
    except OSError:
        return "Choose another name with --db."
    return what_helps(error)


def _has_bytes(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _lacks_room(error: Exception, advice: str) -> bool:
    """Whether SQLite could not create a journal and no other cause was found: probably for lack of space."""
    return primary_code(error) == sqlite3.SQLITE_CANTOPEN and advice == what_helps(error)


def _is_of_disk(error: BaseException) -> bool:
    """Whether an error means that the disk is full or failing."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO}
    return primary_code(error) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
