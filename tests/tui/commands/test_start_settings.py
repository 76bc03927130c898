"""The settings a command starts with: which win, and which the workspace remembers."""

from pathlib import Path

from typer.testing import CliRunner

from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.selfinstruct_tui import app as selfinstruct_tui
from tests.server import ModelServer
from tests.tui.commands.running import auto


def test_an_unknown_setting_names_the_nearest_one(tmp_path: Path) -> None:
    Path("selfinstruct.toml").write_text("[filters]\nrouge = 0.6\n")
    result = auto("--db", tmp_path / "w.db", "--target", "1")
    assert result.exit_code == 2
    assert "'filters.rouge' is not a setting. Did you mean 'rouge_l'?" in result.output
    assert not (tmp_path / "w.db").exists()


def test_flags_win_over_the_settings_file_and_both_are_remembered(tmp_path: Path) -> None:
    Path("selfinstruct.toml").write_text("rng_seed = 7\ntarget = 3\nrequests_per_batch = 1\n")
    assert auto("--db", tmp_path / "w.db", "--target", "2").exit_code == 0
    Path("selfinstruct.toml").unlink()
    with Workspace.open(tmp_path / "w.db") as workspace:
        stored = workspace.settings.read()
        assert (stored["rng_seed"], stored["target"], stored["requests_per_batch"]) == (2, 2, 1)
    again = auto("--db", tmp_path / "w.db")
    assert again.exit_code == 0
    assert "Target reached: 2" in again.output


def test_the_list_of_keywords_is_named_by_a_flag_and_remembered(tmp_path: Path) -> None:
    db = tmp_path / "w.db"
    for flags, kept in (
        (["--keywords", "paper"], {"keywords": ["@paper"]}),
        ([], {"keywords": ["@paper"]}),
        (["--keywords", "cat, dog"], {"keywords": ["cat", "dog"]}),
        (["--keywords", ""], {"keywords": []}),
        (["--keywords", "rules"], None),
    ):
        assert auto("--db", db, "--target", "1", *flags).exit_code == 0
        with Workspace.open(db) as workspace:
            assert workspace.settings.read().get("filters") == kept


def test_headers_not_sent_to_the_endpoint_cause_a_warning_at_the_start(
    tmp_path: Path, server: ModelServer
) -> None:
    Path("selfinstruct.toml").write_text('[request]\nheaders = { x-key = "canary-1" }\n')
    result = auto("--db", tmp_path / "w.db", "--model", "m", "--base-url", server.url, "--target", "1")
    told = "The headers in selfinstruct.toml are for https://api.openai.com/v1, since it has no"
    assert result.stderr.count(f"Warning: {told}") == 1


def test_a_misspelt_list_of_keywords_is_refused_before_a_file_is_made(tmp_path: Path) -> None:
    result = auto("--db", tmp_path / "w.db", "--keywords", "@rule")
    assert result.exit_code == 2
    assert "--keywords is wrong: '@rule' is not a list of phrases; give @rules." in result.stderr
    assert not (tmp_path / "w.db").exists()


def test_a_wrong_key_of_the_curator_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_text('theme = "blue"\n')
    assert auto("--db", tmp_path / "w.db", "--target", "1").exit_code == 2
    assert not (tmp_path / "w.db").exists()


def test_forget_begins_with_the_defaults(tmp_path: Path) -> None:
    assert auto("--db", tmp_path / "w.db", "--target", "2", "--max-requests", "500").exit_code == 0
    assert auto("--db", tmp_path / "w.db", "--target", "3", "--forget").exit_code == 0
    with Workspace.open(tmp_path / "w.db") as workspace:
        assert workspace.settings.read() == {"target": 3, "rng_seed": 2}


def test_a_workspace_does_not_remember_keys_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_text('[keys]\naccept = "y"\n')
    refused = auto("--db", tmp_path / "w.db", "--target", "2")
    assert refused.exit_code == 2
    assert "y is assigned to both accept and copy" in refused.output
    (tmp_path / "selfinstruct.toml").unlink()
    assert auto("--db", tmp_path / "w.db", "--target", "2").exit_code == 0


def test_a_workspace_does_not_remember_a_theme_that_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_text('theme = "textual-lihgt"\n')
    refused = auto("--db", tmp_path / "w.db", "--target", "2")
    assert refused.exit_code == 2
    assert "There is no theme 'textual-lihgt'. Did you mean 'textual-light'?" in refused.output
    (tmp_path / "selfinstruct.toml").unlink()
    assert auto("--db", tmp_path / "w.db", "--target", "2").exit_code == 0


def test_read_only_refuses_what_it_would_not_keep(grown: Path) -> None:
    for words in (["--max-cost", "5"], ["--forget"], ["--no-clf-only"]):
        result = CliRunner().invoke(selfinstruct_tui, ["--read-only", "--db", str(grown), *words])
        assert result.exit_code == 2
        assert "--read-only changes nothing" in result.output
