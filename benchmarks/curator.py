"""What a person at the curator waits for, against a bare Textual app in the same run.

    python -m benchmarks.curator [--quick] [--undecided NUMBER] [--workdir FOLDER]

Both are real programs in a pseudo-terminal of 120 x 32, measured by turns, one of them stopped while the
other is measured, so that what else the machine does meets both.

- Start: from exec to the output after which the screen shows the status line, the rows with the cursor, the
  detail of the row under it, and the footer. Medians.
- Key to paint: from writing a key (j beside generation, so that each row is a new one; else also k, ctrl+d,
  ctrl+u) to the output after which both the cursor's row and
  the detail are those of another task than before. The last byte of the burst would tell less: generation
  redraws the screen all the time, so that a burst may end with what another event caused. Generation is the
  built-in model, which answers at once and so never pauses: n is pressed whenever it has nothing to do, and
  keys pressed while it has not do not count. 95th percentiles.
- Memory: resident, once the nearest tasks are on the screen and keys have been pressed; and after generation.
- Accept: `Engine.decisions.accept_all` in this process with a pool of 52,000, for candidates that pass. The
  workspace is in memory (/dev/shm), where a sync costs nothing; the same again in the work folder. Medians.
"""

import argparse
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from benchmarks.corpus import BASE, endless
from benchmarks.grown import grow
from benchmarks.stopwatch import Stopwatch
from selfinstruct.core.engine import Engine, utc_now
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace

_PROGRAM = Path(sys.executable).parent / "selfinstruct-tui"
_BARE = (sys.executable, str(Path(__file__).with_name("bare.py")))
_MEMORY = Path("/dev/shm")
_WAITING = 300
_SCORE = re.compile(r"│\s*[01]\.\d\d ")
_REQUESTS_PER_BATCH = "100"
"""Many, so that a batch takes longer to make than a turn of keys."""
_TRIES = 50
_WAKE_S = 0.5
_LONGEST_S = 150.0
"""How long keys are pressed at most, so that a slow program gets fewer."""
_PAGE_DOWN, _PAGE_UP = "\x04", "\x15"  # ctrl+d, ctrl+u
# One turn of keys; each moves the cursor, which ends where it began.
_TURN = (_PAGE_DOWN, "j", "j", "k", "j", _PAGE_DOWN, "j", "k", "k", _PAGE_UP, "j", "k", _PAGE_UP, "k")

# One turn of the curator's beside generation: onward, since rows that it was at before are kept as drawn.
_ONWARD = ("j",) * len(_TURN)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    tasks: int
    pool: int
    undecided: int = field(default=0, kw_only=True)
    starts: int
    turns: int
    accepts: int


_FULL = Sizes(tasks=100_000, pool=52_000, starts=12, turns=12, accepts=150)
_QUICK = Sizes(tasks=5_000, pool=3_000, starts=3, turns=3, accepts=30)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `holds` is None for a figure without a target."""

    name: str
    curator: str
    bare: str = ""
    ratio: str = ""
    target: str = ""
    holds: bool | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description="What a person at the curator waits for.")
    parser.add_argument("--quick", action="store_true", help="a small workspace and few samples")
    parser.add_argument(
        "--workdir", type=Path, help="where workspaces are made and kept; else a temporary folder"
    )
    parser.add_argument(
        "--undecided",
        type=int,
        default=0,
        help="tasks besides, which a filter objects to and nobody decided on",
    )
    arguments = parser.parse_args()
    sizes = replace(_QUICK if arguments.quick else _FULL, undecided=arguments.undecided)
    if arguments.workdir is not None:
        arguments.workdir.mkdir(parents=True, exist_ok=True)
        _print(_measure(arguments.workdir.absolute(), sizes), sizes)
        return
    with tempfile.TemporaryDirectory(prefix="curator-benchmark-") as folder:
        _print(_measure(Path(folder), sizes), sizes)


def _measure(folder: Path, sizes: Sizes) -> list[Figure]:
    grown = folder / f"{sizes.tasks}{f'+{sizes.undecided}' if sizes.undecided else ''}.db"
    if not grown.exists():
        _say(f"making a workspace of {sizes.tasks:,} tasks")
        grow(grown, tasks=sizes.tasks, waiting=_WAITING, filtered=sizes.undecided)
    workspace = folder / "measured.db"
    shutil.copyfile(grown, workspace)
    _say("starting both in turns")
    figures = _starts(workspace, sizes)
    _say("pressing keys in turns")
    figures += _keys_and_memory(workspace, sizes)
    _say(f"accepting with {sizes.pool:,} in the pool")
    return figures + _accepts(folder, sizes)


def _curator(workspace: Path) -> Stopwatch:
    words = [str(_PROGRAM), "--db", str(workspace), "--model", "offline"]
    words += ["--requests-per-batch", _REQUESTS_PER_BATCH]
    return Stopwatch(words, workspace.parent)


def _bare(workspace: Path) -> Stopwatch:
    return Stopwatch(_BARE, workspace.parent)


# Start


def _starts(workspace: Path, sizes: Sizes) -> list[Figure]:
    painted: list[float] = []
    nearest: list[float] = []
    bare: list[float] = []
    for _ in range(sizes.starts + 1):
        with closing(_curator(workspace)) as program:
            painted.append(_painted(program) - program.started)
            nearest.append(_nearest_shown(program) - program.started)
        with closing(_bare(workspace)) as program:
            bare.append(_painted(program) - program.started)
    # The first of each has read its files from the disk.
    return [
        _ratio("start to full paint", painted[1:], bare[1:], median, most=2.0),
        Figure("start to the nearest tasks in the detail", _ms(median(nearest[1:]))),
    ]


def _painted(program: Stopwatch) -> float:
    return program.when(
        lambda: program.task_shown() is not None and "pool" in program.text and "Quit" in program.text
    )


def _nearest_shown(program: Stopwatch) -> float:
    def is_so() -> bool:
        _, heading, below = program.text.partition("Nearest in the pool")
        return bool(heading) and _SCORE.search(below.split("History")[0]) is not None

    return program.already_or_when(is_so)


# Key to paint, and memory


def _keys_and_memory(workspace: Path, sizes: Sizes) -> list[Figure]:
    chance = random.Random(0)
    busy: list[float] = []
    idle: list[float] = []
    times: list[float] = []
    curator, bare = _curator(workspace), _bare(workspace)
    try:
        for program in (curator, bare):
            _painted(program)
        _nearest_shown(curator)
        for key in _TURN:
            idle.append(_key_to_paint(curator, key, chance))
            _key_to_paint(bare, key, chance)
        resident = curator.resident_mb(), bare.resident_mb()
        bare.pause()
        until = perf_counter() + _LONGEST_S
        for _ in range(sizes.turns):
            if perf_counter() > until:
                break
            busy += _turn_beside_generation(curator, chance)
            curator.pause()
            _wake(bare)
            times += [_key_to_paint(bare, key, chance) for key in _TURN]
            bare.pause()
            _wake(curator)
        after = curator.resident_mb(), bare.resident_mb()
    finally:
        for program in (curator, bare):
            program.go_on()
            program.close()
    return [
        _ratio("key to paint while generation runs, p95", busy, times, _p95, most=2.0),
        Figure("the same in ms", _ms(_p95(busy)), target="< 50 ms", holds=_p95(busy) < 0.050),
        _ratio("the same, median", busy, times, median),
        Figure("the same, slowest", _ms(max(busy)), _ms(max(times))),
        Figure("the same, no generation, median", _ms(median(idle))),
        Figure("keys that generation was under way at", f"{len(busy)} of {len(times)}"),
        _memory("resident, pool read, keys pressed", *resident, most=90),
        _memory("resident after generation", *after),
    ]


def _wake(program: Stopwatch) -> None:
    """Let a program run again, and catch up with its clocks: that is no key's time."""
    program.go_on()
    program.note(_WAKE_S)


def _turn_beside_generation(curator: Stopwatch, chance: random.Random) -> list[float]:
    """The times of those keys of one turn at which generation was under way before and after."""
    curator.play()
    for _ in range(_TRIES):
        if _generates(curator):
            break
        curator.press("n")
        curator.note(0.3)
        curator.play()
    times = []
    for key in _ONWARD:
        before = _generates(curator)
        took = _key_to_paint(curator, key, chance)
        if before and _generates(curator):
            times.append(took)
    return times


def _generates(program: Stopwatch) -> bool:
    status = program.text[:600]
    return "generating" in status or "in flight" in status


def _key_to_paint(program: Stopwatch, key: str, chance: random.Random) -> float:
    program.play()
    before = program.task_shown()
    pressed = program.press(key)
    # At chance, so that keys meet every moment of what goes on at regular times.
    program.note(chance.uniform(0.12, 0.22))
    return program.when(lambda: program.task_shown() not in {None, before}) - pressed


# Accept


def _accepts(folder: Path, sizes: Sizes) -> list[Figure]:
    grown = folder / f"pool-{sizes.pool}.db"
    if not grown.exists():
        grow(grown, tasks=sizes.pool, waiting=0, decided=False)
    on_disk = _accept_times(grown, folder, sizes.accepts)
    name = f"accept with {sizes.pool:,} in the pool"
    if not _MEMORY.is_dir():
        return [Figure(f"{name}, with the disk's sync (there is no {_MEMORY})", _ms(median(on_disk)))]
    with tempfile.TemporaryDirectory(dir=_MEMORY) as memory:
        times = _accept_times(grown, Path(memory), sizes.accepts)
    return [
        Figure(name, _ms(median(times)), target="<= 10 ms", holds=median(times) <= 0.010),
        Figure("the same, p95", _ms(_p95(times))),
        Figure("the same with the disk's sync, median", _ms(median(on_disk))),
    ]


def _accept_times(grown: Path, folder: Path, number: int) -> list[float]:
    """Seconds that each acceptance took, on a copy of the workspace in that folder."""
    path = folder / "accepting.db"
    shutil.copyfile(grown, path)
    texts = islice(endless(None, random.Random(1)), BASE, None)  # the pool has what is not mixed
    try:
        with Workspace.open(path) as workspace:
            engine = Engine(workspace, resolve({}))
            engine.assessor.catch_up()
            task_ids = [_candidate(engine, texts) for _ in range(number)]
            times = []
            for task_id in task_ids:
                began = perf_counter()
                refused = bool(engine.decisions.accept_all([task_id]).refused)
                if not refused:
                    times.append(perf_counter() - began)
            workspace.end_run(at=utc_now())
    finally:
        path.unlink()
    return times


def _candidate(engine: Engine, texts: Iterator[str]) -> int:
    """Add a candidate that passes; returns its id."""
    text = next(text for text in texts if not engine.assessor.assess(text).reasons)
    task_id = engine.workspace.tasks.add(text, origin="model", at=utc_now(), batch=1, held=True)
    engine.assess([task_id])
    return task_id


# The table


def _p95(times: Sequence[float]) -> float:
    return quantiles(times, n=20, method="inclusive")[-1]


def _ratio(
    name: str,
    curator: Sequence[float],
    bare: Sequence[float],
    middle: Callable[[Sequence[float]], float],
    *,
    most: float | None = None,
) -> Figure:
    ours, theirs = middle(curator), middle(bare)
    ratio = ours / theirs
    target = "" if most is None else f"<= {most:.1f} x"
    holds = None if most is None else ratio <= most
    return Figure(name, _ms(ours), _ms(theirs), f"{ratio:.2f} x", target, holds)


def _memory(name: str, curator: float, bare: float, *, most: int | None = None) -> Figure:
    above = curator - bare
    target = "" if most is None else f"<= + {most} MB"
    holds = None if most is None else above <= most
    return Figure(name, f"{curator:.0f} MB", f"{bare:.0f} MB", f"+ {above:.0f} MB", target, holds)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _say(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


def _print(figures: Sequence[Figure], sizes: Sizes) -> None:
    print(f"\n{sizes.tasks:,} tasks; {sizes.starts} starts of each program, turns of {len(_TURN)} keys\n")
    rows = [("figure", "curator", "bare", "ratio", "target", "")]
    for figure in figures:
        verdict = {True: "ok", False: "MISSED", None: ""}[figure.holds]
        rows.append((figure.name, figure.curator, figure.bare, figure.ratio, figure.target, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        name, *others = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join([name, *others]).rstrip())


if __name__ == "__main__":
    main()
