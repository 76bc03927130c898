"""A refused start gets one sentence and an exit code, and leaves nothing behind."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.selfinstruct_tui import app as selfinstruct_tui
from tests.server import Fault, ModelServer, error_body
from tests.tui.commands.running import auto


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--language", "xx", "--target", "1"], "'xx' is not a known language", id="language"),
        pytest.param(
            ["--language", "other", "--target", "1"],
            "The language other has no built-in seed tasks",
            id="other",
        ),
        pytest.param([], "--target N", id="no limit"),
        pytest.param(
            ["--target", "1", "--model", "https://k@h.example/v1"], "put it into", id="model is a URL"
        ),
        pytest.param(["--target", "0"], "it must be at least 1", id="target 0"),
        pytest.param(
            ["--target", "1", "--base-url", "localhost:80"],
            "it is not a web address such as http://",
            id="no scheme",
        ),
        pytest.param(["--target", "1", "--seeds", "none.jsonl"], "none.jsonl cannot be read", id="no seeds"),
        pytest.param(["--target", "1", "--prompts", "none.toml"], "none.toml: no such file", id="no prompts"),
        pytest.param(
            ["--max-cost", "1", "--model", "x", "--base-url", "http://h.example"],
            "The price of 'x'",
            id="price",
        ),
    ],
)
def test_wrong_settings_get_one_sentence_and_exit_code_2(tmp_path: Path, words: list[str], said: str) -> None:
    result = auto("--db", tmp_path / "w.db", *words)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


REFUSED = (
    pytest.param([], 2, id="limit"),
    pytest.param(["--max-cost", "5"], 2, id="limit of a free model"),
    pytest.param(["--target", "5", "--model", "gpt-4o-mini"], 4, id="key"),
    pytest.param(["--target", "5", "--seeds", "none.jsonl"], 2, id="no seeds"),
    pytest.param(["--target", "5", "--seeds", "wrong.jsonl"], 2, id="wrong seeds"),
    pytest.param(["--target", "5", "--seeds", "."], 2, id="a folder for seeds"),
    pytest.param(["--target", "5", "--prompts", "none.toml"], 2, id="no prompts"),
    pytest.param(["--target", "5", "--language", "other"], 2, id="no seeds in the language"),
    pytest.param(["--max-cost", "5", "--model", "m", "--base-url", "http://host/v1"], 2, id="no price"),
    pytest.param(["--target", "0"], 2, id="setting"),
)


@pytest.mark.parametrize("there", [False, True], ids=["no file", "an empty file"])
@pytest.mark.parametrize(("words", "code"), REFUSED)
def test_a_start_that_is_refused_leaves_nothing_behind(
    tmp_path: Path, words: list[str], code: int, there: bool
) -> None:
    (tmp_path / "wrong.jsonl").write_text("{}\n")
    path = tmp_path / "w.db"
    if there:
        path.touch()
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    assert auto("--db", path, *words).exit_code == code
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "code"), [([], 2), (["--target", "5", "--model", "gpt-4o-mini"], 4)], ids=["limit", "key"]
)
def test_a_start_that_is_refused_fixes_nothing_of_an_empty_workspace(
    tmp_path: Path, words: list[str], code: int
) -> None:
    path = tmp_path / "w.db"
    Workspace.open(path, create=True).close()
    assert auto("--db", path, *words).exit_code == code
    result = auto("--db", path, "--language", "ja", "--target", "1", "--model", "offline")
    assert result.exit_code == 0, result.output


def test_an_endpoint_that_cannot_be_used_ends_with_code_4_and_advice(
    tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(404, error_body("model not found"))
    result = auto("--db", tmp_path / "w.db", "--target", "5", "--base-url", server.url, "--model", "nope")
    assert result.exit_code == 4
    assert "Check --model" in result.output


def test_openai_without_a_key_ends_with_code_4(tmp_path: Path) -> None:
    result = auto("--db", tmp_path / "w.db", "--target", "5", "--model", "gpt-4o-mini")
    assert result.exit_code == 4
    assert "OPENAI_API_KEY is not set" in result.output


def test_without_a_terminal_the_curator_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(selfinstruct_tui, ["--db", str(tmp_path / "w.db")])
    assert result.exit_code == 2
    assert "--auto" in result.output


def test_embeddings_without_a_key_say_what_to_give_instead(tmp_path: Path) -> None:
    result = auto("--db", tmp_path / "w.db", "--target", "1", "--model", "offline", "--embeddings", "nosuch")
    assert result.exit_code == 4
    assert "--embeddings-url" in result.output
    assert "--embeddings offline" in result.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            '{"id": "s", "is_classification": false, "instances": [{"output": "x"}]}',
            "field instruction is missing",
        ),
        (
            '{"id": "s", "instruction": " ", "is_classification": false, "instances": [{"output": "x"}]}',
            "instruction is blank",
        ),
        ("7", "it must be a JSON object"),
    ],
)
def test_a_wrong_seed_is_named_with_its_line_and_field(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "s.jsonl").write_text(f"\n{line}\n")
    result = auto("--db", tmp_path / "w.db", "--target", "1", "--seeds", tmp_path / "s.jsonl")
    assert result.exit_code == 2
    assert f"In line 2 of {tmp_path}/s.jsonl, " in result.output
    assert said in result.output
    assert "alue error" not in result.output


def test_why_a_file_cannot_be_read_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_bytes(b"\xff\xfe\x00")
    for option, name, said in (
        ("--seeds", "none.jsonl", "no such file"),
        ("--prompts", "none.toml", "no such file"),
        ("--seeds", "s.jsonl", "not UTF-8 text"),
    ):
        result = auto("--db", tmp_path / "w.db", "--target", "1", option, tmp_path / name)
        assert said in result.output
        assert "Errno" not in result.output
