"""Every write of the installed program fails once, or is where it is killed; and what is left then."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

import pytest

from selfinstruct.core.runs.outcome import Ended as WorkEnded
from tests.core.runs.test_unattended import accepted, run, tasks_of
from tests.crash.evidence import NOTHING, evidence, require_kept
from tests.journeys.terminal import PROGRAMS

_AT_LIMIT, _FAILED = 3, 1
_CONCURRENCY = 2
_FIRST_FAULTS, _FAULTS = 2, 7
"""The first points of a run that are tried, and all that are, unless every one is wanted."""

_STARTS = {"new": 0, "grown": 6}
"""How many requests the workspace has had when the disk begins to fail."""


class Disk:
    """A workspace on a disk that fails to order.

    Args:
        library: What makes system calls fail.
        folder: Where the workspace is; it has nothing else in it.
    """

    def __init__(self, library: Path, folder: Path) -> None:
        self.library, self.path, self._log = library, folder / "w.db", folder.parent / "log"

    def run(self, *, upto: int, fails_at: int | None = None, how: str = "ONCE") -> "Ended":
        """Run the program until the workspace has had so many requests; returns how it ended."""
        self._log.unlink(missing_ok=True)
        environment = {
            **os.environ,
            "LD_PRELOAD": str(self.library),
            "DISK_FILES": str(self.path),
            "DISK_FOLDER": str(self.path.parent),
            "DISK_LOG": str(self._log),
            "DISK_ERROR": how,
        }
        if fails_at is not None:
            environment["DISK_FAIL_AT"] = str(fails_at)
        words = [
            "--auto",
            "--max-requests",
            str(upto),
            "--concurrency",
            str(_CONCURRENCY),
            "--db",
            str(self.path),
        ]
        done = subprocess.run(
            [str(PROGRAMS / "selfinstruct-tui"), *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        calls = self._log.read_text().splitlines() if self._log.exists() else []
        return Ended(done.returncode, done.stdout, done.stderr, calls)


class Ended:
    """How a run ended, and what it did to the disk."""

    def __init__(self, code: int, told: str, errors: str, calls: list[str]) -> None:
        self.code, self.told, self.errors, self.calls = code, told, errors, calls

    def require_sentence(self) -> None:
        """It was killed, went on to its end, or said what is wrong in one sentence, with the right code."""
        assert "Traceback" not in self.told + self.errors
        if self.code in {_AT_LIMIT, -signal.SIGKILL}:
            assert not self.errors
            return
        assert self.code == _FAILED, self.errors
        assert self.errors.startswith("Error: ")
        assert self.errors.count("\n") == 1, self.errors
        assert "disk" in self.errors


@pytest.fixture
def disk(library: Path, tmp_path: Path) -> Disk:
    """A disk without a workspace."""
    folder = tmp_path / "disk"
    folder.mkdir()
    return Disk(library, folder)


def _begin(disk: Disk, requests: int) -> Callable[[], None]:
    """Make what each try begins with; returns what brings it back."""
    kept = disk.path.parent.parent / "begun.db"
    if requests:
        assert disk.run(upto=requests).code == _AT_LIMIT
        disk.path.replace(kept)

    def again() -> None:
        for file in disk.path.parent.iterdir():
            file.unlink()
        if requests:
            shutil.copy(kept, disk.path)

    again()
    return again


@pytest.mark.slow
@pytest.mark.parametrize("how", ["FULL", "ONCE", "BROKEN", "KILL"])
@pytest.mark.parametrize("start", _STARTS)
def test_wherever_the_disk_fails_the_program_says_so_and_what_was_stored_stays(
    disk: Disk, pytestconfig: pytest.Config, start: str, how: str
) -> None:
    again = _begin(disk, _STARTS[start])
    upto = _STARTS[start] + 2
    before = evidence(disk.path) if _STARTS[start] else NOTHING
    straight = disk.run(upto=upto)
    assert straight.code == _AT_LIMIT
    expected = accepted(tasks_of(disk.path))
    counted = [call for call in straight.calls if how != "FULL" or call.startswith(("write", "create"))]
    if not any(call.startswith("write") for call in counted):
        pytest.skip("SQLite's writes cannot be seen here: it is linked into Python statically")
    points = count(1) if pytestconfig.getoption("--every-fault") else _spread(len(counted))
    tried = failed = 0
    for number in points:
        again()
        ended = disk.run(upto=upto, fails_at=number, how=how)
        where = f"{how} at {number} of {len(counted)}: {ended.calls[-1:]}"
        print(where)  # noqa: T201 - shown when the test fails
        ended.require_sentence()
        if not any(call.startswith("failed") for call in ended.calls):
            # Answers that come together are stored together, so that not all runs write equally often.
            assert ended.code == _AT_LIMIT
            break
        tried += 1
        failed += ended.code == (-signal.SIGKILL if how == "KILL" else _FAILED)
        found = evidence(disk.path) if disk.path.exists() else before
        require_kept(before, found)
        later = asyncio.run(run(disk.path, max_requests=upto, concurrency=_CONCURRENCY))
        assert later.ended == WorkEnded.LIMIT
        finished = evidence(disk.path)
        require_kept(found, finished)
        assert not finished.doubtful
        assert len(finished.answers) == upto
        if how == "KILL":
            # One that stops by itself waits for what is under way, and so plans something else later.
            assert accepted(tasks_of(disk.path)) == expected
    assert failed
    assert tried >= min(_FAULTS, len(counted)) // 2


def _spread(calls: int) -> Iterable[int]:
    """The first calls, and some between them and the last."""
    rest = (
        _FIRST_FAULTS + (calls - _FIRST_FAULTS) * n // (_FAULTS - _FIRST_FAULTS) for n in range(1, _FAULTS)
    )
    return sorted({*range(1, _FIRST_FAULTS + 1), *(number for number in rest if number <= calls)})
