"""The files beside a workspace: its journals, and whether they are its own.

SQLite applies whatever journal it finds under the right name when it opens a file. One that was left by
another file, or copied there, would put foreign pages into the workspace.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from selfinstruct.db.errors import WorkspaceError

JOURNALS = ("-journal", "-wal")
"""What SQLite adds to the name of a file for its rollback journal and its write-ahead log."""
ENDINGS = (*JOURNALS, "-shm")
"""The same for all its side files."""

MARKER_AT = slice(68, 72)
"""Where the header of a SQLite file has its application id (https://sqlite.org/fileformat2.html)."""
_WRITE_VERSION_AT = 18
_WAL_VERSION = 2
"""What it has there while changes go to a write-ahead log."""
_COUNTER_AT = slice(24, 28)
"""Where it has the number of the last change."""
_PAGES_AT = slice(28, 32)
"""Where it has the number of its pages."""

_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_WAL_MAGIC = {0x377F0682, 0x377F0683}
_RESERVED_BYTE = 0x40000001
"""SQLite locks this byte of a file while it writes (https://sqlite.org/lockingv3.html)."""
_LOOKS = 9
_MOST_PAGES = 10_000
"""So many pages of a journal are looked through for the first page of its file."""


def real_path(path: Path) -> Path:
    """Where a file really is: SQLite follows symbolic links before it names its side files."""
    # Path.resolve() raises where a link leads to itself.
    return Path(os.path.realpath(path))


def beside(path: Path, ending: str) -> Path:
    """The side file of a workspace with this ending."""
    real = real_path(path)
    return real.with_name(real.name + ending)


def require_own_journals(path: Path, marker: int) -> None:
    """Make sure that the journals beside a file are from this file.

    Args:
        path: A file that is there.
        marker: The application id of workspaces.

    Raises:
        WorkspaceError: one of them is of another file.
    """
    seen: tuple[Path, bytes] | None = None
    for _ in range(_LOOKS):
        # While another program writes, its journal and the file change; a foreign one stays as it is.
        found = _foreign(path, marker.to_bytes(4))
        if found is None or _is_written(path):
            return
        if found == seen:
            break
        seen = found
    else:
        return
    raise WorkspaceError(
        f"{found[0]} is not from {path}, and SQLite would put its pages into the workspace. Move it away; if"
        " you have copied the workspace, copy the journal that belongs to it as well."
    )


def _is_written(path: Path) -> bool:
    """Whether a program is in the middle of a change: then the journal is its own, and is not rolled back."""
    with path.open("rb") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, _RESERVED_BYTE)
        except OSError:
            return True
        fcntl.lockf(file, fcntl.LOCK_UN, 1, _RESERVED_BYTE)
    return False


def _foreign(path: Path, marker: bytes) -> tuple[Path, bytes] | None:
    """The journal beside a file that is another file's, and what shows it; None when there is none."""
    journal, wal = beside(path, "-journal"), beside(path, "-wal")
    try:
        taken_back = _read_journal(journal)
        with path.open("rb") as file:
            header = file.read(100)
        if header[MARKER_AT] != marker:
            return None  # whoever opens it says what it is
        if taken_back is not None and not _is_of(taken_back, header, marker):
            return journal, taken_back.first_page + header
        first = _first_page_of_wal(wal)
        return (wal, first) if first is not None and first[MARKER_AT] != marker else None
    except FileNotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class _TakenBack:
    """What a file would be again if its journal were rolled back."""

    pages: int
    """How many pages it had."""
    first_page: bytes
    """The beginning of its first page; empty when that was not touched."""
    only_first: bool
    """Whether no other page was."""


def _is_of(taken_back: _TakenBack, header: bytes, marker: bytes) -> bool:
    """Whether a journal can be the one of a file that has this header."""
    if header[_WRITE_VERSION_AT] == _WAL_VERSION and not taken_back.only_first:
        return False  # only a change of the journal mode itself, on the first page, goes through a journal
    if not taken_back.pages:
        return _number(header[_COUNTER_AT]) <= 1  # the change that has made the file
    if not taken_back.first_page:
        return taken_back.pages == _number(header[_PAGES_AT])
    # It holds the page as it was before a change; the file may have that already.
    steps = (_number(header[_COUNTER_AT]) - _number(taken_back.first_page[_COUNTER_AT])) % 2**32
    return taken_back.first_page[MARKER_AT] == marker and steps <= 1


def _number(four_bytes: bytes) -> int:
    return int.from_bytes(four_bytes)


def _read_journal(path: Path) -> _TakenBack | None:
    """What a rollback journal would make of its file; None when SQLite would not roll it back."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        header = file.read(28)
        if len(header) < 28 or not header.startswith(_JOURNAL_MAGIC):
            return None
        first_page = _page_one(_records_of_journal(file)) or b""
        only_first = all(number == 1 for number, _ in _records_of_journal(file))
        return _TakenBack(_number(header[16:20]), first_page, only_first)


def _records_of_journal(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The pages in a journal, which has a header before those of each time that it was synced."""
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
    """Page 1 as a write-ahead log holds it; None when it does not."""
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
    """The numbers of so many pages in a journal, each with the first bytes of the page."""
    for number in range(min(count, _MOST_PAGES)):
        file.seek(at + number * step)
        record = file.read(head + 100)
        yield _number(record[:4]), record[head:]


def _page_one(records: Iterator[tuple[int, bytes]]) -> bytes | None:
    return next((page for number, page in records if number == 1), None)
