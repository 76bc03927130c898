"""How the programs begin and end."""

import io
import sys
import traceback
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.secret import struck_text
from selfinstruct.tui.display import safe_line


class Exit(IntEnum):
    """What the programs' exit codes mean."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LIMIT = 3
    ENDPOINT = 4
    INTERRUPTED = 130


def _say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import metadata  # noqa: PLC0415 - only for who asks

        package = metadata("selfinstruct-tui")
        typer.echo(f"{package['Name']} {package['Version']}")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is."),
]


class Command(TyperCommand):
    """A command that says what is wrong with the value of an option in the words of the settings."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As of Typer, which would show the words of the library that reads values."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            from pydantic import ValidationError  # noqa: PLC0415 - only for who has made a mistake

            from selfinstruct.core.objections import objection  # noqa: PLC0415 - as above

            if error.param is None or not isinstance(error.__cause__, ValidationError):
                raise
            said = objection(error.__cause__.errors(include_url=False)[0]).removesuffix(".")
            stop(SettingsError(f"{error.param.opts[0]} is wrong: {said}."))


def stop(error: Exception, code: Exit = Exit.USAGE) -> NoReturn:
    """Say an error's sentence and leave."""
    typer.echo(f"Error: {safe_line(str(error))}", err=True)
    raise typer.Exit(code)


def failure(error: BaseException) -> str:
    """What went wrong in the program itself, and where: no variable, no key, nothing a terminal obeys."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return safe_line(struck_text(f"{error!r}{where}"))


def run(program: typer.Typer, name: str) -> NoReturn:
    """Run a program from the command line; an error of its own is one sentence as well."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # The name of a file need not be text, and not every terminal can show all text.
            stream.reconfigure(errors="replace")
    try:
        program(prog_name=name)
    except Exception as error:  # noqa: BLE001 - whatever it is, a traceback may say what nobody is to see
        typer.echo(f"{name} failed: {failure(error)}. What was stored is kept; please report this.", err=True)
    sys.exit(Exit.FAILED)
