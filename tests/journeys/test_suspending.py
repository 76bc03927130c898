"""The installed program under a shell: suspended with ^z, and back with `fg`."""

import shlex
import sys
from pathlib import Path

import pytest

from tests.journeys.terminal import PROGRAMS, Terminal


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no job control")
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
