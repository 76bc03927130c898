"""Mutation testing: what is mutated, and that a fault is noticed when a test looks at it."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

pytest.importorskip("cosmic_ray", reason="an extra of its own: pip install -e '.[mutation]'")

from tests.mutation.mutants import Mutant, Place, equivalents, mutant_at, places_of
from tests.mutation.reach import Reach, RecordedTest, recorded
from tests.mutation.scope import changed_lines
from tests.mutation.scratch import ScratchCopy
from tests.mutation.trial import Outcome, Trial, begin, try_mutant

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


SIZES = """
LARGEST = 10 if True else -10

def is_large(n):
    return n > LARGEST

def is_small(n):
    if n > 3 and n != 4:
        return False
    return n < 3

def is_negative(n):
    return n < 0
"""
TESTS = """
from selfinstruct.core.sizes import is_large, is_small

def test_eleven_is_large():
    assert is_large(11) and not is_large(5)

def test_five_is_not_small():
    assert not is_small(5)
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with a module, and a test that looks at half of what it does."""
    root = tmp_path / "repository"
    for name in ("core", "db", "seeds", "tui", "tests"):
        (root / name).mkdir(parents=True)
    (root / "core" / "__init__.py").write_text("")
    (root / "core" / "sizes.py").write_text(SIZES)
    (root / "tests" / "core").mkdir()
    (root / "tests" / "core" / "test_sizes.py").write_text(TESTS)
    for name in ("__init__.py", "mutation/__init__.py", "mutation/recorder.py"):
        (root / "tests" / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "tests" / name, root / "tests" / name)
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "-m", "m"],
    ):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def recorded_tests(repository: Path, folder: Path) -> list[RecordedTest]:
    copy = ScratchCopy(repository, Path(tempfile.mkdtemp(dir=folder)))
    return recorded(copy, ["tests/core"], folder / "kept", 1)


def outcomes_of(
    repository: Path, folder: Path, mutants: Iterable[Mutant], *, least_s: float = 60.0
) -> dict[str, Outcome]:
    reach = Reach(repository, recorded_tests(repository, folder))
    # A process of its own, as the program has: it forks.
    with ProcessPoolExecutor(
        1, get_context("spawn"), initializer=begin, initargs=(repository, folder, least_s)
    ) as pool:
        found = {}
        for mutant in mutants:
            trial = Trial(mutant, {test.name: test.seconds for test in reach.tests_of(mutant.place)})
            found[mutant.after] = pool.submit(try_mutant, trial).result()
        return found


def place_of(repository: Path, line: str) -> Place:
    number = SIZES.splitlines().index(next(one for one in SIZES.splitlines() if one.strip() == line)) + 1
    return Place("core/sizes.py", range(number, number + 1), "", 0)


def sizes_mutants(repository: Path) -> list[Mutant]:
    made = [mutant_at(repository, place) for place in places_of(repository, "core/sizes.py")]
    return [mutant for mutant in made if mutant is not None]


@pytest.mark.slow
def test_faults_that_no_test_looks_at_survive_and_the_working_tree_stays_as_it_is(
    repository: Path, tmp_path: Path
) -> None:
    outcomes = outcomes_of(repository, tmp_path, sizes_mutants(repository))
    assert outcomes["return n <= LARGEST"] is Outcome.KILLED
    assert outcomes["return n >= LARGEST"] is Outcome.SURVIVED
    assert outcomes["return n <= 0"] is Outcome.SURVIVED
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


@pytest.mark.slow
def test_a_mutant_that_never_ends_is_noticed(repository: Path, tmp_path: Path) -> None:
    code = SIZES.replace("return n > LARGEST", "while True: pass")
    endless = Mutant(place_of(repository, "return n > LARGEST"), code, "", "for ever")
    outcomes = outcomes_of(repository, tmp_path, [endless], least_s=0.1)
    assert outcomes == {"for ever": Outcome.TIMED_OUT}


@pytest.mark.slow
def test_a_fault_meets_the_tests_that_run_its_line_before_others_of_the_module(
    repository: Path, tmp_path: Path
) -> None:
    reach = Reach(repository, recorded_tests(repository, tmp_path))

    def first(line: str) -> str:
        return reach.tests_of(place_of(repository, line))[0].name.partition("::")[2]

    assert first("return n > LARGEST") == "test_eleven_is_large"
    assert first("if n > 3 and n != 4:") == "test_five_is_not_small"
    for line in ("LARGEST = 10 if True else -10", "return n < 0", "return n > LARGEST"):
        assert len(reach.tests_of(place_of(repository, line))) == 2


@pytest.mark.slow
def test_tests_that_fail_by_themselves_notice_nothing(repository: Path, tmp_path: Path) -> None:
    tests = repository / "tests" / "core" / "test_sizes.py"
    tests.write_text(TESTS.replace("assert is_large(11)", "assert not is_large(11)"))
    assert (
        outcomes_of(repository, tmp_path, sizes_mutants(repository))["return n <= LARGEST"]
        is Outcome.SURVIVED
    )


@pytest.mark.slow
def test_what_tests_run_is_recorded_again_only_for_a_test_file_that_changed(
    repository: Path, tmp_path: Path
) -> None:
    recorded_tests(repository, tmp_path)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").iterdir()}
    (repository / "tests" / "core" / "test_more.py").write_text("def test_more():\n    pass\n")
    names = {test.name for test in recorded_tests(repository, tmp_path)}
    assert "tests/core/test_more.py::test_more" in names
    assert len(list((tmp_path / "kept").iterdir())) == len(kept) + 1
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_since_a_revision_only_the_lines_that_differ_count(repository: Path) -> None:
    sizes = repository / "core" / "sizes.py"
    first = len(SIZES.splitlines()) + 1
    sizes.write_text(sizes.read_text() + "\n\ndef is_tiny(n):\n    return n < 2\n")
    assert changed_lines(repository, "main") == {"core/sizes.py": set(range(first, first + 4))}
