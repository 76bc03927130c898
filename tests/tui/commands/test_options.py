"""A wrong command line gets one sentence that says what to do; every help page has an example."""

from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from selfinstruct.tui.commands.options import Command
from selfinstruct.tui.commands.selfinstruct import app as selfinstruct
from selfinstruct.tui.commands.selfinstruct_tui import app as selfinstruct_tui

TUI = "selfinstruct-tui"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{TUI} --bogus", f"{TUI} has no option --bogus. {TUI} --help lists them."),
        (f"{TUI} --modle x", f"{TUI} has no option --modle. Did you mean --model?"),
        (f"{TUI} --model", "--model needs a value."),
        (f"{TUI} --auto=3", "--auto takes no value."),
        (f"{TUI} a b", f"{TUI} takes no 'a b'. {TUI} --help lists its options."),
        (f"{TUI} --target 1.5", "--target is wrong: it must be a whole number."),
        (f"{TUI} --api chats", "--api is wrong: 'chats' is not one of 'chat', 'completions'."),
        ("selfinstruct exprt", "selfinstruct has no command 'exprt'. Did you mean export?"),
        ("selfinstruct frob", "selfinstruct has no command 'frob'. selfinstruct --help lists them."),
        ("selfinstruct --bogus", "selfinstruct has no option --bogus. selfinstruct --help lists them."),
        ("selfinstruct status --jsn", "selfinstruct status has no option --jsn. Did you mean --json?"),
        ("selfinstruct backup", "selfinstruct backup needs --out FILE: where to write."),
        (
            "selfinstruct dedupe --out x",
            "selfinstruct dedupe needs FILE...: data files of any known shape, in order.",
        ),
    ],
)
def test_a_slip_in_the_command_line_is_one_sentence(words: str, said: str) -> None:
    name, *rest = words.split()
    app = selfinstruct_tui if name == TUI else selfinstruct
    done = CliRunner().invoke(app, rest, prog_name=name)
    assert done.exit_code == 2
    assert done.output == f"Error: {said}\n"


def test_a_program_of_commands_without_any_shows_its_help() -> None:
    assert "Usage: selfinstruct" in CliRunner().invoke(selfinstruct, [], prog_name="selfinstruct").output


@pytest.mark.parametrize(
    ("program", "words", "said"),
    [
        (selfinstruct_tui, ["--batches-ahead", "99"], "--batches-ahead is wrong: it must be at most 20."),
        (selfinstruct_tui, ["--batches-ahead", "x"], "--batches-ahead is wrong: it must be a whole number."),
        (selfinstruct_tui, ["--max-cost", "x"], "--max-cost is wrong: it must be a number."),
        (selfinstruct_tui, ["--api", "x"], "--api is wrong: 'x' is not one of 'chat', 'completions'."),
        (selfinstruct, ["export", "--format", "x", "--out", "y"], "--format is wrong: 'x' is not one of "),
        (selfinstruct, ["export", "--rng-seed", "x", "--out", "y"], "--rng-seed is wrong: it must be"),
        (
            selfinstruct,
            ["dedupe", "x", "--engine", "x", "--out", "y"],
            "--engine is wrong: 'x' is not one of ",
        ),
    ],
)
def test_a_wrong_value_is_told_in_one_sentence_with_its_flag(
    program: Any, words: list[str], said: str
) -> None:
    result = CliRunner().invoke(program, ["--auto", *words] if program is selfinstruct_tui else words)
    assert result.exit_code == 2
    assert result.output.startswith(f"Error: {said}")
    assert len(result.output.splitlines()) == 1


def test_every_command_tells_of_wrong_values_in_words() -> None:
    group = get_command(selfinstruct)
    commands = [get_command(selfinstruct_tui), *getattr(group, "commands", {}).values()]
    assert [command.name for command in commands if not isinstance(command, Command)] == []


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (selfinstruct, ["--help"]),
        (selfinstruct, ["export", "--help"]),
        (selfinstruct, ["status", "--help"]),
        (selfinstruct, ["dedupe", "--help"]),
        (selfinstruct_tui, ["--help"]),
    ],
)
def test_every_help_page_has_an_example(program: Any, words: list[str]) -> None:
    result = CliRunner().invoke(program, words)
    assert result.exit_code == 0
    assert "Example" in result.output


def _commands() -> list[tuple[str, Any]]:
    tui: Any = get_command(selfinstruct_tui)
    program: Any = get_command(selfinstruct)
    return [
        (TUI, tui),
        *((f"selfinstruct {name}", one) for name, one in program.commands.items()),
    ]


@pytest.mark.parametrize(
    ("name", "command"), _commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_help_of_every_option_says_what_its_value_is_and_its_default(name: str, command: Any) -> None:
    lacking = []
    for option in command.params:
        if option.param_type_name != "option" or option.is_flag or option.name == "help":
            continue
        names_value = bool(option.metavar) or option.bare_type() not in {str, int, float, Path}
        shows_default = option.required or isinstance(option.show_default, str) or option.default is not None
        if not (names_value and shows_default and option.help):
            lacking.append(option.opts[0])
    assert lacking == []


@pytest.mark.parametrize(
    ("program", "words", "offered"),
    [
        ("selfinstruct", "stat", {"status"}),
        ("selfinstruct", "export --form", {"--format"}),
        ("selfinstruct", "export --format mess", {"messages"}),
        ("selfinstruct-tui", "--max-", {"--max-requests", "--max-cost"}),
    ],
)
def test_a_shell_completes_commands_options_and_values(program: str, words: str, offered: set[str]) -> None:
    app = selfinstruct if program == "selfinstruct" else selfinstruct_tui
    line = f"{program} {words}"
    asked = {
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
        f"_{program.upper().replace('-', '_')}_COMPLETE": "complete_bash",
    }
    done = CliRunner().invoke(app, [], prog_name=program, env=asked)
    assert set(done.output.split()) == offered
