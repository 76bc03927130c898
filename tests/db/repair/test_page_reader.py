"""Rows are read from pages without SQLite: whole ones as they are, and of damaged ones nothing."""

import struct
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest

from selfinstruct.db.repair.page_reader import PageReader, Value, _record, _TornError
from selfinstruct.db.sqlite.driver import sqlite3

_NULL, _ONE, _RESERVED = 0, 9, (10, 11)


def test_a_record_is_read_by_its_header() -> None:
    assert _record(bytes([3, _NULL, _ONE]), 7).values == (None, 1)


@pytest.mark.parametrize("kind", _RESERVED)
def test_a_kind_of_value_that_sqlite_never_writes_tears_the_record(kind: int) -> None:
    with pytest.raises(_TornError):
        _record(bytes([2, kind]), 7)


@pytest.mark.parametrize(
    ("kind", "number", "size"),
    [(1, -5, 1), (2, 300, 2), (3, 70_000, 3), (4, -3_000_000, 4), (5, 2**40, 6), (6, -(2**60), 8)],
)
def test_a_whole_number_has_the_size_that_its_kind_says(kind: int, number: int, size: int) -> None:
    payload = bytes([3, kind, _ONE]) + number.to_bytes(size, "big", signed=True)
    assert _record(payload, 7).values == (number, 1)
    for torn in (payload[:-1], payload + b"\0"):
        with pytest.raises(_TornError):
            _record(torn, 7)


def test_a_fraction_and_texts_have_the_size_that_their_kinds_say() -> None:
    text, blob = "käse".encode(), b"\x00\xff"
    header = bytes([4, 7, 13 + 2 * len(text), 12 + 2 * len(blob)])
    record = _record(header + struct.pack(">d", 0.25) + text + blob, 7)
    assert record.values == (0.25, text, blob)
    assert record.texts == {1}


ALL_SIZES = [512 << n for n in range(8)]


def written(path: Path, size: int, rows: Mapping[int, bytes], *, kind: str = "") -> None:
    """A file of SQLite with one table; `kind` may be WITHOUT ROWID."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size = {size}")
        db.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB) {kind}")
        db.execute("BEGIN")
        db.executemany("INSERT INTO t VALUES (?, ?)", rows.items())
        db.execute("COMMIT")


def read(path: Path, size: int | None) -> dict[Value, Value]:
    """The rows of that table, as they stand in the pages."""
    with path.open("rb") as file:
        records = [one for one in PageReader(file, size).records() if len(one.values) == 2]
    return {one.values[0] if one.rowid is None else one.rowid: one.values[1] for one in records}


def around_every_bound(size: int) -> Mapping[int, bytes]:
    """Rows of the lengths at which SQLite begins another page for a row, and those next to them."""
    most, most_of_index, least = size - 35, (size - 12) * 64 // 255 - 23, (size - 12) * 32 // 255 - 23
    bounds = {0, 64, most, most_of_index, least, size, size - 4, 2 * size, 2 * (size - 4)}
    bounds |= {bound + size - 4 for bound in (most, most_of_index, least)}
    lengths = {bound + near for bound in bounds for near in range(-9, 10) if bound + near >= 0}
    return {number: bytes([number % 256]) * length for number, length in enumerate(sorted(lengths), start=1)}


@pytest.mark.parametrize("kind", ["", "WITHOUT ROWID"])
@pytest.mark.parametrize("size", [512, 1024, 4096, 65536])
def test_rows_of_any_length_are_read_whole(tmp_path: Path, size: int, kind: str) -> None:
    rows = around_every_bound(size)
    written(tmp_path / "t.db", size, rows, kind=kind)
    assert read(tmp_path / "t.db", size) == rows


def test_rows_of_any_number_are_read(tmp_path: Path) -> None:
    numbers = [0, 1, -1, *(sign * 2**power for power in range(7, 63, 7) for sign in (1, -1)), 2**63 - 1]
    rows = {
        number: str(number).encode() for number in [*numbers, *(2**power - 1 for power in range(7, 63, 7))]
    }
    written(tmp_path / "t.db", 4096, rows)
    assert read(tmp_path / "t.db", 4096) == rows


@pytest.mark.parametrize("size", ALL_SIZES)
def test_the_size_of_the_pages_is_found_by_what_is_in_them(tmp_path: Path, size: int) -> None:
    rows = {number: bytes([number % 256]) * 300 for number in range(1, 3000)}
    written(tmp_path / "t.db", size, rows)
    with (tmp_path / "t.db").open("r+b") as file:
        file.write(bytes(100))
    assert read(tmp_path / "t.db", None) == rows


@pytest.mark.parametrize("harm", [False, True])
def test_rows_that_were_deleted_do_not_come_back(tmp_path: Path, harm: bool) -> None:
    path, size = tmp_path / "t.db", 512
    rows = {number: bytes([number % 256]) * 300 for number in range(1, 601)}
    written(path, size, rows)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM t WHERE id > 10")
        (free,) = db.execute("PRAGMA freelist_count").fetchone()
    assert free > 2 * size / 4, "more than one page lists the free ones"
    if harm:
        with path.open("r+b") as file:
            trunk = int.from_bytes(file.read(36)[32:])
            # The last list of free pages goes on with itself.
            while following := _number_at(file, (trunk - 1) * size):
                trunk = following
            file.seek((trunk - 1) * size)
            file.write(trunk.to_bytes(4))
    assert read(path, size) == {number: rows[number] for number in range(1, 11)}


def _number_at(file: BinaryIO, place: int) -> int:
    file.seek(place)
    return int.from_bytes(file.read(4))


def test_a_page_or_a_row_that_is_damaged_costs_no_other(tmp_path: Path) -> None:
    path, size = tmp_path / "t.db", 512
    rows = {number: bytes([number % 256]) * (100 if number < 40 else 900) for number in range(1, 50)}
    written(path, size, rows)
    data = path.read_bytes()
    leaf = next(start for start in range(size, len(data), size) if data[start] == 0x0D)
    few = int.from_bytes(data[leaf + 3 : leaf + 5])
    path.write_bytes(data[: leaf + 3] + b"\xff\xff" + data[leaf + 5 :])
    assert len(read(path, size)) == len(rows) - few
    # The last row goes on in a page that is not there.
    place = data.index(bytes([49]) * 20)
    end = next(at for at in range(place, len(data)) if data[at] != 49)
    path.write_bytes(data[:end] + b"\x7f\xff\xff\xff" + data[end + 4 :])
    assert read(path, size) == {number: rows[number] for number in range(1, 49)}


def test_a_header_that_says_that_its_own_page_is_free_costs_no_row(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    rows = {number: bytes([number % 256]) * 300 for number in range(1, 200)}
    written(path, 512, rows)
    data = path.read_bytes()
    path.write_bytes(data[:32] + (1).to_bytes(4) + data[36:])
    assert read(path, 512) == rows


def test_a_page_of_more_than_255_rows_is_read_whole(tmp_path: Path) -> None:
    rows = dict.fromkeys(range(1, 700), b"")
    written(tmp_path / "many.db", 4096, rows)
    assert read(tmp_path / "many.db", 4096) == rows


@pytest.mark.parametrize("said", [0xFFFFFFFF, 127, 126])
def test_a_list_of_free_pages_that_says_to_be_longer_than_its_page_costs_no_row(
    tmp_path: Path, said: int
) -> None:
    path = tmp_path / "t.db"
    rows = {number: bytes([200]) * 300 for number in range(1, 200)}
    written(path, 512, rows)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM t WHERE id > 20")
    data = path.read_bytes()
    trunk = (int.from_bytes(data[32:36]) - 1) * 512
    path.write_bytes(data[: trunk + 4] + said.to_bytes(4) + data[trunk + 8 :])
    kept = {number: rows[number] for number in range(1, 21)}
    assert read(path, 512).items() >= kept.items()
