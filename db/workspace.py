"""A workspace: one SQLite file, opened for one program."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from sqlite_utils import Database

from selfinstruct.db.connection import connect, transaction
from selfinstruct.db.counts import Counts, read_counts
from selfinstruct.db.decisions import Decisions
from selfinstruct.db.instances import Instances
from selfinstruct.db.migrations import migrate
from selfinstruct.db.requests import Requests
from selfinstruct.db.settings import SettingsStore
from selfinstruct.db.tasks import Tasks


class Workspace:
    """The tables of one file by subject; all of them share one connection.

    Use it from the thread that opened it. Every method writes in a transaction of its own, or in the
    surrounding `transaction()`.
    """

    def __init__(self, db: Database, path: Path) -> None:
        self._db = db
        self.path = path
        self.settings = SettingsStore(db)
        self.tasks = Tasks(db)
        self.instances = Instances(db)
        self.decisions = Decisions(db)
        self.requests = Requests(db)
        self._run_id: int | None = None

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> Self:
        """Open the workspace at `path`, made first when `create` is given and there is none.

        Raises:
            WorkspaceError: it cannot be opened, or is not a workspace of this version or an older one.
        """
        db, _ = connect(path, create=create)
        try:
            migrate(db)
        except BaseException:
            db.close()
            raise
        return cls(db, path)

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

    def start_run(self, *, at: str) -> int:
        """Enter this program in `runs`, and put in doubt what programs that died left under way.

        Returns how many requests that put in doubt.
        """
        process = psutil.Process(os.getpid())
        with self.transaction():
            self._run_id = self._db.execute(
                "INSERT INTO runs (host, pid, process_started, started_at) VALUES (?, ?, ?, ?)",
                [socket.gethostname(), process.pid, process.create_time(), at],
            ).lastrowid
            ended = 0
            for run_id, host, pid, started in self._db.execute(
                "SELECT id, host, pid, process_started FROM runs WHERE ended_at IS NULL AND id != ?",
                [self._run_id],
            ).fetchall():
                if not _is_alive(host, pid, started):
                    ended += self.requests.put_in_doubt(run_id)
                    self._db.execute("UPDATE runs SET ended_at = ? WHERE id = ?", [at, run_id])
        return ended

    @property
    def run_id(self) -> int:
        """The id of this program in `runs`; `start_run` gives it."""
        if self._run_id is None:
            raise RuntimeError("start_run comes before requests are planned")
        return self._run_id

    def end_run(self, *, at: str) -> None:
        """Leave: what this program still has under way is in doubt from now on."""
        if self._run_id is None:
            return
        with self.transaction():
            self.requests.put_in_doubt(self._run_id)
            self._db.execute("UPDATE runs SET ended_at = ? WHERE id = ?", [at, self._run_id])
        self._run_id = None

    def counts(self) -> Counts:
        """How much there is of everything, in one consistent reading."""
        return read_counts(self._db)


def _is_alive(host: str, pid: int, started: float) -> bool:
    """Whether the process that started then is still running here; a pid alone may be reused."""
    if host != socket.gethostname():
        return False
    try:
        return abs(psutil.Process(pid).create_time() - started) < 1
    except psutil.NoSuchProcess:
        return False
