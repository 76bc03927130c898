"""Transactions: nested, undone in part, or committed in a thread while the event loop goes on."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from selfinstruct.db.errors import StorageError, WorkspaceError
from selfinstruct.db.sqlite.driver import Connection, sqlite3
from selfinstruct.db.sqlite.error_guard import GuardedConnection, translated
from selfinstruct.db.sqlite.lock_wait import LockWait
from selfinstruct.db.sqlite.sequel import Sequel

Result = TypeVar("Result")


@contextmanager
def one_moment(db: Connection) -> Iterator[None]:
    """Give all reads inside the same snapshot; within a transaction, they use the transaction's."""
    if is_open(db):
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


@contextmanager
def transaction(db: Connection, *, beside_readers: bool = False) -> Iterator[None]:
    """Open a write transaction; a nested call joins the outer transaction.

    It takes the write lock before anything is read: a transaction that reads first and writes later fails
    at once if another program writes in between, regardless of the busy timeout. With a rollback journal it
    locks readers out from the start too, so that none can block the commit: if the lock is refused, nothing
    has been done yet.

    Args:
        db: The connection.
        beside_readers: Whether others may read until the commit, even with a rollback journal.

    Raises:
        BusyError: Another program is writing, or reading with a rollback journal; nothing was changed.
        StorageError: The transaction could not be written, and was rolled back; or the file is not where it
            was opened.
    """
    if is_open(db):
        yield
        return
    _begin(db, beside_readers=beside_readers)
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        _roll_back(db)
        raise
    _sequel(db).carry_out()


@contextmanager
def savepoint(db: Connection) -> Iterator[None]:
    """Open a transaction, or within one a part of it: an error undoes that part alone."""
    if not is_open(db):
        with transaction(db):
            yield
        return
    mark = _sequel(db).mark
    db.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        # After some errors, such as a full disk, SQLite has rolled back the whole transaction.
        if db.in_transaction:
            db.execute("ROLLBACK TO part")
            db.execute("RELEASE part")
            _sequel(db).undo(since=mark)
        raise
    db.execute("RELEASE part")


def is_open(db: Connection) -> bool:
    """Whether a transaction is open; one that is being committed in a thread is waited for first."""
    if isinstance(db, GuardedConnection):
        db.settle()
    return db.in_transaction


def if_undone(db: Connection, step: Callable[[], None]) -> None:
    """Take a step in memory if the open transaction, or the part of it that is open, is undone."""
    if is_open(db):
        _sequel(db).add(undone=step)


def file_id(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file; None if there is none, or they cannot be read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class GroupTransactions:
    """Transactions that wait for the disk in a thread.

    While one is being committed, any other use of the connection waits for it.

    Args:
        db: The connection.
        lock_wait: Waits for other programs' locks.
    """

    def __init__(self, db: GuardedConnection, lock_wait: LockWait) -> None:
        self._db = db
        self._lock_wait = lock_wait
        self._thread: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run `work` in one transaction; returns its result once that is stored.

        If the caller is cancelled meanwhile, it is stored all the same.

        Raises:
            WorkspaceError: Nothing of it was stored.
        """
        await self._lock_wait.when_free(self._begin)
        # From here on nobody else runs until the commit has begun.
        result, commit = self._run(work)
        committed = asyncio.wrap_future(commit.future)
        await asyncio.wait({committed})
        committed.exception()  # `finish` deals with it
        commit.finish()
        if commit.error is not None:
            raise commit.error
        return result

    def _begin(self) -> None:
        if is_open(self._db):
            raise RuntimeError("a transaction is open already")
        _begin(self._db)

    def _run(self, work: Callable[[], Result]) -> "tuple[Result, _Commit]":
        try:
            result = work()
            self.require_open()
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
            # Not through the guard, which would wait for itself.
            future = self._thread.submit(sqlite3.Connection.commit, self._db)
        except BaseException:
            _roll_back(self._db)
            raise
        commit = _Commit(self._db, future)
        self._db.committing = commit.finish
        return result, commit

    def require_open(self) -> None:
        """Check that the transaction is still open: some errors of the disk roll it back.

        Raises:
            StorageError: It was rolled back.
        """
        if not self._db.in_transaction:
            raise StorageError("The workspace cannot be written: its transaction was rolled back.")

    def close(self) -> None:
        """Wait for the last commit, and end the thread."""
        self._db.settle()
        if self._thread is not None:
            self._thread.shutdown()


class _Commit:
    """A commit in a thread; `finish` waits for it and does what follows, on the thread of the connection."""

    def __init__(self, db: GuardedConnection, future: "Future[None]") -> None:
        self._db = db
        self.future = future
        self.error: WorkspaceError | None = None
        self._is_finished = False

    def finish(self) -> None:
        if self._is_finished:
            return
        self._is_finished = True
        error = self.future.exception()
        self._db.committing = None
        if error is None:
            self._db.sequel.carry_out()
            return
        _roll_back(self._db)
        if not isinstance(error, sqlite3.Error):
            raise error
        self.error = translated(error, path=self._db.path, writing=True)


def _begin(db: Connection, *, beside_readers: bool = False) -> None:
    # What is left belongs to a transaction that SQLite has rolled back by itself.
    _sequel(db).undo()
    _require_in_place(db)
    db.execute("BEGIN IMMEDIATE" if beside_readers else "BEGIN EXCLUSIVE")


def _roll_back(db: Connection) -> None:
    if db.in_transaction:
        db.execute("ROLLBACK")
    _sequel(db).undo()


def _sequel(db: Connection) -> Sequel:
    assert isinstance(db, GuardedConnection)
    return db.sequel


def _require_in_place(db: Connection) -> None:
    """Raise StorageError if the file was deleted, moved or replaced: SQLite would go on writing to it."""
    if not isinstance(db, GuardedConnection) or db.path is None or db.file_id is None:
        return
    if file_id(db.path) != db.file_id:
        raise StorageError(
            f"{db.path} was deleted, moved or replaced while it was open, so nothing more is stored. Put it"
            " back, or quit and open it where it is."
        )
