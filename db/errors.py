"""What can go wrong with a workspace, said in a sentence for the person."""

import shlex
from pathlib import Path


class WorkspaceError(Exception):
    """The workspace cannot be used; the message says what is wrong, where, and what to do."""


class StorageError(WorkspaceError):
    """The disk is full or fails, or another program keeps the workspace; what was stored before is kept."""


class BusyError(StorageError):
    """Another program writes to the workspace, or reads and so keeps writers out; nothing has happened."""


class QueryRefusedError(WorkspaceError):
    """SQLite does not do what it was asked for: it is too large, or against a rule of a table."""


class QueryInterruptedError(WorkspaceError):
    """A query was broken off, because nobody waits for it any more."""


class DamagedError(WorkspaceError):
    """The file is not as it was written.

    Args:
        path: The workspace's file, if that is known.
        what: What was found.
    """

    def __init__(self, path: Path | None, what: str) -> None:
        self.what = what
        name = f" {path}" if path else ""
        given = shlex.quote(str(path)) if path else "PATH"
        super().__init__(
            f"The workspace{name} is damaged: {what}. Leave it as it is, and run selfinstruct check --db"
            f" {given}: it says what is wrong, and with --repair it makes a new file of all that can be read."
        )


class NotRepairedError(WorkspaceError):
    """A damaged workspace cannot be repaired without losing what must not be lost; it is left as it is."""
