"""How the programs end."""

from enum import IntEnum
from typing import NoReturn

import typer

from selfinstruct.tui.display import safe_line


class Exit(IntEnum):
    """What the programs' exit codes mean."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LIMIT = 3
    ENDPOINT = 4
    INTERRUPTED = 130


def stop(error: Exception, code: Exit = Exit.USAGE) -> NoReturn:
    """Say an error's sentence and leave."""
    typer.echo(f"Error: {safe_line(str(error))}", err=True)
    raise typer.Exit(code)
