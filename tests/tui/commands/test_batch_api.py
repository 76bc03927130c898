"""`selfinstruct-tui --auto --batch-api`: what it prints meanwhile, how it ends, what is out after that."""

import json
import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from selfinstruct.core.requests import job_course
from selfinstruct.tui.commands.selfinstruct_tui import app
from tests.batch_api import BatchApiServer, Step
from tests.server import Fault, error_body
from tests.tui.commands.running import auto, run


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_LOOK_S", "LONGEST_LOOK_S", "FIRST_REST_S"):
        monkeypatch.setattr(job_course, name, 0.01)


@pytest.fixture
def batches() -> Iterator[BatchApiServer]:
    with BatchApiServer() as running:
        yield running


def words(path: Path, batches: BatchApiServer) -> list[object]:
    return ["--batch-api", "--db", path, "--base-url", batches.url, "--model", "m", "--target", "4"]


def test_each_job_is_told_with_the_numbers_of_the_server(tmp_path: Path, batches: BatchApiServer) -> None:
    result = auto(*words(tmp_path / "w.db", batches))
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if line.startswith("Batch job")]
    assert lines[0].startswith("Batch job batch_0: validating, 0 of 1 request answered, until 2")
    assert lines[1].startswith("Batch job batch_0: in progress, 0 of 1 request answered, until 2")
    assert lines[2] == "Batch job batch_0 is completed: 1 answer stored."


def interrupted(path: Path, batches: BatchApiServer) -> str:
    """A run that is interrupted at its second look at its job."""
    looks = iter(range(100))
    batches.looks = 1_000_000

    def interrupt(step: Step) -> Fault | None:
        if step == "retrieve" and next(looks) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return None

    batches.after = interrupt
    result = auto(*words(path, batches))
    assert result.exit_code == 130
    batches.after = lambda step: None
    for batch in batches.batches.values():
        batch.looks = 0
    batches.looks = 1
    return result.stdout


def test_after_ctrl_c_it_says_that_the_job_stays_out_and_the_command_that_goes_on(
    tmp_path: Path, batches: BatchApiServer
) -> None:
    path = tmp_path / "w w.db"
    said = interrupted(path, batches).splitlines()
    (out,) = (line for line in said if line.startswith("1 request is out in batch job batch_0 since 2"))
    assert out.endswith("The next run takes their answers in and does not send them again.")
    program, flag, *again = shlex.split(said[-1].partition("To resume: ")[2])
    assert (program, flag, "--batch-api" in again) == ("selfinstruct-tui", "--auto", True)
    result = auto(*again)
    assert result.exit_code == 0
    assert "1 request is out in batch job batch_0" in result.stdout
    assert set(batches.run.values()) == {1}


def test_status_tells_what_is_out_since_when_and_until_when(tmp_path: Path, batches: BatchApiServer) -> None:
    path = tmp_path / "w.db"
    interrupted(path, batches)
    assert "jobs         1 request is out in batch job batch_0 since 2" in run("status", "--db", path).stdout
    jobs = json.loads(run("status", "--db", path, "--json").stdout)["jobs"]
    assert (jobs["out"], jobs["requests_out"]) == (1, 1)
    (job,) = jobs["list"]
    assert (job["id"], job["status"], job["requests_out"], job["completed"]) == (
        "batch_0",
        "in_progress",
        1,
        0,
    )
    assert job["since"] < job["until"]
    auto(*words(path, batches))
    assert "jobs         none\n" in run("status", "--db", path).stdout
    assert json.loads(run("status", "--db", path, "--json").stdout)["jobs"]["list"] == []


def test_a_server_without_a_batch_api_ends_with_code_4_and_one_sentence(
    tmp_path: Path, batches: BatchApiServer
) -> None:
    batches.before = lambda step: Fault(404, error_body("Not Found"))
    result = auto(*words(tmp_path / "w.db", batches))
    assert result.exit_code == 4
    assert result.stderr == (
        f"Error: {batches.url} has no Batch API (/files: status 404). Leave out --batch-api to send the"
        " requests one by one, at the normal price.\n"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["--auto", "--batch-api", "--target", "5"],
            "The built-in model has no Batch API. Leave out --batch-api.",
        ),
        (["--batch-api"], "--batch-api is for unattended work. Combine it with --auto, or leave it out."),
        (["--auto", "--batch-api-price", "2"], "--batch-api-price"),
    ],
)
def test_flags_that_make_no_sense_are_refused_before_a_file_is_touched(
    tmp_path: Path, given: list[str], said: str
) -> None:
    result = CliRunner().invoke(app, [*given, "--db", str(tmp_path / "w.db")])
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "w.db").exists()
