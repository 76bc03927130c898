"""`--language`: given, found in the seed tasks, and kept by the workspace."""

import json
from pathlib import Path

import pytest

from selfinstruct.core.filtering.settings import filter_defaults
from selfinstruct.core.language.detect import pick_language
from selfinstruct.core.language.registry import with_seeds
from selfinstruct.core.method.seeds import built_in
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.server import Fault, ModelServer, error_body
from tests.tui.commands.running import auto, run


@pytest.mark.parametrize("code", [code for code in with_seeds() if code != "en"])
def test_a_bootstrap_in_each_language_works_out_of_the_box(tmp_path: Path, code: str) -> None:
    path = tmp_path / "w.db"
    assert auto("--db", path, "--language", code, "--target", "30").exit_code == 0
    document = json.loads(run("status", "--db", path, "--json").stdout)
    assert document["pool"]["model"] == 30
    assert run("export", "--db", path, "--format", "alpaca", "--out", tmp_path / "t.jsonl").exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 30
    assert pick_language([row["instruction"] for row in rows]) == code


def test_auto_takes_the_language_of_the_seed_tasks_says_so_and_keeps_it(tmp_path: Path) -> None:
    seeds = tmp_path / "mine.jsonl"
    seeds.write_text(built_in("ko").read_text(encoding="utf-8"), encoding="utf-8")
    words = ["--db", tmp_path / "w.db", "--seeds", seeds]
    begun = auto(*words, "--language", "auto", "--target", "1")
    assert "The seed tasks are in Korean (한국어), so the language is ko." in begun.output
    for more in (["--language", "auto"], ["--language", "ko"], [], ["--forget"]):
        again = auto(*words, *more, "--target", "1")
        assert again.exit_code == 0, again.output
        assert ("Korean" in again.output) == ("auto" in more)
        with Workspace.open(tmp_path / "w.db") as workspace:
            assert workspace.settings.read()["language"] == "ko"


def test_seed_tasks_in_another_language_are_warned_of_once_and_taken_all_the_same(tmp_path: Path) -> None:
    seeds = tmp_path / "mine.jsonl"
    seeds.write_text(built_in("ko").read_text(encoding="utf-8"), encoding="utf-8")
    words = ["--db", tmp_path / "w.db", "--seeds", seeds, "--target"]
    begun = auto(*words, "1")
    assert begun.exit_code == 0
    assert begun.stderr == (
        "Warning: The seed tasks are in Korean (한국어), but the filters of this workspace are for English."
        " Start a new workspace with --language ko.\n"
    )
    assert auto(*words, "2").stderr == ""


def test_auto_finds_english_in_the_built_in_seed_tasks(tmp_path: Path) -> None:
    begun = auto("--db", tmp_path / "w.db", "--language", "auto", "--target", "1")
    assert "The seed tasks are in English, so the language is en." in begun.output


def test_tasks_in_a_language_without_a_folder_have_the_filters_of_any(tmp_path: Path) -> None:
    seeds = tmp_path / "mine.jsonl"
    tasks = [
        {
            "id": f"s{number}",
            "instruction": f"Напиши письмо номер {number} соседке.",
            "is_classification": number % 2 == 0,
            "instances": [{"input": "a", "output": "да"}],
        }
        for number in range(8)
    ]
    seeds.write_text("\n".join(map(json.dumps, tasks)), encoding="utf-8")
    begun = auto("--db", tmp_path / "w.db", "--seeds", seeds, "--language", "auto", "--target", "1")
    assert begun.exit_code == 0
    assert "The seed tasks are not in a known language, so language-neutral settings apply." in begun.output
    with Workspace.open(tmp_path / "w.db") as workspace:
        assert workspace.settings.read()["language"] == "other"
        request = workspace.requests.get(1)
        assert "in the language of the list" in json.dumps(request.prompt)


def test_a_workspace_keeps_the_language_that_it_began_with(tmp_path: Path) -> None:
    assert auto("--db", tmp_path / "w.db", "--language", "es", "--target", "1").exit_code == 0
    result = auto("--db", tmp_path / "w.db", "--language", "ja", "--target", "1")
    assert result.exit_code == 2
    assert "was started with the language es, which cannot be changed. Leave --language out" in result.output
    assert "you can delete it" not in result.output


def test_a_start_that_came_to_nothing_is_told_to_be_of_no_worth_to_one_in_another_language(
    tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(404, error_body("no such model"))
    words = ("--db", tmp_path / "w.db", "--base-url", server.url, "--model", "m", "--target", "1")
    assert auto(*words).exit_code == 4
    result = auto(*words, "--language", "es")
    assert result.exit_code == 2
    assert (
        "This workspace contains only seeds and settings so far: you can delete it and start over."
        in result.output
    )
    (tmp_path / "w.db").unlink()
    assert auto("--db", tmp_path / "w.db", "--target", "5", "--language", "es").exit_code == 0


def test_the_filters_of_a_language_are_in_force_where_a_person_has_set_no_other(tmp_path: Path) -> None:
    Path("selfinstruct.toml").write_text('language = "ja"\n[filters]\nmin_words = 12\n')
    assert auto("--db", tmp_path / "w.db", "--target", "1").exit_code == 0
    with Workspace.open(tmp_path / "w.db") as workspace:
        stored = workspace.settings.read()
    assert stored["filters"] == {"min_words": 12}
    filters = resolve({}, stored=stored).filters
    assert (filters.min_words, filters.max_words) == (12, 400)
    assert filters.openings == filter_defaults("ja").openings
