"""A workspace that cannot be read for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from selfinstruct.db.workspace import Workspace


@contextmanager
def unreadable(workspace: Workspace) -> Iterator[None]:
    """Within, SQLite breaks every query off."""
    workspace._db.set_progress_handler(lambda: 1, 1)
    try:
        yield
    finally:
        workspace._db.set_progress_handler(None, 0)
