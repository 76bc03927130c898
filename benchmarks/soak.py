"""Whether unattended work that goes on for long keeps its memory, at an endpoint that fails now and then.

The installed program works alone on one workspace until so many candidates are stored, with 64 requests under
way. The server answers at once, and fails a share of the requests in six ways (`benchmarks.unreliable`). At
the end, every full answer that the server has sent must be in the workspace.

    python -m benchmarks.soak --plot soak.svg          # 100,000 candidates
    python -m benchmarks.soak --candidates 5000        # a minute or two

It reads memory from /proc, so it runs on Linux only.
"""

import argparse
import gc
import json
import multiprocessing
import signal
import subprocess
import sys
import tempfile
import tracemalloc
import urllib.request
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.memory import resident_mb
from benchmarks.plot import Series, draw
from benchmarks.unreliable import FAULTS, TOLD, serve
from selfinstruct.core.language.registry import language
from selfinstruct.core.pool.pool import Pool
from selfinstruct.db.check.check import check
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace

UNDER_WAY = 64
FLAT = 1.1
"""Memory at the end over memory at a fifth of the way, both without the pool, is to be at most this."""
_EVERY_S = 1.0
_INTERRUPTED = 130


@dataclass(frozen=True)
class Sample:
    """What there was at one moment."""

    candidates: int
    """Stored candidates."""
    accepted: int
    """Those of them in the pool, which the program holds in memory."""
    memory_mb: float
    """Resident memory of the program."""


def soak(path: Path, url: str, candidates: int) -> tuple[list[Sample], float]:
    """Let the program work until so many candidates are stored; returns samples, and the seconds it took."""
    words = [
        "--auto",
        "--target",
        str(2 * candidates),
        "--db",
        str(path),
        "--model",
        "m",
        "--base-url",
        f"{url}/v1",
    ]
    program = [
        str(Path(sys.executable).with_name("selfinstruct-tui")),
        *words,
        "--concurrency",
        str(UNDER_WAY),
    ]
    samples: list[Sample] = []
    began = perf_counter()
    with (path.parent / "said").open("wb") as said:
        process = subprocess.Popen(program, cwd=path.parent, stdout=said, stderr=said)
        try:
            while not samples or samples[-1].candidates < candidates:
                sleep(_EVERY_S)
                if process.poll() is not None:
                    break
                if found := _sample(path, process.pid):
                    samples.append(found)
            took = perf_counter() - began
            process.send_signal(signal.SIGINT)  # it waits for what is under way
            code = process.wait()
        finally:
            process.kill()
    if code != _INTERRUPTED:
        last = (path.parent / "said").read_text().splitlines()[-1:]
        raise SystemExit(f"The program ended by itself, with code {code}: {last}")
    return samples, took


def _sample(path: Path, pid: int) -> Sample | None:
    """What there is now; nothing while the workspace is still being made."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            candidates, accepted = (
                db.execute(f"SELECT count(*) FROM tasks WHERE {which}").fetchone()[0]
                for which in ("origin = 'model'", "origin = 'model' AND state = 'accepted'")
            )
    except sqlite3.OperationalError:
        return None
    return Sample(candidates, accepted, resident_mb(pid)) if candidates else None


def bytes_a_task(path: Path) -> float:
    """Memory that a task of the pool takes in a program that has read all of them."""
    with Workspace.open(path, read_only=True) as workspace:
        gc.collect()
        tracemalloc.start()
        pool = Pool(workspace, language("en").code)
        pool.catch_up()
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return taken / len(pool.accepted)


def report(
    samples: list[Sample], took: float, path: Path, a_task: float, told: dict[str, dict[str, int]]
) -> None:
    """Print what came of it."""
    last = samples[-1]
    fifth = next(one for one in samples if one.candidates >= last.candidates / 5)
    flat = _without_pool(last, a_task) / _without_pool(fifth, a_task)
    print(f"{last.candidates:,} candidates, {UNDER_WAY} requests under way")
    print(f"in the pool        {last.accepted:,}, {last.accepted / last.candidates:.0%} of them")
    print(f"pace               {last.candidates / took:.1f} candidates a second, {took:,.0f} s")
    print("faults met         " + ", ".join(f"{name} {told['met'].get(name, 0):,}" for name in FAULTS))
    for when, one in (("at a fifth", fifth), ("at the end", last)):
        of_pool = one.memory_mb - _without_pool(one, a_task)
        print(f"memory {when}  {one.memory_mb:6.1f} MB, of which {of_pool:.1f} MB for accepted tasks")
    print(f"end over fifth     {last.memory_mb / fifth.memory_mb:6.2f}")
    print(f"without these      {flat:6.2f}   <= {FLAT:g}   {_verdict(flat <= FLAT)}")
    print(f"an accepted task   {a_task:6,.0f} bytes")
    _report_answers(path, Counter(told["sent"]))


def _without_pool(one: Sample, a_task: float) -> float:
    return one.memory_mb - one.accepted * a_task / 1e6


def _report_answers(path: Path, sent: Counter[str]) -> None:
    with closing(sqlite3.connect(path)) as db:
        stored = Counter(
            sha256
            for (sha256,) in db.execute(
                "SELECT sha256 FROM attempts WHERE http_status = 200 AND error IS NULL AND body IS NOT NULL"
            )
        )
    lost = (sent - stored).total()
    print(
        f"answers received  {sent.total():,}, stored {stored.total():,}, lost {lost}   {_verdict(not lost)}"
    )
    began = perf_counter()
    is_well = check(path).is_well
    print(f"selfinstruct check {_verdict(is_well)}, {perf_counter() - began:.0f} s")


def _verdict(is_met: object) -> str:
    return "ok" if is_met else "MISSED"


def _plot(path: Path, samples: list[Sample], a_task: float) -> None:
    shown = samples[:: max(1, len(samples) // 50)]
    draw(
        path,
        [
            Series("resident memory", [(one.candidates, one.memory_mb) for one in shown]),
            Series("without the pool", [(one.candidates, _without_pool(one, a_task)) for one in shown]),
        ],
        x="candidates stored",
        y="MB",
        linear=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--plot", type=Path, help="draw memory against candidates into this SVG file")
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there, given.candidates), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}"
    try:
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            path = Path(folder) / "soak.db"
            samples, took = soak(path, url, given.candidates)
            with urllib.request.urlopen(url + TOLD) as told:
                a_task = bytes_a_task(path)
                report(samples, took, path, a_task, json.load(told))
    finally:
        server.kill()
    if given.plot:
        _plot(given.plot, samples, a_task)


if __name__ == "__main__":
    main()
