"""Mutation testing: what is mutated, and that a fault is noticed when a test looks at it."""

import re
import subprocess
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

pytest.importorskip("cosmic_ray", reason="an extra of its own: pip install -e '.[mutation]'")

from tests.mutation.mutants import Mutant, equivalents, mutant_at, places_of
from tests.mutation.scope import besides, changed_lines, mirroring, modules
from tests.mutation.trial import Outcome, Trial, UnmutatedFailsError, begin, try_mutant

ROOT = Path(__file__).parents[2]

MODULE = '''
"""A module."""

from collections.abc import Iterator
from dataclasses import dataclass

_MOST = 10


@dataclass(frozen=True)
class Size:
    n: int


def chosen(numbers: list[int] | None, *, strict: bool = False) -> Iterator[int]:
    assert numbers is not None
    for number in numbers:
        if number in {3, 4} and not strict:
            print(number)
        try:
            yield number
        except OSError:
            pass


SQL = "SELECT id FROM tasks WHERE state = ? AND id > ? ORDER BY id DESC"
SET = "UPDATE tasks SET state = ? WHERE id IS NULL"
'''


def faults(folder: Path, source: str) -> list[str]:
    (folder / "module.py").write_text(source, encoding="utf-8")
    found = [mutant_at(folder, place) for place in places_of(folder, "module.py")]
    return [mutant.after for mutant in found if mutant is not None]


def test_every_kind_of_fault_is_put_in_and_nothing_that_only_the_type_checker_reads(tmp_path: Path) -> None:
    found = faults(tmp_path, MODULE)
    for fault in (
        "if number in {3, 4} or not strict:",
        "if number not in {3, 4} and not strict:",
        "if number in {3, 4} and  strict:",
        "pass",
        "except ():",
        "for number in []:",
        'SQL = "SELECT id FROM tasks WHERE state != ? AND id > ? ORDER BY id DESC"',
        'SQL = "SELECT id FROM tasks WHERE state = ? OR id > ? ORDER BY id DESC"',
        'SQL = "SELECT id FROM tasks WHERE state = ? AND id >= ? ORDER BY id DESC"',
        'SQL = "SELECT id FROM tasks WHERE state = ? AND id > ? ORDER BY id"',
        'SET = "UPDATE tasks SET state = ? WHERE id IS NOT NULL"',
    ):
        assert fault in found
    assert not [
        fault for fault in found if {"_MOST", "assert", "&", "frozen"} & set(re.findall(r"\w+|&", fault))
    ]
    assert not [fault for fault in found if "SET state != ?" in fault]


def test_every_equivalent_mutant_that_is_named_is_one_still() -> None:
    known = equivalents()
    there = set()
    for module in {module for module, _, _ in known}:
        named = {before for of, before, _ in known if of == module}
        lines = (ROOT / module).read_text(encoding="utf-8").splitlines()
        for place in places_of(ROOT, module):
            if any(lines[number - 1].strip() in named for number in place.lines):
                mutant = mutant_at(ROOT, place)
                assert mutant is not None
                there.add((module, mutant.before, mutant.after))
    assert set(known) - there == set()


def test_every_mutated_module_has_tests_and_every_path_of_tests_is_there() -> None:
    for module in modules(ROOT):
        own = mirroring(ROOT, module)
        assert own
        assert [path for path in (*own, *besides(ROOT, module)) if not (ROOT / path).exists()] == []


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with a module, and a test that looks at half of what it does."""
    root = tmp_path / "repository"
    for name in ("core", "db", "seeds", "tui", "tests"):
        (root / name).mkdir(parents=True)
    (root / "core" / "__init__.py").write_text("")
    (root / "core" / "sizes.py").write_text("def is_large(n):\n    return n > 10\n")
    (root / "tests" / "test_sizes.py").write_text(
        "from selfinstruct.core.sizes import is_large\n\n"
        "def test_eleven_is_large():\n    assert is_large(11) and not is_large(5)\n"
    )
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "-m", "m"],
    ):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def outcomes_of(
    repository: Path, folder: Path, mutants: Iterable[Mutant], *, least_s: float = 60.0
) -> dict[str, Outcome]:
    folder.mkdir()
    # A process of its own, as the program has: it forks.
    with ProcessPoolExecutor(
        1, get_context("spawn"), initializer=begin, initargs=(repository, folder, least_s)
    ) as pool:
        trials = [Trial(mutant, (("tests/test_sizes.py",),)) for mutant in mutants]
        return {one.mutant.after: pool.submit(try_mutant, one).result() for one in trials}


def sizes_mutants(repository: Path) -> list[Mutant]:
    made = [mutant_at(repository, place) for place in places_of(repository, "core/sizes.py")]
    return [mutant for mutant in made if mutant is not None]


@pytest.mark.slow
def test_faults_that_no_test_looks_at_survive_and_the_working_tree_stays_as_it_is(
    repository: Path, tmp_path: Path
) -> None:
    outcomes = outcomes_of(repository, tmp_path / "scratch", sizes_mutants(repository))
    assert outcomes["return n <= 10"] is Outcome.KILLED
    assert outcomes["return n >= 10"] is Outcome.SURVIVED
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


@pytest.mark.slow
def test_a_mutant_that_never_ends_is_noticed(repository: Path, tmp_path: Path) -> None:
    endless = Mutant(places_of(repository, "core/sizes.py")[0], "while True: pass\n", "", "for ever")
    outcomes = outcomes_of(repository, tmp_path / "scratch", [endless], least_s=0.1)
    assert outcomes == {"for ever": Outcome.TIMED_OUT}


@pytest.mark.slow
def test_tests_that_fail_by_themselves_are_told_and_measure_nothing(repository: Path, tmp_path: Path) -> None:
    (repository / "tests" / "test_sizes.py").write_text("def test_fails():\n    assert False, 'by itself'\n")
    with pytest.raises(UnmutatedFailsError, match="by itself"):
        outcomes_of(repository, tmp_path / "scratch", sizes_mutants(repository))


def test_since_a_revision_only_the_lines_that_differ_count(repository: Path) -> None:
    sizes = repository / "core" / "sizes.py"
    sizes.write_text(sizes.read_text() + "\n\ndef is_small(n):\n    return n < 3\n")
    assert changed_lines(repository, "main") == {"core/sizes.py": {3, 4, 5, 6}}
