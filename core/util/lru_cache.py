"""An LRU cache bounded by total weight."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LRUCache(Generic[Key, Value]):
    """A least-recently-used cache.

    Args:
        most: Upper bound on the total weight of its values.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: Key) -> Value | None:
        """Return the cached value of a key, or None."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: Value, *, weight: int = 1) -> None:
        """Store a value, replacing the key's previous one; a value heavier than the bound is not stored."""
        _, before = self._values.pop(key, (None, 0))
        self._weight -= before
        if weight > self._most:
            return
        self._values[key] = value, weight
        self._weight += weight
        while self._weight > self._most:
            _, (_, gone) = self._values.popitem(last=False)
            self._weight -= gone

    def clear(self) -> None:
        """Remove all values."""
        self._values.clear()
        self._weight = 0
