"""A workspace of 1,000,000 tasks: first paint, `status`, search, sorting and memory, in both journal modes.

    python -m benchmarks.million [--tasks NUMBER] [--workdir FOLDER]

Beside each figure stands what is measured by turns with it in the same run:

- First paint: a bare Textual app (`bare.py`), as in `curator.py`. Medians.
- `status --json`, from exec to exit: counting the tasks alone, by reading the whole table.
- Searching: the same question put to each text of the table, without an index. From the line that is typed to
  the sorted ids, in a program of its own; the fastest of several, since other programs only add to it.
- Sorting all tasks: reading the whole table.
- Memory: resident, of the curator and of an unattended run, with the pool read in.

One text of ten is Japanese, one Chinese, one Korean. The rollback journal is that of Python's own SQLite.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, get_args

from benchmarks.grown import grow
from benchmarks.memory import peak_mb
from benchmarks.stopwatch import Stopwatch
from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.task_query import parse_filter
from selfinstruct.db.records import Order
from selfinstruct.db.sqlite.connection import connect_to_read
from selfinstruct.db.tables.tasks import Tasks
from selfinstruct.db.workspace import Workspace

_ROOT = Path(__file__).parent.parent
_PROGRAMS = Path(sys.executable).parent
_BARE = (sys.executable, str(Path(__file__).with_name("bare.py")))
_JOURNALS = {"write-ahead log": "", "rollback journal": str(_ROOT / "tests" / "system_sqlite")}
"""The journal modes, each with the folder that gives it to a program as its PYTHONPATH."""
_CODES = (*[ENGLISH] * 7, "ja", "zh", "ko")
_WAITING = 300
_STARTS = 5
_TIMES = 3
_TO_READ_S = 600.0
"""Seconds after which a pool that has not been read in is given up."""
_PAINT, _STATUS_S, _SEARCH_S = 2.0, 1.0, 0.3
_FIELD = "state:rejected "
_LINES = {
    "common word": "the",
    "rare word": "lighthouse",
    "absent word": "quixotry",
    "phrase": '"in the"',
    "two common letters": "of",
    "two absent letters": "qx",
    "common Japanese word": "ください",
    "common Chinese word": "还是",
    "rare Chinese word": "览室",
    "common Korean word": "주세요",
    "absent Chinese word": "龘靐",
    "common word of rejected tasks": f"{_FIELD}the",
}
"""What is typed in the filter line."""
_SCORE = re.compile(r"│\s*[01]\.\d\d ")
_STATUS_SCAN = "SELECT state, origin, verdict, label, count(*) FROM tasks NOT INDEXED GROUP BY 1, 2, 3, 4"
_WORD_SCAN = "SELECT id FROM tasks NOT INDEXED WHERE instr(lower(instruction), lower(?)) ORDER BY id DESC"
_TABLE_SCAN = "SELECT count(*) FROM tasks NOT INDEXED WHERE length(instruction) = 0"


@dataclass(frozen=True, slots=True)
class Row:
    """A measured figure, what stands beside it, and its goal."""

    name: str
    measured: str
    beside: str = ""
    ratio: str = ""
    goal: str = ""
    holds: bool | None = None


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description="A workspace of a million tasks.")
    parser.add_argument("--tasks", type=int, default=1_000_000, help="another number of tasks")
    parser.add_argument("--workdir", type=Path, help="where the workspace is made and kept")
    parser.add_argument("--within", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.within:
        print(json.dumps(_within(given.within)))
        return
    with tempfile.TemporaryDirectory(prefix="million-") as temporary:
        folder = (given.workdir or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{given.tasks}.db"
        if not path.exists():
            _say(f"making a workspace of {given.tasks:,} tasks")
            part = path.with_suffix(".part")
            part.unlink(missing_ok=True)
            grow(part, tasks=given.tasks, waiting=_WAITING, codes=_CODES)
            part.rename(path)
        for journal, python_path in _JOURNALS.items():
            with _with_python_path(python_path):
                rows = _measure(path, journal)
            _print(f"{given.tasks:,} tasks, {journal}, {path.stat().st_size / 1e6:,.0f} MB", rows)


@contextmanager
def _with_python_path(folder: str) -> Iterator[None]:
    """Within, programs that are started import from this folder first."""
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, str(_ROOT), before]))
    try:
        yield
    finally:
        os.environ["PYTHONPATH"] = before


def _measure(path: Path, journal: str) -> list[Row]:
    _run("selfinstruct", "status", "--db", str(path))  # chooses the journal mode, and reads the file once
    _say(f"{journal}: starting the curator and the bare app by turns")
    rows = _starts(path)
    _say(f"{journal}: status, searching, sorting")
    inside = subprocess.run(
        [sys.executable, "-m", "benchmarks.million", "--within", str(path)],
        check=True,
        stdout=subprocess.PIPE,
        cwd=_ROOT,
    )
    found: dict[str, Any] = json.loads(inside.stdout)
    status = median(_run("selfinstruct", "status", "--json", "--db", str(path)) for _ in range(_TIMES))
    rows.append(_timed("status --json", status, found["status scan"], most=_STATUS_S))
    for name, (took, scan, number) in found["searches"].items():
        rows.append(_timed(f"{name}: {number:,} found", took, scan, most=_SEARCH_S))
    for name, took in found["orders"].items():
        rows.append(_timed(f"all sorted by {name}", took, found["table scan"]))
    _say(f"{journal}: memory")
    return [*rows, Row("unattended run, peak", f"{_unattended(path, found['model tasks']):,.0f} MB")]


def _starts(path: Path) -> list[Row]:
    painted: list[float] = []
    bare: list[float] = []
    resident = beside = 0.0
    for number in range(_STARTS + 1):
        with closing(_curator(path)) as program:
            painted.append(_paint(program) - program.started)
            if number == _STARTS:
                program.already_or_when(partial(_shows_nearest, program), patience_s=_TO_READ_S)
                resident = program.resident_mb()
        with closing(Stopwatch(_BARE, path.parent)) as program:
            bare.append(_paint(program) - program.started)
            beside = program.resident_mb()
    # The first of each has read its files from the disk.
    ours, theirs = median(painted[1:]), median(bare[1:])
    ratio = ours / theirs
    return [
        Row("first paint", _ms(ours), _ms(theirs), f"{ratio:.2f} x", f"<= {_PAINT:g} x", ratio <= _PAINT),
        Row("resident, pool read", f"{resident:,.0f} MB", f"{beside:,.0f} MB"),
    ]


def _curator(path: Path) -> Stopwatch:
    words = [str(_PROGRAMS / "selfinstruct-tui"), "--db", str(path), "--model", "offline"]
    return Stopwatch(words, path.parent)


def _paint(program: Stopwatch) -> float:
    return program.when(
        lambda: program.task_shown() is not None and "pool" in program.text and "Quit" in program.text
    )


def _shows_nearest(program: Stopwatch) -> bool:
    """Whether the nearest tasks are shown, which comes once the pool is read in."""
    _, heading, below = program.text.partition("Nearest in the pool")
    return bool(heading) and _SCORE.search(below) is not None


def _unattended(path: Path, model_tasks: int) -> float:
    """MB that an unattended run takes until it has accepted one task more."""
    words = [str(_PROGRAMS / "selfinstruct-tui"), "--db", str(path), "--model", "offline", "--auto"]
    words += ["--target", str(model_tasks + 1)]
    return peak_mb(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def _run(program: str, *words: str) -> float:
    """Seconds that a program takes, from exec to exit."""
    began = perf_counter()
    subprocess.run([str(_PROGRAMS / program), *words], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began


def _within(path: Path) -> dict[str, Any]:
    """What is measured in a program of its own, which has the SQLite library of one journal mode."""
    with closing(connect_to_read(path)) as db:
        tasks = Tasks(db)

        def find(line: str, order: Order = "id") -> int:
            return len(array("q", tasks.search(parse_filter(line), order)))

        def scan(sql: str, *values: str) -> int:
            return len(db.execute(sql, values).fetchall())

        searches = {
            name: (
                _fastest(partial(find, line)),
                _fastest(partial(scan, _WORD_SCAN, line.removeprefix(_FIELD).strip('"'))),
                find(line),
            )
            for name, line in _LINES.items()
        }
        orders = {order: _fastest(partial(find, "", order)) for order in get_args(Order)}
        known = {
            "searches": searches,
            "orders": orders,
            "status scan": _fastest(partial(scan, _STATUS_SCAN)),
            "table scan": _fastest(partial(scan, _TABLE_SCAN)),
        }
    with Workspace.open(path, read_only=True) as workspace:
        return {**known, "model tasks": workspace.counts().pool["model"]}


def _fastest(measured: Callable[[], object]) -> float:
    """Seconds of the fastest of several calls."""
    took = []
    for _ in range(_TIMES):
        began = perf_counter()
        measured()
        took.append(perf_counter() - began)
    return min(took)


def _timed(name: str, took: float, scan: float, *, most: float | None = None) -> Row:
    goal = "" if most is None else f"<= {most * 1000:,.0f} ms"
    holds = None if most is None else took <= most
    return Row(name, _ms(took), _ms(scan), f"{took / scan:.3f} x", goal, holds)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"


def _say(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


def _print(title: str, rows: list[Row]) -> None:
    lines = [("", "measured", "beside it", "ratio", "goal", "")]
    for row in rows:
        verdict = {True: "ok", False: "MISSED", None: ""}[row.holds]
        lines.append((row.name, row.measured, row.beside, row.ratio, row.goal, verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    print(f"\n{title}\n")
    for line in lines:
        name, *others = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join([name, *others]).rstrip())


if __name__ == "__main__":
    main()
