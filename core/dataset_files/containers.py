"""What the rows of a data file are in: JSON Lines, a JSON array, a table."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from selfinstruct.core.dataset_files.bytes_reader import BytesReader
from selfinstruct.core.dataset_files.json_rows import Value, json_array, json_lines, json_list_within, list_in
from selfinstruct.core.dataset_files.row import BadRow
from selfinstruct.core.dataset_files.table_rows import container_name, delimiter_of, parquet_rows, table_rows

JSON_LINES = "JSON Lines"
_TABLES = {".csv": ",", ".tsv": "\t"}
_JSON = {".json", ".jsonl", ".ndjson"}
_ARRAY = re.compile(r"\s*\[\s*(?:\Z|[\[\]{\"])")


@dataclass(frozen=True, slots=True)
class Container:
    """What rows are in, and how they are read from it."""

    name: str
    values: Callable[[], Iterator[Value | BadRow]]
    """Yields the rows, each time from the beginning. Raises ImportDataError if they cannot be read."""


def container_of(reader: BytesReader) -> Container:
    """Recognize what the rows of a file are in, by how it begins; its name decides about tables.

    Raises:
        ImportDataError: the file cannot be read.
    """
    if reader.is_parquet:
        return Container("Parquet", partial(parquet_rows, reader))
    suffix = _suffix(reader.path)
    delimiter = delimiter_of(reader) or _TABLES.get(suffix)
    if delimiter is not None and suffix not in _JSON:
        return Container(container_name(delimiter), partial(table_rows, reader, delimiter))
    if _ARRAY.match(reader.beginning):
        return Container("JSON array", partial(json_array, reader))
    if list_in(reader.beginning) is not None:
        return Container("JSON object with a list", partial(json_list_within, reader))
    first, second = (next(lines, None) for lines in [json_lines(reader)] * 2)
    if isinstance(first, BadRow) and _goes_on(first.text, second):
        return Container("JSON objects", partial(json_array, reader))
    return Container(JSON_LINES, partial(json_lines, reader))


def _suffix(path: Path) -> str:
    return next((suffix for suffix in reversed(path.suffixes) if suffix.lower() != ".gz"), "").lower()


def _goes_on(first: str, second: Value | BadRow | None) -> bool:
    """Whether an object seems to extend over several lines, and not to be one damaged line of many."""
    is_open = first.lstrip().startswith("{") and not first.rstrip().endswith("}")
    is_inside = isinstance(second, BadRow) and not second.text.lstrip().startswith("{")
    return is_open and (is_inside or (isinstance(second, Value) and not isinstance(second.value, dict)))
