"""A stage that always fails is recognized, whatever other stages do in between."""

import json
import re

import pytest

from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.requests.stage_failures import FAILURES_IN_A_ROW, StageFailures
from selfinstruct.core.runs.unattended import UnattendedRun
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, chat_answer, error_body


def test_successes_of_other_stages_do_not_hide_a_stage_that_always_fails() -> None:
    failures = StageFailures()
    for _ in range(FAILURES_IN_A_ROW - 1):
        failures.useless("classify", "It is unclear.")
        failures.produced("propose")
        failures.produced("instantiate")
    with pytest.raises(EndpointUnusableError, match="No labels: 10 requests in a row.*It is unclear"):
        failures.useless("classify", "It is unclear.")


def test_failures_of_all_stages_in_turn_are_those_of_the_endpoint() -> None:
    failures = StageFailures()
    failures.produced("propose")
    with pytest.raises(EndpointUnusableError, match=r"^10 requests in a row produced nothing.*Status 400"):
        for number in range(FAILURES_IN_A_ROW):
            failures.failed("classify" if number % 2 else "instantiate", "Status 400.")


def test_a_model_that_is_often_unclear_is_not_one_that_always_is() -> None:
    failures = StageFailures()
    failures.produced("classify")
    for _ in range(2 * FAILURES_IN_A_ROW):
        failures.useless("classify", "It is unclear.")
    failures.produced("classify")
    assert failures.never_produced() is None


def test_a_stage_that_stops_working_is_recognized_too() -> None:
    failures = StageFailures()
    failures.produced("instantiate")
    with pytest.raises(EndpointUnusableError, match="No instances: 30 requests in a row"):
        for _ in range(100):
            failures.useless("instantiate", "It is empty.")


def test_a_stage_that_has_never_produced_anything_is_named_after_few_requests() -> None:
    failures = StageFailures()
    assert failures.never_produced() is None
    failures.produced("propose")
    failures.useless("classify", "It is unclear.")
    told = failures.never_produced()
    assert told is not None
    assert re.match("No labels: 1 request produced nothing. The last one: It is unclear.", told)
    failures.produced("classify")
    assert failures.never_produced() is None


def cut_answer(text: str) -> Fault:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "length"}
    return Fault(body=json.dumps({"choices": [choice]}).encode())


CHECK = "The answers are on the Requests screen; check"


@pytest.mark.parametrize(
    ("fault", "told", "checks"),
    [
        (Fault(400, error_body("tone is not a field")), "The requests are on the Requests screen.", False),
        (cut_answer(""), "thinking_tokens", False),
        (cut_answer("<think>Well, "), "thinking_tokens", False),
        (chat_answer("I would rather talk."), "holds no list of tasks", True),
        (Fault(body=b"<html>Welcome!</html>"), "The last one: ", True),
        (Fault(body=b'{"choices": [{"message": {}}]}'), "The answer has no text.", True),
        (Fault(body=json.dumps({"error": {"message": "no GPU left"}}).encode()), "no GPU left", False),
    ],
)
async def test_the_endpoint_is_to_be_checked_only_where_its_answers_do_not_fit(
    engine_on: OpenEngine, server: ModelServer, fault: Fault, told: str, checks: bool
) -> None:
    server.refuse = lambda body: fault
    engine = engine_on(base_url=server.url, model="m", target=10, concurrency=1)
    with pytest.raises(EndpointUnusableError) as caught:
        async with engine:
            await UnattendedRun(engine).run()
    assert told in str(caught.value)
    assert (CHECK in str(caught.value)) == checks


@pytest.mark.parametrize(
    ("begins", "text", "stage"),
    [
        ("You sort tasks", "The task asks for one of several", "classify"),
        ("You write worked", "Input: Ham", "instantiate"),
        ("You think up", "Sure! I", "propose"),
    ],
)
async def test_an_answer_of_no_use_that_the_token_limit_cut_is_told_as_cut_with_what_to_raise(
    engine_on: OpenEngine, server: ModelServer, begins: str, text: str, stage: str
) -> None:
    server.refuse = lambda body: (
        cut_answer(text) if body["messages"][0]["content"].startswith(begins) else None
    )
    engine = engine_on(base_url=server.url, model="m", target=40, concurrency=1)
    with pytest.raises(EndpointUnusableError) as caught:
        async with engine:
            await UnattendedRun(engine).run()
    cut = f"The token limit cut it: raise thinking_tokens, or max_tokens of [request.{stage}], in"
    assert cut in str(caught.value)
    assert CHECK not in str(caught.value)
