"""Imports: the files that rows were imported from, and what became of each row."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from selfinstruct.db.records import ImportedRow, Label
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.transactions import transaction


class Imports:
    """Rows of `imports` and `imported_rows`."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def begin(
        self, path: str, *, shape: str, options: Mapping[str, Any], at: str, person: str | None = None
    ) -> int:
        """Store that a file is being imported; returns the id of the import.

        An import of the same file with the same options that has not ended is continued.

        Args:
            path: The file, as it is to be shown.
            shape: What it was recognized as.
            options: How it is imported.
            at: The current time, as ISO 8601 text.
            person: Who imports it.
        """
        stored = json.dumps(options, ensure_ascii=False, sort_keys=True)
        with transaction(self._db):
            begun = self._db.execute(
                """SELECT id FROM imports WHERE path = ? AND shape = ? AND options = ? AND ended_at IS NULL
                ORDER BY id DESC LIMIT 1""",
                [path, shape, stored],
            ).fetchone()
            if begun is not None:
                return int(begun[0])
            import_id = self._db.execute(
                "INSERT INTO imports (path, shape, options, person, begun_at) VALUES (?, ?, ?, ?, ?)",
                [path, shape, stored, person, at],
            ).lastrowid
        assert import_id is not None
        return import_id

    def end(self, import_id: int, *, at: str) -> None:
        """Store that every row of a file is in."""
        with transaction(self._db):
            self._db.execute("UPDATE imports SET ended_at = ? WHERE id = ?", [at, import_id])

    def is_known(self, digest: bytes) -> bool:
        """Whether a row with this content was imported, from any file."""
        found = self._db.execute("SELECT 1 FROM imported_rows WHERE digest = ?", [digest]).fetchone()
        return found is not None

    def task_with(self, instruction: str) -> tuple[int, Label | None] | None:
        """Return id and label of the imported task that has this wording now; None if there is none."""
        found: tuple[int, Label | None] | None = self._db.execute(
            """SELECT id, label FROM tasks INDEXED BY tasks_imported
            WHERE origin = 'imported' AND instruction = ? ORDER BY id LIMIT 1""",
            [instruction],
        ).fetchone()
        return found

    def add_row(
        self, import_id: int, *, line: int, task_id: int, instance_id: int | None, digest: bytes
    ) -> None:
        """Store where a row came from and what became of it."""
        with transaction(self._db):
            self._db.execute(
                """INSERT INTO imported_rows (import_id, line, task_id, instance_id, digest)
                VALUES (?, ?, ?, ?, ?)""",
                [import_id, line, task_id, instance_id, digest],
            )

    def rows_of(self, task_id: int) -> list[ImportedRow]:
        """Return where the rows of a task came from, in the order of their import."""
        rows = self._db.execute(
            """SELECT path, line, instance_id FROM imported_rows JOIN imports ON imports.id = import_id
            WHERE task_id = ? ORDER BY imported_rows.id""",
            [task_id],
        )
        return [ImportedRow(*row) for row in rows]

    def imported_among(self, task_ids: Iterable[int]) -> set[int]:
        """Return those of these tasks that were imported."""
        rows = self._db.execute(
            """SELECT DISTINCT task_id FROM imported_rows
            WHERE task_id IN (SELECT value FROM json_each(?))""",
            [json.dumps(list(task_ids))],
        )
        return {task_id for (task_id,) in rows}
