"""Unattended work sends a key only to a host that this user has named with it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.selfinstruct_tui import app
from tests.server import ModelServer

AUTO = ["--auto", "--target", "1", "--max-requests", "4"]


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf-secret")


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def keys_sent(server: ModelServer) -> set[str | None]:
    return {received.headers.get("authorization") for received in server.received}


@pytest.mark.parametrize("of", ["workspace", "selfinstruct.toml"])
def test_a_strangers_folder_gets_no_key_and_the_sentence_says_how_to_allow_it(
    server: ModelServer, tmp_path: Path, of: str
) -> None:
    lines = {"model": "m", "base_url": server.url, "api_key_env": "HF_TOKEN"}
    if of == "workspace":
        with Workspace.open(tmp_path / "selfinstruct.db", create=True) as workspace:
            workspace.settings.write(lines)
    else:
        Path("selfinstruct.toml").write_text(
            "\n".join(f'{name} = "{value}"' for name, value in lines.items())
        )
    code, said = run(*AUTO)
    assert code == 4
    assert f"--model m --base-url {server.url} --api-key-env HF_TOKEN" in said
    assert "hf-secret" not in said
    assert server.received == []

    assert run(*AUTO, "--model", "m", "--base-url", server.url)[0] == 4
    assert run(*AUTO, "--api-key-env", "HF_TOKEN")[0] == 4
    assert server.received == []

    assert run(*AUTO, "--model", "m", "--api-key-env", "HF_TOKEN", "--base-url", server.url)[0] in {0, 3}
    assert keys_sent(server) == {"Bearer hf-secret"}
    assert run("--auto", "--target", "2", "--max-requests", "8")[0] in {0, 3}, "it was said on this machine"


def test_a_strangers_header_sends_nothing_and_the_sentence_says_how_to_allow_it(server: ModelServer) -> None:
    Path("selfinstruct.toml").write_text(
        f'model = "m"\nbase_url = "{server.url}"\n[request]\nheaders = {{ X-Auth = "Token $HF_TOKEN" }}\n'
    )
    code, said = run(*AUTO)
    assert code == 4
    allowing = ["--base-url", server.url, "--header-env", "HF_TOKEN"]
    assert f"start once with {' '.join(allowing)}, or" in said
    assert "hf-secret" not in said
    assert run(*AUTO, "--header-env", "HF_TOKEN")[0] == 4
    assert run(*AUTO, "--base-url", server.url)[0] == 4
    assert run(*AUTO, "--base-url", server.url, "--header-env", "OTHER")[0] == 4
    assert server.received == []

    assert run(*AUTO, *allowing)[0] in {0, 3}
    assert {received.headers.get("x-auth") for received in server.received} == {"Token hf-secret"}
    assert run("--auto", "--target", "2", "--max-requests", "8")[0] in {0, 3}, "it was said on this machine"


def test_a_header_without_an_address_beside_it_arrives_once_its_warning_is_followed(
    server: ModelServer,
) -> None:
    path, text = Path("selfinstruct.toml"), '[request.headers]\nX-Auth = "Token $HF_TOKEN"\n'
    path.write_text(text)
    flags = ["--model", "m", "--base-url", server.url, "--header-env", "HF_TOKEN"]
    code, said = run(*AUTO, *flags)
    assert code in {0, 3}
    assert {received.headers.get("x-auth") for received in server.received} == {None}
    line, start = f'base_url = "{server.url}"', f"--base-url {server.url} --header-env HF_TOKEN"
    assert f"write {line} at the top of the file, and start once with {start}." in " ".join(said.split())
    server.received.clear()
    path.write_text(f"{line}\n{text}")
    code, said = run("--auto", "--target", "2", "--max-requests", "8", *flags)
    assert code in {0, 3}
    assert "not sent them" not in said
    assert {received.headers.get("x-auth") for received in server.received} == {"Token hf-secret"}


def test_a_folder_that_adds_embeddings_to_what_was_allowed_gets_no_key(server: ModelServer) -> None:
    with ModelServer() as elsewhere:
        Path("selfinstruct.toml").write_text(
            f'embeddings = "e"\nembeddings_url = "{elsewhere.url}"\nembeddings_key_env = "HF_TOKEN"\n'
        )
        code, said = run(*AUTO, "--model", "m", "--api-key-env", "HF_TOKEN", "--base-url", server.url)
        assert code == 4
        assert f"--embeddings e --embeddings-url {elsewhere.url} --embeddings-key-env HF_TOKEN" in said
        assert elsewhere.received == []
