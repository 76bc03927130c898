"""Opens the workspace of a command, and turns errors into one sentence and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from selfinstruct.core.errors import EndpointUnusableError, SelfInstructError
from selfinstruct.db.errors import DamagedError, NotRepairedError, StorageError, WorkspaceError
from selfinstruct.db.sqlite.connection import is_writable
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.exit_codes import Exit, stop
from selfinstruct.tui.text.failure import unexpected
from selfinstruct.tui.text.safe_text import safe_line

DbOption = Annotated[
    Path,
    # Without Typer's own check: an unreadable file is reported by us, like every other error.
    typer.Option("--db", metavar="PATH", help="The workspace: one SQLite file.", readable=False),
]

_LARGE = 100_000_000
"""Bytes; a larger workspace takes some seconds to migrate."""


def open_workspace(path: Path, *, create: bool = False, read_only: bool = False) -> Workspace:
    """Open a workspace, and report if it was migrated.

    Raises:
        WorkspaceError: The workspace cannot be opened.
    """
    workspace = Workspace.open(path, create=create, read_only=read_only, migration_begins=_say_if_long)
    if workspace.copy_before_migrations is not None:
        typer.echo(
            "This workspace was made by an older version and has been migrated; a copy of the original is in"
            f" {safe_line(str(workspace.copy_before_migrations))}.",
            err=True,
        )
    return workspace


def _say_if_long(size: int) -> None:
    """Report a migration that takes more than a moment, before it begins."""
    if size >= _LARGE:
        typer.echo(
            f"This workspace was made by an older version. It is copied and migrated now, which can take"
            f" minutes with {size / 1e9:.1f} GB; an interruption leaves it as it was.",
            err=True,
        )


def look_into(path: Path) -> Workspace:
    """Open a workspace for a command that does not change it; works on unwritable files too.

    Raises:
        WorkspaceError: The workspace cannot be opened.
    """
    return open_workspace(path, read_only=not is_writable(path))


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn errors into one sentence and an exit code, never a traceback.

    Args:
        path: The workspace, for the message.
    """
    try:
        yield
    except EndpointUnusableError as error:
        stop(error, Exit.ENDPOINT)
    except (DamagedError, NotRepairedError, StorageError) as error:
        stop(error, Exit.FAILED)
    except (SelfInstructError, WorkspaceError) as error:
        stop(error)
    except KeyboardInterrupt:
        typer.echo("Interrupted; everything is kept.", err=True)
        raise typer.Exit(Exit.INTERRUPTED) from None
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 - the message must say that stored data is kept
        stop(unexpected(error, path), Exit.FAILED)
