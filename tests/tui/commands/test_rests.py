"""Unattended work says why it waits, once for each long rest."""

from pathlib import Path
from threading import Event

import pytest
from typer.testing import CliRunner

from selfinstruct.core.events import RequestDelayed
from selfinstruct.tui.commands.rests import Rests, Silence
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


def test_silence_is_told_once_it_is_long_and_then_ever_more_rarely() -> None:
    silence = Silence(100)
    told = [now for now in range(100, 400) if silence.told(now, under_way=4, timeout_s=120)]
    assert told == [130, 160, 220, 340]
    silence.heard(400)
    assert silence.told(429, under_way=4, timeout_s=120) is None
    line = Silence(0).told(30, under_way=1, timeout_s=120)
    assert line is not None
    assert line.startswith("No answer for 30 s, 1 request in flight. Each may take 2 min 00 s (timeout_s")


def test_a_rest_and_a_run_without_requests_are_no_silence() -> None:
    silence = Silence(0)
    assert silence.told(50, under_way=0, timeout_s=120) is None
    silence.heard(90)  # when a rest of 40 s will end
    assert silence.told(100, under_way=1, timeout_s=120) is None


def test_a_run_whose_endpoint_hangs_says_so(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selfinstruct.tui.commands.rests.UNHEARD_S", 0.2)
    is_told = Event()
    tell = Silence.told

    def told(silence: Silence, now: float, *, under_way: int, timeout_s: float) -> str | None:
        line = tell(silence, now, under_way=under_way, timeout_s=timeout_s)
        if line is not None:
            is_told.set()
        return line

    monkeypatch.setattr(Silence, "told", told)

    def wait_until_told(_: object) -> None:
        assert is_told.wait(60)

    server.waits = wait_until_told
    words = ["--db", str(tmp_path / "w.db"), "--base-url", server.url, "--model", "m", "--max-requests", "1"]
    result = CliRunner().invoke(app, ["--auto", *words])
    assert "1 request in flight. Each may take 2 min 00 s (timeout_s in the settings)" in result.stdout
