"""A command line that cannot be read is told in one sentence, with what to do."""

import pytest
from typer.testing import CliRunner

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
