"""How fast unattended work takes in answers, beside the bare openai client with the same requests.

The installed program runs against a server on this machine; then the openai client sends what the program has
sent, with as many requests in flight, and does nothing with the answers. Both are processes of their own, and
the server's clock counts: from the first request to the last answer.

    python -m benchmarks.throughput             # about 15 minutes
    python -m benchmarks.throughput --quick     # 2 minutes
    python -m benchmarks.throughput --grow 52000
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from openai import AsyncOpenAI

from benchmarks.growth import CpuClock, Tenth, answers
from benchmarks.model_server import ModelServer, serving
from selfinstruct.db.sqlite.driver import sqlite3

_PROGRAM = Path(sys.executable).with_name("selfinstruct-tui")
_WITHOUT_LOG = Path(__file__).resolve().parents[1] / "tests" / "system_sqlite"
"""On `PYTHONPATH`, it hides pysqlite3, so that the workspace has the rollback journal."""
JOURNALS = ("wal", "delete")
WARM_UP = 256


@dataclass(frozen=True)
class Measured:
    """One client's work at a server."""

    per_s: float
    """Answers a second."""
    cpu_ms: float
    """Milliseconds of CPU a request, without what starting and ending take."""


@dataclass(frozen=True)
class Row:
    """What is measured, and the goal for the ratio to the bare client."""

    under_way: int
    answer_s: float
    requests: int
    goal: float


ROWS = (Row(256, 1.0, 5120, 0.93), Row(64, 0.0, 5120, 0.60))
CPU_GOAL_MS, SYNCS_GOAL = 1.0, 0.2
GROW_GOAL_S, GROWTH_GOAL = 360.0, 1.1
TWO_GOAL = 1.5


def environment(folder: Path, journal: str) -> dict[str, str]:
    """The environment of a program that neither reads nor changes the user's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG", "OPENAI"))}
    return {**kept, "HOME": str(folder)} | ({"PYTHONPATH": str(_WITHOUT_LOG)} if journal == "delete" else {})


def auto(url: str, path: Path, *words: str) -> list[str]:
    """The command line of an unattended run."""
    return [str(_PROGRAM), "--auto", "--db", str(path), "--base-url", url, "--model", "m", *words]


def cpu_of(command: list[str], env: dict[str, str]) -> float:
    """Run a command; returns the seconds of CPU that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in {0, 2, 3, 4, 5}:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ours(server: ModelServer, row: Row, folder: Path, journal: str) -> tuple[Measured, Path]:
    """Unattended work; returns what was measured, and its workspace."""
    env, cpu = environment(folder, journal), []
    for number, name in ((WARM_UP, "first"), (row.requests, "counted")):
        path = folder / f"{name}-{journal}-{row.under_way}.db"
        words = ["--max-requests", str(number), "--concurrency", str(row.under_way)]
        cpu.append(cpu_of(auto(server.url, path, *words), env))
        served = server.served()
        assert served.requests == number, f"{served.requests} of {number}: {path}"
    cpu_ms = 1000 * (cpu[1] - cpu[0]) / (row.requests - WARM_UP)
    return Measured(row.requests / served.seconds, cpu_ms), path


def bare(server: ModelServer, row: Row, workspace: Path) -> Measured:
    """The client alone, with the requests of a workspace."""
    cpu = []
    for number in (WARM_UP, row.requests):
        words = ["--bare", server.url, str(workspace), str(number), str(row.under_way)]
        cpu.append(cpu_of([sys.executable, "-m", "benchmarks.throughput", *words], dict(os.environ)))
        served = server.served()
        assert served.requests == number
    cpu_ms = 1000 * (cpu[1] - cpu[0]) / (row.requests - WARM_UP)
    return Measured(row.requests / served.seconds, cpu_ms)


async def send_all(url: str, workspace: Path, number: int, under_way: int) -> None:
    """Send the first requests of a workspace again, and drop the answers."""
    with closing(sqlite3.connect(workspace)) as db:
        rows = db.execute(
            "SELECT prompt, attempts.parameters FROM requests JOIN attempts ON request_id = requests.id"
            " ORDER BY requests.id LIMIT ?",
            [number],
        ).fetchall()
    requests = iter([(json.loads(prompt), json.loads(parameters)) for prompt, parameters in rows])
    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)

    async def work() -> None:
        for prompt, parameters in requests:
            await client.chat.completions.create(model="m", messages=prompt, extra_body=parameters)

    await asyncio.gather(*(work() for _ in range(under_way)))
    await client.close()


def syncs(server: ModelServer, row: Row, folder: Path, journal: str) -> float | None:
    """Syncs of the disk a request, counted by strace; None where there is none."""
    if shutil.which("strace") is None:
        return None
    log, counted = folder / "syncs.txt", []
    for number, name in ((WARM_UP, "first"), (WARM_UP + 1024, "counted")):
        path = folder / f"traced-{name}-{journal}-{row.under_way}.db"
        words = ["--max-requests", str(number), "--concurrency", str(row.under_way)]
        trace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(log)]
        cpu_of([*trace, *auto(server.url, path, *words)], environment(folder, journal))
        server.served()
        counted.append(sum("sync(" in line for line in log.read_text().splitlines()))
    return (counted[1] - counted[0]) / 1024


def measure(row: Row, folder: Path, journals: tuple[str, ...]) -> None:
    """Print both clients' rates, CPU and syncs at one server."""
    takes = f"{row.answer_s:g} s an answer" if row.answer_s else "answered at once"
    print(f"{row.requests:,} requests, {row.under_way} in flight, {takes}")
    with serving(row.answer_s) as server:
        for journal in journals:
            mine, workspace = ours(server, row, folder, journal)
            alone = bare(server, row, workspace)
            ratio, more = mine.per_s / alone.per_s, mine.cpu_ms - alone.cpu_ms
            print(f"  {journal:6} unattended {mine.per_s:6.1f} a second, {mine.cpu_ms:5.2f} ms of CPU each")
            print(f"         bare       {alone.per_s:6.1f} a second, {alone.cpu_ms:5.2f} ms of CPU each")
            print(f"         ratio      {ratio:6.2f}   >= {row.goal:g}   {_verdict(ratio >= row.goal)}")
            print(
                f"         more CPU   {more:6.2f} ms   <= {CPU_GOAL_MS:g}   {_verdict(more <= CPU_GOAL_MS)}"
            )
            counted = syncs(server, row, folder, journal)
            if counted is None:
                print("         syncs      not counted: strace is not installed")
            else:
                met = _verdict(counted < SYNCS_GOAL)
                print(f"         syncs      {counted:6.3f} a request   < {SYNCS_GOAL:g}   {met}", flush=True)


def grow(target: int, folder: Path, journal: str) -> None:
    """Print how long it takes from nothing to so many accepted tasks with their instances."""
    path, clock = folder / f"grown-{journal}.db", CpuClock()
    log = folder / f"grown-{journal}.txt"
    with serving(0.0, made_up=True) as server:
        words = ["--target", str(target), "--concurrency", "64"]
        command = auto(server.url, path, *words)
        if code := clock.watch(command, environment(folder, journal), log):
            raise SystemExit(f"{' '.join(command)} ended with {code}:\n{log.read_text()}")
        served = server.served()
    allowed = GROW_GOAL_S * target / 52_000
    print(f"{target:,} accepted tasks with instances, {journal}: {served.requests:,} requests")
    met = _verdict(served.seconds <= allowed)
    print(f"  {served.seconds:6.1f} s   <= {allowed:.0f}   {met}; {clock.total_s:.0f} s of CPU")
    answered = answers(path, clock)
    tenths = [Tenth.of(answered, number) for number in range(10)]
    early, late = tenths[1], tenths[9]
    print("  by tenths: ms a task    " + " ".join(f"{1000 * tenth.a_task_s:5.2f}" for tenth in tenths))
    print("             ms of CPU    " + " ".join(f"{1000 * tenth.cpu_a_task_s:5.2f}" for tenth in tenths))
    print("             proposals    " + " ".join(f"{tenth.proposals_a_task:5.3f}" for tenth in tenths))
    growth, cpu_growth = late.a_task_s / early.a_task_s, late.cpu_a_task_s / early.cpu_a_task_s
    print(
        f"  an answer takes {late.an_answer_s / early.an_answer_s:.2f} times as long at the end as early on,"
        f" and {late.proposals_a_task / early.proposals_a_task:.2f} times as many proposals bring a task"
    )
    print(
        f"  a task takes {growth:.2f} times as long at the end as early on   <= {GROWTH_GOAL:g}   "
        f"{_verdict(growth <= GROWTH_GOAL)}; {cpu_growth:.2f} times as much CPU",
        flush=True,
    )


def two(folder: Path, journal: str, requests: int) -> None:
    """Print how much faster two programs on one workspace are than one."""
    rates = []
    with serving(0.2) as server:
        for number in (1, 2):
            path = folder / f"together-{journal}-{number}.db"
            words = ["--max-requests", str(requests), "--concurrency", "16"]
            env = environment(folder, journal)
            # The first request of a workspace plants its seeds: both begin with a workspace that has them.
            cpu_of(auto(server.url, path, "--max-requests", "1", "--concurrency", "1"), env)
            server.served()
            command = auto(server.url, path, *words)
            running = [
                subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                for _ in range(number)
            ]
            for one in running:
                one.wait()
            served = server.served()
            rates.append(served.requests / served.seconds)
    ratio = rates[1] / rates[0]
    print(f"two programs on one workspace, {journal}: {rates[1]:.1f} a second, one alone {rates[0]:.1f}")
    print(f"  ratio {ratio:.2f}   >= {TWO_GOAL:g}   {_verdict(ratio >= TWO_GOAL)}", flush=True)


def _verdict(met: bool) -> str:
    return "ok" if met else "MISSED"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer requests, and the growth to 2,000 tasks")
    parser.add_argument("--grow", type=int, metavar="N", help="only the growth to N accepted tasks")
    parser.add_argument("--journal", choices=JOURNALS, help="only with this journal")
    parser.add_argument("--bare", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        url, workspace, number, under_way = given.bare
        asyncio.run(send_all(url, Path(workspace), int(number), int(under_way)))
        return
    journals = (given.journal,) if given.journal else JOURNALS
    with tempfile.TemporaryDirectory(prefix="throughput-") as name:
        folder = Path(name)
        for row in () if given.grow else ROWS:
            requests = row.requests // 4 if given.quick else row.requests
            measure(Row(row.under_way, row.answer_s, requests, row.goal), folder, journals)
        for journal in journals:
            if not given.grow:
                two(folder, journal, 500 if given.quick else 2000)
            grow(given.grow or (2000 if given.quick else 52_000), folder, journal)


if __name__ == "__main__":
    main()
