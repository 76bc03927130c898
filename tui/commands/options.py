"""How the programs read their options."""

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from selfinstruct.core.errors import SettingsError
from selfinstruct.tui.commands.exit_codes import stop


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

            from selfinstruct.core.settings.messages import objection  # noqa: PLC0415 - as above

            if error.param is None or not isinstance(error.__cause__, ValidationError):
                raise
            said = objection(error.__cause__.errors(include_url=False)[0]).removesuffix(".")
            stop(SettingsError(f"{error.param.opts[0]} is wrong: {said}."))
