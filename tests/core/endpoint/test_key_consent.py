"""A key goes to a host only when this user has said so on this machine, whoever made the workspace."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.endpoint.embeddings_client import EmbeddingsEndpoint
from selfinstruct.core.endpoint.key_consent import (
    KeyConsent,
    KeyUse,
    answers_path,
    key_uses,
    named_together,
    own_settings_path,
)
from selfinstruct.core.endpoint.probe import models_offered, try_connection
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError, SettingsError
from selfinstruct.core.setting_names import as_flags
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.server import Fault, ModelServer

HF = "https://router.huggingface.co/v1"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf-secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")


def a_strangers(address: str, **more: Any) -> Settings:
    """Settings as a workspace holds them that its maker has pointed at an address of theirs."""
    return resolve({}, stored={"model": "m", "base_url": address, "api_key_env": "HF_TOKEN", **more})


async def test_a_strangers_workspace_gets_no_key(workspace: Workspace, server: ModelServer) -> None:
    settings = a_strangers(server.url)
    async with Engine(workspace, settings) as engine:
        with pytest.raises(EndpointUnusableError, match="HF_TOKEN was not sent") as caught:
            await engine.propose()
    assert f"--model m --base-url {server.url} --api-key-env HF_TOKEN" in as_flags(caught.value.sentence)
    for ask in (try_connection, models_offered):
        with pytest.raises(EndpointUnusableError, match="HF_TOKEN was not sent"):
            await ask(settings)
    assert server.received == []


def test_a_command_to_copy_holds_a_strangers_words_as_words_only() -> None:
    settings = a_strangers("https://evil.example/v1;touch${IFS}x", model="m; touch x")
    with pytest.raises(EndpointUnusableError) as caught:
        Endpoint(settings)
    command = as_flags(caught.value.sentence).partition("Start with ")[2].removesuffix(" to allow it.")
    words = ["--model", settings.model, "--base-url", settings.address, "--api-key-env", "HF_TOKEN"]
    assert command == shlex.join(words)


def test_neither_does_a_strangers_endpoint_for_embeddings(workspace: Workspace, server: ModelServer) -> None:
    stored = {"embeddings": "e", "embeddings_url": server.url, "embeddings_key_env": "HF_TOKEN"}
    settings = resolve({}, stored=stored)
    with pytest.raises(EndpointUnusableError) as caught:
        _ = Engine(workspace, settings).embeddings_endpoint
    assert f"--embeddings-url {server.url} --embeddings-key-env HF_TOKEN" in as_flags(caught.value.sentence)


def test_a_selfinstruct_toml_of_a_cloned_folder_gets_no_key(tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_text(
        'model = "m"\nbase_url = "https://evil.example/v1"\napi_key_env = "HF_TOKEN"\n'
    )
    settings = resolve({}, folder=tmp_path)
    assert KeyConsent().missing(settings) == [KeyUse("HF_TOKEN", "https://evil.example")]
    with pytest.raises(EndpointUnusableError, match="not allowed it for https://evil.example"):
        Endpoint(settings)


@pytest.mark.parametrize("line", ['editor = "touch /tmp/x"', 'command = "sh"', '[keys]\nedit = "!sh"'])
def test_nothing_in_a_folder_or_a_workspace_names_a_program_to_run(tmp_path: Path, line: str) -> None:
    (tmp_path / "selfinstruct.toml").write_text(line)
    if line.startswith("["):
        assert resolve({}, folder=tmp_path).keys == {"edit": "!sh"}, (
            "a key to press, which the screen refuses"
        )
    else:
        with pytest.raises(SettingsError, match="is not a setting"):
            resolve({}, folder=tmp_path)


def test_openais_own_key_goes_to_openai_unasked_and_nowhere_else() -> None:
    assert Endpoint(resolve({"model": "gpt-4o-mini"}))
    assert Endpoint(resolve({"model": "m", "base_url": "https://API.OPENAI.COM:443/v1"}))
    for address in (
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com./v1",
        "https://api.openai.com.evil.example/v1",
    ):
        assert key_uses(resolve({"model": "m", "base_url": address})) == []
        with pytest.raises(SettingsError, match="is sent to https://api.openai.com/v1 only"):
            resolve({"model": "m", "base_url": address, "api_key_env": "OPENAI_API_KEY"})
    with pytest.raises(EndpointUnusableError, match="HF_TOKEN was not sent"):
        Endpoint(resolve({}, stored={"model": "m", "api_key_env": "HF_TOKEN"}))


@pytest.mark.parametrize(
    "address",
    [
        "https://api.openai.com@evil.example/",
        "https://router.huggingface.co:x@evil.example/v1",
        "https://router.huggingface.co\\@evil.example/v1",
    ],
)
def test_an_address_with_somebody_in_it_is_none(address: str) -> None:
    with pytest.raises(SettingsError, match="address"):
        a_strangers(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://router.huggingface.co/v1",
        "https://router.huggingface.co:444/v1",
        "https://router.huggingface.co./v1",
        "https://huggingface.co/v1",
        "https://router.huggingface.co.evil.example/v1",
        "https://router.huggingface.co%2eevil.example/v1",
        "https://evil.example\\.router.huggingface.co/v1",
        "https://router.huggingface。co/v1",
        "https://router.huggingfаce.co/v1",  # the a is Cyrillic
    ],
)
def test_what_was_said_of_a_host_holds_for_no_other_that_looks_like_it(address: str) -> None:
    consent = KeyConsent([KeyUse("HF_TOKEN", "https://router.huggingface.co")])
    with pytest.raises(EndpointUnusableError):
        Endpoint(a_strangers(address), consent=consent)


@pytest.mark.parametrize(
    "address", [HF, f"{HF}/", "https://ROUTER.HuggingFace.co/v1", "HTTPS://router.huggingface.co:443/other"]
)
def test_the_same_host_is_the_same_however_it_is_written(address: str) -> None:
    consent = KeyConsent([KeyUse("HF_TOKEN", "https://router.huggingface.co")])
    assert Endpoint(a_strangers(address), consent=consent)


def test_a_host_that_is_not_plain_ascii_is_never_asked_about() -> None:
    consent = KeyConsent([KeyUse("HF_TOKEN", "https://bücher.example")])
    with pytest.raises(EndpointUnusableError, match="plain ASCII"):
        Endpoint(a_strangers("https://bücher.example/v1"), consent=consent)


@pytest.mark.parametrize(
    ("typed", "allowed"),
    [
        ({"api_key_env": "HF_TOKEN", "base_url": HF}, True),
        ({"api_key_env": " HF_TOKEN ", "base_url": f" {HF}/ "}, True),
        ({"api_key_env": "HF_TOKEN"}, False),
        ({"base_url": HF}, False),
        ({"embeddings_key_env": "HF_TOKEN", "base_url": HF}, False),
        ({"api_key_env": "HF_TOKEN", "base_url": "https://mine.example/v1"}, False),
        ({"api_key_env": "MY_KEY", "base_url": HF}, False),
        ({"api_key_env": "HF_TOKEN", "base_url": None}, False),
        ({}, False),
    ],
)
def test_a_word_names_the_variable_and_the_address_together(typed: dict[str, Any], allowed: bool) -> None:
    consent = KeyConsent(named_together(a_strangers(HF), typed))
    assert (consent.missing(a_strangers(HF)) == []) is allowed


@pytest.mark.parametrize(
    ("typed", "allowed"),
    [
        ({"embeddings_key_env": "HF_TOKEN", "embeddings_url": HF}, True),
        ({"embeddings_key_env": "HF_TOKEN", "embeddings_url": "https://mine.example/v1"}, False),
        ({"embeddings_key_env": "MY_KEY", "embeddings_url": HF}, False),
        ({"embeddings_key_env": "HF_TOKEN", "base_url": HF}, False),
    ],
)
def test_so_does_a_word_for_embeddings(typed: dict[str, Any], allowed: bool) -> None:
    settings = resolve({}, stored={"embeddings": "e", "embeddings_url": HF, "embeddings_key_env": "HF_TOKEN"})
    consent = KeyConsent(named_together(settings, typed))
    assert (consent.missing(settings) == []) is allowed


def test_a_word_for_one_endpoint_is_none_for_the_other() -> None:
    settings = a_strangers(
        HF, embeddings="e", embeddings_url="https://evil.example/v1", embeddings_key_env="HF_TOKEN"
    )
    consent = KeyConsent(named_together(settings, {"api_key_env": "HF_TOKEN", "base_url": HF}))
    assert consent.missing(settings) == [KeyUse("HF_TOKEN", "https://evil.example")]
    assert settings.of_embeddings is not None
    with pytest.raises(EndpointUnusableError, match=r"evil\.example"):
        EmbeddingsEndpoint(settings.of_embeddings, consent=consent)


def test_an_answer_is_remembered_on_this_machine_for_its_owner_only() -> None:
    KeyConsent().give([KeyUse("HF_TOKEN", "https://router.huggingface.co")])
    KeyConsent().give(
        [KeyUse("OTHER", "http://localhost:8000"), KeyUse("OPENAI_API_KEY", "https://api.openai.com")]
    )
    assert KeyConsent().missing(a_strangers(HF)) == []
    assert answers_path().stat().st_mode & 0o777 == 0o600
    assert json.loads(answers_path().read_text()) == {
        "HF_TOKEN": ["https://router.huggingface.co"],
        "OTHER": ["http://localhost:8000"],
    }
    assert list(answers_path().parent.iterdir()) == [answers_path()]


@pytest.mark.parametrize(
    "left", ["{", "[]", '{"HF_TOKEN": "https://router.huggingface.co"}', '{"HF_TOKEN": [1]}']
)
def test_answers_that_cannot_be_read_are_asked_for_again(left: str) -> None:
    answers_path().parent.mkdir(parents=True)
    answers_path().write_text(left)
    assert KeyConsent().missing(a_strangers(HF)) != []
    KeyConsent().give([KeyUse("HF_TOKEN", "https://router.huggingface.co")])
    assert KeyConsent().missing(a_strangers(HF)) == []


def test_an_answer_that_cannot_be_kept_holds_for_this_program() -> None:
    answers_path().parent.parent.mkdir(parents=True)
    answers_path().parent.write_text("in the way")
    consent = KeyConsent()
    consent.give([KeyUse("HF_TOKEN", "https://router.huggingface.co")])
    assert consent.missing(a_strangers(HF)) == []
    assert KeyConsent().missing(a_strangers(HF)) != []


def test_the_users_own_settings_allow_what_they_name() -> None:
    own_settings_path().parent.mkdir(parents=True)
    own_settings_path().write_text(f'[key_hosts]\nHF_TOKEN = ["{HF}", "no address"]\n')
    assert KeyConsent().missing(a_strangers(HF)) == []
    assert KeyConsent().missing(a_strangers("https://evil.example/v1")) != []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[key_hosts", "cannot be read"),
        ('HF_TOKEN = "x"', "the only table is"),
        ('[key_hosts]\nHF_TOKEN = "x"', "is wrong: each line"),
    ],
)
def test_own_settings_that_are_wrong_are_told_with_their_place(text: str, said: str) -> None:
    own_settings_path().parent.mkdir(parents=True)
    own_settings_path().write_text(text)
    with pytest.raises(EndpointUnusableError, match=said) as caught:
        Endpoint(a_strangers(HF))
    assert str(own_settings_path()) in str(caught.value)


async def test_a_redirection_takes_no_key_along(server: ModelServer) -> None:
    settings = a_strangers(server.url)
    consent = KeyConsent(key_uses(settings))
    with ModelServer() as elsewhere:
        server.faults.append(Fault(307, b"{}", {"location": f"{elsewhere.url}/chat/completions"}))
        endpoint = Endpoint(settings, consent=consent)
        with pytest.raises(SendError, match="status 307"):
            await endpoint.send([{"role": "user", "content": "hello"}], {"max_tokens": 4})
        await endpoint.close()
        assert elsewhere.received == []
    assert server.received[0].headers["authorization"] == "Bearer hf-secret"
