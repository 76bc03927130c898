"""A workspace from which rows are taken, and the one that it was, for tests of what a repair makes up for."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from selfinstruct.db.sqlite.driver import Connection, sqlite3
from tests.db.check.test_check import by_hand

AT = "2026-01-02T13:00:00.000+00:00"


@contextmanager
def without(path: Path, *changes: str) -> Iterator[tuple[Connection, Connection]]:
    """A connection to what is left after these changes, without triggers, and one to the whole workspace."""
    whole = Path(shutil.copy(path, path.with_name("whole.db")))
    with by_hand(path) as db, closing(sqlite3.connect(whole)) as source:
        db.execute("PRAGMA foreign_keys = OFF")
        for change in changes:
            db.execute(change)
        yield db, source


def one(db: Connection, sql: str) -> Any:
    """The first row of a query; its value if it has one column."""
    row = db.execute(sql).fetchone()
    return row[0] if row is not None and len(row) == 1 else row
