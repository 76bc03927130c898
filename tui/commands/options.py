"""Command-line parsing: usage errors as one sentence, with did-you-mean suggestions."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from selfinstruct.core.errors import SettingsError
from selfinstruct.tui.commands.exit_codes import stop


def _say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import metadata  # noqa: PLC0415 - rarely needed

        package = metadata("selfinstruct-tui")
        typer.echo(f"{package['Name']} {package['Version']}")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version."),
]


_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""Base class of Typer's usage errors, which Typer does not export."""


class Command(TyperCommand):
    """A command that reports usage errors as one sentence."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse the command line; Typer would print its own framed message on an error."""
        with _errors_as_sentences(self, info_name, parent):
            return super().make_context(info_name, args, parent, **extra)


class Program(TyperGroup):
    """A program with subcommands that reports usage errors as one sentence."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse the command line; Typer would print its own framed message on an error."""
        with _errors_as_sentences(self, info_name, parent):
            return super().make_context(info_name, args, parent, **extra)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve a subcommand; suggest the nearest if it does not exist."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            path = ctx.command_path
            _refuse(f"{path} has no command '{args[0]}'.", args[0], self.commands, path)
        return super().resolve_command(ctx, args)


@contextmanager
def _errors_as_sentences(command: Any, name: str, parent: Any) -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        path = f"{parent.command_path} {name}" if parent is not None else name
        _stop_for(error, command, path)
        raise


def _stop_for(error: Any, command: Any, path: str) -> None:
    """Report a usage error and exit; returns if it is not an error, such as help shown by default."""
    match type(error).__name__:
        case "NoSuchOption":
            known = [option for param in command.params for option in (*param.opts, *param.secondary_opts)]
            _refuse(f"{path} has no option {error.option_name}.", error.option_name, known, path)
        case "BadOptionUsage":
            takes_none = "not take a value" in error.message
            stop(SettingsError(f"{error.option_name} {'takes no' if takes_none else 'needs a'} value."))
        case "MissingParameter":
            stop(SettingsError(f"{path} needs {_usage(error.param)}: {_help(error.param)}"))
        case "BadParameter":
            stop(SettingsError(f"{_named(error.param)} is wrong: {_said(error)}."))
        case "UsageError":
            extra = error.message.rpartition("(")[2].removesuffix(")")
            stop(SettingsError(f"{path} takes no '{extra}'. {path} --help lists its options."))


def _refuse(sentence: str, word: str, known: Iterable[str], path: str) -> NoReturn:
    from selfinstruct.core.util.did_you_mean import nearest  # noqa: PLC0415 - needed for errors only

    near = nearest(word, known)
    stop(SettingsError(f"{sentence} {f'Did you mean {near}?' if near else f'{path} --help lists them.'}"))


def _named(param: Any) -> str:
    return str(param.opts[0] if param.param_type_name == "option" else param.metavar or param.name)


def _usage(param: Any) -> str:
    return f"{_named(param)} {param.metavar}" if param.param_type_name == "option" else _named(param)


def _help(param: Any) -> str:
    return _within(str(param.help or ""))


def _said(error: Any) -> str:
    """Return what is wrong with a value, in the words of the settings model if it rejected the value."""
    from pydantic import ValidationError  # noqa: PLC0415 - needed for errors only

    from selfinstruct.core.settings.messages import explain  # noqa: PLC0415 - as above

    if isinstance(error.__cause__, ValidationError):
        return explain(error.__cause__.errors(include_url=False)[0]).removesuffix(".")
    return _within(str(error.message).removesuffix("."))


def _within(sentence: str) -> str:
    """Lower the first letter of a sentence that continues another, unless it starts an acronym."""
    return sentence if sentence[1:2].isupper() else f"{sentence[:1].lower()}{sentence[1:]}"
