"""A workspace: one SQLite file, opened for one program."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from selfinstruct.db.sqlite.driver import Connection

if TYPE_CHECKING:
    from filelock import FileLock
from selfinstruct.db.errors import StorageError
from selfinstruct.db.reads.counts import (
    Counts,
    Spending,
    Training,
    read_counts,
    read_spending,
    read_training,
    read_untouched,
)
from selfinstruct.db.reads.overview import OverviewRows
from selfinstruct.db.reads.request_log import RequestLog
from selfinstruct.db.sqlite.connection import (
    Storage,
    connect,
    connect_in_memory,
    connect_to_read,
    storage_of,
    transaction,
)
from selfinstruct.db.sqlite.journal_files import beside
from selfinstruct.db.sqlite.lock_wait import LockWait
from selfinstruct.db.sqlite.schema_version import bring_up_to_date, require_current
from selfinstruct.db.sqlite.storage_advice import what_helps
from selfinstruct.db.tables.decisions import Decisions
from selfinstruct.db.tables.instances import Instances
from selfinstruct.db.tables.pool_snapshots import PoolSnapshots
from selfinstruct.db.tables.requests import Requests
from selfinstruct.db.tables.settings import SettingsStore
from selfinstruct.db.tables.tasks import Tasks
from selfinstruct.db.tables.vectors import Vectors

_A_LOOK_S = 2.0
"""Seconds, and more than another program takes to find out whether a run is alive."""


class Workspace:
    """The tables of one file by subject; all of them share one connection.

    Use it from the thread that opened it. Every method writes in a transaction of its own, or in the
    surrounding `transaction()`.
    """

    def __init__(
        self, db: Connection, path: Path, *, read_only: bool, copy_before_migrations: Path | None = None
    ) -> None:
        self._db = db
        self.path = path
        self.read_only = read_only
        self.copy_before_migrations = copy_before_migrations
        """The copy of an older workspace that was made before it was brought up to date just now."""
        self.settings = SettingsStore(db)
        self.tasks = Tasks(db)
        self.instances = Instances(db)
        self.decisions = Decisions(db)
        self.requests = Requests(db)
        self.overview = OverviewRows(db)
        self.similarity = PoolSnapshots(db)
        self.request_log = RequestLog(db)
        self.vectors = Vectors(db)
        self.lock_wait = LockWait(db)
        """How it waits while another program keeps the workspace."""
        self._run_id: int | None = None
        self._run_lock: FileLock | None = None
        self._data_version = 0

    @classmethod
    def open(cls, path: Path, *, create: bool = False, read_only: bool = False) -> Self:
        """Open the workspace at `path`, made first when `create` is given and there is none.

        Read-only, every method that writes raises WorkspaceError.

        Raises:
            WorkspaceError: it cannot be opened, or is not a workspace of this version or an older one.
        """
        db = connect_to_read(path) if read_only else connect(path, create=create)
        try:
            copy = None
            if read_only:
                require_current(db)
            else:
                copy = bring_up_to_date(db, path)
        except BaseException:
            db.close()
            raise
        return cls(db, path, read_only=read_only, copy_before_migrations=copy)

    @classmethod
    def rehearsal(cls, path: Path) -> Self:
        """A new workspace in memory, under the name of `path`: what cannot begin there leaves no file."""
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
        """Close the file. Everything was committed when its method returned."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes within happen together or not at all, and no other program writes in between."""
        with transaction(self._db):
            yield

    def start_run(self, *, at: str) -> None:
        """Enter this program in `runs`, and put in doubt what programs that died left under way."""
        with self.transaction():
            run_id = self._db.execute(
                "INSERT INTO runs (host, pid, started_at) VALUES (?, ?, ?)",
                [socket.gethostname(), os.getpid(), at],
            ).lastrowid
            assert run_id is not None
            lock = self._lock(run_id)
            try:
                # Nobody else holds it, but somebody may be looking whether anybody does.
                lock.acquire(timeout=_A_LOOK_S)
            except OSError as error:
                raise _not_locked(error) from error
            self._run_id, self._run_lock = run_id, lock
            self.decisions.run_id = run_id
            others = self._db.execute("SELECT id FROM runs WHERE ended_at IS NULL AND id != ?", [run_id])
            gone = [other for (other,) in others.fetchall() if self._is_gone(other)]
            for other in gone:
                self.requests.put_in_doubt(other)
                self._db.execute("UPDATE runs SET ended_at = ? WHERE id = ?", [at, other])
        for other in gone:
            self._lose(self._lock(other))

    def remember_batch(self, batch: int) -> None:
        """Note which batch the person at this program has before them."""
        with self.transaction():
            self._db.execute("UPDATE runs SET batch = ? WHERE id = ?", [batch, self.run_id])

    def _lock(self, run_id: int) -> "FileLock":
        """What a living run holds: the system lets go of it when its program ends, however that happens."""
        from filelock import FileLock  # noqa: PLC0415 - not before there is something to lock

        return FileLock(beside(self.path, f".run-{run_id}"), mode=0o600)

    @staticmethod
    def _lose(lock: "FileLock") -> None:
        """Delete a lock's file; one that stays is in nobody's way."""
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)

    def _is_gone(self, run_id: int) -> bool:
        lock = self._lock(run_id)
        try:
            lock.acquire(timeout=0)
        except TimeoutError:  # which filelock's own is
            return False
        except OSError as error:
            raise _not_locked(error) from error
        lock.release()
        return True

    @property
    def has_run(self) -> bool:
        """Whether this program is in `runs`."""
        return self._run_id is not None

    @property
    def run_id(self) -> int:
        """The id of this program in `runs`; `start_run` gives it."""
        if self._run_id is None:
            raise RuntimeError("start_run comes before requests are planned")
        return self._run_id

    def end_run(self, *, at: str) -> None:
        """Leave: what this program still has under way is in doubt from now on."""
        if self._run_id is None or self._run_lock is None:
            return
        with self.transaction():
            self.requests.put_in_doubt(self._run_id)
            self._db.execute("UPDATE runs SET ended_at = ? WHERE id = ?", [at, self._run_id])
        self._run_lock.release()
        self._lose(self._run_lock)
        self._run_id = self._run_lock = self.decisions.run_id = None

    def changed_by_others(self) -> bool:
        """Whether another program has written anything since the last time this was asked."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        before, self._data_version = self._data_version, int(version)
        return before != self._data_version

    def storage(self) -> Storage:
        """Which SQLite works on the file, and with which journal."""
        return storage_of(self._db)

    def spending(self) -> Spending:
        """What the answers have cost."""
        return read_spending(self._db)

    def training(self) -> Training:
        """How many rows a training file would have without the seeds, and what is left out of it."""
        return read_training(self._db)

    def is_untouched(self) -> bool:
        """Whether nothing has come of it yet: no answer, no cost, no task, no decision of a person."""
        return read_untouched(self._db)

    def counts(self) -> Counts:
        """How much there is of everything, in one consistent reading."""
        return read_counts(self._db)


def _not_locked(error: OSError) -> StorageError:
    return StorageError(
        f"No file can be made beside the workspace, to show that it is in use: {error.strerror or error}."
        f" {what_helps(error)}"
    )
