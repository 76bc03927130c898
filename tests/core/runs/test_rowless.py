"""Unattended work succeeds only with rows: stages that always fail, and accepted tasks without a row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.events import GenerationPaused, TaskClassified
from selfinstruct.core.runs.outcome import Ended, RunOutcome, are_too_many_rowless
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.reads.counts import Rowless
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.requests.test_context import small_context
from tests.core.runs.attending import attending
from tests.server import Fault, ModelServer, chat_answer, error_body

Refuse = Callable[[dict[str, Any]], Fault | None]

SYSTEMS = {"propose": "You think up", "classify": "You sort", "instantiate": "You write worked examples"}
"""How the system messages of the stages begin."""

THINGS = (
    "river",
    "poet",
    "metal",
    "spice",
    "bridge",
    "dance",
    "fossil",
    "opera",
    "comet",
    "weaver",
    "inn",
    "elk",
)

NO_ROWLESS = Rowless(0, 0, 0, 0, 0, 0)


def asks_for(body: dict[str, Any]) -> str:
    system = body["messages"][0]["content"]
    return next(stage for stage, begins in SYSTEMS.items() if system.startswith(begins))


def always(stage: str, answer: Fault) -> Refuse:
    """Give this answer to every request of a stage."""
    return lambda body: answer if asks_for(body) == stage else None


UNCLEAR = always("classify", chat_answer("That depends on how you look at it."))
REFUSED = always("classify", Fault(400, error_body("labels must rhyme")))
EMPTY = always("instantiate", chat_answer("Input: Hamlet\nOutput:"))


async def run(path: Path, *, resend: bool = False, **settings: Any) -> tuple[RunOutcome, Rowless]:
    with Workspace.open(path, create=True) as workspace:
        async with Engine(workspace, resolve(settings, stored=workspace.settings.read())) as engine:
            outcome = await UnattendedRun(engine, resend=resend).run()
        return outcome, workspace.counts().rowless


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize(
    ("refuse", "told"),
    [
        pytest.param(UNCLEAR, "No labels: .*That depends on how you look at it", id="unclear labels"),
        pytest.param(REFUSED, "No labels: .*labels must rhyme", id="refused labels"),
        pytest.param(EMPTY, "No instances: .*The output is empty", id="empty instances"),
    ],
)
async def test_a_stage_that_always_fails_stops_the_run_and_is_named(
    tmp_path: Path, server: ModelServer, refuse: Refuse, told: str, concurrency: int
) -> None:
    server.refuse = refuse
    settings: dict[str, Any] = {"base_url": server.url, "model": "m", "concurrency": concurrency}
    with pytest.raises(EndpointUnusableError, match=told):
        await run(tmp_path / "a.db", target=40, **settings)
    stages = [asks_for(one.body) for one in server.received]
    failing = "instantiate" if refuse is EMPTY else "classify"
    assert 10 <= stages.count(failing) < 10 + concurrency


@pytest.mark.parametrize("refuse", [UNCLEAR, REFUSED, EMPTY], ids=["unclear", "refused", "empty"])
async def test_a_short_run_without_a_row_names_the_stage_that_always_failed(
    tmp_path: Path, server: ModelServer, refuse: Refuse
) -> None:
    server.refuse = refuse
    outcome, _ = await run(tmp_path / "a.db", base_url=server.url, model="m", target=3)
    assert outcome.ended is Ended.STAGE_FAILED
    assert "3 tasks accepted. But there is no row. No " in outcome.sentence


async def test_accepted_tasks_without_rows_are_counted_by_reason_and_carried_out_by_later_runs(
    tmp_path: Path, server: ModelServer
) -> None:
    path = tmp_path / "a.db"
    settings: dict[str, Any] = {"base_url": server.url, "model": "m", "concurrency": 1}
    waiting = [
        ("classify", Fault(400, error_body("not today"))),
        ("classify", chat_answer("That depends.")),
        ("instantiate", chat_answer("Input: Hamlet\nOutput:")),
        ("instantiate", Fault(400, error_body("not today"))),
    ]

    def once(body: dict[str, Any]) -> Fault | None:
        stage = asks_for(body)
        at = next((at for at, answer in enumerate(waiting) if answer[0] == stage), None)
        return None if at is None else waiting.pop(at)[1]

    server.refuse = once
    outcome, rowless = await run(path, target=6, **settings)
    assert waiting == []
    assert outcome.ended is Ended.ROWLESS
    assert "6 tasks accepted. But " in outcome.sentence
    assert rowless.unclear_label == rowless.dropped == 1
    assert rowless.failed == 0, "what failed is asked for again before the end"

    with Workspace.open(path) as workspace:
        failures = workspace.counts().failures
    assert failures == {"propose": 0, "embed": 0, "classify": 2, "instantiate": 2}

    asked = len(server.received)
    outcome, same = await run(path, **settings)
    assert (same, len(server.received)) == (rowless, asked), "useless answers are not paid for twice unasked"
    assert outcome.ended is Ended.ROWLESS

    outcome, none = await run(path, resend=True, **settings)
    assert (outcome.ended, none) == (Ended.DONE, NO_ROWLESS)


async def test_tasks_whose_requests_failed_keep_a_run_from_success(
    tmp_path: Path, server: ModelServer
) -> None:
    refused: list[str] = []

    def one_task(body: dict[str, Any]) -> Fault | None:
        if asks_for(body) != "classify":
            return None
        prompt = body["messages"][-1]["content"]
        if not refused:
            refused.append(prompt)
        return Fault(400, error_body("not this one")) if prompt in refused else None

    server.refuse = one_task
    outcome, rowless = await run(tmp_path / "a.db", base_url=server.url, model="m", target=20, rng_seed=1)
    assert rowless.failed == 1
    assert outcome.ended is Ended.ROWLESS
    assert f"20 tasks accepted. But {sum(rowless)} of 20 tasks ha" in outcome.sentence


@pytest.mark.parametrize(
    ("rowless", "accepted", "too_many"),
    [
        (0, 0, False),
        (0, 1, False),
        (1, 1, True),
        (1, 2, True),
        (1, 3, False),
        (2, 3, True),
        (1, 4, False),
        (2, 4, True),
        (2, 7, True),
        (2, 8, False),
        (3, 8, True),
        (25, 100, False),
        (26, 100, True),
    ],
)
def test_half_of_the_tasks_without_a_row_are_no_success_nor_more_than_a_quarter_and_one(
    rowless: int, accepted: int, too_many: bool
) -> None:
    assert are_too_many_rowless(rowless, accepted) is too_many


@pytest.mark.parametrize("target", [1, 2])
async def test_a_run_of_one_or_two_tasks_is_no_success_if_one_has_no_row(
    tmp_path: Path, server: ModelServer, target: int
) -> None:
    path, asked = tmp_path / "a.db", 0

    def first_is_empty(body: dict[str, Any]) -> Fault | None:
        nonlocal asked
        if asks_for(body) != "instantiate":
            return None
        asked += 1
        return chat_answer("Input: Hamlet\nOutput:") if asked == 1 else None

    server.refuse = first_is_empty
    settings: dict[str, Any] = {"base_url": server.url, "model": "m", "concurrency": 1, "rng_seed": 1}
    outcome, rowless = await run(path, target=target, **settings)
    assert sum(rowless) == 1
    assert outcome.ended is (Ended.STAGE_FAILED if target == 1 else Ended.ROWLESS)


async def test_a_small_context_leads_to_shorter_prompts_and_not_to_an_end(
    tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = small_context(900)
    settings: dict[str, Any] = {"base_url": server.url, "model": "m", "concurrency": 16}
    outcome, _ = await run(tmp_path / "a.db", target=3, **settings)
    assert outcome.ended is Ended.DONE


async def test_a_few_tasks_without_a_row_among_many_are_a_success(tmp_path: Path) -> None:
    outcome, rowless = await run(tmp_path / "a.db", target=50, rng_seed=1)
    assert 0 < sum(rowless) < 50 / 4, "the built-in model loses one now and then"
    assert outcome.ended is Ended.DONE
    assert outcome.sentence == "Target reached: 50 tasks accepted."


async def test_beside_a_person_a_stage_that_always_fails_pauses_and_goes_on_when_asked(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = UNCLEAR
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0)
    for thing in THINGS:
        wording = f"{thing} {thing[::-1]} {thing} {thing * 2}"
        task_id = engine.workspace.tasks.add(wording, origin="human", at="now")
        engine.decisions.accept(task_id)
    async with attending(engine, server) as attended:
        await attended.told(GenerationPaused)
        assert attended.run.paused is not None
        assert attended.run.paused.startswith("No labels: 10 requests in a row produced nothing.")
        server.refuse = lambda body: None
        labelled = attended.count(TaskClassified)
        attended.run.resume()
        await attended.told(TaskClassified, min(12, labelled + 1))
        await attended.until(lambda: attended.run.under_way == 0)
