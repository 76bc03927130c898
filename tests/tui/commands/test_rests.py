"""Unattended work says why it waits, once for each long rest."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from selfinstruct.core.events import RequestDelayed
from selfinstruct.tui.commands.rests import Rests
from selfinstruct.tui.commands.selfinstruct_tui import app
from tests.server import Fault, ModelServer, error_body


def delayed(request_id: int, wait_s: float, attempt: int = 6) -> RequestDelayed:
    return RequestDelayed(request_id, "The endpoint is overloaded (503).", attempt, 12, wait_s)


def test_a_long_rest_is_told_with_its_length_its_reason_and_the_next_attempt() -> None:
    assert (
        Rests().told(delayed(3, 72), 0)
        == "Waiting 1 min 12 s, then attempt 6 of 12 of request 3: The endpoint is overloaded (503)."
    )


def test_a_short_rest_is_not_told() -> None:
    assert Rests().told(delayed(3, 10), 0) is None


def test_requests_that_wait_together_are_told_of_once_and_the_next_rest_again() -> None:
    rests = Rests()
    assert rests.told(delayed(3, 16), 100) is not None
    assert rests.told(delayed(4, 16), 100.1) is None
    assert rests.told(delayed(5, 12), 104) is None
    assert rests.told(delayed(4, 30, attempt=7), 116.2) is not None


def test_without_a_terminal_a_throttling_endpoint_leaves_no_run_silent(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selfinstruct.tui.commands.rests.UNTOLD_S", 0.1)
    server.faults.append(Fault(503, error_body("overloaded")))
    words = ["--db", str(tmp_path / "w.db"), "--base-url", server.url, "--model", "m", "--max-requests", "1"]
    result = CliRunner().invoke(app, ["--auto", *words])
    assert result.exit_code == 3
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("Waiting ")]
    assert ", then attempt 2 of 12 of request 1: " in line
    assert "overloaded" in line
