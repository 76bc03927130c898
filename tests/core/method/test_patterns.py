"""Patterns mean the same in every Python that the program runs on."""

import re
from collections.abc import Iterator
from pathlib import Path

import selfinstruct.core
import selfinstruct.seeds

_GROUP = re.compile(r"\)(?:[*+?]|\{[\d,]+\})\+|\(\?>")


def possessive_groups(folder: Path) -> Iterator[str]:
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.toml")]):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            if _GROUP.search(line):
                yield f"{path.name}:{number}: {line.strip()}"


def test_no_pattern_has_a_possessive_group() -> None:
    """Before Python 3.11.5 they miss matches; `(?=(?P<x>...))(?P=x)` is atomic everywhere."""
    for package in (selfinstruct.core, selfinstruct.seeds):
        assert package.__file__ is not None
        assert list(possessive_groups(Path(package.__file__).parent)) == []


def test_a_possessive_group_would_be_found(tmp_path: Path) -> None:
    for number, pattern in enumerate((r"(?:a|b)*+", r"(a)?+", r"(?>a|b)", r"(?:ab){1,3}+")):
        (tmp_path / f"p{number}.py").write_text(f'P = r"{pattern}"\n')
    assert len(list(possessive_groups(tmp_path))) == 4
