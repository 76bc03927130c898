"""Exit codes and error messages of the programs."""

import io
import sys
from enum import IntEnum
from typing import NoReturn

import typer

from selfinstruct.core.errors import SelfInstructError
from selfinstruct.core.plugins import plugin_problems
from selfinstruct.core.setting_names import as_flags
from selfinstruct.tui.text.failure import failure
from selfinstruct.tui.text.safe_text import safe_line


class Exit(IntEnum):
    """Exit codes of the programs."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LIMIT = 3
    ENDPOINT = 4
    ROWLESS = 5
    """The target is reached, but too many accepted tasks have no row, or could still get one."""
    REFUSED = 6
    """Some of the decisions on the lines of a script were refused, or could not be read."""
    INTERRUPTED = 130


def told(error: Exception) -> str:
    """Return an error's sentence for the command line, with settings named by their flags."""
    return safe_line(as_flags(error.sentence if isinstance(error, SelfInstructError) else str(error)))


def stop(error: Exception, code: Exit = Exit.USAGE) -> NoReturn:
    """Print an error's sentence and exit."""
    typer.echo(f"Error: {told(error)}", err=True)
    raise typer.Exit(code)


def run(program: typer.Typer, name: str) -> NoReturn:
    """Run a program from the command line; internal errors are also reported as one sentence."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # File names need not be valid text, and not every terminal can encode all text.
            stream.reconfigure(errors="replace")
    if problems := plugin_problems():
        # What a filter would have refused, or a format would have written, must not be missing unnoticed.
        typer.echo(f"Error: {safe_line(problems[0])}", err=True)
        sys.exit(Exit.USAGE)
    try:
        program(prog_name=name)
    except Exception as error:  # noqa: BLE001 - any traceback may contain secrets
        typer.echo(f"{name} failed: {failure(error)}. What was stored is kept; please report this.", err=True)
    sys.exit(Exit.FAILED)
