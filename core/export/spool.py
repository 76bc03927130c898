"""A spool: encoded rows in a temporary file without a name, to be read again in any order."""

import os
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

_BUFFER = 1 << 20
"""Bytes of rows that are written at once."""


class Spool:
    """Rows of bytes, of which memory holds only where each ends.

    Args:
        folder: Where the file lies, which the files made of it need room in as well; None for the usual one.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(buffering=_BUFFER, dir=folder)  # noqa: SIM115 - closed with the spool
        self._ends = array("Q", [0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, row: bytes) -> None:
        """Append a row.

        Raises:
            OSError: The disk is full or failing.
        """
        self._file.write(row)
        self._ends.append(self._ends[-1] + len(row))

    def read(self, order: Iterable[int]) -> Iterator[bytes]:
        """Yield rows by their numbers, counted from 0.

        Raises:
            OSError: The disk is full or failing.
        """
        self._file.flush()
        descriptor = self._file.fileno()
        for number in order:
            start, end = self._ends[number], self._ends[number + 1]
            yield os.pread(descriptor, end - start, start)
