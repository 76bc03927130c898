"""Requests that do not fit a model's context, and servers that cut them without a word."""

import json
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import EndpointWarned, RequestFailed
from tests.conftest import OpenEngine
from tests.core.endpoint.test_client import carry_out, on
from tests.server import Fault, ModelServer, error_body


def warnings_of(engine: Engine) -> list[str]:
    """The warnings of an engine from here on."""
    said: list[str] = []
    engine.listener = lambda event: said.append(event.sentence) if isinstance(event, EndpointWarned) else None
    return said


def counting(tokens: int) -> Fault:
    """A good answer that counts so many tokens in its prompt."""
    message = {"role": "assistant", "content": "9. Name a river.\n10. Name a lake."}
    usage = {"prompt_tokens": tokens, "completion_tokens": 9}
    return Fault(
        body=json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}).encode()
    )


async def test_a_server_that_cuts_prompts_silently_is_told_once_with_the_context_to_set(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.extend([counting(20), counting(20)])
    async with engine_on(**on(server)) as engine:
        said = warnings_of(engine)
        await carry_out(engine)
        await carry_out(engine)
    (warning,) = said
    assert "m counts 20 tokens in a prompt of at least" in warning
    assert "Set its context length to 2,048 tokens or more" in warning


@pytest.mark.parametrize(("language", "characters_a_token"), [("en", 5), ("zh", 2)])
async def test_a_server_that_reads_whole_prompts_is_not_suspected(
    engine_on: OpenEngine, server: ModelServer, language: str, characters_a_token: int
) -> None:
    async with engine_on(**on(server, language=language)) as engine:
        said = warnings_of(engine)
        request = engine.workspace.requests.get(engine.planner.propose(1))
        server.faults.append(counting(len(str(request.prompt)) // characters_a_token))
        remaining = iter([request.id])
        await engine.run(plan=lambda: next(remaining, None))
    assert said == []


def small_context(tokens: int) -> Any:
    """A server with a context of so many tokens, with four characters in each."""

    def refuse(body: dict[str, Any]) -> Fault | None:
        prompt = sum(len(message["content"]) for message in body["messages"]) // 4
        if prompt + body["max_tokens"] <= tokens:
            return None
        has = f"your request has {prompt} input tokens"
        return Fault(400, error_body(f"This model's maximum context length is {tokens} tokens and {has}"))

    return refuse


async def test_a_request_that_is_too_long_gets_the_tokens_that_are_left(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = small_context(1200)
    async with engine_on(**on(server, thinking_tokens=4000)) as engine:
        said = warnings_of(engine)
        for _ in range(2):
            assert (await carry_out(engine)).state == "parsed"
    assert [one.body["max_tokens"] > 1000 for one in server.received] == [True, False] * 2
    assert server.received[-1].body["max_tokens"] > 500
    (warning,) = said
    assert "context of 1,200 tokens" in warning
    assert "up to 5,024 tokens of answer, 4,000 of them thinking_tokens" in warning


async def test_prompts_that_are_too_long_show_fewer_tasks_from_then_on(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    def refuse(body: dict[str, Any]) -> Fault | None:
        is_long = (
            body["messages"][-1]["content"].count("\n1. ") and "\n5. " in body["messages"][-1]["content"]
        )
        said = "This model's maximum context length is 64 tokens and your request has 300 input tokens"
        return Fault(400, error_body(said)) if is_long else None

    server.refuse = refuse
    async with engine_on(**on(server, answers="text")) as engine:
        first, second = await carry_out(engine), await carry_out(engine)
        learned = engine.workspace.settings.learned(server.url, "m")
    assert (first.state, second.state) == ("failed", "parsed")
    assert (len(first.in_context), len(second.in_context)) == (8, 4)
    assert learned == {"in_context": "4"}


async def test_a_request_with_hardly_any_room_is_not_paid_for_and_the_next_shows_fewer_tasks(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    said = "This model's maximum context length is 4097 tokens and your request has 4060 input tokens"
    server.faults.append(Fault(400, error_body(said)))
    async with engine_on(**on(server)) as engine:
        first, second = await carry_out(engine), await carry_out(engine)
    assert (first.state, second.state) == ("failed", "parsed")
    assert (len(first.in_context), len(second.in_context)) == (8, 4)
    assert [one.body["max_tokens"] for one in server.received] == [1024, 1024]


def failures_of(engine: Engine) -> list[str]:
    """What is told of requests that fail from here on."""
    said: list[str] = []
    engine.listener = lambda event: said.append(event.sentence) if isinstance(event, RequestFailed) else None
    return said


def of_stage(server: ModelServer, stage: str) -> list[dict[str, Any]]:
    """The bodies of the requests of a stage, by the words with which its system message begins."""
    return [one.body for one in server.received if one.body["messages"][0]["content"].startswith(stage)]


def characters(body: dict[str, Any]) -> int:
    return sum(len(message["content"]) for message in body["messages"])


async def test_a_prompt_is_found_too_long_also_at_a_server_that_was_busy_first(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    said = "This model's maximum context length is 4097 tokens and your request has 4060 input tokens"
    server.faults.extend([Fault(503, b"", {"retry-after": "0"}), Fault(400, error_body(said))])
    async with engine_on(**on(server)) as engine:
        first, second = await carry_out(engine), await carry_out(engine)
    assert (first.state, second.state) == ("failed", "parsed")
    assert (len(first.in_context), len(second.in_context)) == (8, 4)


@pytest.mark.parametrize("answers", ["auto", "text"])
async def test_labels_and_instances_are_asked_for_with_fewer_examples_where_the_prompt_is_too_long(
    engine_on: OpenEngine, server: ModelServer, answers: str
) -> None:
    server.refuse = small_context(620)
    async with engine_on(**on(server, answers=answers)) as engine:
        said = failures_of(engine)
        tasks = [
            engine.workspace.tasks.add(f"Name a river in {place}.", origin="human", at="now")
            for place in ("Asia", "Europe")
        ]
        await engine.classify(tasks)
        await engine.instantiate(tasks)
        labels = [task.label for task in engine.workspace.tasks.get_many(tasks)]
        rows = [engine.workspace.instances.of_task(task_id) for task_id in tasks]
        learned = engine.workspace.settings.learned(server.url, "m")
        assert engine.never_produced is None
    assert "unknown" not in labels
    assert None not in labels
    assert all(rows)
    assert learned.keys() >= {"in_context.classify", "in_context.instantiate"}
    assert 2 <= int(learned["in_context.classify"] or 0) < 31
    assert 1 <= int(learned["in_context.instantiate"] or 0) < 8
    assert all(sentence.endswith("The next prompts show fewer examples.") for sentence in said)
    for stage in ("You sort", "You write"):
        sizes = [characters(body) for body in of_stage(server, stage)]
        assert sizes[-1] < sizes[0]


async def test_a_task_that_is_itself_too_long_shortens_no_other_prompts(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = small_context(2000)
    async with engine_on(**on(server)) as engine:
        long = engine.workspace.tasks.add("Name a river. " * 1000, origin="human", at="now")
        await engine.classify([long])
        assert engine.workspace.settings.learned(server.url, "m") == {}
        assert engine.workspace.tasks.get(long).label is None
    assert len(server.received) == 1


async def test_a_prompt_that_cannot_be_shortened_any_more_ends_with_what_to_do(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = small_context(100)
    async with engine_on(**on(server)) as engine:
        task_id = engine.workspace.tasks.add("Name a river.", origin="human", at="now")
        await engine.classify([task_id])
        request_id = engine.workspace.tasks.get(task_id).classify_request_id
        assert request_id is not None
        assert len(engine.workspace.requests.get(request_id).in_context) == 3
        assert "No labels" in (engine.never_produced or "")
        assert "context of 100 tokens does not hold" in (engine.never_produced or "")
