"""Blocks of an iterable."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Item = TypeVar("_Item")


def in_blocks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Yield the items in lists of `size`; the last list may be shorter, and none is empty."""
    iterator = iter(items)
    while block := list(islice(iterator, size)):
        yield block
