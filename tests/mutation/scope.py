"""Which modules are mutated, and which tests are to notice it."""

import re
import subprocess
from collections.abc import Iterable, Mapping
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

_OWN = {
    "core/method/instances.py": ("tests/core/method/test_fences.py", "tests/core/method/test_reading.py"),
    "core/method/labels.py": ("tests/core/method/test_own_words.py", "tests/core/method/test_reading.py"),
    "core/method/lists.py": ("tests/core/method/test_list_forms.py", "tests/core/method/test_reading.py"),
    "core/method/parsing.py": (
        "tests/core/method/test_lists.py",
        "tests/core/method/test_labels.py",
        "tests/core/method/test_instances.py",
        "tests/core/method/test_fences.py",
        "tests/core/method/test_thoughts.py",
    ),
    "core/method/thoughts.py": ("tests/core/method/test_reading.py",),
    "core/pool/assessor.py": ("tests/core/filtering", "tests/core/decisions/test_tasks.py"),
    "core/requests/intake.py": ("tests/core/requests/test_pipeline.py", "tests/core/test_engine.py"),
    "core/requests/planner.py": ("tests/core/requests", "tests/core/test_engine.py"),
    "core/requests/sender.py": ("tests/core/requests/test_pipeline.py", "tests/core/endpoint"),
    "core/runs/batch_tracker.py": (
        "tests/core/runs/test_attended.py",
        "tests/core/runs/test_attended_limits.py",
        "tests/core/runs/test_unattended.py",
    ),
    "db/check": ("tests/db/check",),
    "db/sqlite/migrations.py": ("tests/db/tables",),
    "db/reads/card.py": ("tests/core/export/test_card.py",),
    "db/reads/instance_answers.py": ("tests/core/export/test_thoughts.py",),
    "db/reads/overview.py": ("tests/core/stats/test_overview.py",),
    "db/reads/preferences.py": ("tests/core/export/test_preference.py",),
    "db/reads/provenance.py": ("tests/core/export/test_provenance.py",),
    "db/tables": (
        "tests/db/test_workspace.py",
        "tests/core/decisions",
        "tests/core/test_task_query.py",
        "tests/core/requests/test_pipeline.py",
        "tests/core/requests/test_cost_limit.py",
    ),
    "db/tables/vectors.py": (
        "tests/core/pool/test_vectors.py",
        "tests/core/requests/test_embedding_intake.py",
        "tests/core/requests/test_embedding_requests.py",
    ),
}
"""The first tests of a module or a folder where the layout does not tell them."""

_BESIDES = {
    "core/decisions": ("tests/core/requests", "tests/core/runs", "tests/db/check"),
    "core/endpoint": ("tests/core/requests", "tests/core/runs"),
    "core/export": ("tests/core/test_engine.py", "tests/tui/commands/test_export.py"),
    "core/filtering": ("tests/core/decisions", "tests/core/pool", "tests/core/requests"),
    "core/method": (
        "tests/core/test_engine.py",
        "tests/core/language/test_languages.py",
        "tests/core/settings",
        "tests/core/requests",
        "tests/tui/commands/test_auto.py",
        "tests/tui/commands/test_language.py",
        "tests/tui/commands/test_refused_start.py",
    ),
    "core/pool": ("tests/core/requests", "tests/core/runs", "tests/core/decisions"),
    "core/reparsing": ("tests/tui/commands/test_reparse.py",),
    "core/requests": ("tests/core/runs", "tests/core/pool", "tests/core/endpoint", "tests/core/decisions"),
    "core/runs": ("tests/core/requests", "tests/core/pool", "tests/tui/test_generation.py"),
    "core/task_query.py": ("tests/db",),
    "db": ("tests/core/test_engine.py", "tests/core/runs", "tests/tui/commands"),
    "db/check": ("tests/db", "tests/core/decisions"),
    "db/tables": (
        "tests/db",
        "tests/core/decisions",
        "tests/core/requests",
        "tests/core/runs",
        "tests/core/pool",
        "tests/core/export",
        "tests/core/stats",
        "tests/core/test_task_query.py",
    ),
}
"""Tests that cover a module or a folder besides those that mirror it; they run when those notice nothing."""

_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


def modules(root: Path, patterns: Iterable[str] = DECIDE_STORE_READ) -> list[str]:
    """The modules that these patterns name, as paths from the root of the repository."""
    found = {path.relative_to(root).as_posix() for pattern in patterns for path in root.glob(pattern)}
    return sorted(path for path in found if not path.endswith("__init__.py"))


def mirroring(root: Path, module: str) -> tuple[str, ...]:
    """The tests of a module: `tests/core/x/test_y*.py` for `core/x/y.py`, and those named above."""
    found = root.glob(f"tests/{Path(module).parent}/test_{Path(module).stem}*.py")
    own = sorted(path.relative_to(root).as_posix() for path in found)
    return (*own, *_nearest(_OWN, module)) or (_folder(root, module),)


def besides(root: Path, module: str) -> tuple[str, ...]:
    """The tests that cover a module elsewhere, after the rest of its own folder; not those of `mirroring`."""
    own = () if module in _BESIDES else (_folder(root, module),)
    mirrors = mirroring(root, module)
    return tuple(path for path in dict.fromkeys((*own, *_nearest(_BESIDES, module))) if path not in mirrors)


def _nearest(table: Mapping[str, tuple[str, ...]], module: str) -> tuple[str, ...]:
    """What a table has for a module, or else for the innermost of its folders."""
    names = (module, *(folder.as_posix() for folder in Path(module).parents))
    return next((table[name] for name in names if name in table), ())


def _folder(root: Path, module: str) -> str:
    """The tests of the innermost folder of a module that has any."""
    folders = (f"tests/{folder.as_posix()}" for folder in Path(module).parents)
    return next(folder for folder in folders if (root / folder).is_dir())


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
