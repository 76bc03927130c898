"""What endpoints do, and what is recorded and said of it: over real HTTP."""

import asyncio
import gzip
import json
from contextlib import closing
from typing import Any

import pytest

from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.endpoint.key_consent import key_variable
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError, SettingsError
from selfinstruct.core.requests.group_commit import GroupCommit
from selfinstruct.core.requests.sender import MAX_ATTEMPTS, Sender
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.prices import Prices
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import Request
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, error_body

QUICK = {"retry-after": "0"}


async def carry_out(engine: Engine) -> Request:
    """Send one request for new tasks, and take in what comes."""
    request_id = engine.planner.propose(1)
    remaining = iter([request_id])
    await engine.run(plan=lambda: next(remaining, None))
    return engine.workspace.requests.get(request_id)


def on(server: ModelServer, **settings: Any) -> dict[str, Any]:
    return {"base_url": server.url, "model": "m", **settings}


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
async def test_passing_trouble_is_tried_again_and_each_attempt_is_recorded(
    engine_on: OpenEngine, server: ModelServer, status: int
) -> None:
    server.faults.extend([Fault(status, error_body("busy"), QUICK)] * 2)
    async with engine_on(**on(server)) as engine:
        assert (await carry_out(engine)).state == "parsed"
    assert len(server.received) == 3


async def test_trouble_that_stays_fails_the_request_after_a_bounded_number_of_attempts(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(500, error_body("out of memory"), QUICK)
    async with engine_on(**on(server)) as engine:
        request = await carry_out(engine)
    assert request.state == "failed"
    assert request.error == "The endpoint answered with status 500: out of memory."
    assert len(server.received) == MAX_ATTEMPTS


async def test_a_connection_that_breaks_is_tried_again(engine_on: OpenEngine, server: ModelServer) -> None:
    server.faults.append(Fault(hang_up=True))
    async with engine_on(**on(server)) as engine:
        assert (await carry_out(engine)).state == "parsed"
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(Fault(401, error_body("bad key")), "requires a key.*bad key", id="401"),
        pytest.param(Fault(403, error_body("no access")), "was refused.*no access", id="403"),
        pytest.param(Fault(404, error_body("no model m")), "knows no model 'm'.*Check model", id="404"),
        pytest.param(
            Fault(429, error_body("pay first", code="insufficient_quota")), "quota.*used up", id="quota"
        ),
        pytest.param(
            Fault(307, b"", {"location": "https://b/v1"}), "redirects to https://b/v1", id="redirect"
        ),
        pytest.param(
            Fault(429, error_body("x"), {"retry-after": "7200"}), "wait for 7200 seconds", id="long"
        ),
    ],
)
async def test_what_no_retry_can_mend_stops_at_once_with_advice(
    engine_on: OpenEngine, server: ModelServer, fault: Fault, said: str
) -> None:
    server.refuse = lambda body: fault
    async with engine_on(**on(server)) as engine:
        with pytest.raises(EndpointUnusableError, match=said):
            await carry_out(engine)
        assert engine.workspace.counts().requests["failed"] == 1
    assert len(server.received) == 1


async def test_a_server_that_is_not_there_is_said_to_be_unreachable(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selfinstruct.core.requests.sender._FIRST_WAIT_S", 0.001)
    async with engine_on(base_url="http://127.0.0.1:9/v1", model="m") as engine:
        with pytest.raises(EndpointUnusableError, match="cannot be reached.*base_url"):
            await carry_out(engine)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"<html>gateway</html>", "not JSON", id="html"),
        pytest.param(b'{"choices": [{"mess', "not JSON", id="truncated"),
        pytest.param(b"\xff\xfe", "not UTF-8", id="bad UTF-8"),
        pytest.param(b"null", "not an object", id="null"),
        pytest.param(b"[]", "not an object", id="list"),
        pytest.param(b'{"choices": []}', "no choices", id="no choices"),
        pytest.param(error_body("out of memory"), "out of memory", id="error in a 200"),
        pytest.param(b'{"choices": [{"message": {"content": null}}]}', "no text", id="null content"),
    ],
)
async def test_an_answer_without_text_is_kept_as_it_is_and_not_sent_again(
    engine_on: OpenEngine, server: ModelServer, body: bytes, said: str
) -> None:
    server.faults.append(Fault(200, body))
    async with engine_on(**on(server)) as engine:
        request = await carry_out(engine)
        stored = engine.workspace.requests.answer(request.id)
    assert request.state == "failed"
    assert said in (request.error or "")
    assert stored is not None
    assert stored.body == body
    assert len(server.received) == 1


async def test_an_endless_wait_ends_at_the_timeout(engine_on: OpenEngine, server: ModelServer) -> None:
    server.gate.clear()
    endpoint = Endpoint(resolve(on(server, timeout_s=0.05)))
    with pytest.raises(SendError, match="within 0.05 seconds") as caught:
        await endpoint.send([{"role": "user", "content": "x"}], {"max_tokens": 1})
    assert caught.value.transient
    assert not caught.value.free
    await endpoint.close()


async def test_what_a_model_refuses_is_learnt_once_and_remembered_by_the_workspace(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    def newer_model(body: dict[str, Any]) -> Fault | None:
        if "max_tokens" in body:
            return Fault(400, error_body("Use 'max_completion_tokens' instead.", param="max_tokens"))
        if "presence_penalty" in body:
            return Fault(400, error_body("Unsupported parameter.", param="presence_penalty"))
        return None

    server.refuse = newer_model
    async with engine_on(**on(server)) as engine:
        assert (await carry_out(engine)).state == "parsed"
    assert len(server.received) == 3
    async with engine_on(**on(server)) as engine:
        assert (await carry_out(engine)).state == "parsed"
    assert len(server.received) == 4
    assert server.received[-1].body["max_completion_tokens"] == 1024
    assert "presence_penalty" not in server.received[-1].body
    assert server.received[-1].body["temperature"] == 0.7


async def test_usage_that_is_not_told_is_unknown_and_not_nothing(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    answer = {"choices": [{"message": {"content": "9. Name a river."}, "finish_reason": "stop"}]}
    server.faults.append(Fault(200, json.dumps(answer).encode()))
    async with engine_on(**on(server, prices={"m": {"input": 1, "output": 1}})) as engine:
        await carry_out(engine)
        counts = engine.workspace.counts()
    assert counts.cost_usd is None
    assert counts.prompt_tokens is None
    assert counts.attempts_of_unknown_cost == 1


async def test_a_price_of_ones_own_gives_the_cost(engine_on: OpenEngine, server: ModelServer) -> None:
    async with engine_on(**on(server, prices={"m": {"input": 2, "output": 8}})) as engine:
        await carry_out(engine)
        counts = engine.workspace.counts()
    assert counts.prompt_tokens
    assert counts.completion_tokens
    expected = (2 * counts.prompt_tokens + 8 * counts.completion_tokens) / 1e6
    assert counts.cost_usd == pytest.approx(expected)


def test_a_listed_model_of_openai_has_a_known_price() -> None:
    prices = Prices(resolve({"model": "gpt-4o-mini"}))
    assert prices.can_be_limited
    assert (prices.at_most(1000, 100) or 0) > 0


async def test_no_key_of_the_environment_goes_to_another_host(
    engine_on: OpenEngine, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "sk-canary")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-extra: sk-canary")
    async with engine_on(**on(server)) as engine:
        await carry_out(engine)
    assert "canary" not in str(server.received[0].headers)
    assert "authorization" not in server.received[0].headers


async def test_an_endpoint_gets_the_key_that_was_named_for_it(
    engine_on: OpenEngine, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-mine")
    async with engine_on(**on(server, api_key_env="MY_KEY")) as engine:
        await carry_out(engine)
    assert server.received[0].headers["authorization"] == "Bearer sk-mine"


async def test_a_key_that_is_refused_is_told_from_one_that_is_wanted(
    engine_on: OpenEngine, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-mine")
    server.refuse = lambda body: Fault(401, error_body("bad key"))
    async with engine_on(**on(server, api_key_env="MY_KEY")) as engine:
        with pytest.raises(EndpointUnusableError, match="rejects the key .*bad key.* in MY_KEY"):
            await carry_out(engine)


def test_openai_without_a_key_says_which_variable_to_set() -> None:
    settings = resolve({"model": "gpt-4o-mini"})
    assert key_variable(settings) == "OPENAI_API_KEY"
    with pytest.raises(EndpointUnusableError, match="OPENAI_API_KEY is not set"):
        Endpoint(settings)


async def test_a_retry_waits_as_long_as_the_endpoint_asks(workspace: Workspace) -> None:
    ledger = Sender(
        workspace,
        Endpoint(resolve({})),
        together=GroupCommit(workspace),
        stopping=asyncio.get_running_loop().create_future(),
        clock=lambda: "now",
        emit=lambda event: None,
    )
    asked = SendError("busy", 500, transient=True, retry_after_s=7.0)
    assert 7.0 <= ledger._wait(1, asked) < 10.0
    unasked = SendError("busy", 500, transient=True)
    waits = [ledger._wait(attempt, unasked) for attempt in (1, 2, 3, 20)]
    assert waits[0] < waits[1] < waits[2] < waits[3] < 40


async def test_an_answer_that_drips_ends_at_the_timeout(engine_on: OpenEngine, server: ModelServer) -> None:
    server.faults.append(Fault(200, b"x" * 100, drip_s=0.02))
    endpoint = Endpoint(resolve(on(server, timeout_s=0.2)))
    with pytest.raises(SendError, match="within 0.2 seconds"):
        await endpoint.send([{"role": "user", "content": "x"}], {"max_tokens": 1})
    await endpoint.close()


@pytest.mark.parametrize("status", [200, 400])
async def test_a_huge_body_is_not_taken_into_memory(
    engine_on: OpenEngine, server: ModelServer, status: int
) -> None:
    bomb = gzip.compress(b" " * (40 << 20))
    server.faults.append(Fault(status, bomb, {"content-encoding": "gzip"}))
    async with engine_on(**on(server)) as engine:
        request = await carry_out(engine)
        (kept,) = workspace_row(engine, "SELECT max(length(body)) FROM attempts")
    assert request.state == "failed"
    assert kept <= 64 * 1024


async def test_a_model_that_thinks_its_tokens_away_is_told_from_one_that_has_nothing_to_say(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    choice = {"message": {"content": "<think>well, let me"}, "finish_reason": "length"}
    usage = {"prompt_tokens": 9, "completion_tokens": 16}
    server.faults.append(Fault(200, json.dumps({"choices": [choice], "usage": usage}).encode()))
    async with engine_on(**on(server)) as engine:
        request = await carry_out(engine)
        counts = engine.workspace.counts()
    assert request.state == "failed"
    assert "thinking_tokens" in (request.error or "")
    assert counts.completion_tokens == 16, "what it has cost is known all the same"


async def test_thinking_tokens_are_added_to_every_limit(engine_on: OpenEngine, server: ModelServer) -> None:
    async with engine_on(**on(server, thinking_tokens=1000)) as engine:
        await carry_out(engine)
    assert server.received[0].body["max_tokens"] == 2024


async def test_a_server_on_this_machine_is_free_but_no_cost_limit_can_be_kept_for_it(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    with pytest.raises(SettingsError, match="price of 'm' is not known"):
        engine_on(**on(server, max_cost=1.0))


def workspace_row(engine: Engine, sql: str) -> tuple[Any, ...]:
    with closing(sqlite3.connect(engine.workspace.path)) as db:
        row: tuple[Any, ...] = db.execute(sql).fetchone()
        return row


@pytest.mark.parametrize(
    ("status", "slots"), [(429, 4), (503, 4), (529, 4), (408, 8), (425, 8), (500, 8), (502, 8)]
)
async def test_what_says_that_there_are_too_many_requests_halves_them_and_nothing_else_does(
    engine_on: OpenEngine, server: ModelServer, status: int, slots: int
) -> None:
    server.faults.append(Fault(status, error_body("busy"), QUICK))
    async with engine_on(**on(server, concurrency=8)) as engine:
        assert (await carry_out(engine)).state == "parsed"
        assert engine.endpoint.throttle.width == slots


async def test_an_attempt_keeps_the_status_that_came_and_none_where_none_came(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    refusals = [429, 503, 529]
    server.faults.extend(Fault(status, error_body("busy"), QUICK) for status in refusals)
    server.faults.append(Fault(hang_up=True))
    async with engine_on(**on(server)) as engine:
        assert (await carry_out(engine)).state == "parsed"
        assert statuses(engine) == [*refusals, None, 200]


async def test_an_answer_that_breaks_off_has_the_status_that_it_began_with(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(Fault(200, b"{" + b" " * 200, drip_s=0.02))
    async with engine_on(**on(server, timeout_s=1.5)) as engine:
        assert (await carry_out(engine)).state == "parsed"
        first, *_, last = statuses(engine)
    assert (first, last) == (200, 200)


def statuses(engine: Engine) -> list[int | None]:
    with closing(sqlite3.connect(engine.workspace.path)) as db:
        return [status for (status,) in db.execute("SELECT http_status FROM attempts ORDER BY id")]


@pytest.mark.parametrize(("path", "said"), [("/v1", ""), ("", " (it often ends in /v1)")])
async def test_an_address_that_knows_no_model_says_how_addresses_usually_end_if_it_does_not(
    server: ModelServer, path: str, said: str
) -> None:
    server.refuse = lambda body: Fault(404, error_body("no model m"))
    address = server.url.removesuffix("/v1") + path
    endpoint = Endpoint(resolve(on(server, base_url=address)))
    try:
        with pytest.raises(SendError) as caught:
            await endpoint.send([{"role": "user", "content": "x"}], {"max_tokens": 1})
        assert f"{setting('base_url')}{said} and {setting('api')}" in endpoint.advice(caught.value)
    finally:
        await endpoint.close()
