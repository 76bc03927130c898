"""Answers with vectors: which are usable, and what is said of an endpoint that sends no usable ones."""

import base64
import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.runs.outcome import Ended
from selfinstruct.core.runs.resend import Resender
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.pool.meaning import MOON, PAID, RAIN, WET, by_meaning, on, task
from tests.core.runs.test_unattended import run, tasks_of
from tests.server import Fault, ModelServer, error_body, proposals_answer

pytestmark = pytest.mark.long


async def resend(engine: Engine, retries: Resender) -> None:
    """Send what waits to be sent again."""

    def plan() -> int | None:
        request = retries.plan_next()
        return None if request is None else request.id

    await engine.run(plan=plan)


def float_bytes(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def spoilt(embedding: Any) -> Any:
    def spoil(answer: dict[str, Any]) -> None:
        answer["data"][-1]["embedding"] = embedding

    return spoil


def fewer(answer: dict[str, Any]) -> None:
    answer["data"].pop()


def same_number_twice(answer: dict[str, Any]) -> None:
    answer["data"][1]["index"] = 0


def none_at_all(answer: dict[str, Any]) -> None:
    del answer["data"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(fewer, "127 vectors for 128 texts", id="fewer"),
        pytest.param(same_number_twice, "not numbered like the texts", id="index"),
        pytest.param(none_at_all, "no vectors", id="none"),
        pytest.param(spoilt([1.0, 2.0]), "2 numbers; 256 were expected", id="dimension"),
        pytest.param(spoilt(float_bytes(*[math.nan] * 256)), "without a direction", id="nan"),
        pytest.param(spoilt([0.0] * 256), "without a direction", id="zeros"),
        pytest.param(spoilt("no base64"), "not a list of numbers", id="base64"),
        pytest.param(spoilt(["1"] * 256), "not a list of numbers", id="text"),
        pytest.param(spoilt(None), "not a list of numbers", id="null"),
        pytest.param(lambda answer: answer.update(error={"message": "hot"}), "hot", id="error in a 200"),
    ],
)
async def test_vectors_that_cannot_be_used_stop_the_run_with_advice_and_lose_nothing(
    tmp_path: Path, server: ModelServer, spoil: Any, said: str
) -> None:
    server.spoil = spoil
    settings = on(server, target=3, concurrency=1)
    with pytest.raises(EndpointUnusableError, match=rf"{said}.*embeddings"):
        await run(tmp_path / "a.db", **settings)
    with Workspace.open(tmp_path / "a.db") as workspace:
        assert workspace.requests.get(1).state == "failed"
        assert workspace.requests.answer(1) is not None
    server.spoil = lambda answer: None
    # A full answer is not asked for again by itself, at no start; a person's word asks anew.
    for _ in range(2):
        outcome = await run(tmp_path / "a.db")
        assert outcome.ended is Ended.LIMIT
        assert "the vectors of 128 tasks of the pool are missing" in outcome.sentence
        assert "; on the Requests screen you resend those with an unusable answer" in outcome.sentence
    assert [len(texts) for texts in server.embedded()] == [128, 47]
    with Workspace.open(tmp_path / "a.db") as workspace:
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            retries = Resender(engine)
            assert retries.add([1], in_doubt=False).taken_on == (1,)
            await resend(engine, retries)
    assert (await run(tmp_path / "a.db")).ended is Ended.DONE


async def test_a_model_that_changes_its_vectors_is_found_out(tmp_path: Path, server: ModelServer) -> None:
    await run(tmp_path / "a.db", **on(server, target=3))
    by_meaning(server)
    with pytest.raises(EndpointUnusableError, match="3 numbers; 256 were expected"):
        await run(tmp_path / "a.db", target=40)


async def test_vectors_may_come_in_any_order_and_as_digits(
    engine_on: OpenEngine, server: ModelServer, tmp_path: Path
) -> None:
    stored = []
    for name in ("usual", "other"):
        with Workspace.open(tmp_path / f"{name}.db", create=True) as workspace:
            async with Engine(workspace, resolve(on(server, concurrency=1))) as engine:
                await engine.run(plan=engine.planner.embed)
            stored.append({one.task_id: one.vector for one in workspace.vectors.since(0, most=1000)})

        def otherwise(answer: dict[str, Any]) -> None:
            for one in answer["data"]:
                numbers = struct.unpack("<256f", base64.b64decode(one["embedding"]))
                one["embedding"] = list(numbers)
            answer["data"].reverse()

        server.spoil = otherwise
    assert len(stored[0]) == 175
    assert stored[0] == stored[1]


async def test_an_endpoint_that_refuses_base64_is_asked_for_digits_from_then_on(
    tmp_path: Path, server: ModelServer
) -> None:
    def only_digits(body: dict[str, Any]) -> Fault | None:
        if body.get("encoding_format") == "base64":
            return Fault(400, error_body("No such format.", param="encoding_format"))
        return None

    server.refuse = only_digits
    assert (await run(tmp_path / "a.db", **on(server, target=3, concurrency=1))).ended is Ended.DONE
    formats = [one.body["encoding_format"] for one in server.received if "input" in one.body]
    assert formats.count("base64") == 1


async def test_an_endpoint_that_takes_fewer_texts_gets_fewer_from_then_on(
    tmp_path: Path, server: ModelServer
) -> None:
    def at_most_32(body: dict[str, Any]) -> Fault | None:
        if len(body.get("input", [])) > 32:
            return Fault(413, error_body("batch size > maximum allowed batch size 32"))
        return None

    server.refuse = at_most_32
    assert (await run(tmp_path / "a.db", **on(server, target=3, concurrency=1))).ended is Ended.DONE
    assert [len(texts) for texts in server.embedded()[:8]] == [128, 64, 32, 32, 32, 32, 32, 15]


async def test_a_text_that_is_too_long_goes_without_a_vector_and_holds_nobody_up(
    tmp_path: Path, server: ModelServer
) -> None:
    with Workspace.open(tmp_path / "a.db", create=True) as workspace:
        Engine(workspace, resolve({}))
        long = workspace.tasks.get(60).instruction
    server.refuse = lambda body: Fault(400, error_body("too long")) if long in body.get("input", []) else None
    assert (await run(tmp_path / "a.db", **on(server, target=3, concurrency=1))).ended is Ended.DONE
    with Workspace.open(tmp_path / "a.db") as workspace:
        workspace.vectors.look("e", server.url)
        assert set(range(1, 176)) - set(workspace.vectors.of_tasks(range(1, 176))) == {60}


async def test_a_candidate_that_the_model_refuses_falls_and_is_asked_for_again_on_a_persons_word_only(
    tmp_path: Path, server: ModelServer
) -> None:
    def too_long(body: dict[str, Any]) -> Fault | None:
        return Fault(400, error_body("too long")) if WET in body.get("input", []) else None

    server.refuse = too_long
    with Workspace.open(tmp_path / "a.db", create=True) as workspace:
        async with Engine(workspace, resolve(on(server, hold=True, max_requests=30))) as engine:
            await engine.run(plan=engine.planner.embed)
            server.faults.append(proposals_answer(WET, MOON))
            planned = iter([engine.planner.propose(1)])
            await engine.run(plan=lambda: next(planned, None))
            await engine.run(plan=engine.planner.embed)
            assert task(workspace, WET).verdict == "pass", "it may be the endpoint that is out of order"
            server.faults.append(proposals_answer(RAIN))
            planned = iter([engine.planner.propose(2)])
            await engine.run(plan=lambda: next(planned, None))
            await engine.run(plan=engine.planner.embed)
            wet = task(workspace, WET)
            (reason,) = workspace.tasks.reasons(wet.id)
            assert wet.verdict == reason.code == "no_vector"
            assert task(workspace, MOON).verdict == "pass"
            asked = len(server.embedded())
        async with Engine(workspace, resolve({}, stored=workspace.settings.read())) as engine:
            assert engine.planner.left_over(resend=False).taken_over == []
            await engine.run(plan=engine.planner.embed)
            assert len(server.embedded()) == asked
            server.refuse = lambda body: None
            retries = Resender(engine)
            (refused,) = retries.sendable([workspace.vectors.refusal(wet.id) or 0])
            retries.add([refused], in_doubt=False)
            await resend(engine, retries)
            assert task(workspace, WET).verdict == "pass"
            assert server.embedded()[asked:] == [[WET]]


async def test_an_endpoint_that_suddenly_refuses_all_texts_leaves_no_mark_on_them(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with engine_on(**on(server, concurrency=1)) as engine:
        await engine.run(plan=engine.planner.embed)
        server.faults.append(proposals_answer(RAIN, WET, MOON))
        planned = iter([engine.planner.propose(1)])
        await engine.run(plan=lambda: next(planned, None))
        server.refuse = lambda body: Fault(400, error_body("out of order"))
        with pytest.raises(EndpointUnusableError, match="does not return embeddings"):
            await engine.run(plan=engine.planner.embed)
        assert {task(engine.workspace, text).verdict for text in (RAIN, WET, MOON)} == {"pass"}
        server.refuse = lambda body: None
        await engine.run(plan=engine.planner.embed)
        assert len(engine.workspace.vectors.of_tasks(range(176, 179))) == 3


@pytest.mark.parametrize(("width", "target"), [(1, 20), (16, 130)])
async def test_no_candidate_falls_for_an_endpoint_that_was_out_of_order_for_a_while(
    tmp_path: Path, server: ModelServer, width: int, target: int
) -> None:
    settings = on(server, concurrency=width, requests_per_batch=4)
    await run(tmp_path / "a.db", **settings, target=3)
    server.refuse = lambda body: Fault(400, error_body("out of order")) if "input" in body else None
    for _ in range(3):
        with pytest.raises(EndpointUnusableError, match="does not return embeddings"):
            await run(tmp_path / "a.db", target=target)
    server.refuse = lambda body: None
    assert (await run(tmp_path / "a.db", target=target)).ended is Ended.DONE
    assert "no_vector" not in {row[2] for row in tasks_of(tmp_path / "a.db")}


async def test_what_is_asked_for_in_one_go_is_remembered_beside_what_the_endpoint_knows_no_parameter_for(
    tmp_path: Path, server: ModelServer
) -> None:
    def picky(body: dict[str, Any]) -> Fault | None:
        if len(body.get("input", [])) > 32:
            return Fault(413, error_body("batch size > maximum allowed batch size 32"))
        if body.get("encoding_format") == "base64":
            return Fault(400, error_body("No such format.", param="encoding_format"))
        return None

    server.refuse = picky
    await run(tmp_path / "a.db", **on(server, target=3, concurrency=1))
    with Workspace.open(tmp_path / "a.db") as workspace:
        assert workspace.settings.learned(server.url, "e") == {"encoding_format": None, "texts": "32"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(Fault(404, error_body("no e")), "knows no model 'e', or has no embeddings", id="404"),
        pytest.param(Fault(401, error_body("bad key")), "embeddings_key_env", id="401"),
        pytest.param(
            Fault(400, error_body("a chat model")), "does not return embeddings.*a chat model", id="400"
        ),
    ],
)
async def test_an_endpoint_without_embeddings_is_named_with_what_to_do(
    tmp_path: Path, server: ModelServer, fault: Fault, said: str
) -> None:
    server.refuse = lambda body: fault if "input" in body else None
    with pytest.raises(EndpointUnusableError, match=said):
        await run(tmp_path / "a.db", **on(server, target=3))
    # Without embeddings it goes on, and what waited is decided on.
    assert (await run(tmp_path / "a.db", embeddings="")).ended is Ended.DONE


async def test_trouble_that_passes_costs_a_repetition_and_nothing_else(
    tmp_path: Path, server: ModelServer
) -> None:
    settings = on(server, target=5, concurrency=2)
    await run(tmp_path / "calm.db", **settings)
    asked = 0

    def now_and_then(body: dict[str, Any]) -> Fault | None:
        nonlocal asked
        asked += "input" in body
        return Fault(503, b"", {"retry-after": "0"}) if "input" in body and asked % 3 == 1 else None

    server.refuse = now_and_then
    await run(tmp_path / "rough.db", **settings)
    assert tasks_of(tmp_path / "rough.db") == tasks_of(tmp_path / "calm.db")


async def test_an_answer_without_usable_vectors_costs_what_it_says(
    tmp_path: Path, server: ModelServer
) -> None:
    answer = {"data": [], "usage": {"prompt_tokens": 50, "total_tokens": 50}}
    server.refuse = lambda body: Fault(body=json.dumps(answer).encode()) if "input" in body else None
    with pytest.raises(EndpointUnusableError):
        await run(tmp_path / "a.db", **on(server, target=3, concurrency=1, prices=PAID))
    with Workspace.open(tmp_path / "a.db") as workspace:
        spending = workspace.spending()
    assert spending.cost_usd == pytest.approx(50 / 1e6)
    assert spending.attempts_of_unknown_cost == 0


@pytest.mark.parametrize("failing", [9, 10])
async def test_a_run_survives_nine_failed_requests_for_vectors_in_a_row_and_not_ten(
    tmp_path: Path, server: ModelServer, failing: int
) -> None:
    left = failing

    def refuse(body: dict[str, Any]) -> Fault | None:
        nonlocal left
        if "input" not in body or left == 0:
            return None
        left -= 1
        return Fault(418, error_body("Come back later."))

    server.refuse = refuse
    settings = on(server, target=3, concurrency=1)
    if failing == 9:
        assert (await run(tmp_path / "a.db", **settings)).ended is Ended.DONE
    else:
        with pytest.raises(
            EndpointUnusableError, match=r"^10 embedding requests in a row failed.*back later"
        ):
            await run(tmp_path / "a.db", **settings)
