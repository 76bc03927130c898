"""A made-up key through the installed programs; then their files and their terminals are searched for it."""

import subprocess
from pathlib import Path

import pytest

from tests.canary import ECHOES, KEY, OPENAI_KEY, PROXY_PASSWORD, echo, leaks, leaks_in
from tests.journeys.terminal import PROGRAMS, Terminal
from tests.server import ModelServer

pytestmark = pytest.mark.slow

GOES_ON = tuple(ECHOES)[: tuple(ECHOES).index("401")]
ENDS = tuple(ECHOES)[len(GOES_ON) :]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)
    monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:{PROXY_PASSWORD}@127.0.0.1:9")


def words(server: ModelServer, *more: str) -> list[str]:
    return [
        "selfinstruct-tui",
        "--base-url",
        server.url,
        "--model",
        "m",
        "--api-key-env",
        "EXAMPLE_KEY",
        *more,
    ]


def said(*command: str) -> bytes:
    """All that a command prints, on both streams."""
    program = [str(PROGRAMS / command[0]), *command[1:]]
    done = subprocess.run(program, capture_output=True, check=False, timeout=300)
    assert done.returncode in {0, 1, 3, 4}, done.stderr
    return done.stdout + done.stderr


def after_the_work() -> bytes:
    """All that other commands say of what is stored; they leave their files, too."""
    export = ("selfinstruct", "export", "--include-seeds", "--format")
    return b"".join(
        [
            said("selfinstruct", "status"),
            said("selfinstruct", "status", "--json"),
            *(said(*export, kind, "--out", f"rows.{kind}") for kind in ("messages", "alpaca", "gpt3", "csv")),
            said("selfinstruct", "backup", "--out", "copy.db"),
            said("selfinstruct", "check"),
        ]
    )


def test_of_a_server_that_repeats_the_key_in_every_way_nothing_stays_anywhere(
    server: ModelServer, tmp_path: Path
) -> None:
    echo(server, *GOES_ON)
    told = said(*words(server, "--auto", "--max-requests", str(2 * len(GOES_ON))))
    told += after_the_work()
    sent = {received.headers["authorization"] for received in server.received}
    assert sent == {f"Bearer {KEY}"}, "the key was there to be found"
    assert len(server.received) >= len(GOES_ON)
    assert leaks(told) == []
    assert leaks_in(tmp_path) == []


@pytest.mark.parametrize("way", ENDS)
def test_what_ends_the_work_says_no_key(server: ModelServer, tmp_path: Path, way: str) -> None:
    echo(server, way)
    told = said(*words(server, "--auto", "--max-requests", "8")) + said("selfinstruct", "status")
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
    assert leaks(told) == []
    assert leaks_in(tmp_path) == []


def test_no_screen_shows_a_key(server: ModelServer, tmp_path: Path) -> None:
    # Many pages are hundreds of tasks, each to be labelled by a server that mostly fails: minutes.
    echo(server, *(way for way in GOES_ON if way != "on many pages"))
    server.models = [f"m of {KEY}", KEY]
    with Terminal(*words(server), columns=160, rows=50) as terminal:
        terminal.wait_for("pool 175")
        terminal.press("n")
        terminal.wait_for("Task 176")
        for screen, title in (("5", "Requests"), ("6", "Overview"), ("7", "api_key_env"), ("4", "Filters")):
            terminal.press(screen)
            terminal.wait_for(title)
        terminal.press("5", "g")
        terminal.wait_for("Request ")
        terminal.press(*"jjjjjjjj", "y", "Y", "enter")
        terminal.press("7")
        terminal.wait_for("base_url")
        terminal.press("\x14", "M")
        terminal.wait_for("Which model do you want to use")
        terminal.press("escape")
        terminal.wait_for("base_url", gone="Which model do you want to use")
        terminal.press("\x11", "\x11")
        terminal.wait()
    assert KEY in {received.headers["authorization"].removeprefix("Bearer ") for received in server.received}
    assert leaks(bytes(terminal.received)) == []
    assert leaks_in(tmp_path) == []
