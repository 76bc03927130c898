"""Trials: the tests of a module are run on a mutant of it, in a scratch copy of the repository.

A process forks for each trial once it has imported the large libraries: a trial begins at once, and whatever
a mutant does to its process ends with it. POSIX only.
"""

import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.mutation.mutants import Mutant

_LIBRARIES = ("jinja2", "numpy", "openai", "pydantic", "pytest", "rapidfuzz", "sqlite_utils")
_PACKAGES = ("core", "db", "seeds", "tui")
_TIMES, _LEAST_S = 5.0, 15.0
"""A trial may last so many times as long as the same tests do without a fault, and so long in any case."""
_LONGEST_S = 1800.0
_QUICK = "not slow and not nightly"
_OPTIONS = ("-o", "addopts=", "-m", _QUICK, "-x", "-q", "-p", "no:cacheprovider", "--assert=plain")


class Outcome(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"


class UnmutatedFailsError(Exception):
    """The tests fail without any mutation."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant, and the tests that are to notice it: those that mirror its module first."""

    mutant: Mutant
    tests: tuple[tuple[str, ...], ...]


class Scratch:
    """A copy of the repository's files, as they are in the working tree, which programs import in its stead.

    Args:
        repository: Its root.
        folder: Where the copy goes; empty.
        least_s: How long a trial may last in any case, in seconds.
    """

    def __init__(self, repository: Path, folder: Path, *, least_s: float = _LEAST_S) -> None:
        self._least_s = least_s
        self._root = folder / "copy"
        self._site = folder / "site"
        self._log = folder / "log"
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=repository,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (repository / name).is_file():
                (self._root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(repository / name, self._root / name)
        package = self._site / "selfinstruct"
        package.mkdir(parents=True)
        for name in _PACKAGES:
            (package / name).symlink_to(self._root / name, target_is_directory=True)
        self._unmutated_s: dict[tuple[str, ...], float] = {}

    def try_mutant(self, trial: Trial) -> Outcome:
        """Run the tests on a mutant, one group after the other until one notices it.

        Raises:
            UnmutatedFailsError: they fail without it.
        """
        for tests in trial.tests:
            limit_s = max(self._least_s, _TIMES * self.unmutated_s(tests))
            with _Mutated(self._root / trial.mutant.place.module, trial.mutant.code):
                passed = self._pass(tests, limit_s)
            if passed is None:
                return Outcome.TIMED_OUT
            if not passed:
                return Outcome.KILLED
        return Outcome.SURVIVED

    def unmutated_s(self, tests: tuple[str, ...]) -> float:
        """How long these tests take without a fault, in seconds.

        Raises:
            UnmutatedFailsError: they fail.
        """
        if tests not in self._unmutated_s:
            begun = time.monotonic()
            if not self._pass(tests, _LONGEST_S):
                said = self._log.read_text(errors="replace")[-4000:]
                raise UnmutatedFailsError(f"{' '.join(tests)} fail without a mutation:\n{said}")
            self._unmutated_s[tests] = time.monotonic() - begun
        return self._unmutated_s[tests]

    def _pass(self, tests: Sequence[str], limit_s: float) -> bool | None:
        """Whether the tests pass; None when they have not ended in time."""
        pid = os.fork()
        if pid == 0:
            self._run(tests)
        end = time.monotonic() + limit_s
        try:
            while time.monotonic() < end:
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    return os.waitstatus_to_exitcode(status) == 0
                time.sleep(0.05)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None

    def _run(self, tests: Sequence[str]) -> None:
        """Become the process that runs the tests; does not return."""
        code = 70
        try:
            os.setsid()
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.chdir(self._root)
            for name in [name for name in sys.modules if name.partition(".")[0] in {"tests", "selfinstruct"}]:
                del sys.modules[name]
            importlib.invalidate_caches()
            sys.path[:0] = [str(self._root), str(self._site)]
            os.environ["PYTHONPATH"] = os.pathsep.join((str(self._root), str(self._site)))
            self._require_copy()
            import pytest

            code = pytest.main([*_OPTIONS, *tests])
        except BaseException:  # noqa: BLE001 - the process ends here in any case
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _require_copy(self) -> None:
        found = importlib.import_module("selfinstruct.core").__file__
        if found is None or not Path(found).resolve().is_relative_to(self._root.resolve()):
            raise RuntimeError(f"the tests would run on {found}, which is not the copy")


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


_scratch: Scratch | None = None


def begin(repository: Path, folder: Path, least_s: float = _LEAST_S) -> None:
    """Make this process one that tries mutants, in a copy of its own."""
    global _scratch  # noqa: PLW0603 - one for each process
    os.nice(5)
    for name in _LIBRARIES:
        importlib.import_module(name)
    _scratch = Scratch(repository, Path(tempfile.mkdtemp(dir=folder)), least_s=least_s)


def try_mutant(trial: Trial) -> Outcome:
    """Try one mutant in this process's copy."""
    assert _scratch is not None
    return _scratch.try_mutant(trial)
