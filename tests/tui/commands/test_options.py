"""A wrong command line gets one sentence that says what to do; every help page has an example."""

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
        ("selfinstruct dedupe --out x", "selfinstruct dedupe needs FILE...: JSON Lines files, in order."),
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
