"""Export of 82,000 instances, against `json.dumps` of the same rows, and the memory that it takes.

Each export is a new process; the time of opening the workspace is left out. Both times are CPU seconds, the
best of three. Memory is the peak of the process, for an eighth of the rows as well: what grows with the rows
is their numbers and hashes, and no text. Linux only.

    python -m benchmarks.export            # a minute
    python -m benchmarks.export --quick    # 8,200 instances
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

from benchmarks.grown import grow
from benchmarks.memory import highest_mb
from selfinstruct.core.export.files import write_export
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.export.registry import FORMATS
from selfinstruct.db.workspace import Workspace

ROWS, OF = 82_000, 8
RUNS = 3
TARGET = 3.0


def exported(path: Path, export_format: str) -> tuple[float, int]:
    """CPU seconds of the best of some exports in this process, and the rows of each."""
    out, best, rows = path.with_name(f"out-{export_format}"), float("inf"), 0
    with Workspace.open(path) as workspace:
        for _ in range(RUNS):
            began = process_time()
            rows = write_export(workspace, out, ExportOptions(export_format), force=True, at="now").rows
            best = min(best, process_time() - began)
    return best, rows


def dumped(path: Path) -> float:
    """CPU seconds of `json.dumps` of the rows of a file, best of some."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    best = float("inf")
    for _ in range(RUNS):
        began = process_time()
        for row in rows:
            json.dumps(row, ensure_ascii=False)
        best = min(best, process_time() - began)
    return best


def alone(path: Path, export_format: str) -> tuple[float, int, float]:
    """As `exported`, in a process of its own, with its peak of memory in MB."""
    command = [sys.executable, "-m", "benchmarks.export", "--one", str(path), export_format]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told["seconds"], told["rows"], told["mb"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("PATH", "FORMAT"), help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.one:
        seconds, rows = exported(Path(told.one[0]), told.one[1])
        print(json.dumps({"seconds": seconds, "rows": rows, "mb": highest_mb()}))
        return
    wanted = ROWS // 10 if told.quick else ROWS
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder) / "large" / "w.db", Path(folder) / "small" / "w.db"
        for path, tasks in ((large, wanted), (small, wanted // OF)):
            path.parent.mkdir()
            # One of eight tasks is rejected, and the seeds are not exported.
            grow(path, tasks=tasks * 8 // 7 + 200, waiting=0)
        print(f"{'format':20} {'rows':>8} {'s':>7} {'x dumps':>8}  {'MB':>5} {'MB, an eighth':>14}")
        for one in FORMATS:
            if one.name == "hub":
                continue
            seconds, rows, mb = alone(large, one.name)
            _, _, mb_small = alone(small, one.name)
            ratio = ""
            if one.name not in {"csv", "parquet"}:
                times = seconds / dumped(large.with_name(f"out-{one.name}"))
                ratio = f"{times:.2f}" + ("" if times <= TARGET else " MISSED")
            print(f"{one.name:20} {rows:8,} {seconds:7.2f} {ratio:>8}  {mb:5.0f} {mb_small:14.0f}")


if __name__ == "__main__":
    main()
