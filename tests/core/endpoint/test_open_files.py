"""The limit on open files: raised as far as it goes, and otherwise fewer connections, which is said."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from selfinstruct.core.endpoint.connection_errors import connection_error
from selfinstruct.core.endpoint.route import Route
from tests.server import ModelServer

pytestmark = pytest.mark.long

ROOM = "from selfinstruct.core.endpoint.open_files import limit, room_for\nprint(room_for(100), limit())"


def within(soft: int, hard: int, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run Python with a limit on open files."""
    return subprocess.run(
        [sys.executable, *words],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_low_limit_is_raised_as_far_as_the_connections_need() -> None:
    room, soft = map(int, within(64, 1024, "-c", ROOM).stdout.split())
    assert room == 100
    assert 100 < soft < 1024


def test_where_it_cannot_be_raised_there_are_fewer_connections_and_at_least_one() -> None:
    room, soft = map(int, within(64, 64, "-c", ROOM).stdout.split())
    assert soft == 64
    assert 10 < room < 64
    assert within(16, 16, "-c", ROOM).stdout.split()[0] == "1"


def test_two_endpoints_share_the_limit() -> None:
    both = ROOM.replace("room_for(100)", "room_for(100, endpoints=2)")
    room, soft = map(int, within(64, 1024, "-c", both).stdout.split())
    assert room == 100
    assert 200 < soft < 1024
    (alone, _), (room, soft) = (map(int, within(64, 64, "-c", one).stdout.split()) for one in (ROOM, both))
    assert soft == 64
    assert room == alone // 2


@pytest.mark.parametrize(("hard", "is_said"), [(64, True), (1024, False)])
def test_work_goes_on_with_fewer_connections_and_says_so(
    server: ModelServer, tmp_path: Path, hard: int, is_said: bool
) -> None:
    server.gate.clear()

    def open_once_all_are_there(body: object) -> None:
        if len(server.received) >= 20:
            server.gate.set()

    server.refuse = open_once_all_are_there
    main = "from selfinstruct.tui.commands.selfinstruct_tui import main; main()"
    flags = "--auto --model m --concurrency 100 --requests-per-batch 60 --max-requests 60 --target 500"
    db = tmp_path / "few.db"
    done = within(64, hard, "-c", main, *flags.split(), "--base-url", server.url, "--db", db)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "failed" not in done.stdout
    assert ("at most 64 files" in done.stdout) == is_said


def test_too_many_open_files_are_not_blamed_on_the_server() -> None:
    cause = type("ConnectError", (Exception,), {})("All connection attempts failed")
    cause.__context__ = OSError(24, "Too many open files")
    error = connection_error(cause, Route("model.example", is_encrypted=False))
    assert "open files" in error.sentence
    assert "ulimit -n" in error.advice
