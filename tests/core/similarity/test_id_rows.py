"""Ids of any kind find their rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.similarity.id_rows import IdRows

IDS = st.integers(-5, 50) | st.integers(900, 5000) | st.integers(-(2**60), 2**60)


@given(st.lists(st.tuples(IDS, st.booleans())))
def test_places_are_a_map(steps: list[tuple[int, bool]]) -> None:
    places, expected = IdRows(), dict[int, int]()
    for row, (task_id, comes) in enumerate(steps):
        if not comes and task_id in expected:
            assert places.pop(task_id) == expected.pop(task_id)
        elif comes and task_id not in expected:
            places.set(task_id, row)
            expected[task_id] = row
        assert len(places) == len(expected)
        assert {other: places.get(other) for other, _ in steps} == {
            other: expected.get(other) for other, _ in steps
        }


def test_what_is_not_there_cannot_be_taken_out() -> None:
    places = IdRows()
    places.set(3, 0)
    for task_id in (-1, 2, 4, 10**9):
        with pytest.raises(KeyError):
            places.pop(task_id)
