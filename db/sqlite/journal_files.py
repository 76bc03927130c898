"""The journals beside a workspace, and the check that they belong to it.

When SQLite opens a file, it applies any journal with a matching name. A journal left behind by another file,
or copied there, would overwrite the workspace with foreign pages.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.real_path import real_path

JOURNALS = ("-journal", "-wal")
"""Suffixes of the rollback journal and the write-ahead log of a SQLite file."""
ENDINGS = (*JOURNALS, "-shm")
"""Suffixes of all side files of a SQLite file."""

MARKER_AT = slice(68, 72)
"""Bytes of the application id in a SQLite header (https://sqlite.org/fileformat2.html)."""
_WRITE_VERSION_AT = 18
_WAL_VERSION = 2
"""The write version in WAL mode."""
_COUNTER_AT = slice(24, 28)
"""Bytes of the file change counter in the header."""
_PAGES_AT = slice(28, 32)
"""Bytes of the page count in the header."""

_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_WAL_MAGIC = {0x377F0682, 0x377F0683}
_RESERVED_BYTE = 0x40000001
"""The byte of a file that SQLite locks to write (https://sqlite.org/lockingv3.html)."""
_TRIES = 9
"""Maximum reads of files that a writer keeps changing; then the journal is taken to be its own."""
_MOST_PAGES = 10_000
"""Maximum pages of a journal that are searched for page 1 of its file."""


def beside(path: Path, ending: str) -> Path:
    """Return the side file of a workspace with this suffix."""
    real = real_path(path)
    return real.with_name(real.name + ending)


def require_own_journals(path: Path, marker: int) -> None:
    """Check that the journals beside a file belong to it.

    Args:
        path: An existing file.
        marker: The application id of workspaces.

    Raises:
        WorkspaceError: A journal belongs to another file.
    """
    seen: tuple[Path, bytes] | None = None
    for _ in range(_TRIES):
        # A journal that is being written keeps changing; a foreign one does not.
        found = _foreign(path, marker.to_bytes(4))
        if found is None or _is_written(path):
            return
        if found == seen:
            break
        seen = found
    else:
        return
    raise WorkspaceError(
        f"{found[0]} does not belong to {path}, and SQLite would write its pages into the workspace. Move it"
        " away; if you have copied the workspace, copy its own journal as well."
    )


def _is_written(path: Path) -> bool:
    """Whether a program holds the write lock: the journal then belongs to it and is not rolled back."""
    with path.open("rb") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, _RESERVED_BYTE)
        except OSError:
            return True
        fcntl.lockf(file, fcntl.LOCK_UN, 1, _RESERVED_BYTE)
    return False


def _foreign(path: Path, marker: bytes) -> tuple[Path, bytes] | None:
    """Return the first journal that belongs to another file, and the bytes that show it; else None."""
    journal, wal = beside(path, "-journal"), beside(path, "-wal")
    try:
        rollback = _read_journal(journal)
        with path.open("rb") as file:
            header = file.read(100)
        if header[MARKER_AT] != marker:
            return None  # not a workspace; opening it reports that
        if rollback is not None and not _is_of(rollback, header, marker):
            return journal, rollback.first_page + header
        first = _first_page_of_wal(wal)
        return (wal, first) if first is not None and first[MARKER_AT] != marker else None
    except FileNotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class _Rollback:
    """The state that a rollback journal would restore."""

    pages: int
    """The number of pages of the file."""
    first_page: bytes
    """The start of page 1; empty if the journal does not contain it."""
    only_first: bool
    """Whether the journal contains no other page."""


def _is_of(rollback: _Rollback, header: bytes, marker: bytes) -> bool:
    """Whether a journal can belong to the file with this header."""
    if header[_WRITE_VERSION_AT] == _WAL_VERSION and not rollback.only_first:
        return False  # in WAL mode, only switching the journal mode, on page 1, uses a rollback journal
    if not rollback.pages:
        return _number(header[_COUNTER_AT]) <= 1  # the transaction that created the file
    if not rollback.first_page:
        return rollback.pages == _number(header[_PAGES_AT])
    # The journal holds the page before the change, which the file may not contain yet.
    steps = (_number(header[_COUNTER_AT]) - _number(rollback.first_page[_COUNTER_AT])) % 2**32
    return rollback.first_page[MARKER_AT] == marker and steps <= 1


def _number(four_bytes: bytes) -> int:
    return int.from_bytes(four_bytes)


def _read_journal(path: Path) -> _Rollback | None:
    """Parse a rollback journal; None if SQLite would ignore it."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        header = file.read(28)
        if len(header) < 28 or not header.startswith(_JOURNAL_MAGIC):
            return None
        first_page = _page_one(_records_of_journal(file)) or b""
        only_first = all(number == 1 for number, _ in _records_of_journal(file))
        return _Rollback(_number(header[16:20]), first_page, only_first)


def _records_of_journal(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the page records of a rollback journal, which has a header before each synced segment."""
    end = file.seek(0, os.SEEK_END)
    at = 0
    while True:
        file.seek(at)
        header = file.read(28)
        if len(header) < 28 or not header.startswith(_JOURNAL_MAGIC):
            return
        count, _, _, sector_size, page_size = struct.unpack(">IIIII", header[8:])
        if not (_is_size(page_size) and _is_size(sector_size)):
            return
        at += sector_size
        there = (end - at) // (page_size + 8)
        count = there if count in {0, 0xFFFFFFFF} else min(count, there)
        yield from _records(file, at=at, count=count, head=4, step=page_size + 8)
        at += count * (page_size + 8)
        at += -at % sector_size


def _is_size(size: int) -> bool:
    return 512 <= size <= 65536


def _first_page_of_wal(path: Path) -> bytes | None:
    """Return the start of page 1 in a write-ahead log; None if the log does not contain it."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(0)
        header = file.read(32)
        page_size = _number(header[8:12])
        if len(header) < 32 or _number(header[:4]) not in _WAL_MAGIC or not _is_size(page_size):
            return None
        step = page_size + 24
        return _page_one(_records(file, at=32, count=(end - 32) // step, head=24, step=step))


def _records(file: BinaryIO, *, at: int, count: int, head: int, step: int) -> Iterator[tuple[int, bytes]]:
    """Yield the page number and the first 100 bytes of each of `count` page records."""
    for number in range(min(count, _MOST_PAGES)):
        file.seek(at + number * step)
        record = file.read(head + 100)
        yield _number(record[:4]), record[head:]


def _page_one(records: Iterator[tuple[int, bytes]]) -> bytes | None:
    return next((page for number, page in records if number == 1), None)
