"""`selfinstruct export`: what it writes, what it never writes over, how it ends."""

import json
import shutil
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.export.registry import FORMATS
from selfinstruct.core.export.trainer_kinds import Trainer
from selfinstruct.core.export.trainers.registry import TRAINERS
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.core.export.rows import PLAIN, TALK, WITH_INPUT, WITH_SYSTEM, put
from tests.tui.commands.running import auto, run


def kept_tasks(path: Path) -> set[str]:
    with Workspace.open(path) as workspace:
        return {row.instruction for row in workspace.instances.training_rows(include_seeds=False)}


def test_every_export_loads_and_holds_every_accepted_task_with_kept_instances(
    grown: Path, tmp_path: Path
) -> None:
    def lines(export_format: str) -> list[dict[str, Any]]:
        out = tmp_path / f"{export_format}.jsonl"
        result = run("export", "--db", grown, "--format", export_format, "--out", out)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]

    expected = kept_tasks(grown)
    alpaca, messages, gpt3 = lines("alpaca"), lines("messages"), lines("gpt3")
    assert len(alpaca) == len(messages) == len(gpt3) >= len(expected) > 30
    assert {row["instruction"] for row in alpaca} == expected
    assert all(set(row) == {"instruction", "input", "output"} for row in alpaca)
    assert all(isinstance(value, str) for row in alpaca for value in row.values())
    for instruction in expected:
        assert any(row["messages"][0]["content"].startswith(instruction) for row in messages)
        assert any(instruction in row["prompt"] for row in gpt3)


def test_the_help_of_export_tells_of_every_format() -> None:
    told = " ".join(run("export", "--help").output.replace("│", " ").split())
    for one in FORMATS:
        assert f"{one.name}: {one.about}." in told


def test_a_file_that_ends_in_json_is_one_array(grown: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.json"
    run("export", "--db", grown, "--format", "alpaca", "--out", out)
    rows = json.loads(out.read_text(encoding="utf-8"))
    assert {row["instruction"] for row in rows} == kept_tasks(grown)


@pytest.mark.parametrize("command", ["export", "dedupe"])
@pytest.mark.parametrize("name", ["w.db.before-repair", "w.db-wal", "copy"])
def test_no_command_writes_over_what_belongs_to_a_workspace(
    grown: Path, tmp_path: Path, command: str, name: str
) -> None:
    shutil.copyfile(grown, tmp_path / "w.db")
    shutil.copyfile(grown, tmp_path / "copy")
    out = tmp_path / name
    if name != "copy":
        out.write_text("precious")
    before = out.read_bytes()
    (tmp_path / "rows.jsonl").write_text('{"instruction": "Name a fish."}\n')
    first = [tmp_path / "rows.jsonl"] if command == "dedupe" else ["--db", grown]
    result = run(command, *first, "--out", out, "--force")
    assert result.exit_code == 2
    assert "workspace" in result.output
    assert out.read_bytes() == before
    if command == "dedupe":
        result = run(command, *first, "--out", tmp_path / "new", "--report", out, "--force")
        assert result.exit_code == 2
        assert "Choose another --report" in " ".join(result.output.split())
        assert out.read_bytes() == before


def test_gpt3_mixes_the_layouts(grown: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.jsonl"
    run("export", "--db", grown, "--format", "gpt3", "--out", out)
    prompts = [json.loads(line)["prompt"] for line in out.read_text(encoding="utf-8").splitlines()]
    for mark in ("Task: ", "Input: ", "Output:", "\n\n"):
        share = sum(mark in prompt for prompt in prompts) / len(prompts)
        assert 0.05 < share < 0.95, mark


def test_seeds_come_along_when_asked_for(grown: Path, tmp_path: Path) -> None:
    without = run("export", "--db", grown, "--out", tmp_path / "a.jsonl").stdout
    result = run("export", "--db", grown, "--out", tmp_path / "b.jsonl", "--include-seeds").stdout
    assert "from seeds" not in without
    assert "from seeds" in result
    gained = len((tmp_path / "b.jsonl").read_text().splitlines()) - len(
        (tmp_path / "a.jsonl").read_text().splitlines()
    )
    assert gained >= 175


def test_text_in_any_script_is_written_as_it_is(grown: Path, tmp_path: Path) -> None:
    run("export", "--db", grown, "--out", tmp_path / "a.jsonl", "--include-seeds")
    text = (tmp_path / "a.jsonl").read_text(encoding="utf-8")
    assert "今日" in text
    assert "\\u4eca" not in text


def test_the_same_seed_writes_the_same_file_and_another_one_another_order(
    grown: Path, tmp_path: Path
) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        run("export", "--db", grown, "--format", "gpt3", "--out", tmp_path / name, "--rng-seed", seed)
    texts = [(tmp_path / name).read_text() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]


def test_a_file_that_is_there_is_replaced_only_with_force(grown: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.jsonl"
    out.write_text("precious")
    refused = run("export", "--db", grown, "--out", out)
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert out.read_text() == "precious"
    assert run("export", "--db", grown, "--out", out, "--force").exit_code == 0
    assert out.read_text() != "precious"


def test_an_export_is_its_owners_alone_and_leaves_nothing_else_behind(grown: Path, tmp_path: Path) -> None:
    run("export", "--db", grown, "--out", tmp_path / "train.jsonl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train.jsonl", "train.jsonl.card.md"]
    assert stat.S_IMODE((tmp_path / "train.jsonl.card.md").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "train.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["status", "--db", "nowhere.db"],
            "There is no workspace at nowhere.db: there is no such file in /",
            id="no workspace",
        ),
        pytest.param(
            ["export", "--out", "a/b/c.jsonl", "--db", "GROWN"],
            "a/b does not exist. Create it, or choose another place.",
            id="no folder",
        ),
        pytest.param(["export", "--out", ".", "--db", "GROWN"], "is a folder", id="a folder"),
    ],
)
def test_wrong_use_gets_one_sentence(grown: Path, words: list[str], said: str) -> None:
    result = run(*(grown if word == "GROWN" else word for word in words))
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_an_export_never_replaces_the_workspace_it_is_made_from(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    assert auto("--db", path, "--target", "1").exit_code == 0
    refused = run("export", "--db", path, "--out", path, "--force")
    assert refused.exit_code == 2
    assert "is the workspace itself" in refused.output
    assert run("status", "--db", path).exit_code == 0


def test_an_export_without_a_row_says_why_and_ends_with_code_1(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        Engine(workspace, resolve({}))
    result = run("export", "--db", path, "--out", tmp_path / "t.jsonl")
    assert result.exit_code == 1
    assert "is empty: no accepted task has kept instances yet" in result.stderr
    assert (tmp_path / "t.jsonl").read_text() == ""
    assert "is written but empty" in run("export", "--help").stdout


def test_the_help_of_export_tells_of_every_trainer() -> None:
    told = " ".join(run("export", "--help").output.replace("│", " ").split())
    for one in TRAINERS:
        assert f"{one.name}: {one.about}." in told


@pytest.mark.parametrize("one", TRAINERS, ids=lambda one: one.name)
def test_an_export_for_a_trainer_ends_with_the_command_that_starts_it(
    grown: Path, tmp_path: Path, one: Trainer
) -> None:
    out = tmp_path / ("out" if one.is_folder else "out.jsonl")
    result = run("export", "--db", grown, "--for", one.name, "--out", out)
    assert result.exit_code == 0, result.output
    said, _, command = result.stdout.partition("Start the training with:\n")
    file = out / "data" / "train.jsonl" if one.is_folder else out
    assert said.startswith("Wrote ")
    assert str(file) in said
    assert file.exists()
    assert str(out) in command
    assert command.startswith("  ")


@pytest.mark.parametrize("words", [(), ("--for", "openai"), ("--format", "csv"), ("--format", "parquet")])
def test_standard_output_has_the_rows_and_nothing_else(
    grown: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    run("export", "--db", grown, *words, "--out", tmp_path / "t")
    result = run("export", "--db", grown, *words, "--out", "-")
    assert result.exit_code == 0, result.output
    assert result.stdout_bytes == (tmp_path / "t").read_bytes()
    assert "to standard output: " in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t", "t.card.md"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--for", "trl", "--out", "-"),
            "trl is a folder with several files. Choose its name with --out.",
        ),
        (
            ("--format", "hub", "--out", "-"),
            "hub is a folder with several files. Choose its name with --out.",
        ),
        (
            ("--for", "trl", "--format", "csv", "--out", "t"),
            "--for trl has a format of its own. Leave out --format or --for.",
        ),
        (("--format", "alpaca", "--system", "Be kind.", "--out", "t"), "has no place for a system prompt"),
        (("--max-instances", "0", "--out", "t"), "--max-instances is wrong"),
        (("--guard-formulas", "--out", "t"), "--guard-formulas is for spreadsheets."),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_written(
    grown: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    result = run("export", "--db", grown, *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_out_is_told_with_its_reason(workspace: Workspace, tmp_path: Path) -> None:
    put(workspace, PLAIN, WITH_SYSTEM, TALK, *(replace(WITH_INPUT, output=name) for name in ("Tana", "Mara")))
    words = ("export", "--db", workspace.path, "--max-instances", "1", "--out", tmp_path / "t")
    said = run(*words, "--format", "alpaca").stdout
    assert "Wrote 2 rows" in said
    assert (
        "Kept but not exported: 2 conversations, which alpaca has no place for, 1 over 1 of a task." in said
    )


def test_an_extra_that_is_missing_is_one_sentence_with_the_way_to_it(
    grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    result = run("export", "--db", grown, "--format", "hub", "--out", tmp_path / "hub")
    assert result.exit_code == 2
    assert "Install it from a clone: pip install '.[parquet]'" in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []
