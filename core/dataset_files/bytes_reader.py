"""The bytes of a data file: unpacked if compressed, decoded, and split into lines."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from selfinstruct.core.errors import ImportDataError, why
from selfinstruct.db.missing import why_missing

_HEAD = 1 << 16
_GZIP, _PARQUET, _ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
_OTHERS = {
    _ZIP: "a zip archive or a spreadsheet: unpack it, or save it as CSV",
    b"\xfd7zXZ": "compressed by xz: unpack it, or compress it by gzip",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: unpack it, or compress it by gzip",
    b"BZh": "compressed by bzip2: unpack it, or compress it by gzip",
    b"SQLite format 3": "an SQLite database: a workspace is opened with --db",
    b"ARROW1": "an Arrow file: save it as Parquet",
}
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEAST_NULS = 0.3
"""The share of NULs among every other byte by which UTF-16 without a mark is recognized."""


class BytesReader:
    """A data file that is being read.

    Args:
        path: The file.

    Raises:
        ImportDataError: it cannot be read, is empty, or is of a kind that is not read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists() and not path.is_file():
            raise ImportDataError(f"{path} is not an ordinary file. Save its content in one.")
        try:
            with path.open("rb") as file:
                self.is_compressed = file.read(2) == _GZIP
            self.size = path.stat().st_size
            """Bytes of the file, as it is on disk."""
            with self.open() as file:
                self.head = file.read(_HEAD)
        except (OSError, EOFError, zlib.error) as error:
            if isinstance(error, FileNotFoundError):
                raise ImportDataError(f"{path} cannot be read: {why_missing(path)}.") from error
            raise ImportDataError(f"{path} cannot be read: {_why(error)}.") from error
        self.is_parquet = self.head.startswith(_PARQUET)
        for magic, what in _OTHERS.items():
            if self.head.startswith(magic):
                raise ImportDataError(f"{path} is {what}.")
        self.encoding = _encoding_of(self.head)
        if not self.beginning.strip():
            raise ImportDataError(f"{path} is empty.")
        self._raw: BinaryIO | None = None

    @property
    def beginning(self) -> str:
        """The text that the file begins with."""
        return self.head.decode(self.encoding, "replace").removeprefix("\ufeff")

    @property
    def position(self) -> int:
        """How many bytes of the file have been read."""
        if self._raw is None or self._raw.closed:
            return self.size
        return self._raw.tell()

    def open(self) -> BinaryIO:
        """Open the file at its beginning, unpacked."""
        self._raw = raw = self.path.open("rb")
        return cast("BinaryIO", _Unpacked(raw)) if self.is_compressed else raw

    def lines(self) -> Iterator[tuple[bytes, str | None]]:
        """Yield each line, as bytes and as text without its end; None if it is not valid text.

        Only a line feed ends a line, with or without a carriage return.
        """
        if self.encoding in {"utf-8", "utf-8-sig"}:
            yield from self._lines_of_utf8()
            return
        for text in _lines_of(self.chunks()):
            yield text.encode(errors="surrogatepass"), text

    def _lines_of_utf8(self) -> Iterator[tuple[bytes, str | None]]:
        with self.reading() as file:
            for number, line in enumerate(file):
                data = line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
                yield data, _decoded(data)

    def chunks(self) -> Iterator[str]:
        """Yield the text in parts.

        Raises:
            ImportDataError: it is not valid text.
        """
        decoder = codecs.getincrementaldecoder(self.encoding)()
        with self.reading() as file:
            while data := file.read(1 << 20):
                yield decoder.decode(data)
            yield decoder.decode(b"", final=True)

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """Open the file at its beginning, unpacked, for as long as the block takes.

        Raises:
            ImportDataError: it cannot be read to its end, or is not valid text.
        """
        try:
            with self.open() as file:
                yield file
        except UnicodeDecodeError as error:
            raise ImportDataError(
                f"{self.path} is not {self.encoding.upper()} text ({error.reason}). Save it as UTF-8."
            ) from error
        except (OSError, EOFError, zlib.error) as error:
            raise ImportDataError(f"{self.path} cannot be read to its end: {_why(error)}.") from error


class _Unpacked(gzip.GzipFile):
    """A compressed file that closes the file below with it."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self._below = raw

    def close(self) -> None:
        super().close()
        self._below.close()


def _lines_of(chunks: Iterator[str]) -> Iterator[str]:
    rest = ""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split("\n")
        for line in whole:
            yield line.removesuffix("\r")
    if rest:
        yield rest


def _decoded(line: bytes) -> str | None:
    try:
        return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        return None


def _encoding_of(head: bytes) -> str:
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    if head.count(0) > 0:
        for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            every_other = head[first:2000:2]
            if every_other.count(0) >= _LEAST_NULS * len(every_other):
                return encoding
    return "utf-8"


def _why(error: Exception) -> str:
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return "its compressed data is damaged or cut off"
    return why(error)
