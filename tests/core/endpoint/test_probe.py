"""Trying an endpoint before it is used: what came, or what is wrong and what to do."""

import asyncio
from typing import Any

import pytest

from selfinstruct.core.endpoint.probe import ConnectionFailedError, models_at, try_connection
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.sources import resolve
from tests.server import Fault, ModelServer, error_body

ECHO = b'{"model": "m-2", "choices": [{"message": {"content": "Ready."}}], "usage": %s}'


def at(server: ModelServer, **settings: Any) -> Settings:
    return resolve({"base_url": server.url, "model": "m", **settings})


async def failure(settings: Settings) -> ConnectionFailedError:
    with pytest.raises(ConnectionFailedError) as caught:
        await try_connection(settings)
    return caught.value


async def test_it_says_which_model_answered_how_quickly_and_for_how_much(server: ModelServer) -> None:
    server.faults.append(Fault(body=ECHO % b'{"prompt_tokens": 12, "completion_tokens": 2}'))
    times = iter([10.0, 10.5])
    prices = {"m": {"input": 1, "output": 10}}
    connected = await try_connection(at(server, prices=prices), timer=lambda: next(times))
    assert (connected.model, connected.seconds, connected.thinks) == ("m-2", 0.5, False)
    assert (connected.prompt_tokens, connected.completion_tokens) == (12, 2)
    assert connected.cost_usd == pytest.approx(32e-6)
    (asked,) = server.received
    assert asked.body["max_tokens"] <= 16


async def test_what_an_answer_does_not_tell_is_unknown(server: ModelServer) -> None:
    server.faults.append(Fault(body=b'{"choices": [{"message": {"content": "Ready."}}]}'))
    connected = await try_connection(at(server, prices={"m": {"input": 1, "output": 1}}))
    assert connected.model == "m"
    assert connected.completion_tokens is None
    assert connected.cost_usd is None


async def test_the_built_in_model_answers_too() -> None:
    assert (await try_connection(Settings())).cost_usd == 0.0


async def test_a_base_model_is_asked_as_base_models_are(server: ModelServer) -> None:
    await try_connection(at(server, api="completions"))
    assert server.received[0].path.endswith("/v1/completions")


async def test_a_model_that_thinks_first_is_connected_and_known_as_such(server: ModelServer) -> None:
    server.faults.append(
        Fault(body=b'{"choices": [{"message": {"content": "<think>Hm"}, "finish_reason": "length"}]}')
    )
    assert (await try_connection(at(server))).thinks


async def test_a_parameter_that_the_model_knows_by_another_name_is_no_failure(server: ModelServer) -> None:
    server.refuse = lambda body: (
        Fault(400, error_body("Use 'max_completion_tokens' instead.", param="max_tokens"))
        if "max_tokens" in body
        else None
    )
    await try_connection(at(server))
    assert server.received[-1].body["max_completion_tokens"] > 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(Fault(401, error_body("bad key")), "requires a key.*bad key.*api_key_env", id="401"),
        pytest.param(
            Fault(404, error_body("no m")), "no model 'm'.*no m.*Check model, base_url and", id="404"
        ),
        pytest.param(Fault(307, b"", {"location": "https://b/v1"}), "redirects to https://b/v1", id="307"),
        pytest.param(Fault(503, error_body("loading")), "503: loading.*try again", id="503"),
        pytest.param(Fault(400, error_body("context too long")), "context too long", id="400"),
        pytest.param(Fault(200, b"<html>"), "not like a model.*not JSON.*address of its API.$", id="HTML"),
        pytest.param(Fault(200, b""), "not like a model.*empty", id="empty"),
        pytest.param(Fault(200, error_body("out of memory")), "without a text.*out of memory$", id="error"),
        pytest.param(
            Fault(200, b'{"choices": [{"finish_reason": "content_filter", "message": {}}]}'),
            "without a text. The endpoint's content filter withheld the answer.$",
            id="content filter",
        ),
        pytest.param(Fault(hang_up=True), "connection broke.*Try again", id="hang up"),
    ],
)
async def test_what_is_wrong_is_said_with_what_to_do(server: ModelServer, fault: Fault, said: str) -> None:
    server.faults.append(fault)
    with pytest.raises(ConnectionFailedError, match=said):
        await try_connection(at(server))
    assert len(server.received) == 1


@pytest.mark.parametrize(("end", "is_said"), [("/v1", False), ("", True)])
@pytest.mark.parametrize("fault", [Fault(404, b"{}"), Fault(200, b"<html>")], ids=["404", "a web page"])
async def test_the_usual_end_of_an_address_is_said_only_if_it_lacks_it(
    server: ModelServer, fault: Fault, end: str, is_said: bool
) -> None:
    server.faults.append(fault)
    address = server.url.removesuffix("/v1") + end
    error = await failure(resolve({"base_url": address, "model": "m"}))
    assert ("often ends in /v1" in str(error)) == is_said


async def test_a_server_that_is_not_there_is_said_to_be_unreachable() -> None:
    error = await failure(resolve({"base_url": "http://127.0.0.1:9/v1", "model": "m"}))
    assert "http://127.0.0.1:9/v1 cannot be reached" in str(error)
    assert "Check that the server is running" in str(error)


async def test_a_key_that_is_not_set_is_named_before_anything_is_sent(server: ModelServer) -> None:
    with pytest.raises(EndpointUnusableError, match="EXAMPLE_KEY is not set"):
        await try_connection(at(server, api_key_env="EXAMPLE_KEY"))
    assert server.received == []


async def test_an_answer_that_takes_too_long_ends_at_the_timeout(server: ModelServer) -> None:
    server.gate.clear()
    error = await failure(at(server, timeout_s=0.05))
    assert "No complete answer arrived within 0.05 seconds. Try again" in str(error)


async def test_it_can_be_stopped_while_the_answer_is_awaited(server: ModelServer) -> None:
    server.gate.clear()
    trying = asyncio.ensure_future(try_connection(at(server)))
    await asyncio.to_thread(server.arrived.acquire)
    trying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trying


async def test_a_wrong_name_is_answered_with_the_models_that_there_are_the_nearest_first(
    server: ModelServer,
) -> None:
    server.models = ["qwen-3", "phi", "llama-3.1"]
    server.refuse = lambda body: Fault(404, error_body("not found"))
    error = await failure(at(server, model="lama3.1"))
    assert error.models == ("llama-3.1", "qwen-3", "phi")
    assert str(error).endswith("Its models are: llama-3.1, qwen-3, phi.")


async def test_a_model_that_is_there_is_not_told_to_be_missing(server: ModelServer) -> None:
    server.models = ["m"]
    server.refuse = lambda body: Fault(404, error_body("not found"))
    assert str(await failure(at(server))).endswith("It does have 'm', so it may need api completions.")


async def test_a_server_that_tells_of_no_models_is_fine(server: ModelServer) -> None:
    assert await models_at(at(server)) == []
    assert (await try_connection(at(server))).model


async def test_an_own_response_format_that_is_refused_is_tried_once(server: ModelServer) -> None:
    server.refuse = lambda body: Fault(400, error_body("response_format is not supported"))
    request = {"body": {"response_format": {"type": "json_object"}}}
    failed = await failure(at(server, request=request))
    assert "response_format is not supported" in str(failed)
    assert sum(one.path.endswith("/chat/completions") for one in server.received) == 1
