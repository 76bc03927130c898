"""What an answer changes: it is read by the person's own prompts, and undoes nothing decided meanwhile."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.db.records import Label, Task
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, instances_answer

INSTRUCTION = "Say what kind of animal it is."
WORDING = "Say in one word what kind of animal a wren is."


def accepted(engine: Engine, label: Label | None = None) -> int:
    task_id = engine.workspace.tasks.add(INSTRUCTION, origin="model", at="now", held=True, batch=1)
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    if label is not None:
        engine.decisions.relabel(task_id, label)
    return task_id


async def answered(
    engine: Engine, server: ModelServer, request_id: int, answer: Fault, meanwhile: Callable[[], object]
) -> None:
    """Send a request, and do something between its way out and its answer."""
    server.faults.append(answer)
    server.gate.clear()
    requests = iter([request_id])
    run = asyncio.ensure_future(engine.run(plan=lambda: next(requests, None)))
    await asyncio.to_thread(server.arrived.acquire)
    meanwhile()
    server.gate.set()
    await run


def said(text: str) -> Fault:
    choice = {"message": {"content": text}, "finish_reason": "stop"}
    return Fault(body=json.dumps({"choices": [choice]}).encode())


def task_of(engine: Engine, task_id: int) -> Task:
    return engine.workspace.tasks.get(task_id)


@pytest.mark.parametrize(("chosen", "answer"), [("classification", "No"), ("generation", "Yes")])
async def test_a_label_that_a_person_gave_while_the_answer_was_on_its_way_is_kept(
    engine_on: OpenEngine, server: ModelServer, chosen: Label, answer: str
) -> None:
    async with engine_on(base_url=server.url, model="m") as engine:
        task_id = accepted(engine)
        request_id = engine.planner.classify(task_id)
        await answered(
            engine, server, request_id, said(answer), lambda: engine.decisions.relabel(task_id, chosen)
        )
        assert engine.workspace.requests.get(request_id).state == "parsed"
        assert task_of(engine, task_id).label == chosen


async def test_a_label_that_nobody_has_given_meanwhile_is_the_models(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with engine_on(base_url=server.url, model="m") as engine:
        task_id = accepted(engine)
        await answered(engine, server, engine.planner.classify(task_id), said("Yes"), lambda: None)
        assert task_of(engine, task_id).label == "classification"


async def test_a_label_for_an_old_wording_is_not_put_on_the_new_one(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with engine_on(base_url=server.url, model="m") as engine:
        task_id = accepted(engine)
        request_id = engine.planner.classify(task_id)

        def reword() -> None:
            engine.decisions.reject(task_id)
            engine.decisions.restore_all([task_id])
            engine.decisions.edit(task_id, WORDING)

        await answered(engine, server, request_id, said("Yes"), reword)
        assert (task_of(engine, task_id).instruction, task_of(engine, task_id).label) == (WORDING, None)


async def test_instances_for_a_label_that_was_changed_meanwhile_do_not_count_as_those_of_the_new_one(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with engine_on(base_url=server.url, model="m") as engine:
        task_id = accepted(engine, "generation")
        request_id = engine.planner.instantiate(task_id)
        await answered(
            engine,
            server,
            request_id,
            instances_answer(("cod", "fish")),
            lambda: engine.decisions.relabel(task_id, "classification"),
        )
        assert task_of(engine, task_id).label == "classification"
        assert engine.workspace.instances.of_wording(task_id, INSTRUCTION, "classification") == []
        assert engine.workspace.backlog.to_instantiate() == task_id


OWN_PROMPTS = """
[input_first.chat]
user = '''
{% for example in examples %}
Aufgabe: {{ example.instruction }}
{% for instance in example.instances %}
Eingabe: {{ instance.input }}
Ausgabe: {{ instance.output }}
{% endfor %}
{% endfor %}
Aufgabe: {{ instruction }}'''
"""


async def test_an_answer_in_the_names_of_the_persons_own_prompts_is_read(
    engine_on: OpenEngine, server: ModelServer, tmp_path: Path
) -> None:
    prompts = tmp_path / "prompts.toml"
    prompts.write_text(OWN_PROMPTS, encoding="utf-8")
    async with engine_on(base_url=server.url, model="m", prompts=prompts) as engine:
        task_id = accepted(engine, "generation")
        request_id = engine.planner.instantiate(task_id)
        answer = said("Eingabe: wren\nAusgabe: bird\n\nEingabe: cod\nAusgabe: fish")
        await answered(engine, server, request_id, answer, lambda: None)
        kept = engine.workspace.instances.of_task(task_id)
        assert [(one.input, one.output) for one in kept] == [("wren", "bird"), ("cod", "fish")]
