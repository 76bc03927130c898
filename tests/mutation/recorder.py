"""A pytest plugin that records which lines each test runs, and how long it takes.

`RECORD_TO` names the folder for the records, one of each test file; `RECORD_FROM` the root of the repository.
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage
from coverage.numbits import nums_to_numbits

_TO, _ROOT = Path(os.environ["RECORD_TO"]), Path(os.environ["RECORD_FROM"]).resolve()
_coverage = Coverage(
    data_file=None, config_file=False, include=[f"{_ROOT}/{name}/*" for name in ("core", "db", "tui")]
)
_seconds: dict[str, float] = {}
_failed: set[str] = set()


def pytest_configure() -> None:
    """Record from the first import: what runs then belongs to no test."""
    _coverage.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Record the lines of this test with its fixtures as its own."""
    _coverage.switch_context(item.nodeid)
    begun = time.perf_counter()
    try:
        return (yield)
    finally:
        _seconds[item.nodeid] = time.perf_counter() - begun
        _coverage.switch_context("")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember that it did not pass."""
    if not report.passed:
        _failed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write what the tests of each file did; those that did not pass tell nothing of a mutant."""
    if not _seconds:
        return  # the process that hands the tests to others
    _coverage.stop()
    data = _coverage.get_data()
    lines: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for path in sorted(data.measured_files()):
        module = Path(path).relative_to(_ROOT).as_posix()
        for line, tests in data.contexts_by_lineno(path).items():
            for test in tests:
                lines[test].setdefault(module, []).append(line)
    files: dict[str, dict[str, object]] = defaultdict(dict)
    for test, seconds in _seconds.items():
        if test not in _failed:
            ran = {module: nums_to_numbits(numbers).hex() for module, numbers in lines[test].items()}
            files[test.partition("::")[0]][test] = {"seconds": seconds, "lines": ran}
    for file, tests_of_file in files.items():
        (_TO / f"{file.replace('/', '-')}.json").write_text(json.dumps(tests_of_file))
