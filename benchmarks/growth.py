"""What each tenth of a long run took: time, CPU and proposals a task.

The CPU is read while the program runs, and the times of answers in its workspace say how much of it went to
which tasks. Linux only: it is read from `/proc`.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time
from typing import Self

import numpy as np

from selfinstruct.db.sqlite.driver import sqlite3

_EVERY_S = 0.2
_USER, _SYSTEM = 11, 12
"""Places of the clock ticks after the name in `/proc/PID/stat`."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a run."""

    stage: str
    at: float
    """Seconds since the epoch."""
    cpu_s: float
    """The CPU that the program had taken by then."""


class CpuClock:
    """The seconds of CPU that a program had taken at any time of its run."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._seconds: list[float] = []

    def watch(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> int:
        """Run a program with its output in a file; returns its exit code."""
        with log.open("wb") as out, subprocess.Popen(command, env=env, stdout=out, stderr=out) as process:
            while process.returncode is None:
                ticks = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
                self._times.append(time())
                self._seconds.append((int(ticks[_USER]) + int(ticks[_SYSTEM])) / os.sysconf("SC_CLK_TCK"))
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_EVERY_S)
        return process.returncode

    @property
    def total_s(self) -> float:
        """What the whole run took."""
        return self._seconds[-1]

    def at(self, times: Sequence[float]) -> list[float]:
        """What had been taken at some times, in seconds since the epoch."""
        return np.interp(times, self._times, self._seconds).tolist()


def answers(workspace: Path, clock: CpuClock) -> list[Answered]:
    """All answers of a run in the order of their times."""
    with closing(sqlite3.connect(workspace)) as db:
        rows = db.execute(
            "SELECT stage, ended_at FROM attempts JOIN requests ON requests.id = request_id ORDER BY ended_at"
        ).fetchall()
    times = [datetime.fromisoformat(at).timestamp() for _, at in rows]
    stages = (stage for stage, _ in rows)
    return list(map(Answered, stages, times, clock.at(times)))


@dataclass(frozen=True, slots=True)
class Tenth:
    """What a tenth of the tasks of a run took, in their order."""

    a_task_s: float
    cpu_a_task_s: float
    an_answer_s: float
    proposals_a_task: float

    @classmethod
    def of(cls, answered: Sequence[Answered], number: int) -> Self:
        """Measure one of the tenths 0 to 9."""
        finished = [place for place, answer in enumerate(answered) if answer.stage == "instantiate"]
        tasks = len(finished) // 10
        begin, end = finished[number * tasks], finished[(number + 1) * tasks - 1]
        first, last = answered[begin], answered[end]
        proposals = sum(answer.stage == "propose" for answer in answered[begin:end])
        return cls(
            a_task_s=(last.at - first.at) / tasks,
            cpu_a_task_s=(last.cpu_s - first.cpu_s) / tasks,
            an_answer_s=(last.at - first.at) / (end - begin),
            proposals_a_task=proposals / tasks,
        )
