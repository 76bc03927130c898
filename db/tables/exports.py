"""Exports: the files that were written from a workspace, and the rows in each."""

import json
import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from selfinstruct.db.errors import DamagedError
from selfinstruct.db.records import Export, ExportedRow
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.error_guard import stored_json
from selfinstruct.db.sqlite.transactions import transaction

_COLUMNS = "id, path, at, format, options, person, rows, sha256"
_DIGEST = 8
"""Bytes of the hash of a row's content."""


class Exports:
    """Rows of `exports`."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(
        self,
        path: str,
        *,
        format_name: str,
        options: Mapping[str, Any],
        rows: Sequence[ExportedRow],
        sha256: str,
        at: str,
        person: str | None = None,
    ) -> int:
        """Store that a file was exported; returns the id of the export.

        Args:
            path: The file, as it is to be shown.
            format_name: The format of its rows.
            options: The other options, by which it can be repeated.
            rows: Its rows, in the order of the file.
            sha256: The hash of the file.
            at: The current time, as ISO 8601 text.
            person: Who exported it.
        """
        ids = array("q", (row.instance_id for row in rows))
        with transaction(self._db):
            export_id = self._db.execute(
                """INSERT INTO exports
                (path, at, format, options, person, rows, sha256, instance_ids, digests)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [
                    path,
                    at,
                    format_name,
                    json.dumps(options, ensure_ascii=False, sort_keys=True),
                    person,
                    len(rows),
                    sha256,
                    _little_endian(ids).tobytes(),
                    b"".join(row.digest[:_DIGEST] for row in rows),
                ],
            ).lastrowid
        assert export_id is not None
        return export_id

    def all(self) -> list[Export]:
        """Return the exports, the newest last."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM exports ORDER BY id")
        return [_read(row) for row in rows]

    def get(self, export_id: int) -> Export:
        """Return an export.

        Raises:
            KeyError: There is no such export.
        """
        row = self._db.execute(f"SELECT {_COLUMNS} FROM exports WHERE id = ?", [export_id]).fetchone()
        if row is None:
            raise KeyError(export_id)
        return _read(row)

    def rows_of(self, export_id: int) -> list[ExportedRow]:
        """Return the rows of an export, in the order of the file.

        Raises:
            DamagedError: They cannot be read.
        """
        row = self._db.execute(
            "SELECT instance_ids, digests FROM exports WHERE id = ?", [export_id]
        ).fetchone()
        ids = array("q")
        try:
            ids.frombytes(row[0])
        except (TypeError, ValueError) as error:
            raise DamagedError(None, f"export {export_id} cannot be read") from error
        if len(row[1]) != _DIGEST * len(ids):
            raise DamagedError(None, f"export {export_id} cannot be read")
        digests = (row[1][at : at + _DIGEST] for at in range(0, len(row[1]), _DIGEST))
        return [ExportedRow(*pair) for pair in zip(_little_endian(ids), digests, strict=True)]


def _read(row: tuple[Any, ...]) -> Export:
    export_id, path, at, format_name, options, person, rows, sha256 = row
    known = stored_json(options, f"export {export_id}")
    return Export(export_id, path, at, format_name, known, person, rows, sha256)


def _little_endian(ids: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        ids = ids[:]
        ids.byteswap()
    return ids
