"""Whole journeys with the installed programs: as people have them, in a terminal of their own."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.db.workspace import Workspace
from tests.core.runs.test_unattended import accepted, tasks_of
from tests.journeys.terminal import PROGRAMS, Terminal
from tests.server import ModelServer


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(PROGRAMS / words[0]), *words[1:]], capture_output=True, text=True, check=False, timeout=300
    )


def status(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("selfinstruct", "status", "--db", str(path), "--json").stdout)
    return document


def test_a_new_users_first_session(tmp_path: Path) -> None:
    path = tmp_path / "first.db"
    with Terminal("selfinstruct-tui", "--db", str(path), "--rng-seed", "1") as terminal:
        terminal.wait_for(
            "Which model do you want to use?", "The built-in model", "A grammar, not a language model"
        )
        terminal.press("\x1b[B\x1b[B\x1b[B")
        terminal.wait_for("OPENAI_API_KEY is not set", "gpt-4o-mini")
        terminal.press("\x1b[A\x1b[A\x1b[A")
        terminal.wait_for("A grammar, not a language model")
        terminal.press("enter")
        terminal.wait_for("Press n", "a grammar, not a language model", "pool 175 + 0")
        terminal.press("n")
        terminal.wait_for("Batch 1:", "Nearest in the pool now")
        terminal.press("a")
        terminal.wait_for("pool 175 + 1")
        terminal.press("a")
        terminal.wait_for("pool 175 + 2")
        terminal.press("u")
        terminal.wait_for("Undone: acceptance", "pool 175 + 1")
        terminal.press("r")
        terminal.wait_for("Rejected")
        terminal.press("e Answer in French.\r")
        terminal.wait_for("Edited", "Answer in")
        terminal.press("?")
        terminal.wait_for("Undo your last decision")
        terminal.press("escape")
        terminal.wait_for("Candidates", gone="Undo your last decision")
        terminal.resize(80, 24)
        terminal.wait_for("Candidates", "╭─ Task 178", "a Accept")
        terminal.press("q")
        assert terminal.wait() == 0
    document = status(path)
    assert document["pool"]["model"] == 1
    assert document["candidates"]["rejected"] == 1
    assert document["requests"]["in_doubt"] == 0
    with Terminal("selfinstruct-tui", "--db", str(path)) as terminal:
        terminal.wait_for("pool 175 + 1", "Answer in")
        terminal.press("3")
        terminal.wait_for("✓ kept")
        terminal.press("q")
        assert terminal.wait() == 0
    exported = run("selfinstruct", "export", "--db", str(path), "--out", str(tmp_path / "train.jsonl"))
    assert exported.returncode == 0
    rows = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    assert rows


@pytest.mark.nightly
def test_a_run_killed_at_any_moment_goes_on_to_the_same_tasks(tmp_path: Path) -> None:
    words = ["--auto", "--target", "25", "--rng-seed", "5", "--concurrency", "4"]
    straight = run("selfinstruct-tui", *words, "--db", str(tmp_path / "straight.db"))
    assert straight.returncode == 0
    kills = 0
    for _ in range(50):
        process = subprocess.Popen(
            [str(PROGRAMS / "selfinstruct-tui"), *words, "--db", str(tmp_path / "killed.db")],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        # Each time it gets some batches further before it is killed.
        for _line in zip(process.stdout, range(2), strict=False):
            pass
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        process.stdout.close()
        if process.returncode == 0:
            break
    assert kills >= 1
    assert run("selfinstruct-tui", *words, "--db", str(tmp_path / "killed.db")).returncode == 0
    assert accepted(tasks_of(tmp_path / "killed.db")) == accepted(tasks_of(tmp_path / "straight.db"))


@contextmanager
def four_answers_under_way(path: Path, server: ModelServer) -> Iterator[Terminal]:
    """An unattended run whose first four requests have arrived and wait for their answers."""
    server.gate.clear()
    words = ("--auto", "--target", "50", "--db", str(path), "--model", "m", "--base-url", server.url)
    with Terminal("selfinstruct-tui", *words) as terminal:
        for _ in range(4):
            assert server.arrived.acquire(timeout=90)
        yield terminal


def test_ctrl_c_keeps_the_answers_under_way_and_ends_with_130(tmp_path: Path, server: ModelServer) -> None:
    with four_answers_under_way(tmp_path / "w.db", server) as terminal:
        terminal.press("ctrl+c")
        terminal.wait_for("Waiting for 4 requests in flight")
        server.gate.set()
        assert terminal.wait() == 130
        assert "everything is kept" in terminal.text
    requests = status(tmp_path / "w.db")["requests"]
    assert requests == {"planned": 0, "sent": 0, "answered": 4, "failed": 0, "in_doubt": 0}


def test_ctrl_c_twice_leaves_at_once(tmp_path: Path, server: ModelServer) -> None:
    with four_answers_under_way(tmp_path / "w.db", server) as terminal:
        terminal.press("ctrl+c")
        terminal.wait_for("Waiting for 4 requests in flight")
        terminal.press("ctrl+c")
        assert terminal.wait() == 130
    assert status(tmp_path / "w.db")["requests"]["in_doubt"] == 4


@pytest.mark.long
def test_unattended_work_shows_a_bar_on_a_terminal_and_plain_lines_elsewhere(tmp_path: Path) -> None:
    words = ["selfinstruct-tui", "--auto", "--target", "60", "--rng-seed", "1"]
    with Terminal(*words, "--db", str(tmp_path / "a.db")) as terminal:
        assert terminal.wait() == 0
        assert "Target reached: 60 tasks accepted." in terminal.text
        assert "━" in terminal.received.decode()
    plain = run(*words, "--db", str(tmp_path / "b.db"))
    assert plain.returncode == 0
    assert "━" not in plain.stdout
    assert "\x1b" not in plain.stdout
    assert re.search(r"batch 1: \d+ of 60 · .*filtered out: ", plain.stdout)


@pytest.mark.long
def test_two_programs_on_one_workspace_accept_no_two_similar_tasks(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    assert run("selfinstruct-tui", "--auto", "--target", "1", "--db", str(path)).returncode == 0
    words = [str(PROGRAMS / "selfinstruct-tui"), "--auto", "--target", "60", "--db", str(path)]
    programs = [
        subprocess.Popen([*words, "--rng-seed", str(seed)], stdout=subprocess.DEVNULL) for seed in (1, 2)
    ]
    assert [program.wait(timeout=300) for program in programs] == [0, 0]
    with Workspace.open(path) as workspace:
        texts = [t.instruction for t in workspace.tasks.get_many(range(1, 2000)) if t.state == "accepted"]
    from selfinstruct.core.similarity.rouge_index import RougeIndex

    index = RougeIndex()
    for number, text in enumerate(texts):
        assert not index.above(text, 0.7)
        index.add(number, text)
    assert len(texts) >= 175 + 60


@pytest.mark.nightly
def test_the_built_in_model_carries_a_run_to_a_thousand_tasks(tmp_path: Path) -> None:
    path = tmp_path / "thousand.db"
    done = run("selfinstruct-tui", "--auto", "--target", "1000", "--rng-seed", "1", "--db", str(path))
    assert done.returncode == 0
    document = status(path)
    assert document["pool"]["model"] == 1000
    assert {"pass", "similar", "short", "keyword", "opening"} <= set(document["verdicts"])
    assert document["instances"]["dropped"] > 0
    assert document["labels"]["unclear"] > 0
