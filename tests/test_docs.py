"""The documentation is true."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from selfinstruct.core.dataset_files.registry import SHAPES
from selfinstruct.core.filtering.registry import VERDICTS
from selfinstruct.core.setting_names import flag_of
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.sources import check
from selfinstruct.db.records import PASS
from selfinstruct.db.sqlite.migrations import migrations
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.selfinstruct import app as selfinstruct
from selfinstruct.tui.commands.selfinstruct import status_document
from selfinstruct.tui.commands.selfinstruct_tui import app as selfinstruct_tui
from selfinstruct.tui.keys.actions import ACTIONS, Action, actions_in
from selfinstruct.tui.keys.key_names import keys_shown
from selfinstruct.tui.keys.screens import EVERY, ScreenName

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CURATING = (ROOT / "docs" / "curating.md").read_text(encoding="utf-8")
FOLDERS = sorted(folder.name for folder in ROOT.iterdir() if any(folder.glob("*.py")))
"""Folders with code."""
PACKAGES = [
    name for name in FOLDERS if (ROOT / name / "__init__.py").exists() and name not in {"benchmarks", "tests"}
]
"""Folders that are installed."""
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def options() -> set[str]:
    """Every option of both programs."""
    commands = [get_command(selfinstruct_tui), *getattr(get_command(selfinstruct), "commands", {}).values()]
    parameters = [parameter for command in commands for parameter in command.params]
    return {name for p in parameters for name in [*p.opts, *p.secondary_opts]} | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_names_exists(page: Path) -> None:
    # What comes after pip, ruff, pytest, ray, trl, the fuzzer and the mutation testing is theirs.
    theirs = r"`(?:pytest|python -m tests\.(?:fuzz|mutation)) [^`]*`|(?m:^(?:ray|cd \S+ && trl) .*$)"
    text = re.sub(theirs, "", page.read_text(encoding="utf-8"))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert named - options() == set()


def test_every_advice_to_install_is_for_a_clone() -> None:
    code = [path for folder in FOLDERS if folder != "tests" for path in (ROOT / folder).rglob("*.py")]
    assert {"benchmarks", "core", "db", "docs", "tui"} <= {path.relative_to(ROOT).parts[0] for path in code}
    for path in (*PAGES, *code):
        wanted = re.findall(r"\bpip install ((?:-\S+ )*\S+)", path.read_text(encoding="utf-8"))
        names = [words.split()[-1].strip("'`") for words in wanted]
        assert [name for name in names if not name.startswith((".", "socksio"))] == [], path


def test_no_file_holds_the_marks_of_a_merge_that_was_not_finished() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    if not listed:
        pytest.skip("not a checkout")
    marks = re.compile(rb"^(?:<{7}|>{7}|\|{7}) |^={7}\r?$", re.MULTILINE)
    paths = [ROOT / name for name in listed.split("\0") if name]
    assert [path for path in paths if path.is_file() and marks.search(path.read_bytes())] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_setting_is_in_the_help_as_a_flag_or_by_its_name() -> None:
    command = get_command(selfinstruct_tui)
    flags = {name for parameter in command.params for name in parameter.opts}
    (listed,) = re.findall(r"besides, there are (.*?)\.\n", command.epilog or "")
    assert {name for name in Settings.model_fields if flag_of(name) not in flags} == set(
        re.split(r", | and ", listed)
    )


def test_the_settings_of_the_readme_are_right() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert check(tomllib.loads(block), source="README").concurrency == 16


def test_the_readme_names_every_key_of_the_first_footer() -> None:
    for action in actions_in("curate"):
        if action.footer:
            key = keys_shown(action, {}).split()[0]
            assert f"`{key}`" in README, action.name


def test_the_page_of_the_schema_names_every_code_of_a_reason() -> None:
    page = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"Codes: (.*?)\.\n", page, re.DOTALL)
    assert re.findall(r"`(\w+)`", named) == [code for code in VERDICTS if code != PASS]


def test_the_page_on_importing_lists_the_shapes_in_the_order_in_which_they_are_tried() -> None:
    section = (ROOT / "docs" / "importing.md").read_text(encoding="utf-8").split("\n## Shapes\n")[1]
    names = re.findall(r"(?m)^\| `([\w-]+)` \|", section.split("\n## ")[0])
    assert names == [shape.name for shape in SHAPES]


def test_the_page_of_the_schema_names_all_that_status_gives_as_json(workspace: Workspace) -> None:
    page = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    section = page.split("\n## Without SQL\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.MULTILINE))
    document = status_document(workspace.counts(), workspace.training(), workspace.storage())
    assert list(rows) == list(document)
    for name, numbers in document.items():
        assert set(numbers) - set(re.findall(r"`(\w+)`", rows[name])) == set(), name


def keys_table(heading: str) -> set[tuple[str, str]]:
    """The keys and the label of each action in the table under a heading of docs/curating.md."""
    section = CURATING.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \| ([^|]+?) \|", section, re.MULTILINE)
    return {(keys.replace("`", ""), label) for keys, label in rows}


def as_written(actions: list[Action]) -> set[tuple[str, str]]:
    return {(" ".join(keys_shown(action, {}).split()), action.label) for action in actions}


@pytest.mark.parametrize("screen", [screen for screen in EVERY if screen != "pool"])
def test_every_action_of_a_screen_is_in_its_table_with_its_keys(screen: ScreenName) -> None:
    own = [action for action in actions_in(screen) if not set(EVERY) <= set(action.where)]
    assert keys_table(screen.capitalize()) == as_written(own)


def test_what_works_on_every_screen_has_a_table() -> None:
    assert keys_table("Every screen") == as_written([a for a in ACTIONS if set(EVERY) <= set(a.where)])


def test_the_pool_has_the_keys_of_the_home_screen_but_one() -> None:
    curate, pool = set(actions_in("curate")), set(actions_in("pool"))
    assert pool < curate
    assert {action.keys for action in curate - pool} == {"n"}
    assert "has the same keys but `n`" in CURATING


def test_the_page_lists_every_action_that_a_key_can_be_given_to() -> None:
    section = CURATING.split("\n## Your own keys\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (`.+?`) \| ([^|]+?) \|$", section, re.MULTILINE)
    listed = [(name, keys.replace("`", "").split(), help_text) for name, keys, help_text in rows]
    assert listed == [(action.name, keys_shown(action, {}).split(), action.help) for action in ACTIONS]


def test_pages_name_no_key_that_does_nothing() -> None:
    known = {key for action in ACTIONS for key in keys_shown(action, {}).split()}
    for page in (README, CURATING):
        named = set(re.findall(r"`([^`\s]|\^[a-z]|[Ff]\d+)`", page))
        assert named - known == {"!", "▸"} & named


def test_the_readme_has_one_command_to_run_and_one_to_test() -> None:
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert [command.split("/")[-1] for command in commands] == ["selfinstruct-tui", "pytest"]


def test_the_readme_activates_the_environment_before_a_command_that_needs_it() -> None:
    before, activated, _ = README.partition("`. .venv/bin/activate`")
    assert activated
    assert not re.search(r"^selfinstruct", before, re.MULTILINE)


def test_the_page_on_architecture_shows_every_folder_with_its_first_line() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    tree = page.split("```\n")[1]
    shown, above = {}, [""]
    for line in tree.splitlines():
        name, first_line = line.split(None, 1)
        depth = (len(line) - len(line.lstrip())) // 4
        above[depth:] = [name]
        shown["".join(above)] = first_line
    code = [folder for folder in PACKAGES if folder != "seeds"]
    packages = [path for folder in code for path in (ROOT / folder).rglob("__init__.py")]
    told = {path: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "" for path in packages}
    assert shown == {f"{path.parent.relative_to(ROOT)}/": text.split("\n")[0] for path, text in told.items()}


def test_the_package_that_is_installed_holds_every_folder() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    found = [path.parent for root in PACKAGES for path in (ROOT / root).rglob("__init__.py")]
    folders = {".".join(("selfinstruct", *path.relative_to(ROOT).parts)) for path in found}
    assert set(listed["packages"]) == folders


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
