"""A connection that says in a sentence when SQLite finds the file damaged, wherever that is noticed."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Never, Self

from selfinstruct.db.errors import DamagedError
from selfinstruct.db.sqlite.driver import sqlite3

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""What SQLite finds wrong with a file; the last one is a table or a column that is not there."""


_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""The second is what comes when the sentence of the first would quote what is damaged."""


def primary_code(error: BaseException) -> int | None:
    """The kind of an error of SQLite: the lowest byte of its extended code; None when it has no code."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the file is not as it was written."""
    if isinstance(error, UnicodeDecodeError):
        return True
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    kind = primary_code(error)
    return "decode to UTF-8" in str(error) if kind is None else kind in _DAMAGE


_UNDECODABLE = re.compile(r"Could not decode to UTF-8 column '(.*?)' with text", re.DOTALL)
_OUR_WORDS = {
    "database disk image is malformed": "its pages do not fit together",
    "file is not a database": "it does not begin as a SQLite file does",
}


def damage_in_words(error: Exception) -> str:
    """What SQLite has found wrong with a file, in words that go on a sentence."""
    if isinstance(error, UnicodeDecodeError):
        return "there are letters in it that cannot be decoded"
    if column := _UNDECODABLE.match(str(error)):
        return f"in the column {column[1]} are letters that cannot be decoded"
    return _OUR_WORDS.get(str(error), str(error))


class GuardedCursor(sqlite3.Cursor):
    """A cursor that raises DamagedError; rows are read as quickly as without it."""

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        """As of sqlite3."""
        try:
            return super().execute(sql, parameters)
        except _ERRORS as error:
            self._raise(error)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Self:
        """As of sqlite3."""
        try:
            return super().executemany(sql, parameters)
        except _ERRORS as error:
            self._raise(error)

    def fetchone(self) -> Any:
        """As of sqlite3."""
        try:
            return super().fetchone()
        except _ERRORS as error:
            self._raise(error)

    def fetchall(self) -> list[Any]:
        """As of sqlite3."""
        try:
            return super().fetchall()
        except _ERRORS as error:
            self._raise(error)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        try:
            yield from iter(super().fetchone, None)
        except _ERRORS as error:
            self._raise(error)

    def _raise(self, error: Exception) -> Never:
        if not is_damage(error):
            raise error
        path = getattr(self.connection, "path", None)
        raise DamagedError(path, damage_in_words(error)) from error


class GuardedConnection(sqlite3.Connection):
    """A connection whose cursors raise DamagedError."""

    path: Path | None = None
    """The workspace's file, for the sentence."""
    closed: Callable[[], None] | None = None
    """Called when it is closed."""

    def close(self) -> None:
        """As of sqlite3."""
        super().close()
        if self.closed is not None:
            self.closed()
            self.closed = None

    def cursor(self, factory: Any = GuardedCursor) -> Any:
        """As of sqlite3."""
        return super().cursor(factory)

    def execute(self, sql: str, parameters: Any = (), /) -> GuardedCursor:
        """As of sqlite3, which would not call `cursor`."""
        return self._cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> GuardedCursor:
        """As of sqlite3, which would not call `cursor`."""
        return self._cursor().executemany(sql, parameters)

    def _cursor(self) -> GuardedCursor:
        # Not made by its class: a connection remembers each cursor, and forgets the gone ones only in here.
        return super().cursor(GuardedCursor)


def stored_json(text: Any, what: str) -> Any:
    """The value of JSON that a workspace holds.

    Raises:
        DamagedError: it is not what was written.
    """
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedError(None, f"{what} cannot be read") from error
