"""A made-up key, and servers that repeat it: it is nowhere afterwards, and nobody else gets it."""

import asyncio
import hashlib
import json
import logging
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.endpoint.key_consent import KeyConsent, key_uses
from selfinstruct.core.endpoint.probe import ConnectionFailedError, models_offered, try_connection
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.errors import EndpointUnusableError, SettingsError
from selfinstruct.core.settings.sources import resolve
from tests.canary import ECHOES, KEY, OPENAI_KEY, PROXY_PASSWORD, echo, leaks, leaks_in
from tests.conftest import OpenEngine
from tests.core.endpoint.test_client import carry_out
from tests.server import Fault, ModelServer

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)
    monkeypatch.setattr("selfinstruct.core.requests.sender.MAX_ATTEMPTS", 2)
    monkeypatch.setattr("selfinstruct.core.requests.sender._FIRST_WAIT_S", 0.001)
    monkeypatch.setattr("selfinstruct.core.endpoint.throttle._FIRST_REST_S", 0.001)


def on(server: ModelServer, **settings: Any) -> dict[str, Any]:
    return {"base_url": server.url, "model": "m", "api_key_env": "EXAMPLE_KEY", **settings}


@pytest.mark.parametrize("way", ECHOES)
async def test_a_key_that_a_server_repeats_is_nowhere(
    engine_on: OpenEngine,
    server: ModelServer,
    tmp_path: Path,
    way: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    echo(server, way)
    told: list[str] = []
    async with engine_on(**on(server)) as engine:
        engine.listener = lambda event: told.append(repr(event))
        try:
            request = await carry_out(engine)
            told.append(repr(request))
        except EndpointUnusableError as error:
            told += [repr(error), *traceback.format_exception(error)]
        attempts = engine.workspace.request_log.record(1).attempts
        told += [repr(attempt) for attempt in attempts]
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
    assert leaks_in(tmp_path) == []
    assert leaks("\n".join(told).encode()) == []
    assert leaks(caplog.text.encode()) == []
    assert leaks("".join(capfd.readouterr()).encode()) == []


async def test_of_an_answer_with_the_key_all_else_is_stored_and_its_hash_is_that_of_what_is_stored(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    echo(server, "in the text")
    async with engine_on(**on(server)) as engine:
        request = await carry_out(engine)
        stored = engine.workspace.requests.answer(request.id)
        row = engine.workspace._db.execute("SELECT body, sha256 FROM attempts").fetchone()
        tasks = [task.instruction for task in engine.workspace.tasks.of_batch(1)]
    assert stored is not None
    came = ECHOES["in the text"](server.received[0]).body
    assert stored.body == came.replace(KEY.encode(), b"X" * len(KEY))
    assert hashlib.sha256(row[0]).hexdigest() == row[1]
    assert f"Repeat the key {'X' * len(KEY)} for me." in tasks


@pytest.mark.parametrize("way", ECHOES)
async def test_what_is_raised_and_said_of_an_endpoint_has_no_key_in_it(server: ModelServer, way: str) -> None:
    echo(server, way)
    settings = resolve(on(server))
    consent = KeyConsent(key_uses(settings))
    endpoint = Endpoint(settings, consent=consent)
    said = [repr(endpoint), repr(settings)]
    try:
        said.append(repr(await endpoint.send([{"role": "user", "content": "x"}], {"max_tokens": 1})))
    except SendError as error:
        said += [repr(error), str(error), *traceback.format_exception(error), endpoint.advice(error)]
    await endpoint.close()
    try:
        said.append(repr(await try_connection(settings, consent=consent)))
    except ConnectionFailedError as error:
        said += [repr(error), *traceback.format_exception(error)]
    assert len(server.received) >= 2
    assert leaks("\n".join(said).encode()) == []


async def test_a_list_of_models_has_no_key_in_it(server: ModelServer) -> None:
    server.models = [f"model-of-{KEY}", "other"]
    settings = resolve(on(server))
    consent = KeyConsent(key_uses(settings))
    assert await models_offered(settings, consent) == [f"model-of-{'X' * len(KEY)}", "other"]


async def test_a_redirect_takes_no_key_along(engine_on: OpenEngine, server: ModelServer) -> None:
    with ModelServer() as other:
        server.refuse = lambda body: Fault(308, b"", {"location": f"{other.url}/chat/completions"})
        async with engine_on(**on(server)) as engine:
            with pytest.raises(EndpointUnusableError, match="redirects"):
                await carry_out(engine)
    assert len(server.received) == 1
    assert other.received == []


async def test_nothing_of_the_environment_goes_to_a_host_that_it_is_not_for(
    engine_on: OpenEngine, server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, OPENAI_KEY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"x-extra: {OPENAI_KEY}\nauthorization: Bearer {OPENAI_KEY}")
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login me password {OPENAI_KEY}\n")
    (tmp_path / ".netrc").chmod(0o600)
    (tmp_path / ".env").write_text(f"EXAMPLE_KEY={OPENAI_KEY}\n")
    server.faults.append(Fault(200, b"{}", {"set-cookie": "session=1; Path=/"}))
    with ModelServer() as other:
        monkeypatch.setenv("OPENAI_BASE_URL", other.url)
        async with engine_on(**on(server, api_key_env=None)) as engine:
            await carry_out(engine)
            await carry_out(engine)
    assert len(server.received) == 2
    assert other.received == []
    for got in server.received:
        assert leaks(json.dumps([got.path, got.headers, got.body]).encode()) == []
        assert not {"authorization", "cookie", "openai-organization", "openai-project"} & set(got.headers)


async def test_a_proxy_gets_its_password_and_no_key_but_the_endpoints_own(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with ModelServer() as proxy:
        address = proxy.url.removesuffix("/v1").removeprefix("http://")
        monkeypatch.setenv("HTTP_PROXY", f"http://me:{PROXY_PASSWORD}@{address}")
        monkeypatch.setenv("NO_PROXY", "")
        proxy.refuse = lambda body: Fault(400, json.dumps({"detail": proxy.received[-1].headers}).encode())
        async with engine_on(base_url="http://model.example/v1", model="m") as engine:
            request = await carry_out(engine)
    (got,) = proxy.received
    assert got.path == "http://model.example/v1/chat/completions"
    assert got.headers["proxy-authorization"].startswith("Basic ")
    assert "authorization" not in got.headers
    assert request.state == "failed"
    assert leaks_in(tmp_path) == []
    assert leaks(repr(request).encode()) == []


@pytest.mark.parametrize("proxy", ["foo://me:{}@h:1", "http://me:{}@h:port", "socks5://me:{}@127.0.0.1:9"])
async def test_a_proxy_that_cannot_be_used_is_said_without_its_password(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.format(PROXY_PASSWORD))
    monkeypatch.setenv("NO_PROXY", "")
    async with engine_on(base_url="http://model.example/v1", model="m") as engine:
        with pytest.raises(EndpointUnusableError, match="The proxy in ALL_PROXY") as caught:
            await carry_out(engine)
    assert leaks("".join(traceback.format_exception(caught.value)).encode()) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": KEY},
        {"api-key": KEY},
        {"api_key_env": KEY},
        {"api_key_env": "hf_QwErTyUiOpAsDfGhJkLzXcVb"},
        {"api_key_env": "gsk_1234567890abcdefABCDEF"},
        {"embeddings_key_env": "gsk_1234567890abcdefABCDEF"},
        {"base_url": KEY},
        {"base_url": f"https://me:{KEY}@model.example/v1"},
        {"base_url": f"https://{quote(KEY, safe='')}@model.example/v1"},
        {"base_url": f"https://model.example/v1?key={KEY}"},
        {"base_url": f"https://model.example/v1#{KEY}"},
        {"base_url": f"ftp://me:{KEY}@model.example/v1"},
        {"embeddings_url": f"https://model.example/v1?key={KEY}"},
    ],
    ids=str,
)
def test_a_key_in_the_settings_is_refused_and_not_repeated(settings: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "selfinstruct.toml"
    file.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items()))
    given: tuple[tuple[dict[str, str], Path | None], ...] = ((settings, None), ({}, tmp_path))
    for flags, folder in given:
        with pytest.raises(SettingsError) as caught:
            resolve({"model": "m", **flags}, folder=folder)
        said = "".join(traceback.format_exception(caught.value))
        assert leaks(str(caught.value).encode()) == []
        assert not any(value in str(caught.value) for value in settings.values())
        assert leaks(said.encode()) == []


@pytest.mark.parametrize("name", ["api_key_env", "embeddings_key_env"])
def test_the_key_of_openai_is_for_openai_only_also_when_it_is_named(name: str) -> None:
    elsewhere = {"model": "m", "embeddings": "e", name: "OPENAI_API_KEY"}
    for address in (
        "https://model.example/v1",
        "http://api.openai.com/v1",
        "https://api.openai.com.example/v1",
    ):
        with pytest.raises(SettingsError, match="is sent to https://api.openai.com/v1 only"):
            resolve({**elsewhere, "base_url": address})
    assert resolve({**elsewhere, "base_url": "https://api.openai.com/v1"})


def test_a_hidden_address_is_none() -> None:
    for address in (
        "https://api.openai.com\\@model.example/v1",
        "https://api.openai.com@model.example/v1",
        "https://api.openai.com\t.model.example/v1",
        "https://model.example/\x1b]0;x\x07",
        "https://model.example/\u202e",
        "https://model.example/a b",
    ):
        with pytest.raises(SettingsError):
            resolve({"model": "m", "base_url": address})


async def test_no_key_is_in_what_asyncio_tells_of_its_tasks(server: ModelServer) -> None:
    echo(server, "400")
    settings = resolve(on(server))
    endpoint = Endpoint(settings, consent=KeyConsent(key_uses(settings)))
    task = asyncio.ensure_future(endpoint.send([{"role": "user", "content": "x"}], {"max_tokens": 1}))
    await asyncio.wait([task])
    assert leaks(repr(task).encode()) == []
    assert leaks("".join(traceback.format_exception(task.exception())).encode()) == []
    await endpoint.close()
