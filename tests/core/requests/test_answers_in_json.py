"""Answers in JSON: what an endpoint refuses is learned once, and when it is learned makes no difference."""

import random
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.offline.json_writer import asks_for_json
from selfinstruct.db.records import Parameters
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.sqlite.error_guard import stored_json
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.runs.test_unattended import run, tasks_of
from tests.server import Fault, ModelServer, error_body

FORMAT = "response_format"


def refuse_all(body: dict[str, Any]) -> Fault | None:
    return Fault(400, error_body("Unknown field response_format")) if FORMAT in body else None


def refuse_schemas(body: dict[str, Any]) -> Fault | None:
    """As the server of llama-cpp-python does."""
    asked = body.get(FORMAT, {}).get("type")
    said = "Input should be 'text' or 'json_object' ('body', 'response_format', 'type')"
    return Fault(500, error_body(said)) if asked == "json_schema" else None


def forms(server: ModelServer) -> list[str]:
    """How each request that was received asks for JSON."""
    asked = [one.body.get(FORMAT, {"type": "text"}) for one in server.received]
    return [str(one["type"]) + (" with schema" if "schema" in one else "") for one in asked]


def sent(path: Path) -> list[tuple[Parameters, list[Parameters]]]:
    """The parameters of each request as planned, and those of its attempts."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT id, parameters FROM requests ORDER BY id").fetchall()
        attempts = db.execute("SELECT request_id, parameters FROM attempts ORDER BY id").fetchall()
    return [
        (stored_json(planned, ""), [stored_json(one, "") for of, one in attempts if of == request_id])
        for request_id, planned in rows
    ]


def prompts_of(path: Path) -> list[bool]:
    """For each request, whether its prompt asks for JSON."""
    with Workspace.open(path) as workspace:
        count = workspace.requests.count()
        prompts = [workspace.requests.get(number).prompt for number in range(1, count + 1)]
    return [isinstance(prompt, list) and asks_for_json(prompt[-1]["content"]) for prompt in prompts]


def accepted_with_rows(path: Path) -> int:
    return sum(row[1] == "accepted" and any(one[2] == "kept" for one in row[5]) for row in tasks_of(path))


async def test_a_chat_model_is_asked_for_json_with_a_schema_in_every_stage(
    tmp_path: Path, server: ModelServer
) -> None:
    await run(tmp_path / "a.db", base_url=server.url, model="m", target=3)
    assert set(forms(server)) == {"json_schema"}
    names = {one.body[FORMAT]["json_schema"]["name"] for one in server.received}
    assert names == {"instructions", "classification", "instances"}
    assert all(prompts_of(tmp_path / "a.db"))
    assert accepted_with_rows(tmp_path / "a.db") == 3


@pytest.mark.parametrize(
    "settings", [{"answers": "text"}, {"api": "completions"}], ids=["text", "base model"]
)
async def test_text_stays_as_the_paper_has_it(
    tmp_path: Path, server: ModelServer, settings: dict[str, Any]
) -> None:
    await run(tmp_path / "a.db", base_url=server.url, model="m", target=3, **settings)
    assert set(forms(server)) == {"text"}
    assert not any(prompts_of(tmp_path / "a.db"))
    assert accepted_with_rows(tmp_path / "a.db") == 3


async def test_a_refused_form_is_tried_once_and_remembered_by_the_workspace(
    tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = refuse_schemas
    settings = {"base_url": server.url, "model": "m", "concurrency": 1}
    await run(tmp_path / "a.db", target=3, **settings)
    assert forms(server)[:2] == ["json_schema", "json_object with schema"]
    assert set(forms(server)[2:]) == {"json_object with schema"}
    assert all(prompts_of(tmp_path / "a.db"))
    server.received.clear()
    await run(tmp_path / "a.db", target=5, **settings)
    assert set(forms(server)) == {"json_object with schema"}
    assert accepted_with_rows(tmp_path / "a.db") == 5


async def test_the_exact_form_that_was_sent_is_stored_with_each_attempt(
    tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = refuse_all
    await run(tmp_path / "a.db", base_url=server.url, model="m", target=1, concurrency=1)
    stored = [parameters for _, attempts in sent(tmp_path / "a.db") for parameters in attempts]
    assert [one.get(FORMAT) for one in stored] == [one.body.get(FORMAT) for one in server.received]
    planned, first = sent(tmp_path / "a.db")[0]
    assert planned[FORMAT] == first[0][FORMAT]
    assert [FORMAT in one for one in first] == [True, True, True, False]


async def test_where_no_json_is_accepted_prompts_ask_for_text_from_then_on(
    tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = refuse_all
    settings = {"base_url": server.url, "model": "m", "concurrency": 2}
    await run(tmp_path / "a.db", target=3, **settings)
    asked = prompts_of(tmp_path / "a.db")
    assert asked == [True, True] + [False] * (len(asked) - 2)
    assert accepted_with_rows(tmp_path / "a.db") == 3
    server.received.clear()
    await run(tmp_path / "a.db", target=5, **settings)
    assert set(forms(server)) == {"text"}, "the next program knows it"
    asked = prompts_of(tmp_path / "a.db")
    assert not any(asked[2:])


@pytest.mark.parametrize("refusing", ["m", "small"])
async def test_each_stages_model_is_asked_as_it_takes_it(
    tmp_path: Path, server: ModelServer, refusing: str
) -> None:
    server.refuse = lambda body: refuse_all(body) if body["model"] == refusing else None
    request = {"classify": {"model": "small"}}
    await run(tmp_path / "a.db", base_url=server.url, model="m", target=4, concurrency=1, request=request)
    asked: dict[str, list[bool]] = {"m": [], "small": []}
    for one in server.received:
        if FORMAT not in one.body or one.body["model"] != refusing:
            asked[one.body["model"]].append(asks_for_json(one.body["messages"][-1]["content"]))
    # The first prompt was written before the refusal.
    of_refusing, of_other = asked.pop(refusing), *asked.values()
    assert of_refusing[0]
    assert not any(of_refusing[1:])
    assert all(of_other)
    assert min(len(of_refusing), len(of_other)) > 1


async def test_leaving_the_request_for_json_out_teaches_nothing_about_the_model(
    tmp_path: Path, server: ModelServer
) -> None:
    settings = {"base_url": server.url, "model": "m"}
    await run(tmp_path / "a.db", target=2, request={"leave_out": [FORMAT]}, **settings)
    assert set(forms(server)) == {"text"}
    with Workspace.open(tmp_path / "a.db") as workspace:
        assert workspace.settings.learned(server.url, "m") == {}
    server.received.clear()
    await run(tmp_path / "a.db", target=4, request={}, **settings)
    assert set(forms(server)) == {"json_schema"}
    assert all(prompts_of(tmp_path / "a.db"))


async def test_a_refusal_changes_no_prompt_before_its_answer_is_taken_in(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = refuse_all
    async with engine_on(base_url=server.url, model="m") as engine:
        first = engine.planner.propose(1)
        left = iter([first])
        await engine.run(plan=lambda: next(left, None), take_in=lambda request_id: None)
        assert forms(server)[-1] == "text"
        second = engine.planner.propose(1)
        engine.take_in(first)
        third = engine.planner.propose(1)
    assert prompts_of(engine.workspace.path)[second - 1 :] == [True, False]
    assert third == second + 1


@pytest.mark.long
async def test_when_a_refusal_arrives_makes_no_difference(tmp_path: Path, server: ModelServer) -> None:
    outcomes = []
    for number in range(3):
        chance = random.Random(number)
        server.refuse = refuse_all
        server.waits = lambda body, chance=chance: time.sleep(chance.random() * 0.03)  # type: ignore[misc]
        path = tmp_path / f"{number}.db"
        await run(path, base_url=server.url, model="m", target=6, concurrency=4)
        outcomes.append((tasks_of(path), prompts_of(path)))
    assert outcomes[0] == outcomes[1] == outcomes[2]


async def test_who_insists_on_json_gets_any_form_of_it_or_a_sentence(
    engine_on: OpenEngine, tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = refuse_schemas
    settings = {"base_url": server.url, "model": "m", "answers": "json"}
    await run(tmp_path / "a.db", target=2, **settings)
    assert forms(server)[-1] == "json_object with schema"
    server.refuse = refuse_all
    with pytest.raises(
        EndpointUnusableError, match=r"accepts no request for JSON: set answers to auto or text"
    ):
        await run(tmp_path / "a.db", target=4)


async def test_what_was_learned_does_not_keep_anybody_from_insisting(
    tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = refuse_all
    settings = {"base_url": server.url, "model": "m"}
    await run(tmp_path / "a.db", target=1, **settings)
    server.refuse = lambda body: None
    server.received.clear()
    await run(tmp_path / "a.db", target=2, answers="json", **settings)
    assert set(forms(server)) == {"json_schema"}


async def test_requests_planned_for_json_are_sent_without_it_once_text_is_set(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with engine_on(base_url=server.url, model="m", answers="text") as engine:
        planned = engine.planner.propose(1)
        await engine.apply(engine.settings.model_copy(update={"answers": "auto"}))
        second = engine.planner.propose(1)
        await engine.apply(engine.settings.model_copy(update={"answers": "text"}))
        left = iter([planned, second])
        await engine.run(plan=lambda: next(left, None))
        assert FORMAT in engine.workspace.requests.get(second).parameters
    assert forms(server) == ["text", "text"]


async def test_what_no_provider_takes_in_any_form_is_not_remembered(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    said = "No endpoints found that can handle the requested parameters."
    server.refuse = lambda body: Fault(404, error_body(said))
    async with engine_on(base_url=server.url, model="m") as engine:
        left = iter([engine.planner.propose(1)])
        with pytest.raises(EndpointUnusableError, match="No provider of 'm'"):
            await engine.run(plan=lambda: next(left, None))
        assert engine.workspace.settings.learned(server.url, "m") == {}


async def test_what_a_provider_takes_is_remembered(engine_on: OpenEngine, server: ModelServer) -> None:
    said = "No endpoints found that can handle the requested parameters."
    server.refuse = lambda body: Fault(404, error_body(said)) if "presence_penalty" in body else None
    async with engine_on(base_url=server.url, model="m") as engine:
        left = iter([engine.planner.propose(1)])
        await engine.run(plan=lambda: next(left, None))
        assert engine.workspace.settings.learned(server.url, "m") == {
            "answers": "text",
            "presence_penalty": None,
            "prompts": "text",
        }
