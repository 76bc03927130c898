"""The installed program under a shell: suspended with ^z, and back with `fg`. Without one it goes on."""

import shlex
import sys
from pathlib import Path

import pytest

from tests.journeys.terminal import PROGRAMS, Terminal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no job control"),
]


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_comes_back_whole(tmp_path: Path) -> None:
    program = shlex.quote(str(PROGRAMS / "selfinstruct-tui"))
    workspace = shlex.quote(str(tmp_path / "w.db"))
    with Terminal("/bin/bash", "--norc", "-i") as terminal:
        terminal.press("PS1='shell: '", "enter")
        terminal.press(f"{program} --db {workspace} --model offline --rng-seed 1", "enter")
        terminal.wait_for("pool 175 +", "Candidates")
        terminal.press("n")
        terminal.wait_for("Batch 1:")
        terminal.press("a")
        terminal.wait_for("Accepted")
        terminal.press("\x1a")
        terminal.wait_for("Stopped", "shell: ")
        terminal.press("fg", "enter")
        terminal.wait_for("1 Curate", "Candidates", "pool 175 + 1", gone="Stopped")
        terminal.press("u")
        terminal.wait_for("Undone: acceptance", "pool 175 + 0")
        # Generation goes on: the next batch comes.
        terminal.press("n")
        if terminal.wait_for_one_of("Batch 2:", "is ready: n shows it") != "Batch 2:":
            terminal.press("n")
        terminal.wait_for("batch 2")
        terminal.press("q", "q")
        terminal.wait_for("shell: ")
        terminal.press("exit", "enter")
        assert terminal.wait() == 0


def test_ctrl_z_stops_the_script_that_started_the_program_as_well(tmp_path: Path) -> None:
    script = tmp_path / "curate.sh"
    program = shlex.quote(str(PROGRAMS / "selfinstruct-tui"))
    script.write_text(f"{program} --db {shlex.quote(str(tmp_path / 'w.db'))} --model offline; echo over\n")
    with Terminal("/bin/bash", "--norc", "-i") as terminal:
        terminal.press("PS1='shell: '", "enter")
        terminal.press(f"bash {shlex.quote(str(script))}", "enter")
        terminal.wait_for("pool 175 +", "Candidates")
        terminal.press("\x1a")
        terminal.wait_for("Stopped", "shell: ")
        terminal.press("bg", "enter")
        terminal.wait_for("&")
        terminal.press("fg", "enter")
        terminal.wait_for("1 Curate", "Candidates", gone="Stopped")
        terminal.press("q")
        terminal.wait_for("over", "shell: ")
        terminal.press("exit", "enter")
        assert terminal.wait() == 0


def test_ctrl_z_without_a_shell_says_so_and_the_program_goes_on(tmp_path: Path) -> None:
    with Terminal("selfinstruct-tui", "--db", str(tmp_path / "w.db"), "--model", "offline") as terminal:
        terminal.wait_for("pool 175 +", "Candidates")
        terminal.press("\x1a")
        terminal.wait_for("There is no shell to go back to")
        terminal.press("2")
        terminal.wait_for("Showing 175 of 175", gone="There is no shell")
        terminal.press("q")
        assert terminal.wait() == 0


def test_an_editor_that_stops_itself_without_a_shell_does_not_stop_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text("#!/bin/bash\ntrap '' TSTP\nkill -TSTP 0\necho Name a fish. > $1\n")
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(editor))
    with Terminal("selfinstruct-tui", "--db", str(tmp_path / "w.db"), "--model", "offline") as terminal:
        terminal.wait_for("pool 175 +", "Candidates")
        terminal.press("n")
        terminal.wait_for("Batch 1:")
        terminal.press("E")
        terminal.wait_for("Name a fish.")
        terminal.press("q", "q")
        assert terminal.wait() == 0
