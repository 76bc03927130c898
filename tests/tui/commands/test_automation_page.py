"""docs/automation.md names every field that the commands print, and no other."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from selfinstruct.tui.commands.exit_codes import Exit
from selfinstruct.tui.commands.selfinstruct import app as selfinstruct
from tests.tui.commands.running import run

PAGE = (Path(__file__).parents[3] / "docs" / "automation.md").read_text(encoding="utf-8")


def tables(heading: str) -> list[dict[str, str]]:
    """The tables with fields in a section: the rest of its row by the name of each field."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = []
    for table in re.findall(r"^\| field \| \|\n\| --- \| --- \|\n((?:\|.*\n)+)", section, re.MULTILINE):
        fields = {}
        for row in table.splitlines():
            _, names, about = row.split("|", 2)
            fields.update(dict.fromkeys(re.findall(r"`(\w+)`", names), about))
        found.append(fields)
    return found


def names_within(value: Any) -> set[str]:
    """The names of all fields within a value, in objects in lists too."""
    if isinstance(value, dict):
        return set(value) | {name for one in value.values() for name in names_within(one)}
    if isinstance(value, list):
        return {name for one in value for name in names_within(one)}
    return set()


def objects(*words: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*words, "--json").stdout.splitlines()]


@pytest.mark.parametrize("place", [0, 1])
def test_every_field_of_a_task_is_named(grown: Path, place: int) -> None:
    of_list, of_show, _ = tables("Tasks")
    ids = [task["id"] for task in objects("list", "--db", grown, "--where", "origin:model", "--limit", 60)]
    tasks = objects(*(("list", "--db", grown) if place == 0 else ("show", *ids, "--db", grown)))
    named = of_list if place == 0 else of_list | of_show
    assert {name for task in tasks for name in task} == set(named)
    for task in tasks:
        for name, value in task.items():
            assert names_within(value) - set(re.findall(r"`(\w+)`", named[name])) == set(), name


def test_every_field_of_a_search_is_named(grown: Path) -> None:
    _, _, of_search = tables("Tasks")
    (found,) = objects("search", "Write a program.", "--db", grown)
    assert set(found) == set(of_search)
    assert names_within(found["nearest"]) <= set(re.findall(r"`(\w+)`", of_search["nearest"]))


def test_every_field_of_a_result_is_named(grown: Path, tmp_path: Path) -> None:
    _, of_results = tables("Decisions")
    (tmp_path / "w.db").write_bytes(grown.read_bytes())
    lines = '{"id": 1, "decision": "accept"}\n{"id": 1, "instance": 1, "decision": "drop"}\noops\n'
    done = CliRunner().invoke(selfinstruct, ["decide", "--db", str(tmp_path / "w.db"), "--json"], input=lines)
    assert {name for line in done.stdout.splitlines() for name in json.loads(line)} == set(of_results)


def test_every_exit_code_that_the_commands_have_is_named() -> None:
    named = re.findall(r"^\| (\d+) \|", PAGE.split("\n## Exit codes\n")[1], re.MULTILINE)
    mine = [Exit.DONE, Exit.FAILED, Exit.USAGE, Exit.REFUSED, Exit.INTERRUPTED]
    assert [int(code) for code in named] == mine
