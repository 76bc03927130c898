"""Reach: which tests run a line, so that only those meet a fault there.

Tests are run once under coverage.py. What they ran is kept outside of the tree, for each test file by its
content and that of the modules: a test is recorded anew when it changes, and all are when a module does.
"""

import ast
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from coverage.numbits import num_in_numbits

from tests.mutation.mutants import Place
from tests.mutation.scratch import ScratchCopy

QUICK = "not slow and not nightly"
_OF_TREE = ("core", "db", "seeds", "tui", "tests")
_LONGEST_S = 60.0
"""So long may the tests of one mutant take together, as long as they took when they were recorded."""


@dataclass(frozen=True, slots=True)
class RecordedTest:
    """A test that passed."""

    name: str
    """As pytest names it, from the root."""
    seconds: float
    lines: Mapping[str, bytes]
    """The lines of each module that it ran, as numbits of coverage.py."""


class Reach:
    """The tests that run a line.

    Args:
        root: Of the repository.
        tests: All that were recorded.
    """

    def __init__(self, root: Path, tests: Iterable[RecordedTest]) -> None:
        self._root = root
        self._tests = list(tests)

    def tests_of(self, place: Place) -> list[RecordedTest]:
        """The tests that may notice a fault, as many as there is time for.

        Those that run the line come first, then others that run a function of its module: what runs at
        import, or is cached after it, belongs to no test or to one alone. Of both, the tests that mirror the
        module and the quickest come first. Where no test runs a function of it, they are those of its folder.
        """
        module = place.module
        inside = _inside_functions(_tree(self._root / module))
        lines = inside.intersection(place.lines)
        folder = f"tests/{Path(module).parent.as_posix()}/"
        mirror = f"{folder}test_{Path(module).stem}"
        found = [
            test
            for test in self._tests
            if test.name.startswith(mirror) or self._runs(test, module, inside)  # some run it in programs
        ]
        found = found or [test for test in self._tests if test.name.startswith(folder)]
        found.sort(
            key=lambda test: (
                not self._runs(test, module, lines),
                not test.name.startswith(mirror),
                test.seconds,
            )
        )
        return list(_within(found, _LONGEST_S))

    @staticmethod
    def _runs(test: RecordedTest, module: str, lines: Iterable[int]) -> bool:
        ran = test.lines.get(module)
        return ran is not None and any(num_in_numbits(line, ran) for line in lines)


def recorded(copy: ScratchCopy, folders: Sequence[str], kept: Path, processes: int) -> list[RecordedTest]:
    """What the quick tests of these folders run; those that are not kept yet are run now.

    Args:
        copy: What they run in.
        folders: From the root.
        kept: The folder in which records are kept; made when missing.
        processes: How many run tests at once.
    """
    kept.mkdir(parents=True, exist_ok=True)
    places = {file: kept / f"{digest}.json" for file, digest in _digests(copy.root, folders)}
    missing = [file for file, place in places.items() if not place.exists()]
    if missing:
        with tempfile.TemporaryDirectory(prefix="recorded-") as to:
            _record(copy, missing, Path(to), processes)
            for file in missing:
                record = Path(to, f"{file.replace('/', '-')}.json")
                places[file].write_text(record.read_text() if record.exists() else "{}")
    return [
        RecordedTest(
            name, test["seconds"], {module: bytes.fromhex(bits) for module, bits in test["lines"].items()}
        )
        for place in places.values()
        for name, test in json.loads(place.read_text()).items()
    ]


def _record(copy: ScratchCopy, files: Sequence[str], to: Path, processes: int) -> None:
    options = ["-o", "addopts=", "-q", "-m", QUICK, "-n", str(processes), "--dist", "loadfile"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "tests.mutation.recorder", *files],
        cwd=copy.root,
        env={**copy.environment, "RECORD_TO": str(to), "RECORD_FROM": str(copy.root)},
        check=False,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.nice(5) and None,
    )


def _digests(root: Path, folders: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The test files of these folders, each with a digest of all that its record depends on."""
    tree = hashlib.sha256()
    for path in sorted(path for name in _OF_TREE for path in (root / name).rglob("*") if path.is_file()):
        name = path.relative_to(root).as_posix()
        if not name.startswith("tests/mutation/") and not _is_test(path) and "__pycache__" not in name:
            tree.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    for path in sorted({path for folder in folders for path in (root / folder).rglob("test_*.py")}):
        name = path.relative_to(root).as_posix()
        yield name, hashlib.sha256(tree.digest() + name.encode() + path.read_bytes()).hexdigest()


def _is_test(path: Path) -> bool:
    return path.name.startswith("test_") and path.suffix == ".py"


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _inside_functions(tree: ast.Module) -> set[int]:
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for line in range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
    }


def _within(tests: Iterable[RecordedTest], seconds: float) -> Iterator[RecordedTest]:
    """The first of them, until they take so long together."""
    for test in tests:
        yield test
        seconds -= test.seconds
        if seconds <= 0:
            return
