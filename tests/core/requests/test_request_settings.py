"""The [request] settings at work: what a server gets of them, over real HTTP."""

import json
from typing import Any

import pytest

from selfinstruct.core.endpoint.key_consent import KeyConsent, KeyUse
from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError, SettingsError
from selfinstruct.core.settings.model import Price, Settings, origin_of
from selfinstruct.core.settings.prices import Prices, limited_prices
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.endpoint.test_client import carry_out, on
from tests.server import Fault, ModelServer, error_body


async def test_fields_are_added_to_the_body_and_names_left_out(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    request = {
        "body": {"reasoning_effort": "low", "chat_template_kwargs": {"enable_thinking": False}, "top_p": 0.9},
        "leave_out": ["presence_penalty"],
        "propose": {"temperature": 0.2, "max_tokens": 700},
    }
    async with engine_on(**on(server, thinking_tokens=100, request=request)) as engine:
        assert (await carry_out(engine)).state == "parsed"
    body = server.received[0].body
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert (body["reasoning_effort"], body["top_p"]) == ("low", 0.9)
    assert (body["temperature"], body["max_tokens"]) == (0.2, 800)
    assert "presence_penalty" not in body


async def test_a_field_of_ones_own_that_is_refused_is_told_and_not_dropped(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(400, error_body("Unknown parameter: 'reasoning_effort'."))
    async with engine_on(**on(server, request={"body": {"reasoning_effort": "low"}})) as engine:
        request = await carry_out(engine)
    assert "Unknown parameter: 'reasoning_effort'" in (request.error or "")
    assert len(server.received) == 1


async def test_a_header_takes_its_value_from_the_environment_once_that_is_allowed(
    workspace: Workspace, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-of-a-header")
    settings = resolve(on(server, request={"headers": {"X-Auth": "Token $MY_TOKEN", "X-Title": "mine"}}))
    async with Engine(workspace, settings) as engine:
        with pytest.raises(
            EndpointUnusableError, match=r"send MY_TOKEN to http://127\.0\.0\.1:\d+, which you"
        ):
            await carry_out(engine)
    assert server.received == []
    consent = KeyConsent([KeyUse("MY_TOKEN", origin_of(server.url))])
    server.faults.append(Fault(400, error_body("wrong: canary-of-a-header")))
    async with Engine(workspace, settings, consent=consent) as engine:
        await carry_out(engine)
    headers = server.received[0].headers
    assert (headers["x-auth"], headers["x-title"]) == ("Token canary-of-a-header", "mine")
    stored = b"".join(path.read_bytes() for path in workspace.path.parent.glob("w.db*"))
    assert b"canary" not in stored


async def test_headers_go_to_embeddings_at_the_same_address_and_the_rest_does_not(
    server: ModelServer,
) -> None:
    request = {"headers": {"X-Title": "mine"}, "body": {"reasoning_effort": "low"}}
    same = resolve(on(server, embeddings="e", request=request)).of_embeddings
    other = resolve(on(server, embeddings="e", embeddings_url="http://h/v1", request=request)).of_embeddings
    assert same is not None
    assert other is not None
    assert (same.request.headers, same.request.body) == ({"X-Title": "mine"}, {})
    assert other.request.headers == {}


async def test_a_header_without_its_variable_says_so(engine_on: OpenEngine, server: ModelServer) -> None:
    async with engine_on(**on(server, request={"headers": {"X-Auth": "$NOT_SET"}})) as engine:
        with pytest.raises(EndpointUnusableError, match="variable NOT_SET, which is not set"):
            await carry_out(engine)


async def test_what_a_stage_asks_for_is_planned_and_bounds_its_cost(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    prices = {"m": {"input": 0, "output": 1}}
    async with engine_on(**on(server, prices=prices, request={"propose": {"max_tokens": 5000}})) as engine:
        request = engine.workspace.requests.get(engine.planner.propose(1))
    assert request.parameters["max_tokens"] == 5000
    assert request.reserved_usd == pytest.approx(0.005)
    assert json.dumps(request.parameters)


async def test_a_stage_has_its_own_model_with_its_own_price_and_its_own_lessons(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    def refuse(body: dict[str, Any]) -> Fault | None:
        is_small = body["model"] == "small" and "temperature" in body
        return Fault(400, error_body("Unsupported parameter: temperature")) if is_small else None

    server.refuse = refuse
    prices = {"m": {"input": 0, "output": 1}, "small": {"input": 0, "output": 2}}
    request = {"classify": {"model": "small"}}
    async with engine_on(**on(server, prices=prices, max_cost=1.0, request=request)) as engine:
        task_ids = await engine.propose()
        server.received.clear()
        await engine.classify(task_ids[:2])
        first, last = engine.workspace.requests.next_id() - 2, engine.workspace.requests.next_id() - 1
        (planned, _) = [engine.workspace.requests.get(one) for one in (first, last)]
        learned = engine.workspace.settings.learned
        assert learned(server.url, "small") == {"temperature": None}
        assert learned(server.url, "m") == {}
    assert {one.body["model"] for one in server.received} == {"small"}
    assert planned.model == "small"
    assert planned.reserved_usd == pytest.approx(float(str(planned.parameters["max_tokens"])) * 2 / 1e6)


def test_a_price_must_be_known_for_the_model_of_each_stage(server: ModelServer) -> None:
    prices = {"m": {"input": 0, "output": 1}}
    settings = on(server, prices=prices, max_cost=1.0, request={"classify": {"model": "small"}})
    with pytest.raises(SettingsError, match="price of 'small' is not known"):
        limited_prices(resolve(settings))


def test_no_models_answers_are_free_for_want_of_a_price(server: ModelServer) -> None:
    prices = {"m": {"input": 0, "output": 1}, "small": {"input": 1}}
    settings = on(server, prices=prices, max_cost=1.0, request={"classify": {"model": "small"}})
    with pytest.raises(SettingsError, match=r"price of 'small' lacks output, .* in \[prices.\"small\"\]"):
        resolve(settings)
    asked = Settings(model="small", base_url="https://h/v1", prices={"small": Price(input=1)})
    assert Prices(asked).cost(1_000_000, 0) == 1
    assert Prices(asked).cost(1_000_000, 1) is None


def test_the_built_in_model_shares_no_address_with_another() -> None:
    with pytest.raises(SettingsError, match=r"model of \[request.classify\] must be at the same address"):
        resolve({"request": {"classify": {"model": "small"}}})
