"""Errors of a workspace; their messages are sentences for the user."""

import shlex
from pathlib import Path


class WorkspaceError(Exception):
    """The workspace cannot be used; the message says what is wrong, where, and what to do."""


class StorageError(WorkspaceError):
    """The disk is full or failing, or another program holds the lock; everything stored before is kept."""


class BusyError(StorageError):
    """Another program holds the lock, to write or (with a rollback journal) to read; nothing was changed."""


class QueryRefusedError(WorkspaceError):
    """SQLite rejects a query: it is invalid, exceeds a size limit, or violates a constraint."""


class QueryInterruptedError(WorkspaceError):
    """A query was interrupted, because its result is not needed any more."""


class DamagedError(WorkspaceError):
    """The file is corrupt.

    Args:
        path: The workspace's file, if known.
        what: The damage, as a clause for the message.
    """

    def __init__(self, path: Path | None, what: str) -> None:
        self.what = what
        name = f" {path}" if path else ""
        given = shlex.quote(str(path)) if path else "PATH"
        super().__init__(
            f"The workspace{name} is damaged: {what}. Do not change it, and run selfinstruct check --db"
            f" {given}: it reports what is wrong, and --repair builds a new file from everything that can be"
            " read."
        )


class NotRepairedError(WorkspaceError):
    """A damaged workspace cannot be repaired without losing decisions; it is left unchanged."""
