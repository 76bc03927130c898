"""Which modules are mutated, and in which folders the tests are that may notice it."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

DECIDE_STORE_READ = (
    "core/decisions/**/*.py",
    "core/endpoint/**/*.py",
    "core/export/**/*.py",
    "core/filtering/**/*.py",
    "core/method/**/*.py",
    "core/pool/**/*.py",
    "core/reparsing/**/*.py",
    "core/requests/**/*.py",
    "core/runs/**/*.py",
    "core/task_query.py",
    "db/**/*.py",
)
"""The modules that decide, store and read."""

_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


def modules(root: Path, patterns: Iterable[str] = DECIDE_STORE_READ) -> list[str]:
    """The modules that these patterns name, as paths from the root of the repository."""
    found = {path.relative_to(root).as_posix() for pattern in patterns for path in root.glob(pattern)}
    return sorted(path for path in found if not path.endswith("__init__.py"))


def test_folders(modules: Iterable[str]) -> tuple[str, ...]:
    """The folders whose tests run these modules; those of the screens only for the screens."""
    of_screens = any(module.startswith("tui/") for module in modules)
    return ("tests/core", "tests/db", "tests/tui" if of_screens else "tests/tui/commands")


def changed_lines(root: Path, revision: str) -> dict[str, set[int]]:
    """The lines of each module that differ from a revision, as they are numbered in the working tree.

    Raises:
        subprocess.CalledProcessError: there is no such revision.
    """
    shown = subprocess.run(
        ["git", "diff", "-U0", "--no-ext-diff", "--no-color", revision, "--", "core", "db", "tui"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    changed: dict[str, set[int]] = {}
    for part in re.split(r"^diff --git ", shown, flags=re.MULTILINE)[1:]:
        name = re.search(r"^\+\+\+ b/(.+)$", part, re.MULTILINE)
        if name is None:
            continue
        lines = changed.setdefault(name.group(1), set())
        for first, count in _HUNK.findall(part):
            lines.update(range(int(first), int(first) + int(count or 1)))
    return changed
