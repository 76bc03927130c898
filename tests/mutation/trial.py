"""Trials: the tests that run a mutated line are run on the mutant, in a scratch copy of the repository.

A process forks for each trial once it has imported the large libraries: a trial begins at once, and whatever
a mutant does to its process ends with it. POSIX only.
"""

import importlib
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tests.mutation.mutants import Mutant
from tests.mutation.reach import QUICK
from tests.mutation.scratch import ScratchCopy

_LIBRARIES = (
    "aiohttp",
    "hypothesis",
    "jinja2",
    "numpy",
    "openai",
    "pydantic",
    "pytest",
    "rapidfuzz",
    "sqlite_utils",
    "textual.app",
    "typer",
)
_TIMES, _LEAST_S = 5.0, 15.0
"""A test may last so many times as long as without a fault, and so long in any case."""
_IMPORTS_S = 60
"""So long may it take until the first of them begins."""
_FIRST = 20
"""So many tests run before the files of the others are imported: most mutants do not live that long."""
_NOT_IN_THE_COPY = 70
_OPTIONS = ("-o", "addopts=", "-m", QUICK, "-x", "-q", "-p", "no:cacheprovider", "--assert=plain")


class Outcome(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant, and the tests that may notice it."""

    mutant: Mutant
    tests: Mapping[str, float]
    """Their names, in their order, with the seconds that each takes without a fault."""


class Trials:
    """Trials in a scratch copy of the repository.

    Args:
        copy: The copy; nothing else uses it.
        least_s: How long a test may last in any case, in seconds.
    """

    def __init__(self, copy: ScratchCopy, *, least_s: float = _LEAST_S) -> None:
        self._copy = copy
        self._least_s = least_s
        self._log = copy.root.with_name("log")

    def outcome(self, trial: Trial) -> Outcome:
        """What becomes of a mutant.

        Raises:
            RuntimeError: the tests cannot be run in the copy.
        """
        if not trial.tests:
            return Outcome.SURVIVED
        with _Mutated(self._copy.root / trial.mutant.place.module, trial.mutant.code):
            code = self._exit_code(trial.tests)
        if code == _NOT_IN_THE_COPY:
            raise RuntimeError(self._log.read_text(errors="replace")[-4000:])
        if code == -signal.SIGALRM:
            return Outcome.TIMED_OUT
        return Outcome.KILLED if code else Outcome.SURVIVED

    def _exit_code(self, tests: Mapping[str, float]) -> int:
        """What the process that runs the tests ends with."""
        pid = os.fork()
        if pid == 0:
            self._run(tests)
        try:
            _, status = os.waitpid(pid, 0)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(status)

    def _run(self, tests: Mapping[str, float]) -> None:
        """Become the process that runs the tests; does not return."""
        code = _NOT_IN_THE_COPY
        try:
            os.setsid()
            signal.alarm(_IMPORTS_S)
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.chdir(self._copy.root)
            _forget("tests", "selfinstruct")
            importlib.invalidate_caches()
            sys.path[:0] = self._copy.paths
            os.environ.update(self._copy.environment)
            self._require_copy()
            import pytest

            names = list(tests)
            for chosen in filter(None, (names[:_FIRST], names[_FIRST:])):
                # Anew for the others: parameters may be an iterator, which gives its values once.
                _forget("tests")
                files = dict.fromkeys(name.partition("::")[0] for name in chosen)
                limits = {name: max(self._least_s, _TIMES * tests[name]) for name in chosen}
                code = pytest.main([*_OPTIONS, *files], plugins=[_Chosen(limits)])
                if code:
                    break
        except BaseException:  # noqa: BLE001 - the process ends here in any case
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _require_copy(self) -> None:
        # Not core, which a mutant may keep from being imported.
        found = importlib.import_module("selfinstruct").__path__
        if not all(Path(path).is_relative_to(self._copy.root.parent) for path in list(found)[:1]):
            raise RuntimeError(f"the tests would run on {list(found)}, which is not the copy")


def _forget(*packages: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]


class _Chosen:
    """Of the tests that are collected, runs the chosen ones in their order, each for a limited time."""

    def __init__(self, limits: Mapping[str, float]) -> None:
        self._limits = limits
        self._order = {name: number for number, name in enumerate(limits)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._order), key=lambda item: self._order[item.nodeid]
        )

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        # Ends the process, whatever it is in.
        signal.setitimer(signal.ITIMER_REAL, self._limits[nodeid])

    def pytest_sessionfinish(self) -> None:
        signal.alarm(_IMPORTS_S)


class _Mutated:
    """A module with a fault in it for as long as the block lasts."""

    def __init__(self, path: Path, code: str) -> None:
        self._path = path
        self._code = code
        self._times = path.stat()
        self._original = path.read_bytes()

    def __enter__(self) -> None:
        self._path.write_text(self._code, encoding="utf-8")
        # Another time than the compiled module was made for, also where the size is the same.
        self._set_time(self._times.st_mtime_ns + 3_600_000_000_000)

    def __exit__(self, *_: object) -> None:
        self._path.write_bytes(self._original)
        self._set_time(self._times.st_mtime_ns)

    def _set_time(self, modified_ns: int) -> None:
        os.utime(self._path, ns=(self._times.st_atime_ns, modified_ns))


_trials: Trials | None = None


def begin(repository: Path, folder: Path, least_s: float = _LEAST_S) -> None:
    """Make this process one that tries mutants, in a copy of its own."""
    global _trials  # noqa: PLW0603 - one for each process
    os.nice(5)
    for name in _LIBRARIES:
        importlib.import_module(name)
    _trials = Trials(ScratchCopy(repository, Path(tempfile.mkdtemp(dir=folder))), least_s=least_s)


def try_mutant(trial: Trial) -> Outcome:
    """Try one mutant in this process's copy."""
    assert _trials is not None
    return _trials.outcome(trial)
