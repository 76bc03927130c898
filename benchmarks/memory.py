"""The memory of a program with all processes that it starts."""

import os
import re
import subprocess
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_EVERY_S = 0.5


def peak_mb(process: "subprocess.Popen[bytes]") -> float:
    """Wait for a program; returns the peak of the sum over its processes, in MB.

    What several share counts once (proportional set size). Linux only.
    """
    peak = 0.0
    while True:
        peak = max(peak, sum(map(_kilobytes, _tree(process.pid))) * 1024 / 1e6)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_EVERY_S)
            return peak


def resident_mb(pid: int) -> float:
    """The resident memory of one process, in MB; 0 when it is gone."""
    with suppress(OSError):
        found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024 / 1e6
    return 0.0


def highest_mb() -> float:
    """The highest resident memory that this process ever had, in MB."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0


def own_mb() -> float:
    """The memory of this process, in MB."""
    return _kilobytes(os.getpid()) * 1024 / 1e6


def _tree(pid: int) -> list[int]:
    children = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            children[int(path.read_text().rpartition(")")[2].split()[1])].append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += children[one]
    return found


def _kilobytes(pid: int) -> int:
    with suppress(OSError):
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        if found:
            return int(found[1])
    return 0
