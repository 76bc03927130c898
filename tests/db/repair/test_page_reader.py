"""Records of damaged pages: what cannot be a record is torn, and never a traceback."""

import pytest

from selfinstruct.db.repair.page_reader import _record, _TornError

_NULL, _ONE, _RESERVED = 0, 9, (10, 11)


def test_a_record_is_read_by_its_header() -> None:
    assert _record(bytes([3, _NULL, _ONE]), 7).values == (None, 1)


@pytest.mark.parametrize("kind", _RESERVED)
def test_a_kind_of_value_that_sqlite_never_writes_tears_the_record(kind: int) -> None:
    with pytest.raises(_TornError):
        _record(bytes([2, kind]), 7)
