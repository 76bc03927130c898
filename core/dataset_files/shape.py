"""What a shape of rows is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from selfinstruct.core.dataset_files.row import BadRow, DataRow
from selfinstruct.core.dataset_files.values import Fields


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of rows: how it is recognized, and how a row is read."""

    name: str
    about: str
    """What its rows are, in the plural."""
    fits: Callable[[Fields], bool]
    """Whether a row seems to have this shape."""
    read: Callable[[Fields, int], Iterable[DataRow | BadRow]]
    """Reads a row, given its line; several tasks or instances may be in one. Raises RowError."""
    asked: Callable[[Fields], str | None] | None = None
    """Returns what a row asks, whatever else is wrong with it; None if that is not a text.

    Without it, the row is read to know."""
