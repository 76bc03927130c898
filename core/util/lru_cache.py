"""What was worked out last, within a bound."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LRUCache(Generic[Key, Value]):
    """Values by key; those that were asked for least recently go when there is no room.

    Args:
        most: The sum of the weights that is kept at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: Key) -> Value | None:
        """The value of a key, if it is kept."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: Value, *, weight: int = 1) -> None:
        """Keep a value in the place of the key's last one; one that is heavier than all is not kept."""
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
        """Keep nothing."""
        self._values.clear()
        self._weight = 0
