"""The keys that resend failed requests and those in doubt, on the Requests and the home screen."""

import asyncio

import pytest

from selfinstruct.core.events import BatchCompleted, GenerationPaused, RequestFailed
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, error_body
from tests.tui.curating import PRICED, curating, shown
from tests.tui.screens.requests_screen import REFUSED, in_batch, line, open_requests, title, told

pytestmark = pytest.mark.long

ILLEGIBLE = Fault(body=b"<html>busy</html>")


async def leave_in_doubt(engine_on: OpenEngine, server: ModelServer, **settings: object) -> None:
    """A program that goes away while requests 1 and 2 are under way."""
    server.gate.clear()
    engine = engine_on(base_url=server.url, model="m", requests_per_batch=2, **settings)
    running = asyncio.ensure_future(engine.propose())
    for _ in range(2):
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await engine.close()
    server.gate.set()


async def test_t_sends_the_failed_request_under_the_cursor_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(REFUSED)
    async with curating(
        engine_on(base_url=server.url, model="m", concurrency=1, requests_per_batch=2, batches_ahead=0)
    ) as curator:
        await in_batch(curator)
        await open_requests(curator, "f", "t")
        await curator.until(lambda: "✓ parsed" in line(curator, 1))
        assert "Resending request 1." in curator.shown("#message")
        await curator.until(lambda: "failed 0" in title(curator))


async def test_t_on_a_request_that_has_not_failed_says_so_and_sends_nothing(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, requests_per_batch=1)
    async with curating(engine) as curator:
        await in_batch(curator)
        await open_requests(curator, "G", "t")
        assert "Request 1 has not failed." in curator.shown("#message")
        asked = [received.body["messages"] for received in server.received]
        assert asked.count(asked[0]) == 1


async def test_a_request_whose_answer_cannot_be_read_is_asked_anew_and_says_so(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(ILLEGIBLE)
    async with curating(
        engine_on(base_url=server.url, model="m", concurrency=1, requests_per_batch=2, batches_ahead=0)
    ) as curator:
        await in_batch(curator)
        await open_requests(curator, "f")
        await shown(curator, "not JSON")
        await curator.press("t")
        await curator.until(lambda: "replaced by" in line(curator, 1))
        anew = curator.engine.workspace.requests.asked_anew(1)
        await shown(curator, f"Replaced by request {anew}.")
        await curator.press("t")
        assert f"was already resent, as request {anew}" in curator.shown("#message")


async def test_capital_t_asks_and_then_sends_all_that_failed_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults += [REFUSED, ILLEGIBLE, REFUSED]
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, concurrency=1)
    async with curating(engine) as curator:
        await in_batch(curator)
        await open_requests(curator, "T")
        await shown(curator, "Resend 3 failed requests?")
        await curator.press("escape")
        assert engine.workspace.request_log.counts()["failed"] == 3
        await curator.press("T", "enter")
        log = engine.workspace.request_log
        await curator.until(lambda: list(log.ids("failed")) == [2] and log.counts()["under_way"] == 0)
        await curator.press("T")
        assert "There is no failed request to resend." in curator.shown("#message")


@pytest.mark.parametrize("keys", [("G", "t"), ("f", "f", "T")], ids=["the one", "all"])
async def test_requests_in_doubt_are_sent_again_only_after_a_question(
    engine_on: OpenEngine, server: ModelServer, keys: tuple[str, ...]
) -> None:
    await leave_in_doubt(engine_on, server, prices=PRICED)
    engine = engine_on(base_url=server.url, model="m", prices=PRICED, batches_ahead=0)
    async with curating(engine) as curator:
        await shown(curator, "2 requests in doubt")
        await open_requests(curator, *keys)
        await shown(curator, "may already have been answered and billed")
        await curator.press("escape")
        assert engine.workspace.requests.in_doubt() == 2
        assert len(server.received) == 2
        await curator.press(keys[-1], "enter")
        await curator.until(lambda: engine.workspace.requests.in_doubt() == (1 if "t" in keys else 0))


# On Curate


async def test_an_error_stays_counted_and_t_on_curate_sends_again_what_failed(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(REFUSED)
    server.refuse = lambda body: server.gate.clear()
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, concurrency=1)
    async with curating(engine) as curator:
        await curator.press("n")
        await curator.wait_for(RequestFailed)
        assert "not today. t resends it." in curator.shown("#message")
        server.refuse = lambda body: None
        server.gate.set()
        await curator.until(lambda: told(curator, BatchCompleted) == 1)
        await curator.until(lambda: "1 failed" in curator.shown("#status"))
        await curator.press("t")
        assert "Resending 1 request." in curator.shown("#message")
        await curator.until(lambda: curator.engine.workspace.requests.get(1).state == "parsed")
        await curator.until(lambda: "failed" not in curator.shown("#status"))
        await curator.press("t")
        assert "There is nothing to resend." in curator.shown("#message")


async def test_t_tries_an_endpoint_again_that_could_not_be_used(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(401, error_body("wrong key"))
    async with curating(engine_on(base_url=server.url, model="m")) as curator:
        await curator.press("n")
        await curator.wait_for(GenerationPaused)
        assert "t tries again." in curator.shown("#message")
        server.refuse = lambda body: None
        await curator.press("t")
        await curator.wait_for(BatchCompleted)
        await curator.until(lambda: len(curator.table.ids) > 5)


async def test_what_stopped_generation_is_not_said_any_more_when_other_settings_go_on(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(401, error_body("wrong key"))
    engine = engine_on(base_url=server.url, model="m")
    async with curating(engine) as curator:
        await curator.press("n")
        await curator.until(lambda: "t tries again." in curator.shown("#message"))
        server.refuse = lambda body: None
        await curator.app.session.apply(engine.settings.model_copy(update={"concurrency": 2}))
        await curator.wait_for(BatchCompleted)
        await curator.until(lambda: "wrong key" not in curator.shown("#message"))
