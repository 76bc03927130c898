"""Requests for vectors: which texts are sent, how often, at what cost and with which key."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import SettingsError
from selfinstruct.core.runs.outcome import Ended, RunOutcome
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.pool.meaning import PAID, in_doubt, on
from tests.core.runs.test_unattended import run
from tests.server import ModelServer

pytestmark = pytest.mark.long


async def test_the_pool_comes_first_in_requests_of_up_to_128_texts_and_then_one_for_each_answer(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with engine_on(**on(server, target=10, concurrency=1)) as engine:
        await UnattendedRun(engine).run()
        states = [engine.workspace.requests.get(number).stage for number in (1, 2, 3, 4)]
    sizes = [len(texts) for texts in server.embedded()]
    assert sizes[:2] == [128, 47]
    assert max(sizes[2:]) <= 8
    assert states == ["embed", "embed", "propose", "embed"]
    asked = [text for texts in server.embedded() for text in texts]
    assert len(asked) == len(set(asked)), "no vector is asked for twice"


async def test_vectors_that_may_have_been_paid_are_not_asked_for_again_for_the_model_being_free(
    tmp_path: Path, server: ModelServer
) -> None:
    prices = {"e": PAID["e"]}
    await in_doubt(tmp_path / "a.db", server, target=3, prices=prices)
    outcome = await run(tmp_path / "a.db")
    assert outcome.ended is Ended.LIMIT
    assert "in doubt" in outcome.sentence
    texts = [text for received in server.received for text in received.body["input"]]
    assert len(texts) == len(set(texts)) == 175


async def test_two_programs_with_two_models_for_embeddings_do_not_get_into_each_others_way(
    tmp_path: Path, server: ModelServer
) -> None:
    path, one, two = tmp_path / "a.db", resolve(on(server)), resolve(on(server, embeddings="e2"))
    with Workspace.open(path, create=True) as of_first, Workspace.open(path, create=True) as of_second:
        async with Engine(of_first, one) as first:
            planned = iter([first.planner.embed()])
            await first.run(plan=lambda: next(planned, None))
            under_way = first.planner.embed()
            assert under_way is not None
            async with Engine(of_second, two) as second:
                await second.run(plan=second.planner.embed)
                assert sorted(len(texts) for texts in server.embedded()) == [47, 128, 128]
                assert second.assessor.near_in_meaning(1) is not None
            with pytest.raises(SettingsError, match=r"e2 at .* A workspace has one embedding model"):
                first.planner.embed()
            # What was under way is paid for, and is taken in as it comes.
            planned = iter([under_way])
            await first.run(plan=lambda: next(planned, None))
            assert len(first.workspace.vectors.of_tasks(range(1, 176))) == 175
        async with Engine(of_first, one) as first:
            assert first.planner.embed() is None
        assert len(server.embedded()) == 4


async def test_what_is_under_way_for_a_model_is_not_asked_for_again_when_it_comes_back(
    tmp_path: Path, server: ModelServer
) -> None:
    path = tmp_path / "a.db"
    with Workspace.open(path, create=True) as one, Workspace.open(path, create=True) as two:
        async with Engine(one, resolve(on(server))) as first:
            assert first.planner.embed() is not None
            Engine(two, resolve(on(server, embeddings="e2")))
            Engine(two, resolve(on(server)))
            second = first.planner.embed()
            assert second is not None
            assert len(first.workspace.requests.get(second).in_context) == 175 - 128


async def test_a_vector_is_asked_for_once_a_wording_and_once_a_model(
    tmp_path: Path, server: ModelServer
) -> None:
    await run(tmp_path / "a.db", **on(server, target=5))
    before = len(server.embedded())
    await run(tmp_path / "a.db", target=5)
    assert len(server.embedded()) == before
    await run(tmp_path / "a.db", embeddings="other")
    assert sum(map(len, server.embedded()[before:])) >= 180
    before = len(server.embedded())
    await run(tmp_path / "a.db", embeddings="e")
    assert len(server.embedded()) == before, "those of the first model are still there"
    with Workspace.open(tmp_path / "a.db") as workspace:
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            pending = workspace.tasks.undecided(0, 1000)
            passing = next(one for one in pending if one.verdict == "pass")
            engine.decisions.edit(passing.id, "Name five uses of an empty jar.")
            await engine.run(plan=engine.planner.embed)
    assert server.embedded()[before:] == [["Name five uses of an empty jar."]]


async def test_vectors_can_be_deleted_and_are_asked_for_again(tmp_path: Path, server: ModelServer) -> None:
    from contextlib import closing

    from selfinstruct.db.sqlite.driver import sqlite3

    await run(tmp_path / "a.db", **on(server, target=5))
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.execute("DELETE FROM vectors")
    before = len(server.embedded())
    await run(tmp_path / "a.db", target=5)
    assert sum(map(len, server.embedded()[before:])) >= 180


async def test_requests_for_vectors_count_against_both_limits(tmp_path: Path, server: ModelServer) -> None:
    outcome = await run(tmp_path / "a.db", **on(server, max_requests=4, concurrency=1))
    assert outcome.ended is Ended.LIMIT
    assert len(server.received) == 4
    prices = {"m": {"input": 10.0, "output": 30.0}, "e": {"input": 5.0, "output": 0.0}}
    outcome = await run(tmp_path / "b.db", **on(server, max_cost=0.1, concurrency=1, prices=prices))
    with Workspace.open(tmp_path / "b.db") as workspace:
        counts = workspace.counts()
        first = workspace.request_log.record(1).attempts[0]
    assert outcome.ended is Ended.LIMIT
    assert first.prompt_tokens
    assert first.cost_usd == pytest.approx(5.0 * first.prompt_tokens / 1e6)
    assert 0 < (counts.cost_usd or 0) <= 0.1
    assert counts.attempts_of_unknown_cost == 0


def test_a_cost_limit_needs_the_price_of_the_embeddings_too(engine_on: OpenEngine) -> None:
    prices = {"m": {"input": 1.0, "output": 1.0}}
    with pytest.raises(SettingsError, match="price of 'e' is not known"):
        engine_on(base_url="https://models.example/v1", model="m", embeddings="e", max_cost=1, prices=prices)


async def test_a_key_goes_only_to_the_endpoint_that_it_was_given_for(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXT_KEY", "for-texts")
    monkeypatch.setenv("VECTOR_KEY", "for-vectors")
    with ModelServer() as elsewhere:
        settings = on(server, target=2, api_key_env="TEXT_KEY", embeddings_url=elsewhere.url)
        await run(tmp_path / "a.db", **settings)
        await run(tmp_path / "b.db", **settings, embeddings_key_env="VECTOR_KEY")
        sent = {one.headers.get("authorization") for one in server.received}
        sent_elsewhere = [one.headers.get("authorization") for one in elsewhere.received]
    assert sent == {"Bearer for-texts"}
    assert set(sent_elsewhere) == {None, "Bearer for-vectors"}


async def test_at_the_models_own_address_its_key_serves_both(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXT_KEY", "for-texts")
    await run(tmp_path / "a.db", **on(server, target=2, api_key_env="TEXT_KEY"))
    assert {one.headers.get("authorization") for one in server.received} == {"Bearer for-texts"}


@pytest.mark.parametrize(
    ("stored", "flags"),
    [
        pytest.param(
            {"embeddings_url": "http://127.0.0.1:2/v1"}, {"embeddings_url": "http://127.0.0.1:3/v1"}
        ),
        pytest.param({}, {"base_url": "http://127.0.0.1:4/v1"}),
        pytest.param({}, {"model": "offline", "embeddings": "e"}),
        pytest.param({"embeddings_url": "http://127.0.0.1:2/v1"}, {"embeddings": ""}),
    ],
)
def test_a_key_for_embeddings_is_forgotten_with_the_address_that_it_was_for(
    stored: dict[str, Any], flags: dict[str, Any]
) -> None:
    known = {"model": "m", "base_url": "http://127.0.0.1:1/v1", "embeddings": "e", "embeddings_key_env": "K"}
    assert resolve({}, stored=known | stored).embeddings_key_env == "K"
    assert resolve(flags, stored=known | stored).embeddings_key_env is None


async def test_the_built_in_model_has_embeddings_too(tmp_path: Path) -> None:
    outcome: RunOutcome = await run(tmp_path / "a.db", target=3, embeddings="offline")
    with Workspace.open(tmp_path / "a.db") as workspace:
        workspace.vectors.look("offline", "http://offline.invalid/v1")
        assert len(workspace.vectors.since(0, most=1000)) >= 178
    assert outcome.ended is Ended.DONE


def test_without_embeddings_nothing_of_them_is_imported(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace

async def work():
    with Workspace.open(Path("a.db"), create=True) as workspace:
        async with Engine(workspace, resolve({"target": 2})) as engine:
            await UnattendedRun(engine).run()

asyncio.run(work())
names = (
    "endpoint.embeddings_client",
    "offline.embeddings",
    "pool.vectors",
    "requests.embedding_intake",
    "requests.embedding_messages",
    "similarity.vector_index",
)
assert "selfinstruct.core.requests.planner" in sys.modules
print([name for name in (*(f"selfinstruct.core.{name}" for name in names), "faiss") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []
