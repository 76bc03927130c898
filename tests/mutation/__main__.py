"""`python -m tests.mutation`: puts small faults into modules, one at a time, and sees whether tests notice.

It works in scratch copies, never in the working tree. Needs `pip install -e '.[mutation]'`.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from tests.mutation.mutants import Mutant, Place, equivalents, mutant_at, places_of
from tests.mutation.reach import Reach, recorded
from tests.mutation.scope import changed_lines, modules, test_folders
from tests.mutation.scratch import ScratchCopy
from tests.mutation.trial import Outcome, Trial, begin, try_mutant

_ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Try mutants, tell of those that survive, and end with 1 when too many do."""
    options = _options()
    wanted = modules(_ROOT, options.modules) if options.modules else modules(_ROOT)
    try:
        changed = changed_lines(_ROOT, options.since) if options.since else None
    except subprocess.CalledProcessError as error:
        sys.exit(f"git finds no changes since {options.since}: {error.stderr.strip()}")
    places = [
        place
        for module in wanted
        for place in places_of(_ROOT, module)
        if changed is None or not changed.get(module, set()).isdisjoint(place.lines)
    ]
    _tell(f"{len(places):,} places for a fault in {len(wanted)} modules")
    # By chance in any case: what is tried before the time is up is a fair sample.
    places.sort(key=lambda place: _lot(options.seed, place))
    mutants = islice(_mutants(places), options.sample)
    if options.list:
        for mutant in mutants:
            _tell(str(mutant))
        return
    with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        copy = ScratchCopy(_ROOT, folder / "recorded")
        tests = recorded(copy, test_folders(wanted), options.cache, options.processes)
        _tell(f"{len(tests):,} tests are recorded")
        reach = Reach(_ROOT, tests)
        outcomes = _try((_trial(mutant, reach) for mutant in mutants), folder, options)
    sys.exit(_report(outcomes, options.at_least))


def _lot(seed: int, place: Place) -> bytes:
    """A number drawn for a place, which a change in another module leaves as it is."""
    drawn = f"{seed}/{place.module}/{place.operator}/{place.occurrence}"
    return hashlib.sha256(drawn.encode()).digest()


def _mutants(places: Iterable[Place]) -> Iterator[Mutant]:
    """The mutants of these places, without those that are known to be equivalent."""
    known = equivalents()
    for place in places:
        mutant = mutant_at(_ROOT, place)
        if mutant is not None and (place.module, mutant.before, mutant.after) not in known:
            yield mutant


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--modules", nargs="+", metavar="PATH", help="modules, as globs from the root")
    parser.add_argument("--since", metavar="REV", help="only lines that differ from this revision")
    parser.add_argument("--sample", type=int, metavar="N", help="only N mutants, drawn by chance")
    parser.add_argument("--seed", type=int, default=0, help="of that chance; 0 by default")
    parser.add_argument("--minutes", type=float, metavar="M", help="begin no other mutant after so long")
    parser.add_argument("--at-least", type=float, default=92.0, metavar="PERCENT", help="92 by default")
    parser.add_argument(
        "--processes", type=int, default=2, help="how many mutants are tried at once; 2 by default"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        default=Path(tempfile.gettempdir(), "selfinstruct-mutation"),
        help="where it is kept which lines each test runs; in the temporary folder by default",
    )
    parser.add_argument("--list", action="store_true", help="show the mutants and try none")
    return parser.parse_args()


def _trial(mutant: Mutant, reach: Reach) -> Trial:
    return Trial(mutant, {test.name: test.seconds for test in reach.tests_of(mutant.place)})


def _try(trials: Iterator[Trial], folder: Path, options: argparse.Namespace) -> list[tuple[Mutant, Outcome]]:
    """Try mutants in several processes; tells of each that survives."""
    end = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    outcomes: list[tuple[Mutant, Outcome]] = []
    with ProcessPoolExecutor(
        options.processes, get_context("spawn"), initializer=begin, initargs=(_ROOT, folder)
    ) as pool:
        under_way: dict[Future[Outcome], Mutant] = {}
        while True:
            if end is None or time.monotonic() < end:
                for trial in islice(trials, options.processes - len(under_way)):
                    under_way[pool.submit(try_mutant, trial)] = trial.mutant
            if not under_way:
                return outcomes
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                mutant = under_way.pop(future)
                outcomes.append((mutant, future.result()))
                if future.result() is Outcome.SURVIVED:
                    _tell(f"survived {mutant}")
                if len(outcomes) % 5 == 0:
                    _tell(f"{len(outcomes)} tried")


def _report(outcomes: Sequence[tuple[Mutant, Outcome]], at_least: float) -> int:
    count = Counter(outcome for _, outcome in outcomes)
    noticed = len(outcomes) - count[Outcome.SURVIVED]
    score = 100 * noticed / len(outcomes) if outcomes else 100.0
    _tell(
        f"{noticed} of {len(outcomes)} mutants were noticed, {score:.1f} %;"
        f" {count[Outcome.TIMED_OUT]} of them ran out of time. At least {at_least:g} % are wanted."
    )
    return int(score < at_least)


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
