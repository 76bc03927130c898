"""Compact map from task ids to row numbers.

Database ids are mostly small and dense, so an array of 4 bytes an id replaces a dictionary of about 100.
"""

from array import array

_ABSENT = -1
_SPARE = 1024


class IdRows:
    """Maps ids to rows: dense ids live in an array, outliers in a dictionary."""

    def __init__(self) -> None:
        self._near = array("i")
        self._far: dict[int, int] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, task_id: int) -> bool:
        return self.get(task_id) is not None

    def get(self, task_id: int) -> int | None:
        """The row of an id, or None if it has none."""
        if 0 <= task_id < len(self._near) and self._near[task_id] != _ABSENT:
            return self._near[task_id]
        return self._far.get(task_id)

    def set(self, task_id: int, row: int) -> None:
        """Assign a row to an id that has none yet."""
        self._size += 1
        if len(self._near) <= task_id < 4 * self._size + _SPARE:
            self._near.extend([_ABSENT] * (task_id + _SPARE - len(self._near)))
        if 0 <= task_id < len(self._near):
            self._near[task_id] = row
        else:
            self._far[task_id] = row

    def pop(self, task_id: int) -> int:
        """Remove an id and return its row.

        Raises:
            KeyError: the id has no row.
        """
        row = self.get(task_id)
        if row is None:
            raise KeyError(task_id)
        self._size -= 1
        if task_id in self._far:
            del self._far[task_id]
        else:
            self._near[task_id] = _ABSENT
        return row
