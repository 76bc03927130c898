"""Hours at the curator, in minutes: the installed program in a pseudo-terminal."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct.db.sqlite.driver import sqlite3
from tests.journeys.terminal import Terminal
from tests.journeys.test_journeys import run, status
from tests.server import ModelServer

pytestmark = pytest.mark.long

_PATIENCE_S = 120.0


def count(path: Path, tasks: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        (number,) = connection.execute(f"SELECT count(*) FROM tasks WHERE {tasks}").fetchone()
    return int(number)


def decided(path: Path) -> int:
    """How many candidates a person's decisions have taken out of those that wait."""
    return count(path, "origin != 'seed' AND state != 'pending'")


def wait_for_decided(path: Path, wanted: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while decided(path) != wanted:
        assert time.monotonic() < deadline, f"{decided(path)} and not {wanted}"
        time.sleep(0.02)


def curator(path: Path, *words: str, **size: int) -> Terminal:
    return Terminal(
        "selfinstruct-tui", "--db", str(path), "--model", "offline", "--rng-seed", "1", *words, **size
    )


@pytest.mark.slow
def test_two_hundred_decisions_with_undo_and_restart_between(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    done, batch = 0, 0
    while done < 200:
        with curator(path, "--requests-per-batch", "8") as terminal:
            terminal.wait_for("pool 175 +", "Candidates")
            batch += 1
            terminal.press("n")
            # While earlier candidates wait, a batch that comes in is not put in their place.
            if terminal.wait_for_one_of(f"Batch {batch}:", "is ready: n shows it") != f"Batch {batch}:":
                terminal.press("n")
            terminal.wait_for(f"Batch {batch}:")
            here = min(50, count(path, f"state = 'pending' AND verdict = 'pass' AND batch = {batch}"))
            # As fast as a person never is: a burst, half of which is taken back and given again.
            terminal.press(*"r" * here)
            wait_for_decided(path, done + here)
            terminal.press(*"u" * (here // 2))
            wait_for_decided(path, done + here - here // 2)
            terminal.press(*["\x12"] * (here // 2))  # ctrl+r
            wait_for_decided(path, done + here)
            terminal.press("q")
            assert terminal.wait() == 0
        done += here
    with curator(path) as terminal:
        terminal.wait_for("pool 175 +", "Candidates")
        terminal.press(*"u" * done)
        wait_for_decided(path, 0)
        terminal.press("u")
        terminal.wait_for("There is nothing to undo")
        terminal.press("q")
        assert terminal.wait() == 0
    assert status(path)["candidates"]["rejected"] == 0


def test_what_an_unattended_run_does_meanwhile_appears(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with curator(path) as terminal:
        terminal.wait_for("pool 175 + 0")
        terminal.press("n")
        terminal.wait_for("Batch 1:")
        terminal.press("a")
        terminal.wait_for("pool 175 + 1")
        assert run("selfinstruct-tui", "--db", str(path), "--auto", "--target", "25").returncode == 0
        terminal.wait_for("pool 175 + 25")
        terminal.press("2", "/", "state:accepted origin:model")
        terminal.wait_for("Showing 25 of")


def test_two_people_see_each_others_decisions(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with curator(path) as one:
        one.wait_for("pool 175 + 0")
        one.press("n")
        one.wait_for("Batch 1:")
        with curator(path) as other:
            other.wait_for("Nearest in the pool now")
            other.press("a")
            other.wait_for("pool 175 + 1")
            one.wait_for("pool 175 + 1", "✓")
            one.press("a")
            one.wait_for("already accepted")
            one.press("j", "a")
            other.wait_for("pool 175 + 2")


@pytest.mark.parametrize("at_once", [False, True])
def test_quitting_while_requests_run_says_what_happens_to_them(
    tmp_path: Path, server: ModelServer, at_once: bool
) -> None:
    path = tmp_path / "w.db"
    with Terminal(
        "selfinstruct-tui", "--db", str(path), "--model", "m", "--base-url", server.url
    ) as terminal:
        terminal.wait_for("pool 175 + 0")
        server.gate.clear()
        terminal.press("n")
        terminal.wait_for("generating 0/5")
        for _ in range(4):
            assert server.arrived.acquire(timeout=_PATIENCE_S)
        terminal.press("q")
        terminal.wait_for("Quitting after 4 answers in flight", "q again quits at once")
        if at_once:
            terminal.press("q")
        else:
            server.gate.set()
        assert terminal.wait() == 0
    requests = status(path)["requests"]
    assert (requests["answered"], requests["in_doubt"]) == ((0, 4) if at_once else (4, 0))


def test_a_candidate_is_reworded_in_the_editor_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(
        "#!/bin/sh\necho 'the editor has the terminal'\nsleep 5\necho 'Describe the smell of rain' > \"$1\"\n"
    )
    editor.chmod(0o700)
    monkeypatch.setenv("EDITOR", f"{editor} ")
    with curator(tmp_path / "w.db") as terminal:
        terminal.wait_for("pool 175 + 0")
        terminal.press("n")
        terminal.wait_for("Batch 1:")
        terminal.press("E")
        terminal.wait_for("Edited 176: Describe the smell of rain")
        assert b"the editor has the terminal" in terminal.received
        terminal.press("a")
        terminal.wait_for("pool 175 + 1")
