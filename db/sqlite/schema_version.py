"""Which schema a workspace has, and bringing it up to date."""

from contextlib import closing
from pathlib import Path

from selfinstruct.db.errors import DamagedError, WorkspaceError
from selfinstruct.db.sqlite.connection import transaction
from selfinstruct.db.sqlite.driver import Connection, sqlite3
from selfinstruct.db.sqlite.journal_files import real_path

SCHEMA_VERSION = 7
"""How many migrations there are."""


def require_current(db: Connection) -> None:
    """Check that the schema is the one that this program knows; for a workspace that is only read.

    Raises:
        WorkspaceError: an older or a newer program made the workspace.
    """
    if version_of(db) < SCHEMA_VERSION:
        raise WorkspaceError(
            "An older program made the workspace. Open it once without --read-only to bring it up to date."
        )


def bring_up_to_date(db: Connection, path: Path) -> Path | None:
    """Apply the migrations that a workspace lacks, in one transaction.

    One that has had migrations before is copied first, beside the file, in the same transaction: so the
    copy is the workspace as the migrations find it. If one of them fails, all is as it was.

    Returns the copy, if one was made.

    Raises:
        WorkspaceError: a newer program made the workspace, no copy can be made, or a migration failed.
    """
    if version_of(db) == SCHEMA_VERSION:
        return None
    copy: Path | None = None
    try:
        # The copy is read on a connection of its own.
        with transaction(db, beside_readers=True):
            before = version_of(db)  # another program may have been quicker
            if 0 < before < SCHEMA_VERSION:
                copy = _copy(path, before)
            try:
                _migrate(db)
            except Exception as error:  # whatever it comes upon, the person is told what is kept
                what = error.what if isinstance(error, DamagedError) else error.__cause__ or error
                raise WorkspaceError(
                    f"The workspace {path} cannot be brought up to date from schema {before} to"
                    f" {SCHEMA_VERSION}: {what}. It is as it was; the program that made"
                    " it still opens it."
                ) from error
    except BaseException:
        if copy is not None:
            copy.unlink(missing_ok=True)
        raise
    return copy


def _migrate(db: Connection) -> None:
    # Most starts need none of this, and it takes as long as all the rest of opening a workspace.
    from sqlite_utils import Database  # noqa: PLC0415

    from selfinstruct.db.sqlite.migrations import migrations  # noqa: PLC0415

    migrations.apply(Database(db))
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _copy(path: Path, version: int) -> Path:
    from selfinstruct.db.sqlite.backup import copy_to  # noqa: PLC0415 - as above
    from selfinstruct.db.sqlite.connection import connect_to_read  # noqa: PLC0415

    copy = free_name(path, f"schema-{version}")
    # A connection of its own: one cannot be copied from while it writes.
    with closing(connect_to_read(path)) as reader:
        copy_to(reader, copy, force=False)
    return copy


def free_name(path: Path, ending: str) -> Path:
    """A name beside a workspace that no file has, such as `movies.db.schema-5`, or `movies.db.schema-5-2`."""
    real = real_path(path)
    name = real.with_name(f"{real.name}.{ending}")
    number = 1
    while name.exists() or name.is_symlink():
        number += 1
        name = real.with_name(f"{real.name}.{ending}-{number}")
    return name


def newest() -> Connection:
    """An empty workspace in memory, with all migrations: what the schema is to be."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    with transaction(db):
        _migrate(db)
    return db


def version_of(db: Connection) -> int:
    """How many migrations a workspace has had.

    Raises:
        WorkspaceError: more than this program knows.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise WorkspaceError(
            f"The workspace has schema {version}; this program knows {SCHEMA_VERSION}."
            " Upgrade selfinstruct-tui to open it."
        )
    return version
