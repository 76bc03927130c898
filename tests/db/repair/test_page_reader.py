"""Records of damaged pages: what cannot be a record is torn, and never a traceback."""

import struct

import pytest

from selfinstruct.db.repair.page_reader import _record, _TornError

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
