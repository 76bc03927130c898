"""Which schema a workspace has, and bringing it up to date."""

from sqlite3 import Connection

from selfinstruct.db.connection import transaction
from selfinstruct.db.errors import WorkspaceError

SCHEMA_VERSION = 7
"""How many migrations there are."""


def require_current(db: Connection) -> None:
    """Check that the schema is the one that this program knows; for a workspace that is only read.

    Raises:
        WorkspaceError: an older or a newer program made the workspace.
    """
    if _version(db) < SCHEMA_VERSION:
        raise WorkspaceError(
            "An older program made the workspace. Open it once without --read-only to bring it up to date."
        )


def bring_up_to_date(db: Connection) -> None:
    """Apply the migrations that a workspace lacks, in one transaction.

    Raises:
        WorkspaceError: a newer program made the workspace.
    """
    if _version(db) == SCHEMA_VERSION:
        return
    # Most starts need none of this, and it takes as long as all the rest of opening a workspace.
    from sqlite_utils import Database  # noqa: PLC0415

    from selfinstruct.db.migrations import migrations  # noqa: PLC0415

    with transaction(db):
        migrations.apply(Database(db))
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _version(db: Connection) -> int:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise WorkspaceError(
            f"The workspace has schema {version}; this program knows {SCHEMA_VERSION}."
            " Upgrade selfinstruct-tui to open it."
        )
    return version
