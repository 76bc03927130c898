"""The rows that could not be imported, beside their file: `FILE.rejected.jsonl`."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from selfinstruct.core.dataset_files.row import BadRow
from selfinstruct.core.errors import ImportDataError
from selfinstruct.db.atomic_file import is_special, writing
from selfinstruct.db.missing import not_written

_IN_MEMORY = 1 << 20
"""Bytes up to which the rows are kept in memory until the end."""
_KEYS = {"line", "reason", "row"}


@dataclass
class Rejected:
    """Collects rows that cannot be imported, each with its line and the reason."""

    path: Path
    """Where they go at the end."""
    first: list[BadRow] = field(default_factory=list)
    count: int = 0
    _file: IO[str] | None = None

    def add(self, row: BadRow) -> None:
        """Add a row."""
        assert self._file is not None
        self.count += 1
        if len(self.first) < MOST_TOLD:
            self.first.append(row)
        line = {"line": row.line, "reason": row.reason, "row": row.text}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")


MOST_TOLD = 3
"""Rejected rows that a summary names."""


def rejected_path(source: Path) -> Path:
    """Where the rows of a file go that could not be imported."""
    return source.with_name(f"{source.name}.rejected.jsonl")


@contextmanager
def rejected_rows(source: Path) -> Iterator[Rejected]:
    """Collect the rejected rows of a file, and write them beside it if the block ends without an error.

    A file with those of an earlier import is replaced, and removed if there are none now.

    Raises:
        ImportDataError: Another file has that name, or it cannot be written.
    """
    path = rejected_path(source)
    _require_own(path)
    # Surrogates of text that is no Unicode stay what they are.
    with tempfile.SpooledTemporaryFile(
        _IN_MEMORY, "w+", encoding="utf-8", errors="surrogatepass", newline=""
    ) as file:
        rejected = Rejected(path, _file=file)
        yield rejected
        try:
            if rejected.count:
                file.seek(0)
                with (
                    writing(path, force=True) as part,
                    part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out,
                ):
                    shutil.copyfileobj(file, out)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise ImportDataError(
                not_written(path, error, "copy the file elsewhere and import it there")
            ) from error


def _require_own(path: Path) -> None:
    """Check that a path is free, or has the rejected rows of an earlier import.

    Raises:
        ImportDataError: It is another file.
    """
    if not path.exists() and not path.is_symlink():
        return
    try:
        if not is_special(path) and path.is_file() and not path.is_symlink():
            with path.open(encoding="utf-8") as file:
                first = json.loads(file.readline())
            if isinstance(first, dict) and first.keys() == _KEYS:
                return
    except (OSError, ValueError):
        pass
    raise ImportDataError(
        f"{path}, where rows that cannot be imported would go, is another file. Move it away, or copy the"
        " file to import elsewhere."
    )
