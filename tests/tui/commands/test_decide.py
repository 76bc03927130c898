"""`selfinstruct decide`: lines in, results out, in their order."""

import json
import signal
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.check.check import check
from selfinstruct.db.records import State
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.selfinstruct import app as selfinstruct
from tests.core.decisions.candidates import candidate
from tests.journeys.terminal import PROGRAMS
from tests.tui.commands.running import run

TEXTS = (
    "Describe the smell of rain on warm stone.",
    "Describe the smell of rain on cold stone.",
    "Name three rivers that flow south.",
    "Write a program that sorts a list of names.",
)
RAIN, STONE, RIVERS, PROGRAM = 176, 177, 178, 179
_PATIENCE_S = 60.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A workspace with four candidates: two that are alike, one that passes, one that does not."""
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        engine = Engine(workspace, resolve({}))
        for text in TEXTS:
            candidate(engine, text)
    return path


def decide(path: Path, lines: str | bytes, *words: str) -> Result:
    command = ["decide", "--db", str(path), "--json", *words]
    return CliRunner().invoke(selfinstruct, command, input=lines)


def results(done: Result) -> list[tuple[Any, ...]]:
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    return [(one["line"], one["id"], one["decision"], one["result"]) for one in objects]


def states(path: Path) -> list[State]:
    with Workspace.open(path, read_only=True) as workspace:
        return [task.state for task in workspace.tasks.get_many(range(RAIN, PROGRAM + 1))]


def line(task_id: int, decision: str, **fields: object) -> str:
    return json.dumps({"id": task_id, "decision": decision, **fields}) + "\n"


def test_each_line_has_its_result_in_the_order_of_the_lines(path: Path) -> None:
    lines = line(RAIN, "accept") + line(STONE, "accept") + line(RAIN, "accept") + line(RIVERS, "reject")
    done = decide(path, lines)
    assert results(done) == [
        (1, RAIN, "accept", "done"),
        (2, STONE, "accept", "refused"),
        (3, RAIN, "accept", "unchanged"),
        (4, RIVERS, "reject", "done"),
    ]
    refused = json.loads(done.stdout.splitlines()[1])
    assert refused["sentence"].startswith("ROUGE-L 0.88")
    assert [reason["code"] for reason in refused["reasons"]] == ["similar"]
    assert done.stderr == "2 done, 1 refused, 1 unchanged.\n"
    assert done.exit_code == 6
    assert states(path) == ["accepted", "pending", "rejected", "pending"]
    assert check(path).is_well


def test_a_bad_line_is_told_by_its_number_and_stops_no_other(path: Path) -> None:
    lines = (
        "\ufeff" + line(RAIN, "accept") + "{oops\r\n\r\n" + line(RIVERS, "acept") + line(PROGRAM, "reject")
    )
    done = decide(path, lines.encode() + b'{"id": 1, "decision": "\xff"}\n' + line(RIVERS, "accept").encode())
    assert [(number, result) for number, _, _, result in results(done)] == [
        (1, "done"),
        (2, "invalid"),
        (4, "invalid"),
        (5, "done"),
        (6, "invalid"),
        (7, "done"),
    ]
    assert done.stderr.splitlines() == [
        "Line 2: it is not JSON: expecting property name enclosed in double quotes at column 2.",
        "Line 4: decision is one of accept, reject, edit, label, restore, undo; did you mean accept?",
        "Line 6: it is not UTF-8 text.",
        "3 done, 3 invalid.",
    ]
    assert done.exit_code == 6
    assert states(path) == ["accepted", "pending", "accepted", "rejected"]


def test_when_all_is_done_or_was_done_already_it_ends_with_0(path: Path) -> None:
    lines = line(RAIN, "accept") + line(RIVERS, "reject", reason="dull")
    for result in ("done", "unchanged"):
        done = decide(path, lines)
        assert {outcome for *_, outcome in results(done)} == {result}
        assert done.exit_code == 0
    assert decide(path, "\n").stderr == "No decision.\n"


def test_lines_come_from_a_file_too_and_people_read_a_table(path: Path, tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_text(line(RAIN, "accept") + "{\n")
    done = run("decide", "--db", path, tmp_path / "lines.jsonl")
    first, second = done.stdout.splitlines()
    assert first.split() == ["done", "176", "accept", "Accepted."]
    assert second.startswith("invalid    line 2")
    missing = run("decide", "--db", path, tmp_path / "none.jsonl")
    assert missing.exit_code == 2
    assert "none.jsonl cannot be read: no such file or directory." in missing.stderr


@pytest.mark.parametrize(
    ("lines", "flags"),
    [(line(PROGRAM, "accept", despite=True), ()), (line(PROGRAM, "accept"), ("--despite",))],
)
def test_despite_accepts_what_a_filter_refuses(path: Path, lines: str, flags: tuple[str, ...]) -> None:
    assert decide(path, line(PROGRAM, "accept")).exit_code == 6
    done = decide(path, lines, *flags)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["reasons"][0]["code"] == "opening"
    assert states(path)[-1] == "accepted"


def test_the_name_is_in_the_history_and_one_undo_of_the_next_program_takes_back_one_line(path: Path) -> None:
    decide(path, line(RAIN, "accept") + line(RIVERS, "accept"), "--as", "bot")
    (task,) = json.loads(f"[{run('show', RIVERS, '--db', path, '--json').stdout}]")
    assert [(one["person"], one["decision"]) for one in task["history"]] == [("bot", "accept")]
    with Workspace.open(path) as workspace:
        Engine(workspace, resolve({})).decisions.undo()
    assert states(path)[:3] == ["accepted", "pending", "pending"]


def test_what_is_proposed_is_left_to_a_person(path: Path) -> None:
    lines = line(RAIN, "accept", reason="clear") + line(RIVERS, "reject") + line(STONE, "undo")
    done = decide(path, lines, "--propose", "--as", "bot")
    assert [result for *_, result in results(done)] == ["proposed", "proposed", "invalid"]
    assert set(states(path)) == {"pending"}
    (found,) = run("list", "--db", path, "--json", "--where", "suggested:accept").stdout.splitlines()
    assert json.loads(found)["suggestions"][0] | {"at": ""} == {
        "decision": "accept",
        "instruction": None,
        "reason": "clear",
        "by": "bot",
        "at": "",
    }
    assert decide(path, lines.splitlines()[0], "--propose", "--as", "bot").exit_code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--propose"], "--propose needs --as NAME"),
        (["--propose", "--as", "bot", "--despite"], "--despite has no effect"),
        (["--as", " "], "--as is wrong: a name has 1 to 60 characters"),
        (["--as", "a\nb"], "--as is wrong"),
        (["--as", "x" * 61], "--as is wrong"),
        (["--as", 'x"y'], "--as is wrong"),
    ],
)
def test_a_mistake_is_told_before_any_line_is_read(path: Path, words: list[str], sentence: str) -> None:
    done = decide(path, line(RAIN, "accept"), *words)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert set(states(path)) == {"pending"}


def test_a_workspace_that_another_program_keeps_ends_it_with_1_and_the_line(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selfinstruct.db.sqlite.connection.BUSY_TIMEOUT_S", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = decide(path, line(RAIN, "accept"), "--propose", "--as", "bot")
        other.execute("ROLLBACK")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[0] == "Stopped at line 1; the lines above it are done."
    assert done.stderr.splitlines()[1].startswith("Error: ")
    assert done.stdout == ""


def test_a_line_is_decided_as_it_comes(path: Path) -> None:
    with deciding(path) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for task_id in (RAIN, RIVERS):
            program.stdin.write(line(task_id, "accept").encode())
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["result"] == "done"
        assert states(path)[0] == "accepted"
        program.stdin.close()
        assert program.wait(_PATIENCE_S) == 0


def test_ctrl_c_leaves_what_is_done_and_says_so(path: Path) -> None:
    with deciding(path) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdin.write(line(RAIN, "accept").encode())
        program.stdin.flush()
        assert program.stdout.readline()
        program.send_signal(signal.SIGINT)
        assert program.wait(_PATIENCE_S) == 130
        assert program.stderr.read() == b"Interrupted; everything is kept.\n"
    assert states(path)[0] == "accepted"
    assert check(path).is_well
    # Its run has ended: the next program may take the step back.
    assert decide(path, line(RAIN, "undo")).exit_code == 0


def test_a_reader_of_the_results_that_goes_away_stops_it_at_a_whole_line(path: Path) -> None:
    with deciding(path) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdout.close()
        program.stdin.write((line(RAIN, "accept") + line(RIVERS, "accept")).encode())
        program.stdin.close()
        assert program.wait(_PATIENCE_S) == 1
    assert states(path)[:3] == ["accepted", "pending", "pending"]
    assert check(path).is_well


def deciding(path: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [PROGRAMS / "selfinstruct", "decide", "--db", path, "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
