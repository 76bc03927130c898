"""What is kept is what was put, and never more than there is room for."""

from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.util.lru_cache import LRUCache

PUTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99), st.integers(1, 12)), max_size=60)


@given(PUTS)
def test_a_value_is_the_last_one_of_its_key_or_gone(puts: list[tuple[int, int, int]]) -> None:
    kept: LRUCache[int, int] = LRUCache(10)
    last: dict[int, tuple[int, int]] = {}
    for key, value, weight in puts:
        kept.put(key, value, weight=weight)
        last[key] = value, weight
        there = {one: found for one in last if (found := kept.get(one)) is not None}
        assert all(last[one][0] == found for one, found in there.items())
        assert sum(last[one][1] for one in there) <= 10
        assert (key in there) == (weight <= 10)


def test_what_was_asked_for_least_recently_goes_first() -> None:
    kept: LRUCache[str, int] = LRUCache(2)
    kept.put("a", 1)
    kept.put("b", 2)
    kept.get("a")
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]
