"""The schema version of a workspace, and its migration to the current one."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from selfinstruct.db.errors import DamagedError, WorkspaceError
from selfinstruct.db.real_path import real_path
from selfinstruct.db.sqlite.driver import Connection, sqlite3
from selfinstruct.db.sqlite.error_guard import GuardedConnection
from selfinstruct.db.sqlite.transactions import transaction

SCHEMA_VERSION = 10
"""The current schema version: the number of migrations."""


def require_current(db: Connection) -> None:
    """Check that a workspace opened read-only has the current schema.

    Raises:
        WorkspaceError: An older or a newer program made the workspace.
    """
    if version_of(db) < SCHEMA_VERSION:
        raise WorkspaceError(
            "An older program made the workspace. Open it once for writing, without --read-only or --dry-run,"
            " to bring it up to date."
        )


def bring_up_to_date(
    db: Connection, path: Path, begins: Callable[[int], None] = lambda _: None
) -> Path | None:
    """Apply the missing migrations, in one transaction.

    A workspace with an older schema is first copied to a file beside it, in the same transaction, so that the
    copy is exactly what the migrations start from. If a migration fails, everything is rolled back.

    Args:
        db: A connection for writing.
        path: The workspace's file.
        begins: Called with the bytes of the file before it is copied, which may take minutes.

    Returns the path of the copy, if one was made.

    Raises:
        WorkspaceError: A newer program made the workspace, no copy can be made, or a migration failed.
    """
    if version_of(db) == SCHEMA_VERSION:
        return None
    copy: Path | None = None
    try:
        # The copy is read through a second connection.
        with transaction(db, beside_readers=True):
            before = version_of(db)  # another program may have migrated it first
            if 0 < before < SCHEMA_VERSION:
                begins(path.stat().st_size)
                copy = _copy(path, before)
            try:
                _migrate(db)
            except Exception as error:  # whatever the cause, say that nothing was changed
                what = error.what if isinstance(error, DamagedError) else error.__cause__ or error
                raise WorkspaceError(
                    f"The workspace {path} cannot be migrated from schema {before} to {SCHEMA_VERSION}:"
                    f" {what}. It is unchanged; the program that made it can still open it."
                ) from error
    except BaseException:
        if copy is not None:
            copy.unlink(missing_ok=True)
        raise
    return copy


def _migrate(db: Connection) -> None:
    # Most starts need no migration, and the import takes as long as the rest of opening a workspace.
    from sqlite_utils import Database  # noqa: PLC0415

    from selfinstruct.db.sqlite.migrations import migrations  # noqa: PLC0415

    migrations.apply(Database(db))
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _copy(path: Path, version: int) -> Path:
    from selfinstruct.db.sqlite.backup import copy_to  # noqa: PLC0415 - as above
    from selfinstruct.db.sqlite.connection import connect_to_read  # noqa: PLC0415

    copy = free_name(path, f"schema-{version}")
    # A second connection, because SQLite cannot back up from a connection with a write transaction.
    with closing(connect_to_read(path)) as reader:
        copy_to(reader, copy, force=False)
    return copy


def free_name(path: Path, ending: str) -> Path:
    """Return an unused name beside a workspace, such as `movies.db.schema-5` or `movies.db.schema-5-2`."""
    real = real_path(path)
    name = real.with_name(f"{real.name}.{ending}")
    number = 1
    while name.exists() or name.is_symlink():
        number += 1
        name = real.with_name(f"{real.name}.{ending}-{number}")
    return name


def newest() -> Connection:
    """Create an empty workspace in memory with the current schema, as a reference."""
    db = sqlite3.connect(":memory:", isolation_level=None, factory=GuardedConnection)
    with transaction(db):
        _migrate(db)
    return db


def version_of(db: Connection) -> int:
    """Return the schema version of a workspace: the number of migrations applied to it.

    Raises:
        WorkspaceError: The schema is newer than this program.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise WorkspaceError(
            f"The workspace has schema {version}; this program supports {SCHEMA_VERSION}."
            " Upgrade selfinstruct-tui to open it."
        )
    return version
