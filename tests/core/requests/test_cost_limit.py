"""One cost limit for all programs of a workspace, whoever has set it last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import CostLimitError, SettingsError
from selfinstruct.core.runs.outcome import Ended
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.setting_names import as_flags
from selfinstruct.core.settings.prices import rounded_up
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.server import ModelServer

PRICED = {"model": "m", "prices": {"m": {"input": 10.0, "output": 30.0}}}


@asynccontextmanager
async def another(path: Path) -> AsyncIterator[Engine]:
    """An engine of another program, with what the workspace remembers."""
    with Workspace.open(path) as workspace:
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            yield engine


@pytest.fixture
def path(workspace: Workspace, server: ModelServer) -> Path:
    """A workspace with a price and a limit that leaves room for many requests."""
    Engine(workspace, resolve({**PRICED, "base_url": server.url, "max_cost": 5.0}))
    return workspace.path


async def test_a_limit_that_another_program_sets_binds_the_next_request(path: Path) -> None:
    async with another(path) as one, another(path) as other:
        one.planner.propose(1)
        other.limit_cost(0.001)
        with pytest.raises(CostLimitError):
            one.planner.propose(1)
        assert one.cost_limit() == 0.001
        assert one.settings.max_cost != 0.001
        assert not one.follow_cost_limit()
        assert one.settings.max_cost == 0.001
        other.limit_cost(1.0)
        assert one.follow_cost_limit()
        assert not one.follow_cost_limit()


async def test_a_new_limit_changes_no_other_setting(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths beside the workspace are stored relative to it, but are not relative to the current folder."""
    monkeypatch.chdir(tmp_path)
    (workspace.path.parent / "mine.toml").write_text(
        '[classify.chat]\nsystem = "You sort tasks. You answer with one word."\n'
    )
    settings = resolve({**PRICED, "max_cost": 1.0, "prompts": workspace.path.parent / "mine.toml"})
    async with Engine(workspace, settings) as engine:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        engine.limit_cost(2.0)
        assert engine.settings == settings.model_copy(update={"max_cost": 2.0})
        await engine.apply(engine.settings.model_copy(update={"concurrency": 2}))
        assert workspace.settings.read()["prompts"] == "mine.toml"


@pytest.mark.parametrize("thinking_tokens", [0, 5000])
def test_a_limit_that_is_just_what_a_request_needs_is_enough(
    tmp_path: Path, server: ModelServer, thinking_tokens: int
) -> None:
    settings = {**PRICED, "base_url": server.url, "thinking_tokens": thinking_tokens}

    def propose(name: str, limit: float) -> float:
        with Workspace.open(tmp_path / name, create=True) as workspace:
            engine = Engine(workspace, resolve({**settings, "max_cost": limit}))
            request = workspace.requests.get(engine.planner.propose(1))
            assert request.reserved_usd is not None
            return request.reserved_usd

    need = propose("a.db", 5.0)
    assert need > thinking_tokens * 30 / 1e6
    assert propose("b.db", need) == need
    with pytest.raises(CostLimitError):
        propose("c.db", need * (1 - 1e-9))


async def test_other_settings_of_a_program_do_not_set_the_limit_back(path: Path) -> None:
    async with another(path) as one, another(path) as other:
        other.limit_cost(1.0)
        await one.apply(one.settings.model_copy(update={"concurrency": 2}))
        assert other.cost_limit() == 1.0
        await one.apply(one.settings.model_copy(update={"max_cost": 2.0}))
        assert other.cost_limit() == 2.0


async def test_a_model_without_a_price_is_not_asked_once_another_program_has_set_a_limit(
    workspace: Workspace,
) -> None:
    one = Engine(workspace, resolve({"model": "m", "base_url": "https://models.example/v1"}))
    planned = one.planner.propose(1)
    with Workspace.open(workspace.path) as others:
        others.settings.change({"max_cost": 5.0})
    with pytest.raises(SettingsError, match="price of 'm' is not known"):
        one.planner.propose(1)
    attempt = workspace.requests.begin_attempt(planned, {}, run_id=workspace.run_id, at="now")
    assert attempt is None, "nobody knows what it would cost"
    left_over = one.planner.left_over(resend=True)
    assert left_over.taken_over == []
    assert [request.id for request in left_over.given_up] == [planned]
    assert workspace.requests.get(planned).state == "failed"
    await one.close()


async def test_a_run_that_only_money_would_stop_ends_when_the_limit_is_taken_away(path: Path) -> None:
    async with another(path) as one, another(path) as other:
        run = UnattendedRun(one)
        values = other.workspace.settings.read()
        del values["max_cost"]
        other.workspace.settings.write(values)
        outcome = await run.run()
        assert outcome.ended is Ended.LIMIT
        assert "--max-cost was removed" in as_flags(outcome.sentence)
        assert one.workspace.requests.count() == 0


async def test_the_limit_that_is_named_makes_room_and_none_below_what_is_wanted_does(
    path: Path, server: ModelServer
) -> None:
    async with another(path) as engine:
        engine.limit_cost(0.3)
        run = UnattendedRun(engine)
        outcome = await run.run()
        assert run.room is not None
        charged = engine.workspace.requests.charged_usd()
        wanted = run.room.at_most_usd
        assert outcome.ended is Ended.LIMIT
        assert f"no room for another request, which may cost up to {wanted:g} USD." in outcome.sentence
        assert charged <= 0.3 < charged + wanted <= run.room.limit_usd < 1.02 * (charged + wanted)
        for usd, is_enough in ((charged + 0.98 * wanted, False), (run.room.limit_usd, True)):
            sent = len(server.received)
            engine.limit_cost(usd)
            await UnattendedRun(engine).run()
            assert (len(server.received) > sent) is is_enough


async def test_a_request_that_is_planned_already_needs_no_room_besides_its_own(path: Path) -> None:
    async with another(path) as engine:
        engine.planner.propose(1)
        charged = engine.workspace.requests.charged_usd()
        engine.limit_cost(charged / 3)
        run = UnattendedRun(engine)
        await run.run()
        assert run.room is not None
        assert charged <= run.room.limit_usd < 1.02 * charged
        engine.limit_cost(charged)
        assert engine.workspace.requests.begin_attempt(1, {}, run_id=engine.workspace.run_id, at="now")


async def test_no_limit_is_named_once_there_is_room_again(path: Path) -> None:
    async with another(path) as engine:
        assert engine.planner.room_for(CostLimitError(0.5)) is None


async def test_what_is_not_sent_for_an_interruption_is_not_said_to_be_for_new_tasks(path: Path) -> None:
    async with another(path) as engine:
        task_id = engine.workspace.tasks.add("Name a river in Asia.", origin="model", at="now")
        engine.decisions.accept(task_id)
        engine.planner.classify(task_id)
        engine.settings = engine.settings.model_copy(update={"target": 1})
        run = UnattendedRun(engine)
        run.stop()
        assert (await run.run()).ended is Ended.INTERRUPTED
        assert run.not_needed == 0


def test_a_model_that_is_free_costs_something_with_vectors_that_are_not() -> None:
    free = {"model": "m", "base_url": "http://127.0.0.1:9/v1", "prices": {"m": {"input": 0, "output": 0}}}
    paid = {"embeddings": "e", "embeddings_url": "https://models.example/v1"}
    assert resolve(free).costs_nothing
    assert not resolve({**free, **paid}).costs_nothing


@pytest.mark.parametrize("thinking_tokens", [0, 5000])
async def test_the_limit_that_is_named_covers_all_that_accepted_tasks_wait_for(
    path: Path, server: ModelServer, thinking_tokens: int
) -> None:
    async with another(path) as engine:
        await engine.apply(engine.settings.model_copy(update={"thinking_tokens": thinking_tokens}))
        texts = ("Name a river in Asia.", "Say when iron melts.", "Tell how bees find their way home.")
        tasks = [engine.workspace.tasks.add(text, origin="human", at="now") for text in texts]
        for task_id in tasks:
            engine.decisions.accept(task_id)
        engine.limit_cost(0.001)
        run = UnattendedRun(engine)
        await run.run()
        room = run.room
        assert room is not None
        assert room.limit_usd < room.for_all_usd
        engine.limit_cost(room.limit_usd)
        assert not engine.planner.covers_accepted()
        engine.limit_cost(room.for_all_usd)
        assert engine.planner.covers_accepted()
        # What is planned then reserves no more than was said.
        said = room.for_all_usd - engine.workspace.requests.charged_usd()
        asked = [engine.planner.classify(task_id) for task_id in tasks]
        for task_id in tasks:
            engine.workspace.tasks.set_label(task_id, "classification")
        asked += [engine.planner.instantiate(task_id) for task_id in tasks]
        reserved = sum(engine.workspace.requests.get(request_id).reserved_usd or 0 for request_id in asked)
        assert 0.9 * said < reserved <= said


async def test_what_accepted_tasks_need_comes_before_new_ones_when_money_is_short(path: Path) -> None:
    texts = ("Name a river in Asia.", "Say when iron melts.", "Tell how bees find their way home.")
    async with another(path) as engine:
        tasks = [engine.workspace.tasks.add(text, origin="human", at="now") for text in texts]
        for task in tasks:
            engine.decisions.accept(task)
        engine.limit_cost(0.001)
        before = UnattendedRun(engine)
        await before.run()
        assert before.room is not None
        engine.limit_cost(before.room.for_all_usd)
        assert (await UnattendedRun(engine).run()).ended is Ended.LIMIT
        first = [engine.workspace.requests.get(number).stage for number in (1, 2, 3)]
        assert first == ["classify", "classify", "classify"]
        assert all(engine.workspace.instances.of_task(task) for task in tasks)


@pytest.mark.parametrize(
    ("usd", "readable"),
    [
        (0.0, 0.0),
        (0.0053141, 0.00532),
        (0.3, 0.3),
        (4.991, 5.0),
        (5.2, 5.21),
        (999.2, 1000.0),
        (12345, 12400),
    ],
)
def test_an_amount_is_rounded_up_to_three_digits(usd: float, readable: float) -> None:
    assert rounded_up(usd) == readable
