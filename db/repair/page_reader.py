"""Carves rows out of the pages of a SQLite file, for tables whose b-tree is too damaged for SQLite.

For the format, see https://sqlite.org/fileformat2.html. Free pages are skipped: they hold deleted rows.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

Value = int | float | bytes | None
"""A value in a record; text comes as undecoded bytes, marked in `Record.texts`."""

_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR = 0x0D, 0x0A, 0x02
_WITH_ROWS = {_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR}
_PAGE_SIZES = [512 << n for n in range(8)]
_SAMPLED = 1 << 20
"""Bytes at the start of the file from which the page size is guessed."""
_LIKELY_SHARE = 0.7
"""Fraction of the best share of row pages that a page size must reach to be considered."""
_MOST_FRAGMENTED = 60
"""Maximum fragmented free bytes in a b-tree page."""


@dataclass(frozen=True, slots=True)
class Record:
    """A row as stored in a page."""

    rowid: int | None
    """None in a WITHOUT ROWID table and in an index."""
    values: tuple[Value, ...]
    texts: frozenset[int]
    """The indexes of the values that are text."""


class _TornError(Exception):
    """The bytes do not form a valid record."""


class PageReader:
    """Reads records from the pages of a file.

    Args:
        file: The file; it is not closed here, because that would release SQLite's locks on it.
        page_size: Bytes per page; None to guess it from the content.
    """

    def __init__(self, file: BinaryIO, page_size: int | None = None) -> None:
        self._file = file
        header = self._at(0, 100)
        self._size = page_size or self._likely_size()
        reserved = header[20] if len(header) > 20 else 0
        self._usable = self._size - (reserved if reserved <= 32 else 0)
        self._count = file.seek(0, 2) // self._size
        self._free = self._free_pages(int.from_bytes(header[32:36]))

    def records(self) -> Iterator[Record]:
        """Yield every record in table leaves and index pages, which include WITHOUT ROWID tables."""
        for number in range(1, self._count + 1):
            if number not in self._free:
                yield from self._in_page(number)

    def _likely_size(self) -> int:
        """Guess the page size from the headers of pages."""
        shares = {size: self._share_with_rows(size) for size in _PAGE_SIZES}
        # Multiples of the true size have about the same share of row pages; smaller sizes have less.
        return min(size for size, share in shares.items() if share >= _LIKELY_SHARE * max(shares.values()))

    def _share_with_rows(self, size: int) -> float:
        """Return the fraction of pages that start like a page with rows, if pages have this size."""
        begins = [self._at(start, 8) for start in range(size, _SAMPLED, size)]
        whole = [begin for begin in begins if len(begin) == 8]
        rows = sum(begin[0] in _WITH_ROWS and begin[7] <= _MOST_FRAGMENTED for begin in whole)
        return rows / max(1, len(whole))

    def _at(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(length)

    def _page(self, number: int) -> bytes:
        if not 1 <= number <= self._count:
            raise _TornError
        return self._at((number - 1) * self._size, self._size)[: self._usable]

    def _free_pages(self, trunk: int) -> set[int]:
        free: set[int] = set()
        while 1 < trunk <= self._count and trunk not in free:
            free.add(trunk)
            page = self._page(trunk)
            following, count = struct.unpack_from(">II", page)
            count = min(count, len(page) // 4 - 2)
            free.update(struct.unpack_from(f">{count}I", page, 8))
            trunk = following
        return free

    def _in_page(self, number: int) -> Iterator[Record]:
        page = self._page(number)
        head = 100 if number == 1 else 0
        kind = page[head]
        if kind not in _WITH_ROWS:
            return
        cells = int.from_bytes(page[head + 3 : head + 5])
        pointers = head + (12 if kind == _INDEX_INTERIOR else 8)
        if pointers + 2 * cells > len(page):
            return
        for place in struct.unpack_from(f">{cells}H", page, pointers):
            try:
                yield self._cell(page, place, kind)
            except (_TornError, IndexError, struct.error, MemoryError):
                continue

    def _cell(self, page: bytes, place: int, kind: int) -> Record:
        rowid = None
        if kind == _INDEX_INTERIOR:
            place += 4
        length, place = _varint(page, place)
        if kind == _TABLE_LEAF:
            rowid, place = _varint(page, place)
        return _record(self._payload(page, place, length, is_table=kind == _TABLE_LEAF), rowid)

    def _payload(self, page: bytes, place: int, length: int, *, is_table: bool) -> bytes:
        """Return a record's bytes, from its page and its chain of overflow pages."""
        if not 0 < length <= self._count * self._size:
            raise _TornError
        usable = self._usable
        most = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
        if length <= most:
            return page[place : place + length]
        least = (usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (usable - 4)
        local = local if local <= most else least
        parts = [page[place : place + local]]
        missing = length - local
        following = int.from_bytes(page[place + local : place + local + 4])
        while missing > 0:
            more = self._page(following)
            parts.append(more[4 : 4 + missing])
            missing -= len(parts[-1])
            following = int.from_bytes(more[:4])
        return b"".join(parts)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Decode a varint of 1 to 9 bytes, a signed 64-bit integer; returns it and the offset after it."""
    value = 0
    for length in range(8):
        byte = data[place + length]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + length + 1
    value = value << 8 | data[place + 8]
    return value - (1 << 64) if value >> 63 else value, place + 9


def _record(payload: bytes, rowid: int | None) -> Record:
    head, place = _varint(payload, 0)
    if not 0 < head <= len(payload):
        raise _TornError
    values: list[Value] = []
    texts = set()
    at = head
    while place < head:
        kind, place = _varint(payload, place)
        size = _size_of(kind)
        piece = payload[at : at + size]
        if len(piece) != size:
            raise _TornError
        at += size
        if kind >= 13 and kind % 2:
            texts.add(len(values))
        values.append(_value(kind, piece))
    if at != len(payload):
        raise _TornError
    return Record(rowid, tuple(values), frozenset(texts))


def _size_of(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    if kind in {10, 11} or kind < 0:
        raise _TornError
    return (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind]


def _value(kind: int, piece: bytes) -> Value:
    if kind >= 12:
        return piece
    if kind == 0:
        return None
    if kind == 7:
        (real,) = struct.unpack(">d", piece)
        return float(real)
    return kind - 8 if kind >= 8 else int.from_bytes(piece, signed=True)
