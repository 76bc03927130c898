"""Asking the model for more instances than a task has."""

import asyncio
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import RequestRefusedError
from selfinstruct.core.events import Event, GenerationPaused, RequestFailed, TaskInstantiated
from selfinstruct.core.runs.attended import AttendedRun
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import Instance, Label, Request
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, error_body, instances_answer

PRICES = {"m": {"input": 1.0, "output": 1.0}}


def accepted(engine: Engine, instruction: str = "Say what kind of animal it is.") -> int:
    tasks = engine.workspace.tasks
    task_id = tasks.add(instruction, origin="model", at="now", held=True, batch=1)
    tasks.set_label(task_id, "generation")
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    return task_id


class Beside:
    """Generation beside a person, as a test sees it."""

    def __init__(self, engine: Engine, attended: AttendedRun | None = None) -> None:
        self.engine = engine
        self.attended = attended or AttendedRun(engine)
        self.happened: list[Event] = []
        self._news = asyncio.Event()
        engine.listener = self._listen
        self._task = asyncio.create_task(self.attended.run())

    def _listen(self, event: Event) -> None:
        self.happened.append(event)
        self._news.set()

    async def until_told(self, kind: type, times: int = 1) -> None:
        async with asyncio.timeout(90):
            while sum(isinstance(event, kind) for event in self.happened) < times:
                self._news.clear()
                await self._news.wait()

    async def end(self) -> None:
        self.attended.stop()
        await self._task

    def request(self, request_id: int) -> Request:
        return self.engine.workspace.requests.get(request_id)


def texts(instances: list[Instance]) -> list[tuple[str, str, str]]:
    return [(one.input, one.output, one.reason.code if one.reason else one.state) for one in instances]


async def test_what_the_model_adds_comes_besides_what_there_is(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m")
    task_id = accepted(engine)
    server.faults.extend(
        [
            instances_answer(("cod", "fish"), ("wren", "bird"), ("elk", "deer")),
            instances_answer(("cod", "fish"), ("wren", "songbird"), ("elk", "mammal"), ("owl", "bird")),
        ]
    )
    beside = Beside(engine)
    await beside.until_told(TaskInstantiated)
    engine.decisions.instances.drop(engine.workspace.instances.of_task(task_id)[2].id)
    beside.attended.ask_for_more(task_id)
    await beside.until_told(TaskInstantiated, 2)
    await beside.end()
    await engine.close()

    assert texts(engine.workspace.instances.of_task(task_id)) == [
        ("cod", "fish", "kept"),
        ("wren", "bird", "kept"),
        ("elk", "deer", "by_hand"),
        ("cod", "fish", "duplicate"),
        ("wren", "songbird", "contradiction"),
        ("elk", "mammal", "kept"),
        ("owl", "bird", "kept"),
    ]
    first, more = (beside.request(request_id) for request_id in (1, 2))
    assert (first.more, more.more) == (False, True)
    assert (first.parameters["temperature"], more.parameters["temperature"]) == (0, 0.7)
    assert first.prompt != more.prompt
    assert engine.workspace.tasks.get(task_id).instantiate_request_id == first.id


async def test_asking_twice_is_not_asking_the_same(engine_on: OpenEngine) -> None:
    engine = engine_on()
    task_id = accepted(engine)
    beside = Beside(engine)
    await beside.until_told(TaskInstantiated)
    beside.attended.ask_for_more(task_id)
    await beside.until_told(TaskInstantiated, 2)
    beside.attended.ask_for_more(task_id)
    await beside.until_told(TaskInstantiated, 3)
    await beside.end()
    await engine.close()
    assert beside.request(2).prompt != beside.request(3).prompt


@pytest.mark.parametrize("label", ["classification", "generation"])
async def test_more_is_asked_for_as_the_first_ones_were_by_the_label(
    engine_on: OpenEngine, label: Label
) -> None:
    engine = engine_on()
    task_id = accepted(engine)
    if label == "classification":
        engine.decisions.relabel(task_id, label)
    beside = Beside(engine)
    await beside.until_told(TaskInstantiated)
    beside.attended.ask_for_more(task_id)
    await beside.until_told(TaskInstantiated, 2)
    await beside.end()
    await engine.close()
    for request_id in (1, 2):
        request = beside.request(request_id)
        assert request.stage == "instantiate"
        assert ('[{"output":' in str(request.prompt)) == (label == "classification")


async def test_a_request_for_more_is_written_at_once_and_made_by_the_next_program_if_this_one_goes(
    engine_on: OpenEngine, workspace: Workspace
) -> None:
    engine = engine_on()
    task_id = accepted(engine)
    await engine.instantiate([task_id])
    AttendedRun(engine).ask_for_more(task_id)
    assert workspace.requests.get(2).state == "planned"
    await engine.close()

    later = engine_on()
    beside = Beside(later)
    await beside.until_told(TaskInstantiated)
    await beside.end()
    await later.close()
    assert {one.request_id for one in workspace.instances.of_task(task_id)} == {1, 2}


async def test_a_task_is_not_asked_about_twice_at_a_time(engine_on: OpenEngine, server: ModelServer) -> None:
    engine = engine_on(base_url=server.url, model="m")
    task_id = accepted(engine)
    server.gate.clear()
    beside = Beside(engine)
    await asyncio.to_thread(server.arrived.acquire)
    with pytest.raises(RequestRefusedError, match="asked for instances of task 176 already"):
        beside.attended.ask_for_more(task_id)
    server.gate.set()
    await beside.end()
    await engine.close()
    assert engine.workspace.requests.count() == 1


async def test_instances_asked_for_in_vain_are_asked_for_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m")
    task_id = accepted(engine)
    server.faults.extend([Fault(422, error_body("no")), instances_answer(("cod", "fish"))])
    beside = Beside(engine)
    await beside.until_told(RequestFailed)
    assert engine.workspace.counts().rowless.failed == 1
    beside.attended.ask_for_more(task_id)
    await beside.until_told(TaskInstantiated)
    await beside.end()
    await engine.close()
    assert texts(engine.workspace.instances.of_task(task_id)) == [("cod", "fish", "kept")]
    assert engine.workspace.counts().rowless.failed == 0


async def test_what_a_person_has_added_meanwhile_does_not_keep_the_models_answer_out(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m")
    task_id = accepted(engine)
    server.gate.clear()
    server.faults.append(instances_answer(("cod", "fish"), ("elk", "mammal")))
    beside = Beside(engine)
    await asyncio.to_thread(server.arrived.acquire)
    engine.decisions.instances.add(task_id, "cod", "fish")
    server.gate.set()
    await beside.until_told(TaskInstantiated)
    await beside.end()
    await engine.close()
    assert texts(engine.workspace.instances.of_task(task_id)) == [
        ("cod", "fish", "kept"),
        ("cod", "fish", "duplicate"),
        ("elk", "mammal", "kept"),
    ]


async def test_instances_added_by_hand_come_back_with_their_label_and_the_model_is_not_asked_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m")
    task_id = accepted(engine)
    server.faults.append(instances_answer(("cod", "fish")))
    await engine.instantiate([task_id])
    engine.decisions.instances.add(task_id, "elk", "mammal")
    engine.decisions.relabel(task_id, "classification")
    engine.decisions.relabel(task_id, "generation")
    await engine.close()
    assert len(engine.workspace.instances.of_task(task_id)) == 2
    assert engine.workspace.backlog.to_instantiate() is None


async def test_no_more_is_asked_for_than_the_cost_limit_allows(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", prices=PRICES, max_cost=1e-6)
    task_id = accepted(engine)
    with pytest.raises(RequestRefusedError, match=r"cost limit of \$1e-06"):
        AttendedRun(engine).ask_for_more(task_id)
    await engine.close()
    assert server.received == []
    assert engine.workspace.requests.count() == 0


async def test_no_more_is_asked_for_than_the_number_of_requests_allows(engine_on: OpenEngine) -> None:
    engine = engine_on(max_requests=1)
    task_id = accepted(engine)
    await engine.instantiate([task_id])
    with pytest.raises(RequestRefusedError, match="reached max_requests, 1"):
        AttendedRun(engine).ask_for_more(task_id)
    await engine.close()


async def test_asking_goes_on_after_a_pause(engine_on: OpenEngine, server: ModelServer) -> None:
    engine = engine_on(base_url=server.url, model="m")
    task_id = accepted(engine)
    server.faults.append(Fault(401, error_body("wrong key")))
    beside = Beside(engine)
    await beside.until_told(GenerationPaused)
    beside.attended.ask_for_more(task_id)
    await beside.until_told(TaskInstantiated)
    await beside.end()
    await engine.close()


def test_only_tasks_of_the_pool_with_a_clear_label_are_asked_about(engine_on: OpenEngine) -> None:
    engine = engine_on()
    attended = AttendedRun(engine)
    task_id = accepted(engine)
    with pytest.raises(RequestRefusedError, match="is a seed"):
        attended.ask_for_more(1)
    engine.decisions.relabel(task_id, "unknown")
    with pytest.raises(RequestRefusedError, match="label is not clear"):
        attended.ask_for_more(task_id)
    engine.decisions.reject(task_id)
    with pytest.raises(RequestRefusedError, match="not in the pool"):
        attended.ask_for_more(task_id)
    assert engine.workspace.requests.count() == 0


@pytest.mark.parametrize(
    ("settings", "state"), [({"concurrency": 3}, "parsed"), ({"api": "completions"}, "failed")]
)
async def test_what_was_asked_for_and_not_sent_goes_on_under_new_settings_if_it_fits_them(
    engine_on: OpenEngine, settings: dict[str, Any], state: str
) -> None:
    engine = engine_on()
    task_id = accepted(engine)
    await engine.instantiate([task_id])
    attended = AttendedRun(engine)
    attended.ask_for_more(task_id)
    await engine.apply(resolve(settings))
    beside = Beside(engine, attended.successor())
    if state == "parsed":
        await beside.until_told(TaskInstantiated)
    await beside.end()
    await engine.close()
    assert beside.request(2).state == state
