"""Repairs a workspace: salvages everything readable into a new file that replaces the damaged one.

Every decision is preserved, or nothing is changed. The damaged file is kept beside the new one, under another
name.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from selfinstruct.db.atomic_file import put
from selfinstruct.db.check.check import Report, check
from selfinstruct.db.check.parts import KEPT, objects_of
from selfinstruct.db.check.replay import Replayed
from selfinstruct.db.errors import BusyError, DamagedError, NotRepairedError, WorkspaceError
from selfinstruct.db.real_path import real_path
from selfinstruct.db.repair.page_reader import PageReader
from selfinstruct.db.repair.rebuild_requests import mend_ledger
from selfinstruct.db.repair.rebuild_tasks import mend_tasks, replay_all
from selfinstruct.db.repair.salvage import Salvage, salvage
from selfinstruct.db.sqlite.connection import (
    connect,
    connect_to_read,
    has_log,
    is_in_use,
    is_writable,
    keeping_log,
)
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.journal_files import ENDINGS, beside
from selfinstruct.db.sqlite.schema_version import SCHEMA_VERSION, bring_up_to_date, free_name, version_of


@dataclass(frozen=True, slots=True)
class Repaired:
    """A finished new file, ready to replace the damaged one."""

    notes: tuple[str, ...]
    """Sentences about what is lost or was rebuilt."""
    report: Report
    """The check of the new file: clean, except for decisions that were inconsistent before."""
    kept: Path
    """The path that the damaged file will get."""
    _path: Path
    _new: Path
    _guard: Connection | None
    """The connection to the damaged file that keeps other programs out."""

    def put_in_place(self) -> None:
        """Rename the damaged file to `kept`, and the new file to its name.

        Raises:
            WorkspaceError: A program has started to use the damaged file; nothing is changed.
        """
        if self._guard is not None:
            # Closing may delete the log at this path, so it must happen before the new file is there.
            self._guard.close()
        _require_idle(self._path)
        try:
            os.link(self._path, self.kept)
        except OSError:  # a file system without hard links
            shutil.copy2(self._path, self.kept)
        for ending in ENDINGS:
            # The damaged file's journals must not be mistaken for the new file's.
            with suppress(FileNotFoundError):
                beside(self._path, ending).rename(beside(self.kept, ending))
        put(self._new, self._path, force=True)


@contextmanager
def repairing(path: Path, *, at: str) -> Iterator[Repaired]:
    """Build a new file beside a damaged workspace; it is deleted on exit unless it was put in place.

    Args:
        path: The workspace, which no other program may be using.
        at: The current time, as ISO 8601 text.

    Raises:
        WorkspaceError: There is no workspace, a program is using it, or no file can be created beside it.
        NotRepairedError: A decision cannot be read, or the readable data is inconsistent.
    """
    real = real_path(path)
    if real.exists() and not is_writable(real):
        raise WorkspaceError(
            f"{path} cannot be written to, and so cannot be repaired. Copy it elsewhere first."
        )
    try:
        with keeping_log(path), ExitStack() as stack:
            guard = source = _connect(path)
            # Closed after the connection, because closing it releases this program's locks on the file.
            pages = stack.enter_context(real.open("rb"))
            folder = tempfile.TemporaryDirectory(dir=real.parent, prefix=f".{real.name}.")
            name = stack.enter_context(folder)
            if guard is not None:
                stack.enter_context(closing(guard))
            _keep_others_out(guard, real)
            if has_log(real):
                copy = _with_log_written(real, pages, Path(name) / "copy.db")
                pages = stack.enter_context(copy.open("rb"))
                if (source := _connect(copy)) is not None:
                    stack.enter_context(closing(source))
            new = Path(name) / real.name
            notes, replayed = _make(source, PageReader(pages, _page_size(source)), new, at=at)
            report = check(new)
            _require_whole(report, replayed)
            yield Repaired(tuple(notes), report, free_name(real, "before-repair"), real, new, guard)
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be repaired: {error.strerror or error}. It is left as it is."
        ) from error


def _connect(path: Path) -> Connection | None:
    """Connect to a damaged workspace; None if SQLite cannot even open it."""
    try:
        source = connect_to_read(path)
    except DamagedError:
        return None
    try:
        version = version_of(source)
    except DamagedError:
        source.close()
        return None
    if version != SCHEMA_VERSION:
        source.close()
        raise WorkspaceError(
            f"{path} has schema {version}, and this program repairs only {SCHEMA_VERSION}. Repair it with the"
            " program that made it."
        )
    return source


def _with_log_written(path: Path, file: BinaryIO, copy: Path) -> Path:
    """Copy a file and write its log into the copy, because rows are also read from the pages themselves."""
    with copy.open("wb") as into:
        shutil.copyfileobj(file, into)
    shutil.copyfile(beside(path, "-wal"), beside(copy, "-wal"))
    with suppress(DamagedError), closing(connect_to_read(copy)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return copy


def _page_size(source: Connection | None) -> int | None:
    if source is None:
        return None
    (size,) = source.execute("PRAGMA page_size").fetchone()
    return int(size)


def _keep_others_out(source: Connection | None, path: Path) -> None:
    if source is not None:
        with suppress(DamagedError):
            try:
                source.execute("PRAGMA query_only = OFF")
                source.execute("BEGIN EXCLUSIVE")
            except BusyError as error:
                raise WorkspaceError(f"Another program uses {path}. Close it first.") from error
    _require_idle(path)


def _require_idle(path: Path) -> None:
    if is_in_use(path):
        raise WorkspaceError(f"A program is using {path}. Close it first.")


def _make(source: Connection | None, pages: PageReader, new: Path, *, at: str) -> tuple[list[str], Replayed]:
    """Build the new file; returns sentences about what is lost, and the replayed decisions."""
    with closing(connect(new, create=True)) as db:
        bring_up_to_date(db, new)
        others = _others(source, db)
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("BEGIN IMMEDIATE")
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        # The initial row of a new workspace, which the repair replaces.
        db.execute("DELETE FROM spending")
        found = salvage(source, pages, db)
        replayed = replay_all(db, source, in_doubt="decisions" in found.damaged)
        notes = [
            *(f"{name} is not from this program, and was not copied." for name in others),
            *_of_salvage(found),
            *mend_tasks(db, source, replayed, at=at),
            *mend_ledger(db, source, at=at),
        ]
        _drop_derived_without_parents(db)
        db.execute(f"UPDATE tasks SET (kept, kept_now) = ({KEPT})")
        db.execute("INSERT INTO tasks_text (tasks_text) VALUES ('rebuild')")
        for _, sql in triggers:
            db.execute(sql)
        db.execute("COMMIT")
    return notes, replayed


def _others(source: Connection | None, db: Connection) -> list[str]:
    """Name the objects in the damaged file that this program did not create."""
    if source is None:
        return []
    try:
        there = objects_of(source).keys() - objects_of(db).keys()
    except DamagedError:
        return []
    return sorted(f"The {kind} {name}" for kind, name in there if not name.startswith("sqlite_"))


def _of_salvage(found: Salvage) -> list[str]:
    notes = list(found.notes)
    unsure = sorted(name for name in found.damaged if not found.tables[name].numbered)
    notes += [f"Some of the {name} may be lost." for name in unsure]
    notes += [
        f"{count:,} rows of {name} that SQLite could not reach were recovered from the pages."
        for name, count in found.from_pages.items()
    ]
    return notes


def _drop_derived_without_parents(db: Connection) -> None:
    kept = {"decisions", "requests", "attempts", "tasks", "instances"}
    for table, rowid, _, _ in db.execute("PRAGMA foreign_key_check").fetchall():
        if table not in kept and rowid is not None:
            db.execute(f'DELETE FROM "{table}" WHERE rowid = ?', [rowid])


def _require_whole(report: Report, replayed: Replayed) -> None:
    """Check that nothing is wrong with the new file, except for decisions that were inconsistent before."""
    known = set(replayed.faults)
    for part in report.parts:
        for sentence in part.wrong:
            if part.name != "decisions" or not (sentence in known or sentence.endswith("more of this kind.")):
                raise NotRepairedError(
                    "The workspace cannot be repaired: the data that can be read is inconsistent."
                    f" {sentence} It is left as it is."
                )
