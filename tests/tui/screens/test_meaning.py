"""What a person sees of the comparison by meaning."""

from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.tables.vectors import NewVector
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.auto_progress import work_alone
from selfinstruct.tui.screens.preview.flips import FlipTable
from selfinstruct.tui.screens.settings.form import texts_of, values_of
from tests.conftest import OpenEngine
from tests.core.pool.meaning import PAID, in_doubt
from tests.server import ModelServer
from tests.tui.curating import curating, screen_text

pytestmark = pytest.mark.long


async def test_the_detail_shows_the_nearest_by_meaning_with_their_cosines(engine_on: OpenEngine) -> None:
    engine = engine_on(embeddings="offline", hold=True, target=3, batches_ahead=0, concurrency=1)
    await UnattendedRun(engine).run()
    async with curating(engine) as curator:
        await curator.until(lambda: engine.assessor.is_ready)
        task = curator.current()
        near = engine.assessor.near_in_meaning(task.id, k=1)
        assert near
        shown = (await curator.detail()).split("Nearest by meaning now (cosine)")[1]
        neighbour = curator.task(near[0].id)
        assert f"{near[0].cosine:.2f} {neighbour.origin} {neighbour.id}  {neighbour.instruction}" in shown
        await curator.press("5", "G")
        await curator.until(lambda: "128 texts of the pool" in screen_text(curator.app))
        assert "vectors, to compare" in screen_text(curator.app)


async def test_a_person_who_accepts_before_the_vector_has_come_is_told(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    def hold_vectors(body: dict[str, Any]) -> None:
        if "input" in body:
            server.gate.clear()

    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, requests_per_batch=1, concurrency=1)
    request_id = iter([engine.planner.propose(1)])
    await engine.run(plan=lambda: next(request_id, None))
    server.refuse = hold_vectors
    await engine.apply(resolve({}, stored=engine.workspace.settings.read() | {"embeddings": "e"}))
    async with curating(engine) as curator:
        await curator.until(lambda: engine.assessor.is_ready)
        assert "its vector has not arrived yet" in await curator.detail()
        await curator.press("a")
        assert " before all vectors had arrived: " in screen_text(curator.app)
        server.refuse = lambda body: None
        server.gate.set()


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"embeddings": "other"}, "K"),
        ({"base_url": "http://127.0.0.1:9/v2"}, None),
        ({"embeddings_url": "http://127.0.0.1:8/v1"}, None),
        ({"embeddings_url": "http://127.0.0.1:8/v1", "embeddings_key_env": "OTHER"}, "OTHER"),
        ({"model": "offline", "base_url": ""}, None),
    ],
)
def test_with_another_address_the_key_for_embeddings_is_to_be_named_again(
    changes: dict[str, str], key: str | None
) -> None:
    base = resolve(
        {"model": "m", "base_url": "http://127.0.0.1:9/v1", "embeddings": "e", "embeddings_key_env": "K"}
    )
    assert values_of(texts_of(base) | changes, base).get("embeddings_key_env") == key


async def test_the_preview_tells_of_what_the_model_makes_no_vector_of(engine_on: OpenEngine) -> None:
    engine = engine_on(embeddings="offline", hold=True, target=3, batches_ahead=0, concurrency=1)
    await UnattendedRun(engine).run()
    text = "Describe the smell of rain on warm stone."
    task_id = engine.workspace.tasks.add(text, origin="model", label="generation", at="now", held=True)
    in_use = engine.workspace.vectors.in_use()
    assert in_use is not None
    refused = [NewVector(task_id, text, b"")]
    engine.workspace.vectors.store(refused, model=in_use[0], base_url=in_use[1], request_id=1)
    engine.assess([task_id])
    async with curating(engine, (160, 40)) as curator:
        await curator.press("4")
        await curator.until(lambda: "scored" not in screen_text(curator.app))
        assert "always on: no words, no vector" in screen_text(curator.app)
        for _ in range(14):
            await curator.press("H")
        table = curator.app.at_hand.query_one(FlipTable)
        while table.current != task_id:
            assert table.cursor < len(table.ids) - 1
            table.move_by(1)
            await curator.pilot.pause()
        now, then = curator.shown("#preview-why").splitlines()
        assert "The embedding model refused it; see request 1 for the reason." in now
        assert then.endswith("The embedding model refused it; see request 1 for the reason.")
        assert "ROUGE-L" in then


async def test_the_threshold_for_meaning_is_tried_out_and_applied_where_tasks_are_compared_by_it(
    engine_on: OpenEngine,
) -> None:
    engine = engine_on(embeddings="offline", hold=True, target=3, batches_ahead=0, concurrency=1)
    await UnattendedRun(engine).run()
    async with curating(engine) as curator:
        await curator.until(lambda: engine.assessor.is_ready)
        await curator.press("4")
        await curator.until(lambda: "cosine below" in screen_text(curator.app))
        await curator.press(*["down"] * 9, "shift+left")
        await curator.until(lambda: "cosine below: 0.85" in screen_text(curator.app))
        await curator.press("ctrl+s")
        await curator.until(lambda: engine.settings.filters.cosine == 0.85)
        await curator.until(lambda: "Applied" in screen_text(curator.app))


async def test_without_embeddings_there_is_no_threshold_for_meaning(engine_on: OpenEngine) -> None:
    async with curating(engine_on(batches_ahead=0)) as curator:
        await curator.press("4")
        await curator.until(lambda: "ROUGE-L below" in screen_text(curator.app))
        assert "cosine below" not in screen_text(curator.app)


@pytest.mark.parametrize(("paid", "said"), [("e", True), ("m", False)])
async def test_unattended_work_tells_of_what_is_in_doubt_where_it_may_have_been_paid(
    tmp_path: Path, server: ModelServer, capsys: pytest.CaptureFixture[str], paid: str, said: bool
) -> None:
    await in_doubt(tmp_path / "a.db", server, target=3, prices={paid: PAID[paid]})
    with Workspace.open(tmp_path / "a.db") as workspace:
        engine = Engine(workspace, resolve({}, stored=workspace.settings.read()))
        await work_alone(engine, resend=False)
    assert ("1 request in doubt after a crash; --resend resends" in capsys.readouterr().out) is said


async def test_what_is_in_doubt_and_is_sent_again_is_said_to_be(
    tmp_path: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    await in_doubt(tmp_path / "a.db", server, target=3)
    with Workspace.open(tmp_path / "a.db") as workspace:
        await work_alone(Engine(workspace, resolve({}, stored=workspace.settings.read())), resend=True)
    assert "1 request in doubt after a crash; those still needed are resent." in capsys.readouterr().out
