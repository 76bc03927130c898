"""Repairs a workspace: a new file of all that can be read of the damaged one, put in its place.

Every decision comes over, or nothing is changed. The damaged file stays beside the new one, under another
name.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.db.atomic_file import put
from selfinstruct.db.check.check import Report, check
from selfinstruct.db.check.parts import objects_of
from selfinstruct.db.check.replay import Replayed
from selfinstruct.db.errors import BusyError, DamagedError, NotRepairedError, WorkspaceError
from selfinstruct.db.repair.page_reader import PageReader
from selfinstruct.db.repair.rebuild_requests import mend_ledger
from selfinstruct.db.repair.rebuild_tasks import mend_tasks, replay_all
from selfinstruct.db.repair.salvage import Salvage, salvage
from selfinstruct.db.sqlite.connection import connect, connect_to_read, is_in_use, is_writable
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.journal_files import ENDINGS, beside, real_path
from selfinstruct.db.sqlite.schema_version import SCHEMA_VERSION, bring_up_to_date, free_name, version_of


@dataclass(frozen=True, slots=True)
class Repaired:
    """A new file that waits to be put in the place of the damaged one."""

    notes: tuple[str, ...]
    """What is lost, or was made again, each in a sentence."""
    report: Report
    """What a check finds in the new file: at most decisions that do not fit together, and are kept so."""
    kept: Path
    """Where the damaged file will be."""
    _path: Path
    _new: Path
    _source: Connection | None

    def put_in_place(self) -> None:
        """Give the new file the name of the damaged one, which gets another one.

        Raises:
            WorkspaceError: a program has begun to work on the damaged one; then nothing is changed.
        """
        if self._source is not None:
            # Before the new file is there, whose log it could take for the one that it deletes.
            self._source.close()
        _require_idle(self._path)
        try:
            os.link(self._path, self.kept)
        except OSError:  # a file system without links
            shutil.copy2(self._path, self.kept)
        for ending in ENDINGS:
            # They are of the damaged file, and must not be taken for those of the new one.
            with suppress(FileNotFoundError):
                beside(self._path, ending).rename(beside(self.kept, ending))
        put(self._new, self._path, force=True)


@contextmanager
def repairing(path: Path, *, at: str) -> Iterator[Repaired]:
    """Make a new file beside a damaged workspace; it is gone afterwards unless it was put in place.

    Args:
        path: The workspace, which no other program may be at work on.
        at: The present time.

    Raises:
        WorkspaceError: there is none, a program is at work on it, or no file can be made beside it.
        NotRepairedError: a decision cannot be read, or what can be read does not fit together.
    """
    real = real_path(path)
    if real.exists() and not is_writable(real):
        raise WorkspaceError(
            f"{path} cannot be written here, and so cannot be repaired. Copy it elsewhere first."
        )
    source = _connect(path)
    try:
        # Closed after the connection: closing it gives up the locks that this program has on the file.
        with (
            real.open("rb") as file,
            tempfile.TemporaryDirectory(dir=real.parent, prefix=f".{real.name}.") as name,
        ):
            try:
                _keep_others_out(source, real)
                new = Path(name) / real.name
                notes, replayed = _make(source, PageReader(file, _page_size(source)), new, at=at)
                report = check(new)
                _require_whole(report, replayed)
                yield Repaired(tuple(notes), report, free_name(real, "before-repair"), real, new, source)
            finally:
                if source is not None:
                    source.close()
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be repaired: {error.strerror or error}. It is left as it is."
        ) from error


def _connect(path: Path) -> Connection | None:
    """A connection to a damaged workspace; None when SQLite cannot even open it."""
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
            f"{path} has schema {version}, and this program repairs {SCHEMA_VERSION} only. Repair it with the"
            " program that made it."
        )
    return source


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
                # The pages are read from the file itself, so what is in the log has to be there as well.
                (is_busy, _, _) = source.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if is_busy:
                    raise WorkspaceError(f"Another program uses {path}. Close it first.")
                source.execute("BEGIN EXCLUSIVE")
            except BusyError as error:
                raise WorkspaceError(f"Another program uses {path}. Close it first.") from error
    _require_idle(path)


def _require_idle(path: Path) -> None:
    if is_in_use(path):
        raise WorkspaceError(f"A program is at work on {path}. Close it first.")


def _make(source: Connection | None, pages: PageReader, new: Path, *, at: str) -> tuple[list[str], Replayed]:
    """Make the new file; returns what is lost, and what the decisions come to."""
    with closing(connect(new, create=True)) as db:
        bring_up_to_date(db, new)
        others = _others(source, db)
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("BEGIN IMMEDIATE")
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        # What a new workspace begins with.
        db.execute("DELETE FROM spending")
        found = salvage(source, pages, db)
        replayed = replay_all(db, source, in_doubt="decisions" in found.damaged)
        notes = [
            *(f"{name} is not of this program, and not in the new file." for name in others),
            *_of_salvage(found),
            *mend_tasks(db, source, replayed, at=at),
            *mend_ledger(db, source, at=at),
        ]
        _drop_derived_without_parents(db)
        db.execute("INSERT INTO tasks_text (tasks_text) VALUES ('rebuild')")
        for _, sql in triggers:
            db.execute(sql)
        db.execute("COMMIT")
    return notes, replayed


def _others(source: Connection | None, db: Connection) -> list[str]:
    """What there is in the damaged file that another program, or a person, has made."""
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
        f"{count:,} rows of {name} were found where SQLite no longer could: in the pages themselves."
        for name, count in found.from_pages.items()
    ]
    return notes


def _drop_derived_without_parents(db: Connection) -> None:
    kept = {"decisions", "requests", "attempts", "tasks", "instances"}
    for table, rowid, _, _ in db.execute("PRAGMA foreign_key_check").fetchall():
        if table not in kept and rowid is not None:
            db.execute(f'DELETE FROM "{table}" WHERE rowid = ?', [rowid])


def _require_whole(report: Report, replayed: Replayed) -> None:
    """Make sure that nothing is wrong with the new file, but for decisions that never fitted together."""
    known = set(replayed.faults)
    for part in report.parts:
        for sentence in part.wrong:
            if part.name != "decisions" or not (sentence in known or sentence.endswith("more of this kind.")):
                raise NotRepairedError(
                    "The workspace cannot be repaired: what can be read of it does not fit together."
                    f" {sentence} It is left as it is."
                )
