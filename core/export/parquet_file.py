"""Parquet files with a nested column of messages, written in row groups, so that memory stays flat."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from selfinstruct.core.errors import ExportError

_GROUP = 1000
"""Rows of a row group."""


def require_parquet() -> None:
    """Check that the package for Parquet is installed.

    Raises:
        ExportError: It is not.
    """
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise ExportError(
            "Parquet needs a package that is not installed. Install it from a clone: pip install '.[parquet]'"
        ) from None


def write_parquet(file: BinaryIO, rows: Iterator[bytes]) -> None:
    """Write rows, each the messages of a conversation as JSON.

    Raises:
        OSError: The disk is full or failing.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra
    from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema([("messages", pa.list_(message))])
    with ParquetWriter(file, schema) as writer:
        while group := list(islice(rows, _GROUP)):
            records = [{"messages": json.loads(row)} for row in group]
            writer.write_table(pa.Table.from_pylist(records, schema))
