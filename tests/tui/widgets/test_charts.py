"""Charts fit their width, and tell the same as their numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from selfinstruct.tui.widgets.charts import (
    Bar,
    LengthBin,
    bar,
    bars,
    columns,
    length_bins,
    quantile,
    share_text,
    sparkline,
)

LABELS = st.text(st.characters(categories=["L", "N"]), max_size=30)
ROWS = st.lists(
    st.builds(Bar, LABELS, st.floats(0, 1e9), st.integers(0, 10**9).map(lambda count: f"{count:,}")),
    max_size=8,
)
LENGTHS = st.dictionaries(st.integers(0, 5000), st.integers(1, 1000), max_size=40)


@given(ROWS, st.integers(1, 120))
def test_no_line_is_wider_than_there_is_room(rows: list[Bar], width: int) -> None:
    drawn = bars(rows, width).plain
    assert all(cell_len(line) <= width for line in drawn.split("\n"))
    assert len(drawn.split("\n")) == max(1, len(rows))


@given(ROWS, st.integers(60, 120))
def test_every_bar_has_its_number(rows: list[Bar], width: int) -> None:
    for row, line in zip(rows, bars(rows, width).plain.split("\n"), strict=False):
        assert line.endswith(row.said)


def test_bars_begin_and_numbers_end_in_one_column() -> None:
    drawn = bars([Bar("pass", 8, "8"), Bar("similar", 4, "4"), Bar("猫", 0, "0")], 28).plain
    assert drawn.split("\n") == [
        "pass     ████████████████  8",
        "similar  ████████          4",
        "猫                         0",
    ]


def test_notes_are_there_where_bars_are_long_enough_with_them() -> None:
    rows = [Bar("pass", 8, "8", " of 12"), Bar("all", 4, "4", " of 12")]
    assert bars(rows, 30).plain.split("\n")[0] == f"pass  {'█' * 15}  8 of 12"
    assert bars(rows, 24).plain.split("\n")[0] == f"pass  {'█' * 15}  8"


def test_where_there_is_no_room_the_number_stays_and_the_bar_goes() -> None:
    assert bars([Bar("similar", 4, "4,000")], 16).plain == "similar  4,000"


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 80))
def test_a_longer_bar_means_more(first: float, second: float, width: int) -> None:
    smaller, larger = sorted((first, second))
    assert len(bar(smaller, width)) <= len(bar(larger, width)) <= width
    assert bool(bar(smaller, width)) == (smaller > 0), "anything above nothing shows"


def test_a_bar_is_drawn_to_the_eighth_of_a_cell() -> None:
    assert [bar(eighth / 16, 2) for eighth in (0, 1, 4, 8, 9, 16)] == ["", "▏", "▌", "█", "█▏", "██"]


def test_a_sparkline_has_a_character_for_each_value() -> None:
    assert sparkline([0, 0.001, 0.5, 1], full=1) == " ▁▄█"
    assert sparkline([], full=1) == ""


def test_columns_of_several_lines_stand_on_the_lowest() -> None:
    assert columns([0, 1, 2, 4], 2) == ["   █", " ▄██"]
    assert columns([0, 0], 2) == ["  ", "  "]


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (1, 2, "50 %"),
        (0, 3, "0 %"),
        (1, 1000, "0.1 %"),
        (1, 10**4, "<0.1 %"),
        (999, 1000, "99.9 %"),
        (3, 3, "100 %"),
        (0, 0, "–"),
    ],
)
def test_a_share_is_not_rounded_to_nothing_or_to_all(part: int, whole: int, said: str) -> None:
    assert share_text(part, whole) == said


@given(LENGTHS, st.integers(2, 10))
def test_every_length_is_in_one_bin(lengths: dict[int, int], at_most: int) -> None:
    found = length_bins(lengths, at_most)
    assert len(found) <= at_most
    assert sum(row.count for row in found) == sum(lengths.values())
    for row in found:
        last = row.last if row.last is not None else max(lengths)
        assert row.count == sum(count for length, count in lengths.items() if row.first <= length <= last)


def test_the_rare_longest_share_the_last_bin() -> None:
    found = length_bins(dict.fromkeys(range(5, 20), 100) | {900: 1}, 4)
    assert found == [LengthBin(5, 9, 500), LengthBin(10, 14, 500), LengthBin(15, None, 501)]
    assert [row.label for row in found] == ["5–9", "10–14", "15+"]
    assert LengthBin(3, 3, 1).label == "3"


def test_the_median_is_a_length_that_half_do_not_exceed() -> None:
    assert quantile({1: 1, 5: 2, 9: 1}, 0.5) == 5
    assert quantile({}, 0.5) == 0
