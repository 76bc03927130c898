"""`--answers`: remembered by the workspace, refused with a sentence, and told where it cannot be followed."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.selfinstruct_tui import app
from selfinstruct.tui.screens.settings.form import FIELDS
from tests.server import Fault, ModelServer, error_body

FORMAT = "response_format"


def auto(*words: object) -> Result:
    """An unattended run by the same chance each time; a model may lose the only row of a short run."""
    return CliRunner().invoke(app, ["--auto", "--rng-seed", "1", *(str(word) for word in words)])


def asked(path: Path) -> list[bool]:
    """For each request, whether it asks for JSON."""
    with Workspace.open(path) as workspace:
        requests = [workspace.requests.get(number + 1) for number in range(workspace.requests.count())]
    return [FORMAT in request.parameters for request in requests]


def test_the_kind_of_answers_is_remembered_by_the_workspace(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    assert auto("--db", path, "--model", "offline", "--answers", "text", "--target", 1).exit_code == 0
    before = asked(path)
    assert auto("--db", path, "--target", 2).exit_code == 0
    assert not any(asked(path))
    assert len(asked(path)) > len(before)
    assert auto("--db", path, "--target", 4, "--answers", "auto").exit_code == 0
    assert asked(path)[-1]


def test_an_unknown_kind_of_answers_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    result = auto("--db", tmp_path / "w.db", "--answers", "yaml", "--target", 1)
    assert result.exit_code == 2
    assert "--answers is wrong" in result.stderr
    assert all(f"'{kind}'" in result.stderr for kind in ("auto", "json", "text"))


def test_it_is_chosen_on_the_settings_screen() -> None:
    field = FIELDS["answers"]
    assert (field.choices, field.default) == (("auto", "json", "text"), "auto")


def test_who_insists_on_json_is_told_which_setting_to_change(tmp_path: Path, server: ModelServer) -> None:
    server.refuse = lambda body: Fault(400, error_body("no response_format here")) if FORMAT in body else None
    given = ["--db", tmp_path / "w.db", "--model", "m", "--base-url", server.url, "--target", 1]
    result = auto(*given, "--answers", "json")
    assert result.exit_code == 4
    assert "It accepts no request for JSON: set --answers to auto or text." in result.stderr
    assert auto(*given, "--answers", "auto").exit_code == 0


def test_who_insists_on_json_of_legacy_completions_is_told_both_settings(
    tmp_path: Path, server: ModelServer
) -> None:
    given = ["--db", tmp_path / "w.db", "--model", "m", "--base-url", server.url, "--target", 1]
    result = auto(*given, "--answers", "json", "--api", "completions")
    assert result.exit_code == 2
    assert "set --answers to auto or text, or --api to chat" in result.stderr
    assert not (tmp_path / "w.db").exists()
    assert auto(*given, "--api", "completions").exit_code == 0
    assert "set --answers to auto" in auto(*given, "--answers", "json").stderr, "what is remembered counts"


@pytest.mark.parametrize(("answers", "code"), [("auto", 0), ("text", 0), ("json", 2)])
def test_own_prompts_without_templates_for_json_are_told_once(
    tmp_path: Path, answers: str, code: int
) -> None:
    prompts = tmp_path / "mine.toml"
    prompts.write_text("[classify.chat]\nuser = 'Task: {{ instruction }}\\nIs it classification?'", "utf-8")
    given = ["--db", tmp_path / "w.db", "--model", "offline", "--target", 2, "--prompts", prompts]
    result = auto(*given, "--answers", answers)
    assert result.exit_code == code, result.output
    warning = f"Warning: The prompts in {prompts} have no [classify.chat_json], so they ask for text there."
    assert result.stderr.count(warning) == (answers == "auto")
    assert ("or set --answers to auto or text" in result.stderr) == (answers == "json")
