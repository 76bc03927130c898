"""Stylesheets stand beside what they style, are installed with it, and are all read."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import selfinstruct.tui
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.widgets.own_styles import OwnStyles

SOURCES = Path(__file__).parents[2] / "tui"
INSTALLED = Path(selfinstruct.tui.__path__[0])


def stylesheets(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.tcss")}


def all_below(base: type[OwnStyles]) -> Iterator[type[OwnStyles]]:
    """The program's own screens and dialogs; not those that other tests have made."""
    for one in base.__subclasses__():
        if one.__module__.startswith("selfinstruct."):
            yield one
        yield from all_below(one)


def test_every_stylesheet_is_installed_and_read() -> None:
    assert stylesheets(INSTALLED) == stylesheets(SOURCES)
    for module in walk_packages(selfinstruct.tui.__path__, "selfinstruct.tui."):
        import_module(module.name)
    by_screens = (path for screen in all_below(OwnStyles) for path in screen.own_styles())
    read = {Path(path).relative_to(INSTALLED).as_posix() for path in (*CuratorApp.CSS_PATH, *by_screens)}
    assert read == stylesheets(SOURCES)


def test_no_name_is_styled_for_another_screen() -> None:
    """What two screens share has a class, or a stylesheet above both."""
    places: dict[str, set[str]] = {}
    for path in (SOURCES / "screens").rglob("*.tcss"):
        for name in re.findall(r"#([a-z-]+)", re.sub(r"\{[^}]*\}", "", path.read_text(encoding="utf-8"))):
            places.setdefault(name, set()).add(path.parent.name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
