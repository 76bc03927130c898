"""Rows of tables: CSV, TSV and Parquet."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from selfinstruct.core.dataset_files.bytes_reader import BytesReader
from selfinstruct.core.dataset_files.json_cursor import LONGEST
from selfinstruct.core.dataset_files.json_rows import Value
from selfinstruct.core.dataset_files.row import BadRow
from selfinstruct.core.errors import ImportDataError

_DELIMITERS = {"\t": "TSV", ",": "CSV", ";": "CSV with semicolons"}
_AT_ONCE = 1000
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""What decoding makes of bytes that are no text."""
_LOOKED_AT = 3
"""Lines that show whether a file has JSON in it."""


def delimiter_of(reader: BytesReader) -> str | None:
    """Return the delimiter of a table by its first line; None if that names fewer than two columns."""
    lines = reader.beginning.strip("\r\n").split("\n", _LOOKED_AT)[:_LOOKED_AT]
    if any(line.lstrip().startswith(("[", '{"')) for line in lines):
        return None
    first = lines[0].strip("\r")
    counts = {delimiter: first.count(delimiter) for delimiter in _DELIMITERS}
    best = max(counts, key=lambda delimiter: counts[delimiter])
    return best if counts[best] else None


def container_name(delimiter: str) -> str:
    """Return what a table with this delimiter is called."""
    return _DELIMITERS[delimiter]


def table_rows(reader: BytesReader, delimiter: str) -> Iterator[Value | BadRow]:
    """Yield the rows of a table with a header.

    Raises:
        ImportDataError: the header has a name twice, or a blank one.
    """
    csv.field_size_limit(LONGEST)
    encoding = "utf-8-sig" if reader.encoding == "utf-8" else reader.encoding
    with reader.reading() as file, io.TextIOWrapper(file, encoding, "surrogateescape", newline="") as text:
        rows = csv.reader(text, delimiter=delimiter, strict=True)
        header = [name.strip() for name in _header(reader, rows)]
        if len(set(header)) != len(header) or "" in header:
            raise ImportDataError(
                f"{reader.path} has a column without a name, or two with the same, in its first line. Name"
                " each column once."
            )
        number = 0
        while True:
            number += 1
            try:
                row = next(rows, None)
            except csv.Error as error:
                yield BadRow(number, _problem(error), "")
                continue
            if row is None:
                return
            if not row:
                number -= 1
                continue
            shown = json.dumps(row, ensure_ascii=False)
            if any(map(_NOT_UTF8.search, row)):
                yield BadRow(number, "is not UTF-8", shown)
            elif len(row) != len(header):
                yield BadRow(number, f"has {len(row)} cells, and the first line has {len(header)}", shown)
            else:
                yield Value(number, dict(zip(header, row, strict=True)), shown)


def _header(reader: BytesReader, rows: Iterator[list[str]]) -> list[str]:
    try:
        return next(filter(None, rows), [])
    except csv.Error as error:
        raise ImportDataError(f"The first line of {reader.path} {_problem(error)}.") from error


def _problem(error: csv.Error) -> str:
    if str(error) == "unexpected end of data":
        return "has a quotation mark that does not end, and the rows below it are lost"
    return f"is not a row of a table ({error})"


def parquet_rows(reader: BytesReader) -> Iterator[Value | BadRow]:
    """Yield the rows of a Parquet file.

    Raises:
        ImportDataError: it cannot be read, or the package that reads it is missing.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise ImportDataError(
            f"{reader.path} is a Parquet file, which needs a package that is not installed. Install it from a"
            " clone: pip install '.[parquet]'"
        ) from None
    number = 0
    with reader.reading() as file:
        try:
            with pq.ParquetFile(file) as table:
                for batch in table.iter_batches(_AT_ONCE):
                    for row in batch.to_pylist():
                        number += 1
                        yield Value(number, row, _shown(row))
        except pa.ArrowException as error:
            raise ImportDataError(f"{reader.path} cannot be read as Parquet: {error}.") from error


def _shown(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=str)
