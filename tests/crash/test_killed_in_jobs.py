"""The installed program is killed at every step of a job: one upload, one batch, one answer to a request."""

import signal
import subprocess
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from selfinstruct.db.check.check import check
from tests.batch_api import BatchApiServer, Step
from tests.crash.evidence import PRICED
from tests.db.lived_in import rows
from tests.journeys.terminal import PROGRAMS
from tests.server import Fault

When = Literal["before", "after"]
"""Whether the server has done a step when the program is killed; it never gets the answer."""

POINTS: list[tuple[Step, When]] = [
    (step, when) for step in ("upload", "create", "retrieve", "content") for when in ("before", "after")
]


def start(path: Path, server: BatchApiServer) -> "subprocess.Popen[str]":
    (path.parent / "selfinstruct.toml").write_text(PRICED)
    words = [
        "--auto",
        "--batch-api",
        "--target",
        "4",
        "--db",
        str(path),
        "--model",
        "m",
        "--base-url",
        server.url,
    ]
    program = str(PROGRAMS / "selfinstruct-tui")
    return subprocess.Popen(
        [program, *words], cwd=path.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(path: Path, server: BatchApiServer) -> str:
    program = start(path, server)
    said, _ = program.communicate(timeout=180)
    assert program.returncode == 0, said
    return said


def require_once(path: Path, server: BatchApiServer) -> None:
    """Every request was carried out once, and has one attempt with one answer."""
    assert set(server.run.values()) == {1}
    uploaded = [file for file in server.files.values() if file.purpose == "batch"]
    assert len(uploaded) == len(server.batches) == len(rows(path, "SELECT id FROM jobs"))
    assert rows(path, "SELECT DISTINCT state FROM requests") == [("parsed",)]
    (answers, requests) = rows(path, "SELECT count(*), count(DISTINCT request_id) FROM attempts")[0]
    assert answers == requests == len(rows(path, "SELECT id FROM requests")) == server.run.total()
    assert check(path).is_well


def tasks_of(path: Path) -> object:
    return rows(path, "SELECT instruction, state, label FROM tasks ORDER BY id")


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> object:
    """The tasks of a run that is never killed."""
    path = tmp_path_factory.mktemp("straight") / "w.db"
    with BatchApiServer() as server:
        finish(path, server)
        require_once(path, server)
    return tasks_of(path)


@pytest.mark.parametrize(
    "number", [pytest.param(0, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.nightly)]
)
@pytest.mark.parametrize(("point", "when"), POINTS, ids=[f"{when}-{step}" for step, when in POINTS])
def test_killed_at_a_step_of_a_job_it_goes_on_with_the_same_file_and_the_same_batch(
    tmp_path: Path, straight: object, point: Step, when: When, number: int
) -> None:
    path = tmp_path / "w.db"
    with BatchApiServer() as server:
        programs: list[subprocess.Popen[str]] = []
        left = [number]

        def kill(step: Step) -> Fault | None:
            if step == point and left:
                left[0] -= 1
                if left[0] < 0:
                    left.clear()
                    programs[0].send_signal(signal.SIGKILL)
                    programs[0].wait()
                    # Half of a file may have arrived.
                    body = next(reversed(server.files.values())).content if step == "content" else b""
                    return Fault(body=body[: len(body) // 2], hang_up=True)
            return None

        if when == "before":
            server.before = kill
        else:
            server.after = kill
        programs.append(start(path, server))
        programs[0].communicate(timeout=120)
        assert programs[0].returncode == -signal.SIGKILL
        finish(path, server)
        require_once(path, server)
        assert tasks_of(path) == straight


@pytest.mark.slow
def test_killed_again_and_again_at_any_moment_each_request_is_paid_for_once(
    tmp_path: Path, straight: object, pytestconfig: pytest.Config
) -> None:
    chance, path = Random(3), tmp_path / "w.db"
    with BatchApiServer() as server:
        for _ in range(pytestconfig.getoption("--kills") // 6):
            program = start(path, server)
            try:
                program.communicate(timeout=chance.uniform(0.5, 4.0))
            except subprocess.TimeoutExpired:
                program.kill()
                program.communicate()
            if program.returncode == 0:
                break
        finish(path, server)
        require_once(path, server)
    assert tasks_of(path) == straight
