"""Blocks hold every item once, in order."""

import pytest

from selfinstruct.core.util.blocks import in_blocks


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_blocks_are_full_but_for_the_last(count: int, sizes: list[int]) -> None:
    blocks = list(in_blocks(iter(range(count)), 3))
    assert [len(block) for block in blocks] == sizes
    assert [item for block in blocks for item in block] == list(range(count))
