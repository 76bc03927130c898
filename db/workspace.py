"""The workspace: one SQLite file, opened by one program."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from selfinstruct.db.errors import StorageError
from selfinstruct.db.reads.counts import (
    Counts,
    Spending,
    Training,
    read_counts,
    read_spending,
    read_status,
    read_training,
    read_untouched,
)
from selfinstruct.db.reads.on_demand import OnDemand
from selfinstruct.db.sqlite.connection import (
    Storage,
    connect,
    connect_in_memory,
    connect_to_read,
    storage_of,
)
from selfinstruct.db.sqlite.error_guard import GuardedConnection
from selfinstruct.db.sqlite.journal_files import beside
from selfinstruct.db.sqlite.lock_wait import LockWait
from selfinstruct.db.sqlite.schema_version import bring_up_to_date, require_current
from selfinstruct.db.sqlite.storage_advice import what_helps
from selfinstruct.db.sqlite.transactions import (
    GroupTransactions,
    if_undone,
    is_open,
    one_moment,
    savepoint,
    transaction,
)
from selfinstruct.db.tables.backlog import Backlog
from selfinstruct.db.tables.decisions import Decisions
from selfinstruct.db.tables.instances import Instances
from selfinstruct.db.tables.jobs import Jobs
from selfinstruct.db.tables.requests import Requests
from selfinstruct.db.tables.settings import SettingsStore
from selfinstruct.db.tables.suggestions import Suggestions
from selfinstruct.db.tables.tasks import Tasks

if TYPE_CHECKING:
    from filelock import FileLock

_LOCK_TEST_S = 2.0
"""Seconds; longer than another program holds a lock to see whether its run is alive."""


class Workspace(OnDemand):
    """The tables of one file, by subject, over one shared connection.

    Use it only from the thread that opened it. Every method that writes opens a transaction, or joins the
    surrounding `transaction()`.
    """

    def __init__(
        self,
        db: GuardedConnection,
        path: Path,
        *,
        read_only: bool,
        copy_before_migrations: Path | None = None,
    ) -> None:
        super().__init__(db)
        self.path = path
        self.read_only = read_only
        self.copy_before_migrations = copy_before_migrations
        """The copy that was made before this opening migrated the workspace; None if it did not."""
        self.settings = SettingsStore(db)
        self.tasks = Tasks(db)
        self.backlog = Backlog(db)
        self.instances = Instances(db)
        self.decisions = Decisions(db)
        self.suggestions = Suggestions(db)
        self.requests = Requests(db)
        self.jobs = Jobs(db)
        self.lock_wait = LockWait(db)
        """Waits for other programs' locks."""
        self.group_transactions = GroupTransactions(db, self.lock_wait)
        """Transactions that wait for the disk in a thread."""
        self._run_id: int | None = None
        self._run_lock: FileLock | None = None
        self._data_version = 0

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = False,
        read_only: bool = False,
        migration_begins: Callable[[int], None] = lambda _: None,
    ) -> Self:
        """Open the workspace at `path`, and migrate it if its schema is older.

        Args:
            path: The workspace's file.
            create: Whether to create it if it does not exist.
            read_only: Makes every method that writes raise WorkspaceError.
            migration_begins: Called with the bytes of the file before it is copied and migrated.

        Raises:
            WorkspaceError: It cannot be opened, is not a workspace, or has a newer schema.
        """
        db = connect_to_read(path) if read_only else connect(path, create=create)
        try:
            copy = None
            if read_only:
                require_current(db)
            else:
                copy = bring_up_to_date(db, path, migration_begins)
        except BaseException:
            db.close()
            raise
        return cls(db, path, read_only=read_only, copy_before_migrations=copy)

    @classmethod
    def rehearsal(cls, path: Path) -> Self:
        """Create a workspace in memory, named `path`, to rehearse a start: if that fails, no file is left."""
        db = connect_in_memory()
        bring_up_to_date(db, path)
        return cls(db, path, read_only=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; everything is already committed."""
        self.group_transactions.close()
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a write transaction: all writes inside are atomic, and no other program writes meanwhile."""
        with transaction(self._db):
            yield

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Give all reads inside the same snapshot, whatever other programs write meanwhile."""
        with one_moment(self._db):
            yield

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Open a transaction, or within one a part of it that an error undoes alone."""
        with savepoint(self._db):
            yield

    def once_stored(self, step: Callable[[], None]) -> None:
        """Take a step in memory once the open transaction is stored; at once if there is none."""
        if is_open(self._db):
            self._db.sequel.add(stored=step)
        else:
            step()

    def if_undone(self, step: Callable[[], None]) -> None:
        """Take a step in memory if the open transaction, or the part of it that is open, is undone."""
        if_undone(self._db, step)

    def start_run(self, *, at: str) -> None:
        """Add this program to `runs`, and mark requests of dead programs as in doubt.

        Args:
            at: The current time, as ISO 8601 text.

        Raises:
            StorageError: The lock file of the run cannot be created.
        """
        with ExitStack() as if_it_fails:
            with self.transaction():
                run_id = self._db.execute(
                    "INSERT INTO runs (host, pid, started_at) VALUES (?, ?, ?)",
                    [socket.gethostname(), os.getpid(), at],
                ).lastrowid
                assert run_id is not None
                lock = self._lock(run_id)
                try:
                    # No other program holds it, except for a moment to test whether this run is alive.
                    lock.acquire(timeout=_LOCK_TEST_S)
                except OSError as error:
                    raise _not_locked(error) from error
                # The lock's file stays: the next program may get the same id, and wait for its lock.
                if_it_fails.callback(lock.release)
                others = self._db.execute("SELECT id FROM runs WHERE ended_at IS NULL AND id != ?", [run_id])
                gone = [other for (other,) in others.fetchall() if self._is_gone(other)]
                for other in gone:
                    self.requests.put_in_doubt(other)
                    self._db.execute("UPDATE runs SET ended_at = ? WHERE id = ?", [at, other])
            if_it_fails.pop_all()
        self._run_id, self._run_lock, self.decisions.run_id = run_id, lock, run_id
        for other in gone:
            self._delete_lock_file(self._lock(other))

    def others_at_work(self) -> bool:
        """Whether another program has this workspace open and can send requests."""
        others = self._db.execute(
            "SELECT id FROM runs WHERE ended_at IS NULL AND id IS NOT ?", [self._run_id]
        ).fetchall()
        return not all(self._is_gone(other) for (other,) in others)

    def remember_batch(self, batch: int) -> None:
        """Record the batch on the person's screen in this program."""
        with self.transaction():
            self._db.execute("UPDATE runs SET batch = ? WHERE id = ?", [batch, self.run_id])

    def _lock(self, run_id: int) -> "FileLock":
        """Return the lock that a live run holds; the system releases it whenever the program ends."""
        from filelock import FileLock  # noqa: PLC0415 - only needed once there are runs

        return FileLock(beside(self.path, f".run-{run_id}"), mode=0o600)

    @staticmethod
    def _delete_lock_file(lock: "FileLock") -> None:
        """Delete a lock's file; a leftover file is harmless."""
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)

    def _is_gone(self, run_id: int) -> bool:
        lock = self._lock(run_id)
        try:
            lock.acquire(timeout=0)
        except TimeoutError:  # the base of filelock's Timeout
            return False
        except OSError as error:
            raise _not_locked(error) from error
        lock.release()
        return True

    @property
    def has_run(self) -> bool:
        """Whether this program has a row in `runs`."""
        return self._run_id is not None

    @property
    def run_id(self) -> int:
        """The id of this program in `runs`, which `start_run` assigns."""
        if self._run_id is None:
            raise RuntimeError("start_run comes before requests are planned")
        return self._run_id

    def end_run(self, *, at: str) -> None:
        """End this program's run, and mark its requests in flight as in doubt."""
        if self._run_id is None or self._run_lock is None:
            return
        with self.transaction():
            self.requests.put_in_doubt(self._run_id)
            self._db.execute("UPDATE runs SET ended_at = ? WHERE id = ?", [at, self._run_id])
        self._run_lock.release()
        self._delete_lock_file(self._run_lock)
        self._run_id = self._run_lock = self.decisions.run_id = None

    def changed_by_others(self) -> bool:
        """Whether another program has written to the workspace since the last call."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        before, self._data_version = self._data_version, int(version)
        return before != self._data_version

    def storage(self) -> Storage:
        """Return the SQLite library and the journal mode in use."""
        return storage_of(self._db)

    def spending(self) -> Spending:
        """Return the cost of all attempts."""
        return read_spending(self._db)

    def training(self) -> Training:
        """Count the rows of a training file without seeds, and the instances left out of it."""
        return read_training(self._db)

    def is_untouched(self) -> bool:
        """Whether nothing has come of it yet: no response, no cost, no new task, no decision of a person."""
        return read_untouched(self._db)

    def counts(self) -> Counts:
        """Return the counts of everything, from one snapshot."""
        return read_counts(self._db)

    def status(self) -> tuple[Counts, Training]:
        """Return what `status` shows, from one snapshot."""
        return read_status(self._db)


def _not_locked(error: OSError) -> StorageError:
    return StorageError(
        "The lock file that marks the workspace as in use cannot be created beside it:"
        f" {error.strerror or error}. {what_helps(error)}"
    )
