"""The columns never count fewer tokens than are shared."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.similarity.overlap_bounds import FLOORS, OverlapBounds, add_up, rows_of

CROWD = list(range(1, 1001))
"""More words than there are columns: `COLUMNS_OF_WORDS` apart, they share one."""
COLUMNS_OF_WORDS = 448
WORD = st.integers(1, 40) | st.integers(COLUMNS_OF_WORDS + 1, COLUMNS_OF_WORDS + 40)
TEXTS = st.lists(st.lists(WORD, max_size=90), min_size=1, max_size=20)


def arrays(texts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    codes = np.array([code for text in texts for code in text], dtype=np.uint32)
    return codes, np.array([len(text) for text in texts], dtype=np.int64)


def shared(first: list[int], second: list[int]) -> int:
    return (Counter(first) & Counter(second)).total()


@given(st.lists(st.lists(st.integers(0, 2**64 - 1), min_size=3, max_size=3), max_size=40))
def test_sums_are_right_at_every_bit(terms: list[list[int]]) -> None:
    digits = add_up(np.array(terms, dtype=np.uint64).reshape(-1, 3))
    for word in range(3):
        for bit in range(64):
            expected = sum(term[word] >> bit & 1 for term in terms)
            found = sum(
                int(digit[word] >> np.uint64(bit) & np.uint64(1)) << place
                for place, digit in enumerate(digits)
            )
            assert found == expected


@given(TEXTS, TEXTS, st.lists(WORD | st.just(2000), max_size=90), st.integers(1, 30), st.booleans())
def test_texts_are_found_by_what_they_share(
    many: list[list[int]], single: list[list[int]], asked: list[int], wanted: int, is_crowded: bool
) -> None:
    overlap = OverlapBounds()
    single = [CROWD, *single] if is_crowded else single
    rows = {}
    for text in single:
        rows[overlap.add(arrays([text])[0])] = text
    rows |= dict(zip(overlap.add_many(*arrays(many)).tolist(), many, strict=True))
    assert len(rows) == len(many) + len(single), "a row of its own for each"
    for row in sorted(rows)[::3]:
        overlap.remove(row, len(rows.pop(row)))
    sums = overlap.sums(overlap.columns(asked))
    expected = {row: shared(text, asked) for row, text in rows.items()}
    found = set(rows_of(sums.at_least(np.full(len(FLOORS), wanted))).tolist())
    assert {row for row, count in expected.items() if count >= wanted} <= found
    assert found <= set(rows), "none that is gone"
    bounds = sums.bounds(np.array(list(rows), dtype=np.int64), arrays(list(rows.values()))[1])
    assert all(bound >= count for bound, count in zip(bounds, expected.values(), strict=True))


def test_few_tokens_are_counted_exactly() -> None:
    texts = [[1, 2, 3], [3, 4], [1, 2, 3, 4, 5], []]
    overlap = OverlapBounds()
    rows = overlap.add_many(*arrays(texts))
    sums = overlap.sums(overlap.columns([1, 3, 5, 7]))
    assert sums.bounds(rows, arrays(texts)[1]).tolist() == [2, 1, 3, 0]
    assert rows_of(sums.at_least(np.full(len(FLOORS), 2))).tolist() == sorted([rows[0], rows[2]])


def test_a_word_that_comes_twice_is_shared_twice_only_with_one_that_has_it_twice() -> None:
    overlap = OverlapBounds()
    codes, lengths = arrays([[1, 2], [1, 1], [1, 2, 1]])
    rows = overlap.add_many(codes, lengths)
    assert overlap.sums(overlap.columns([1, 1])).bounds(rows, lengths).tolist() == [1, 2, 2]


def test_words_that_share_a_column_count_twice_only_where_a_text_may_have_both() -> None:
    overlap = OverlapBounds()
    overlap.add(arrays([CROWD])[0])
    word, other = 1, 1 + COLUMNS_OF_WORDS
    assert len(set(overlap.columns([word, other]))) == 1
    codes, lengths = arrays([[word, 2, 3], [word, 2, other]])
    rows = overlap.add_many(codes, lengths)
    assert overlap.sums(overlap.columns([word, other, 4])).bounds(rows, lengths).tolist() == [1, 2]


@pytest.mark.parametrize("texts", [1, 64, 65, 1000])
def test_a_row_is_used_again(texts: int) -> None:
    overlap = OverlapBounds()
    rows = overlap.add_many(*arrays([[1, 2, 3]] * texts))
    size = overlap.rows
    for row in rows.tolist():
        overlap.remove(row, 3)
    assert sorted(overlap.add_many(*arrays([[4, 5, 6]] * texts)).tolist()) == sorted(rows.tolist())
    assert overlap.rows == size
