"""The documentation is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from selfinstruct.core.settings import check
from selfinstruct.db.migrations import migrations
from selfinstruct.tui.actions import ACTIONS, keys_shown
from selfinstruct.tui.cli import app as selfinstruct
from selfinstruct.tui.curate import app as selfinstruct_tui

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def options() -> set[str]:
    """Every option of both programs."""
    commands = [get_command(selfinstruct_tui), *getattr(get_command(selfinstruct), "commands", {}).values()]
    parameters = [parameter for command in commands for parameter in command.params]
    return {name for p in parameters for name in [*p.opts, *p.secondary_opts]} | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_names_exists(page: Path) -> None:
    # What comes after pip, ruff and pytest is theirs.
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text(encoding="utf-8")))
    assert named - options() == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_settings_of_the_readme_are_right() -> None:
    import tomllib

    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert check(tomllib.loads(block), source="README").concurrency == 16


def test_the_readme_names_every_key_of_the_footer() -> None:
    for action in ACTIONS:
        if action.footer:
            key = keys_shown(action, {}).split()[0]
            assert f"`{key}`" in README, action.name


def test_the_readme_has_one_command_to_run_and_one_to_test() -> None:
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert [command.split("/")[-1] for command in commands] == ["selfinstruct-tui", "pytest"]


def test_the_python_example_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "example.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "example.jsonl").read_text().count("\n") >= 3


def test_migrations_are_numbered_without_a_gap() -> None:
    names = [migration.name for migration in migrations._migrations]
    assert [name.split("_")[0] for name in names] == [f"m{n:03d}" for n in range(1, len(names) + 1)]
