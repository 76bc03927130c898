"""The curator asks before a key goes to a host that nobody has named on this machine."""

from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.endpoint.key_consent import KeyConsent, KeyUse
from selfinstruct.core.engine import Engine
from selfinstruct.core.events import GenerationPaused
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.dialogs.key_consent import KeyConsentScreen
from tests.conftest import OpenEngine
from tests.server import ModelServer
from tests.tui.curating import Curator, curating, screen_text
from tests.tui.screens.test_choose_model import OTHER, chosen, fill_in, first_run, outcome
from tests.tui.screens.test_settings import Form, filling_in

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf-secret")


def a_strangers(workspace: Workspace, server: ModelServer, **more: Any) -> Engine:
    stored = {"model": "m", "base_url": server.url, "api_key_env": "HF_TOKEN", **more}
    return Engine(workspace, resolve({}, stored=stored))


def is_asking(curator: Curator) -> bool:
    return isinstance(curator.app.screen, KeyConsentScreen)


def keys_sent(server: ModelServer) -> set[str | None]:
    return {received.headers.get("authorization") for received in server.received}


async def test_nothing_is_sent_before_the_question_is_answered_and_never_after_a_no(
    workspace: Workspace, server: ModelServer
) -> None:
    async with curating(a_strangers(workspace, server)) as curator:
        await curator.until(lambda: is_asking(curator))
        shown = screen_text(curator.app)
        assert "HF_TOKEN" in shown
        assert server.url.removesuffix("/v1") in shown
        assert "hf-secret" not in shown
        await curator.press("enter", "space")
        assert is_asking(curator)
        await curator.press("escape")
        await curator.press("n")
        await curator.wait_for(GenerationPaused)
        assert "HF_TOKEN was not sent" in curator.shown("#message")
    assert server.received == []
    assert KeyConsent().missing(curator.engine.settings) != []


async def test_a_header_sends_a_variable_only_after_a_yes(
    workspace: Workspace, server: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "selfinstruct.toml").write_text(
        f'model = "m"\nbase_url = "{server.url}"\n[request]\nheaders = {{ X-Auth = "Token $HF_TOKEN" }}\n'
    )
    settings = resolve({}, folder=tmp_path)
    async with curating(Engine(workspace, settings)) as curator:
        await curator.until(lambda: is_asking(curator))
        assert "HF_TOKEN" in screen_text(curator.app)
        await curator.press("escape", "n")
        await curator.wait_for(GenerationPaused)
        assert "would send HF_TOKEN" in curator.shown("#message")
    assert server.received == []
    async with curating(Engine(workspace, settings)) as curator:
        await curator.until(lambda: is_asking(curator))
        await curator.press("y", "n")
        await curator.until(lambda: bool(server.received))
    assert {received.headers.get("x-auth") for received in server.received} == {"Token hf-secret"}


async def test_a_yes_is_asked_for_once_on_this_machine(workspace: Workspace, server: ModelServer) -> None:
    async with curating(a_strangers(workspace, server)) as curator:
        await curator.until(lambda: is_asking(curator))
        await curator.press("y", "n")
        await curator.until(lambda: bool(server.received))
    assert keys_sent(server) == {"Bearer hf-secret"}
    async with curating(a_strangers(workspace, server)) as again:
        await again.press("n")
        assert not is_asking(again)


async def test_a_key_that_is_not_set_is_not_asked_about(
    workspace: Workspace, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    async with curating(a_strangers(workspace, server)) as curator:
        await curator.wait_for(GenerationPaused)
        assert not is_asking(curator)
        assert "HF_TOKEN is not set" in curator.shown("#message")


async def test_what_a_person_types_at_the_first_start_is_their_word(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * OTHER)
        await fill_in(curator, "base_url", server.url)
        await fill_in(curator, "model", "m")
        await fill_in(curator, "api_key_env", "HF_TOKEN")
        await curator.press("ctrl+t")
        await curator.until(lambda: bool(server.received))
        await curator.press("enter")
        await curator.until(lambda: chosen(curator) and not curator.engine.settings.is_offline)
        assert not is_asking(curator)
    assert keys_sent(server) == {"Bearer hf-secret"}


async def test_the_settings_ask_unless_variable_and_address_were_both_typed(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(model="m", base_url=server.url)
    async with filling_in(engine) as form:
        await form.type("api_key_env", "HF_TOKEN")
        await form.curator.press("ctrl+t")
        await form.curator.until(lambda: is_asking(form.curator))
        await form.curator.press("escape")
        assert form.said() == "Not tested: the key was not sent."
        await form.curator.press("ctrl+s")
        await form.curator.until(lambda: is_asking(form.curator))
        await form.curator.press("escape")
        assert form.said() == "Not applied: the key was not sent."
        assert engine.settings.api_key_env is None
        await form.type("base_url", server.url.replace("127.0.0.1", "localhost"))
        await form.type("api_key_env", "HF_TOKEN")
        await form.apply()
        await form.curator.until(lambda: engine.settings.api_key_env == "HF_TOKEN")
        assert not is_asking(form.curator)
    origin = server.url.removesuffix("/v1").replace("127.0.0.1", "localhost")
    assert KeyConsent().covers(KeyUse("HF_TOKEN", origin))


async def test_what_a_test_does_not_send_is_neither_allowed_nor_asked_about(
    workspace: Workspace, server: ModelServer
) -> None:
    """The test is of the model alone: nothing typed for embeddings allows a stored, hostile pair."""
    stored = {
        "embeddings": "e",
        "embeddings_url": "https://evil.example/v1",
        "embeddings_key_env": "HF_TOKEN",
    }
    settings = resolve({"model": "m", "base_url": server.url}, stored=stored)
    consent = KeyConsent()
    async with curating(Engine(workspace, settings, consent=consent), (120, 40)) as curator:
        await curator.until(lambda: is_asking(curator))
        await curator.press("escape", "7")
        form = Form(curator)
        await form.type("embeddings_url", "https://mine.example/v1")
        await form.type("embeddings_key_env", "MY_KEY")
        await form.curator.press("ctrl+t")
        await form.curator.until(lambda: "It works" in form.said())
        assert not is_asking(form.curator)
        assert not consent.covers(KeyUse("HF_TOKEN", "https://evil.example"))


async def test_neither_is_an_embeddings_key_when_another_model_is_tried(
    workspace: Workspace, server: ModelServer
) -> None:
    stored = {
        "embeddings": "e",
        "embeddings_url": "https://evil.example/v1",
        "embeddings_key_env": "HF_TOKEN",
    }
    async with curating(Engine(workspace, resolve({}, stored=stored)), (120, 40)) as curator:
        await curator.until(lambda: is_asking(curator))
        await curator.press("escape", "7")
        form = Form(curator)
        await form.screen.run_action("choose_model")
        await curator.press(*["down"] * OTHER)
        await fill_in(curator, "base_url", server.url)
        await fill_in(curator, "model", "m")
        await curator.press("ctrl+t")
        await curator.until(lambda: "It works" in outcome(curator))
        assert not is_asking(curator)


async def test_who_only_looks_around_is_asked_nothing(
    tmp_path: Any, workspace: Workspace, server: ModelServer
) -> None:
    a_strangers(workspace, server)
    workspace.close()
    with Workspace.open(workspace.path, read_only=True) as looked_into:
        settings = resolve({}, stored=looked_into.settings.read())
        async with curating(Engine(looked_into, settings)) as curator:
            await curator.press("2")
            assert not is_asking(curator)
