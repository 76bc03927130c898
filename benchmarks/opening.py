"""Opening a workspace of 100,000 tasks, to the first verdict: with the image of the pool, and without it.

Each opening is a new process; imports are left out. The published way begins with finding the tokens of each
text: beside it stands what `rouge_score` takes for that alone, in the same run.

    python -m benchmarks.opening            # about two minutes
    python -m benchmarks.opening --quick    # a small workspace
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter

from rouge_score import rouge_scorer

from benchmarks.grown import grow
from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace

TASKS, WAITING, OPENINGS = 100_000, 40, 5
TARGET_S = 1.0
CANDIDATE = "Describe how a small harbour town smells on the first cold morning of the year."


def opened(path: Path) -> float:
    """Seconds from opening to the first verdict, in this process; imports are left out."""
    began = perf_counter()
    with Workspace.open(path) as workspace:
        assessor = Engine(workspace, resolve({})).assessor
        assessor.catch_up()
        assessor.assess(CANDIDATE)
        return perf_counter() - began


def openings(path: Path, *, anew: bool) -> list[float]:
    """Seconds of several openings, each in a process of its own."""
    took = []
    for _ in range(OPENINGS):
        if anew:
            with closing(sqlite3.connect(path)) as db, db:
                db.execute("DELETE FROM similarity")
        command = [sys.executable, "-m", "benchmarks.opening", "--open", str(path)]
        took.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    return took


def published(path: Path) -> float:
    """Seconds that `rouge_score` takes to find the tokens of the pool."""
    with closing(sqlite3.connect(path)) as db:
        texts = [text for (text,) in db.execute("SELECT instruction FROM tasks WHERE state = 'accepted'")]
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    began = perf_counter()
    for text in texts:
        scorer._tokenizer.tokenize(text)
    return perf_counter() - began


def keep_image(path: Path) -> None:
    """Have the image of the pool stored, as a program does that has seen many changes."""
    with Workspace.open(path) as workspace:
        engine = Engine(workspace, resolve({}))
        engine.assessor.catch_up()
        engine.assessor.keep()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description="Opening a workspace, to the first verdict.")
    parser.add_argument("--quick", action="store_true", help="a small workspace")
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.open:
        print(opened(given.open))
        return
    tasks = 5_000 if given.quick else TASKS
    with tempfile.TemporaryDirectory(prefix="opening-") as folder:
        path = Path(folder) / "grown.db"
        grow(path, tasks=tasks, waiting=WAITING)
        anew = statistics.median(openings(path, anew=True))
        keep_image(path)
        kept = statistics.median(openings(path, anew=False))
        tokens = published(path)
    verdict = "ok" if kept <= TARGET_S else "MISSED"
    print(f"{tasks:,} tasks, median of {OPENINGS} openings, each to the first verdict")
    print(f"with the image of the pool   {kept:6.2f} s   <= {TARGET_S:g}   {verdict}")
    print(f"without it                   {anew:6.2f} s")
    print(f"rouge_score, tokens only     {tokens:6.2f} s   x {tokens / kept:.0f} of the first")


if __name__ == "__main__":
    main()
