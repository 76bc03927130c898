"""A connection that translates SQLite's errors into WorkspaceErrors, with messages for the user.

Programming errors (sqlite3.ProgrammingError) pass through unchanged.
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
from selfinstruct.db.sqlite.sequel import Sequel
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
"""Messages of SQLITE_ERROR for a file whose tables, indexes or values this program did not write."""

_READING = {"SELECT", "WITH", "PRAGMA", "ROLLBACK"}
"""First words of statements that do not write."""

_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""UnicodeDecodeError is raised when SQLite's own message would quote damaged text."""


def primary_code(error: BaseException) -> int | None:
    """Return SQLite's primary result code, the lowest byte of the extended code; None without a code."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_damage(error: BaseException) -> bool:
    """Whether an error means that the file is corrupt."""
    if isinstance(error, UnicodeDecodeError):
        return True
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = primary_code(error)
    if code is None:
        return _UNDECODABLE.match(str(error)) is not None
    return code in _DAMAGE or (code == sqlite3.SQLITE_ERROR and bool(_OTHER_SCHEMA.search(str(error))))


_UNDECODABLE = re.compile(r"Could not decode to UTF-8 column '(.*?)' with text", re.DOTALL)
_PLAIN_WORDS = {
    "database disk image is malformed": "its pages are inconsistent",
    "file is not a database": "it does not have the header of a SQLite file",
}


def damage_found(error: Exception) -> str:
    """Describe the damage that SQLite reported, as a clause for a sentence."""
    if isinstance(error, UnicodeDecodeError):
        return "it contains text that is not valid UTF-8"
    if column := _UNDECODABLE.match(str(error)):
        return f"the column {column[1]} contains text that is not valid UTF-8"
    return _PLAIN_WORDS.get(str(error), str(error))


def translated(error: Exception, *, path: Path | None, writing: bool) -> WorkspaceError:
    """Translate an error of SQLite into a WorkspaceError.

    Args:
        error: An error of SQLite other than a programming error.
        path: The workspace's file, if known.
        writing: Whether the statement writes or asks for the write lock.
    """
    code, done = primary_code(error), "written" if writing else "read"
    if is_damage(error):
        return DamagedError(path, damage_found(error))
    if code in _BUSY:
        return BusyError(
            f"The workspace cannot be {done}: another program is using it ({error}). Everything stored before"
            " is kept. Try again, or close that program."
        )
    if code == sqlite3.SQLITE_INTERRUPT:
        return QueryInterruptedError("The query was interrupted, because its result is not needed any more.")
    if code in _REFUSED:
        return QueryRefusedError(f"SQLite refuses the query: {error}.")
    return StorageError(
        f"The workspace cannot be {done}: {error}. Everything stored before is kept. {what_helps(error)}"
    )


def _writes(sql: str) -> bool:
    """Whether a statement writes or asks for the write lock; fetching rows, without a statement, does not."""
    words = sql.split(maxsplit=2)[:2]
    return bool(words) and words[0] not in _READING and words != ["BEGIN"]


class GuardedCursor(sqlite3.Cursor):
    """A cursor that raises WorkspaceError, without slowing down the reading of rows."""

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
        # Code that keeps the exception keeps this cursor. pysqlite3 0.6.1 then shares its failed statement
        # with the next cursor, whose execution of the same SQL can fail without an exception and look empty.
        self.close()
        if isinstance(error, sqlite3.ProgrammingError):
            raise error
        raise translated(error, path=getattr(self.connection, "path", None), writing=_writes(sql)) from error


class GuardedConnection(sqlite3.Connection):
    """A connection whose cursors raise WorkspaceError."""

    path: Path | None = None
    """The workspace's file, for error messages."""
    file_id: tuple[int, int] | None = None
    """Device and inode of a file that is written to; None if it may be replaced meanwhile."""
    closed: Callable[[], None] | None = None
    """Called when the connection is closed."""
    committing: Callable[[], None] | None = None
    """Waits for the commit that a thread is carrying out; None if there is none."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.sequel = Sequel()
        """What follows the open transaction."""

    def settle(self) -> None:
        """Wait for the commit that a thread is carrying out, if any, and do what follows it."""
        if self.committing is not None:
            self.committing()

    def close(self) -> None:
        """As of sqlite3."""
        self.settle()
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
        if self.committing is not None:
            self.committing()
        # Not by calling the class: only this method prunes the connection's list of dead cursors.
        return super().cursor(GuardedCursor)


def stored_json(text: Any, what: str) -> Any:
    """Parse JSON that a workspace holds; `what` names it in the error.

    Raises:
        DamagedError: It is not valid JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedError(None, f"{what} cannot be read") from error
