"""Block-wise reader of JSON Lines files."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate

import numpy as np

from selfinstruct.core.dedupe.row_text import BadRowError, row_text
from selfinstruct.core.dedupe.sources import Source
from selfinstruct.core.errors import DedupeError
from selfinstruct.core.language.tokens import Vocabulary
from selfinstruct.core.similarity.encoded_texts import EncodedTexts
from selfinstruct.core.similarity.token_store import Ints

_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """A read position in a list of files."""

    file: int = 0
    """Index of the current file."""
    offset: int = 0
    """Bytes read of the current file."""
    lines: tuple[int, ...] = (0,)
    """Lines read of each file, up to the current one."""

    @property
    def next_id(self) -> int:
        """The id of the next line; ids number the lines of all files from 0."""
        return sum(self.lines)

    def source(self, row_id: int) -> tuple[int, int]:
        """The index of the file that a line came from, and its line number, from 1."""
        ends = list(accumulate(self.lines))
        file = next(number for number, end in enumerate(ends) if row_id < end)
        return file, row_id - ends[file] + self.lines[file] + 1


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was skipped, and why."""

    id: int
    why: str


@dataclass(frozen=True, slots=True)
class RowBlock:
    """A run of consecutive rows."""

    ids: Ints
    texts: EncodedTexts
    lines: list[bytes]
    """The raw rows, without line breaks."""
    bad: list[BadLine]
    end: Place
    """The read position after this block."""
    size: int
    """Bytes of input that the block covers."""
    digest: str
    """BLAKE2b hash of those bytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Block size limits; a block ends with the row that reaches one of them."""

    rows: int = 8192
    bytes: int = 1 << 25
    characters: int = 1 << 22


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads files in sequence, as one list of rows."""

    sources: Sequence[Source]
    vocabulary: Vocabulary
    fields: Sequence[str] = ()
    """Fields to join for the comparison; empty means automatic (see `row_text`)."""
    skip_bad: bool = False
    limits: Limits = LIMITS

    def blocks(self, start: Place) -> Iterator[RowBlock]:
        """All blocks from a position on.

        Raises:
            DedupeError: a file is unreadable or changes while it is read, or a line is bad and not skipped.
        """
        lines = list(start.lines)
        gathered = _Gathered(start.next_id)
        for number in range(start.file, len(self.sources)):
            source = self.sources[number]
            path, offset = source.path, start.offset if number == start.file else 0
            if number > start.file:
                lines.append(0)
            try:
                with path.open("rb") as file:
                    before = os.fstat(file.fileno())
                    file.seek(offset)
                    for line in file:
                        offset += len(line)
                        lines[number] += 1
                        self._gather(gathered, line, source, lines[number])
                        if gathered.full(self.limits):
                            yield gathered.block(self.vocabulary, Place(number, offset, tuple(lines)))
                    after = os.fstat(file.fileno())
            except OSError as error:
                raise DedupeError(f"{source.name} cannot be read: {error.strerror or error}.") from error
            if (before.st_size, before.st_mtime_ns) != (offset, after.st_mtime_ns):
                raise DedupeError(
                    f"{source.name} changed while it was being read. Once nothing writes to it, run the same"
                    " command again."
                )
        if gathered.size:
            yield gathered.block(self.vocabulary, Place(len(self.sources) - 1, offset, tuple(lines)))

    def _gather(self, gathered: "_Gathered", line: bytes, source: Source, number: int) -> None:
        row = line.removeprefix(_BOM) if number == 1 else line
        row = row.removesuffix(b"\n")
        text = None
        if row.strip():
            try:
                if number in source.bad:
                    raise BadRowError(source.bad[number])
                text = row_text(row, self.fields)
            except BadRowError as error:
                if not self.skip_bad:
                    raise DedupeError(
                        f"{source.place(number)} {error}. Fix it, or skip such lines with --skip-bad."
                    ) from None
                gathered.bad.append(BadLine(gathered.next_id, str(error)))
        gathered.take(line, row, text)


def digest_between(sources: Sequence[Source], start: Place, end: Place) -> str:
    """Hash of the bytes between two positions, to compare with `RowBlock.digest`.

    Raises:
        DedupeError: a file cannot be read.
    """
    seen = blake2b(digest_size=16)
    for number in range(start.file, end.file + 1):
        path, offset = sources[number].path, start.offset if number == start.file else 0
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
    """The block being assembled."""

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
        """Add a line; `text` is None for a line that is not a row."""
        if text is not None:
            self._ids.append(self.next_id)
            self._texts.append(text)
            self._lines.append(row)
            self._characters += len(text)
        self.next_id += 1
        self.size += len(line)
        self._seen.update(line)

    def full(self, limits: Limits) -> bool:
        """Whether a limit is reached."""
        return (
            max(len(self._ids), len(self.bad)) >= limits.rows
            or self.size >= limits.bytes
            or self._characters >= limits.characters
        )

    def block(self, vocabulary: Vocabulary, end: Place) -> RowBlock:
        """Finish the block and start the next one."""
        texts = EncodedTexts(*vocabulary.encode(self._texts))
        ids = np.array(self._ids, dtype=np.int64)
        block = RowBlock(ids, texts, self._lines, self.bad, end, self.size, self._seen.hexdigest())
        self._begin()
        return block
