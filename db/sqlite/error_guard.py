"""A connection whose errors are sentences: each error of SQLite becomes a WorkspaceError.

Errors of the program itself (sqlite3.ProgrammingError) stay what they are.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Never, Self

from selfinstruct.db.errors import (
    BusyError,
    DamagedError,
    QueryInterruptedError,
    QueryRefusedError,
    StorageError,
    WorkspaceError,
)
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.sqlite.storage_advice import what_helps

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_REFUSED = {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_RANGE,
    sqlite3.SQLITE_TOOBIG,
}
_OTHER_SCHEMA = re.compile(
    "no such (table|column|index|view|trigger)|has no column named|no query solution|malformed JSON"
    "|vtable constructor failed"
)
"""What SQLITE_ERROR says of a file whose tables, indexes or values are not those that this program makes."""

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
    code = primary_code(error)
    if code is None:
        return _UNDECODABLE.match(str(error)) is not None
    return code in _DAMAGE or (code == sqlite3.SQLITE_ERROR and bool(_OTHER_SCHEMA.search(str(error))))


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


def in_words(error: Exception, *, path: Path | None, writing: bool) -> WorkspaceError:
    """The error of the workspace that an error of SQLite is.

    Args:
        error: Of SQLite, but not one of the program itself.
        path: The workspace's file, if that is known.
        writing: Whether it came up in a transaction that writes, of which nothing has happened then.
    """
    code, done = primary_code(error), "written" if writing else "read"
    if is_damage(error):
        return DamagedError(path, damage_in_words(error))
    if code in _BUSY:
        return BusyError(
            f"The workspace cannot be {done}: another program is at work on it ({error}). What was stored"
            " before is kept. Try again, or close that program."
        )
    if code == sqlite3.SQLITE_INTERRUPT:
        return QueryInterruptedError("The workspace was not read to the end: nobody waits for it any more.")
    if code in _REFUSED:
        return QueryRefusedError(f"SQLite refuses what the workspace was asked for: {error}.")
    return StorageError(
        f"The workspace cannot be {done}: {error}. What was stored before is kept. {what_helps(error)}"
    )


class GuardedCursor(sqlite3.Cursor):
    """A cursor that raises WorkspaceError; rows are read as quickly as without it."""

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        """As of sqlite3."""
        try:
            return super().execute(sql, parameters)
        except _ERRORS as error:
            self._raise(error, sql)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Self:
        """As of sqlite3."""
        try:
            return super().executemany(sql, parameters)
        except _ERRORS as error:
            self._raise(error, sql)

    def executescript(self, sql: str, /) -> Self:
        """As of sqlite3."""
        try:
            super().executescript(sql)
        except _ERRORS as error:
            self._raise(error, sql)
        return self

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

    def _raise(self, error: Exception, sql: str = "") -> Never:
        if isinstance(error, sqlite3.ProgrammingError):
            raise error
        writing = self.connection.in_transaction or sql.startswith(("BEGIN", "COMMIT"))
        raise in_words(error, path=getattr(self.connection, "path", None), writing=writing) from error


class GuardedConnection(sqlite3.Connection):
    """A connection whose cursors raise WorkspaceError."""

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

    def executescript(self, sql: str, /) -> GuardedCursor:
        """As of sqlite3, which would not call `cursor`."""
        return self._cursor().executescript(sql)

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
