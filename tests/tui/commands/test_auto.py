"""`selfinstruct-tui --auto`: how it ends, and the commands it prints to carry on."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from selfinstruct.core.method.seeds import built_in
from selfinstruct.db.records import Unfinished
from selfinstruct.db.workspace import Workspace
from tests.server import Fault, ModelServer, chat_answer, error_body
from tests.tui.commands.running import auto, run


def test_a_limit_ends_with_code_3_and_is_named(tmp_path: Path) -> None:
    result = auto("--db", tmp_path / "w.db", "--target", "500", "--max-requests", "6")
    assert result.exit_code == 3
    assert "--max-requests" in result.output


def test_at_the_limit_of_requests_it_says_what_is_unfinished_and_the_command_that_goes_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "w w.db"
    said = auto("--db", path, "--target", "5", "--max-requests", "6").stdout
    unfinished = next(line for line in said.splitlines() if line.startswith("Unfinished: "))
    command = unfinished.partition("To resume: ")[2]
    program, flag, *words = shlex.split(command)
    assert (program, flag) == ("selfinstruct-tui", "--auto")
    said = auto(*words).stdout
    assert "Target reached" in said
    assert "Unfinished" not in said
    with Workspace.open(path) as workspace:
        assert workspace.counts().unfinished == Unfinished(0, 0, 0, 0)


def test_at_the_cost_limit_it_says_what_a_request_may_cost_and_the_command_that_goes_on(
    tmp_path: Path, server: ModelServer
) -> None:
    Path("selfinstruct.toml").write_text('[prices."m"]\ninput = 10\noutput = 30\n')
    path = tmp_path / "w w.db"
    result = auto("--db", path, "--base-url", server.url, "--model", "m", "--max-cost", "0.1")
    assert result.exit_code == 3
    assert "0.1 USD leaves no room for another request, which may cost up to 0.0" in result.stdout
    command = result.stdout.splitlines()[-1].partition("To resume: ")[2]
    program, flag, *words = shlex.split(command)
    assert (program, flag) == ("selfinstruct-tui", "--auto")
    sent = len(server.received)
    auto(*words)
    assert len(server.received) > sent


def test_what_has_no_row_is_told_with_the_commands_that_carry_on(tmp_path: Path, server: ModelServer) -> None:
    path = tmp_path / "w w.db"
    waiting = ["That depends.", "Who knows?", "It may be.", "Well, well."]
    refused: set[str] = set()

    def answer(body: dict[str, Any]) -> Fault | None:
        if not body["messages"][0]["content"].startswith("You sort tasks"):
            return None
        if waiting:
            return chat_answer(waiting.pop())
        prompt = body["messages"][-1]["content"]
        if not refused:
            refused.add(prompt)
        return Fault(400, error_body("not today")) if prompt in refused else None

    server.refuse = answer
    result = auto("--db", path, "--base-url", server.url, "--model", "m", "--target", "8")
    assert result.exit_code == 5
    assert "Target reached: 8 tasks accepted. But " in result.stdout
    told = next(line for line in result.stdout.splitlines() if line.startswith("Without a row: "))
    assert "4 with an unclear label" in told
    assert "1 with a failed request" in told
    assert "with a failed request. To resume: selfinstruct-tui --auto --db " in result.stdout.splitlines()[-1]
    document = json.loads(run("status", "--db", path, "--json").stdout)
    assert document["rowless"]["unclear_label"] == 4
    assert document["rowless"]["failed"] == 1
    assert document["failures"]["classify"] >= 5
    assert " 4 unclear label" in run("status", "--db", path).stdout

    server.refuse = lambda body: None
    _, _, *words = shlex.split(result.stdout.splitlines()[-1].partition("To resume: ")[2])
    result = auto(*words)
    assert result.exit_code == 5
    assert "4 with an unclear label" in result.stdout
    ask_again = next(line for line in result.stdout.splitlines() if line.startswith("To ask a model again: "))
    _, _, *words = shlex.split(ask_again.removeprefix("To ask a model again: ").partition(". Or in")[0])
    assert auto(*words).exit_code == 0
    assert run("check", "--db", path).exit_code == 0


def test_one_task_is_told_in_the_singular(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    assert "Target reached: 1 task accepted.\n" in auto("--db", path, "--target", "1").stdout
    told = auto("--db", path, "--target", "2", "--hold").stdout
    assert "Target reached: 1 task accepted, and " in told


def test_a_remembered_hold_is_named_where_work_ends(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    assert auto("--db", path, "--target", "5", "--hold").exit_code == 0
    result = auto("--db", path, "--target", "8")
    assert "Target reached: 0 tasks accepted, and " in result.stdout
    assert "that pass wait for your decision" in result.stdout
    assert "--no-hold" in result.stdout
    assert "tasks accepted." in auto("--db", path, "--target", "8", "--no-hold").stdout


def test_seeds_come_out_of_a_pipe_which_can_be_read_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writing = Thread(target=lambda: (tmp_path / "pipe").write_bytes(built_in("en").read_bytes()))
    writing.start()
    result = auto("--db", tmp_path / "w.db", "--target", "1", "--seeds", tmp_path / "pipe")
    writing.join()
    assert result.exit_code == 0, result.output


@pytest.mark.long
def test_a_reader_that_goes_away_does_not_end_the_work(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "selfinstruct-tui"
    line = f"{program} --auto --target 60 --db {tmp_path / 'w.db'} | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with Workspace.open(tmp_path / "w.db") as workspace:
        assert workspace.counts().pool["model"] == 60
