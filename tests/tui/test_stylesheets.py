"""Stylesheets stand beside what they style, are installed with it, and are all read."""

import re
from pathlib import Path

import selfinstruct.tui
from selfinstruct.tui.app import CuratorApp

SOURCES = Path(__file__).parents[2] / "tui"
INSTALLED = Path(selfinstruct.tui.__path__[0])


def stylesheets(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.tcss")}


def test_every_stylesheet_is_installed_and_read() -> None:
    assert stylesheets(INSTALLED) == stylesheets(SOURCES)
    assert {Path(path).relative_to(INSTALLED).as_posix() for path in CuratorApp.CSS_PATH} == stylesheets(
        SOURCES
    )


def test_no_name_is_styled_for_another_screen() -> None:
    """What two screens share has a class, or a stylesheet above both."""
    places: dict[str, set[str]] = {}
    for path in (SOURCES / "screens").rglob("*.tcss"):
        for name in re.findall(r"#([a-z-]+)", re.sub(r"\{[^}]*\}", "", path.read_text(encoding="utf-8"))):
            places.setdefault(name, set()).add(path.parent.name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
