"""Snapshots of the similarity indexes: derived data, rebuilt if missing or damaged."""

import hashlib
from collections.abc import Iterable
from dataclasses import astuple, replace

from selfinstruct.db.records import StoredIndex
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.transactions import transaction

_COLUMNS = "name, made_by, last_decision, last_task, words, ids, lengths, tokens, sha256"


class PoolSnapshots:
    """Rows of `similarity`."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def read(self) -> dict[str, StoredIndex]:
        """Return the stored snapshots by name, unverified."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM similarity")
        return {row[0]: StoredIndex(*row) for row in rows}

    def write(self, indexes: Iterable[StoredIndex]) -> None:
        """Replace all stored snapshots."""
        with transaction(self._db):
            self._db.execute("DELETE FROM similarity")
            for index in indexes:
                self._db.execute(
                    f"INSERT INTO similarity ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(index)
                )


def digest_of(image: StoredIndex) -> str:
    """Return the SHA-256 of a snapshot, over all its columns except the hash itself, in hex."""
    digest = hashlib.sha256()
    for value in astuple(replace(image, sha256="")):
        part = value if isinstance(value, bytes) else str(value).encode()
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()
