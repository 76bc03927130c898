"""Rows of JSON Lines files, read block by block."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path

import numpy as np

from selfinstruct.core.dedupe.row_text import BadRowError, row_text
from selfinstruct.core.errors import DedupeError
from selfinstruct.core.language.tokens import Vocabulary
from selfinstruct.core.similarity.encoded_texts import EncodedTexts
from selfinstruct.core.similarity.token_store import Ints

_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 20
_ARRAY = re.compile(rb"\s*\[\s*(?:$|[\[{\"])")
"""How a file begins that is one array of rows."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far the files have been read."""

    file: int = 0
    """Which of them is read."""
    offset: int = 0
    """Bytes of it that have been read."""
    lines: tuple[int, ...] = (0,)
    """Lines that have been read of each file up to this one."""

    @property
    def next_id(self) -> int:
        """The id of the next line: lines are numbered through all files, from 0."""
        return sum(self.lines)

    def source(self, row_id: int) -> tuple[int, int]:
        """The file of a line that has been read, and its number there, from 1."""
        ends = list(accumulate(self.lines))
        file = next(number for number, end in enumerate(ends) if row_id < end)
        return file, row_id - ends[file] + self.lines[file] + 1


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was left out, and why."""

    id: int
    why: str


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Rows that follow each other."""

    ids: Ints
    texts: EncodedTexts
    lines: list[bytes]
    """The rows as they stand in the files, without the line breaks."""
    bad: list[BadLine]
    end: Place
    """How far the files have been read with this block."""
    size: int
    """Bytes of the files that it takes."""
    digest: str
    """A hash of these bytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A block ends with the row that reaches one of these."""

    rows: int = 8192
    bytes: int = 1 << 25
    characters: int = 1 << 22


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads given files, one after the other, as one list of rows."""

    paths: Sequence[Path]
    vocabulary: Vocabulary
    fields: Sequence[str] = ()
    """Whose text is compared, put together; none finds it."""
    skip_bad: bool = False
    limits: Limits = LIMITS

    def blocks(self, start: Place) -> Iterator[RowBlock]:
        """All rows from a place on.

        Raises:
            DedupeError: a file cannot be read or changes meanwhile; a line is wrong and is not to be skipped.
        """
        lines = list(start.lines)
        gathered = _Gathered(start.next_id)
        for number in range(start.file, len(self.paths)):
            path, offset = self.paths[number], start.offset if number == start.file else 0
            if number > start.file:
                lines.append(0)
            try:
                with path.open("rb") as file:
                    before = os.fstat(file.fileno())
                    file.seek(offset)
                    for line in file:
                        offset += len(line)
                        lines[number] += 1
                        self._gather(gathered, line, path, lines[number])
                        if gathered.full(self.limits):
                            yield gathered.block(self.vocabulary, Place(number, offset, tuple(lines)))
                    after = os.fstat(file.fileno())
            except OSError as error:
                raise DedupeError(f"{path} cannot be read: {error.strerror or error}.") from error
            if (before.st_size, before.st_mtime_ns) != (offset, after.st_mtime_ns):
                raise DedupeError(
                    f"{path} changed while it was read. Once it does not change any more, run the same"
                    " command again."
                )
        if gathered.size:
            yield gathered.block(self.vocabulary, Place(len(self.paths) - 1, offset, tuple(lines)))

    def _gather(self, gathered: "_Gathered", line: bytes, path: Path, number: int) -> None:
        row = line.removeprefix(_BOM) if number == 1 else line
        row = row.removesuffix(b"\n")
        text = None
        if number == 1 and _ARRAY.match(row):
            raise DedupeError(
                f"{path} is one JSON array, where one object a line is read. Make lines of it, for"
                " instance with jq -c '.[]'."
            )
        if row.strip():
            try:
                text = row_text(row, self.fields)
            except BadRowError as error:
                if not self.skip_bad:
                    raise DedupeError(
                        f"Line {number} of {path} {error}. Mend it, or leave such lines out with --skip-bad."
                    ) from None
                gathered.bad.append(BadLine(gathered.next_id, str(error)))
        gathered.take(line, row, text)


def digest_between(paths: Sequence[Path], start: Place, end: Place) -> str:
    """The hash that the block between two places has if the files are as they were.

    Raises:
        DedupeError: a file cannot be read.
    """
    seen = blake2b(digest_size=16)
    for number in range(start.file, end.file + 1):
        path, offset = paths[number], start.offset if number == start.file else 0
        try:
            with path.open("rb") as file:
                file.seek(offset)
                left = end.offset - offset if number == end.file else -1
                while left and (data := file.read(_CHUNK if left < 0 else min(left, _CHUNK))):
                    seen.update(data)
                    left -= len(data) if left > 0 else 0
        except OSError as error:
            raise DedupeError(f"{path} cannot be read: {error.strerror or error}.") from error
    return seen.hexdigest()


class _Gathered:
    """What has been read of the next block."""

    def __init__(self, next_id: int) -> None:
        self.next_id = next_id
        self._begin()

    def _begin(self) -> None:
        self._ids: list[int] = []
        self._texts: list[str] = []
        self._lines: list[bytes] = []
        self.bad: list[BadLine] = []
        self.size = self._characters = 0
        self._seen = blake2b(digest_size=16)

    def take(self, line: bytes, row: bytes, text: str | None) -> None:
        """Take in a line; without a text it is no row."""
        if text is not None:
            self._ids.append(self.next_id)
            self._texts.append(text)
            self._lines.append(row)
            self._characters += len(text)
        self.next_id += 1
        self.size += len(line)
        self._seen.update(line)

    def full(self, limits: Limits) -> bool:
        """Whether the block ends here."""
        return (
            max(len(self._ids), len(self.bad)) >= limits.rows
            or self.size >= limits.bytes
            or self._characters >= limits.characters
        )

    def block(self, vocabulary: Vocabulary, end: Place) -> RowBlock:
        """The block; the next one begins."""
        texts = EncodedTexts(*vocabulary.encode(self._texts))
        ids = np.array(self._ids, dtype=np.int64)
        block = RowBlock(ids, texts, self._lines, self.bad, end, self.size, self._seen.hexdigest())
        self._begin()
        return block
