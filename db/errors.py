"""What can go wrong with a workspace, said in a sentence for the person."""


class WorkspaceError(Exception):
    """The workspace cannot be used; the message says what is wrong, where, and what to do."""


class StorageError(WorkspaceError):
    """The disk is full or fails, or another program keeps the workspace; what was stored before is kept."""
