"""A screen is a module or a folder of its own: screens know what they share, and not each other."""

import ast
from pathlib import Path

from selfinstruct.tui.keys.screens import SCREENS

FOLDER = Path(__file__).parents[3] / "tui" / "screens"
SHARED = {"base", "deciding", "filtered"}


def imported(path: Path) -> set[str]:
    """The parts of `selfinstruct.tui.screens` that a module imports when it is read."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
    parts = [name.split(".") for name in names if name.startswith("selfinstruct.tui.screens.")]
    return {part[3] for part in parts}


def test_no_screen_imports_another_one() -> None:
    screens = {entry.made_by.partition(":")[0].split(".")[0] for entry in SCREENS}
    found = {}
    for path in FOLDER.rglob("*.py"):
        own = path.relative_to(FOLDER).with_suffix("").parts[0]
        if own == "__init__":
            continue
        assert own in SHARED | screens
        found[path] = imported(path) - SHARED - ({own} if own not in SHARED else set())
    assert {path: others for path, others in found.items() if others} == {}
