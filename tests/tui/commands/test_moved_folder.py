"""A folder that is renamed keeps working: files are known by what they hold, not by where they are."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import remembered, resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.selfinstruct_tui import app

PROMPTS = '[classify.chat]\nsystem = "You sort tasks. You answer with one word."\n'


def auto(*words: object) -> Result:
    """An unattended run by the same chance each time; a model may lose the only row of a short run."""
    return CliRunner().invoke(
        app, ["--auto", "--rng-seed", "1", "--db", "w.db", *(str(word) for word in words)]
    )


def seed_lines(last: str = "Do thing number 7.") -> str:
    instructions = [*(f"Do thing number {number}." for number in range(7)), last]
    return "\n".join(
        json.dumps(
            {
                "instruction": instruction,
                "is_classification": number % 2 == 0,
                "instances": [{"input": "", "output": f"done {number}"}],
            }
        )
        for number, instruction in enumerate(instructions)
    )


def renamed(folder: Path, name: str) -> Path:
    """Give the current folder another name, and go there."""
    there = folder.rename(folder.with_name(name))
    os.chdir(there)
    return there


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "one"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


@pytest.mark.parametrize("from_file", [False, True])
def test_the_same_command_works_after_the_folder_was_renamed(folder: Path, from_file: bool) -> None:
    (folder / "mine.jsonl").write_text(seed_lines())
    words = [] if from_file else ["--seeds", "mine.jsonl"]
    if from_file:
        (folder / "selfinstruct.toml").write_text('seeds = "mine.jsonl"')
    assert auto("--target", 1, *words).exit_code == 0
    there = renamed(folder, "two")
    assert auto("--target", 2, *words).exit_code == 0
    (there / "mine.jsonl").rename(there / "same tasks.jsonl")
    assert auto("--target", 3, "--seeds", "same tasks.jsonl").exit_code == 0
    (there / "selfinstruct.toml").unlink(missing_ok=True)
    assert auto("--target", 3).exit_code == 0, "a workspace holds its seeds itself"


def test_other_seed_tasks_are_refused_wherever_they_are(folder: Path) -> None:
    (folder / "mine.jsonl").write_text(seed_lines())
    assert auto("--target", 1, "--seeds", "mine.jsonl").exit_code == 0
    (folder / "mine.jsonl").write_text(seed_lines("Do something else altogether."))
    said = auto("--target", 2, "--seeds", "mine.jsonl")
    assert said.exit_code == 2
    assert f"was started with {folder}/mine.jsonl, which cannot be changed" in said.output
    assert "Leave --seeds out, on the command line and in selfinstruct.toml" in said.output


def test_a_seed_file_that_is_not_there_is_told_with_the_place_and_the_way_out(folder: Path) -> None:
    assert auto("--target", 1).exit_code == 0
    said = auto("--target", 2, "--seeds", "gone.jsonl")
    assert said.exit_code == 2
    assert f"The seed file {folder}/gone.jsonl cannot be read: no such file or directory." in said.output
    assert "already has its seed tasks: leave --seeds out" in said.output


def test_prompts_beside_the_workspace_go_along_and_are_told_where_they_are_missing(folder: Path) -> None:
    (folder / "mine.toml").write_text(
        '[classify.chat]\nsystem = "You sort tasks. You answer with one word."\n'
    )
    assert auto("--target", 1, "--prompts", "mine.toml").exit_code == 0
    there = renamed(folder, "two")
    assert auto("--target", 2).exit_code == 0
    (there / "mine.toml").rename(there / "elsewhere.toml")
    said = auto("--target", 3)
    assert said.exit_code == 2
    assert f"the prompts in {there}/mine.toml, which does not exist" in said.output
    assert "--prompts" in said.output
    assert "--forget" in said.output
    assert auto("--target", 3, "--prompts", "elsewhere.toml").exit_code == 0
    (there / "elsewhere.toml").unlink()
    assert auto("--target", 4, "--forget").exit_code == 0


def test_who_only_looks_needs_neither_seeds_nor_prompts(folder: Path) -> None:
    (folder / "mine.jsonl").write_text(seed_lines())
    (folder / "mine.toml").write_text(
        '[classify.chat]\nsystem = "You sort tasks. You answer with one word."\n'
    )
    assert auto("--target", 1, "--prompts", "mine.toml", "--seeds", "mine.jsonl").exit_code == 0
    (folder / "mine.jsonl").unlink()
    (folder / "mine.toml").unlink()
    with Workspace.open(folder / "w.db", read_only=True) as workspace:
        engine = Engine(workspace, resolve({}, stored=remembered(workspace.settings.read(), workspace.path)))
        assert engine.settings.prompts == folder / "mine.toml"
        assert engine.settings.seeds == folder / "mine.jsonl"


def test_files_elsewhere_keep_their_whole_path(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(seed_lines())
    assert auto("--target", 1, "--seeds", "../mine.jsonl").exit_code == 0
    with Workspace.open(folder / "w.db", read_only=True) as workspace:
        assert workspace.settings.read()["seeds"].startswith("/")
