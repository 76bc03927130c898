"""Generation beside a person: batches, failures, quitting, reopening, and other programs."""

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import (
    BatchCompleted,
    GenerationPaused,
    LimitReached,
    PoolRead,
    TaskClassified,
    TaskInstantiated,
)
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.text.safe_text import LABEL_WORDS
from tests.conftest import OpenEngine
from tests.core.runs.attending import cut_short
from tests.server import Fault, ModelServer, error_body
from tests.tui.curating import Curator, curating, screen_text

pytestmark = pytest.mark.long


async def test_instances_are_made_in_the_background_for_what_was_accepted(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("a")
    await curator.wait_for(TaskInstantiated)
    assert curator.engine.workspace.instances.of_task(task_id)


async def test_a_batch_that_comes_in_does_not_move_the_rows_under_a_persons_hands(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with curating(engine_on(base_url=server.url, model="m")) as curator:
        await curator.press("n")
        await curator.wait_for(BatchCompleted)
        await curator.until(lambda: len(curator.table.ids) > 5)
        await curator.until(lambda: sum(isinstance(e, BatchCompleted) for e in curator.happened) == 2)
        server.gate.clear()
        await curator.press("n")
        await curator.press("n")
        before = list(curator.table.ids), curator.table.current
        assert "on the way" in curator.shown("#message")
        server.gate.set()
        await curator.until(lambda: "is ready" in curator.shown("#message"))
        assert (list(curator.table.ids), curator.table.current) == before
        await curator.press("n")
        assert curator.table.current not in before[0]


async def test_while_the_first_batch_is_made_the_empty_screen_says_so_and_who_is_asked(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.gate.clear()
    async with curating(engine_on(base_url=server.url, model="m[b]{x}")) as curator:
        await curator.press("n")
        told = await curator.detail()
        assert "The batch is being generated." in told
        assert "m[b]{x} at 127.0.0.1" in told
        await curator.press("a")
        assert curator.shown("#message") == "The batch is being generated."
        server.gate.set()
        await curator.until(lambda: len(curator.table.ids) > 5)
        assert "being made" not in await curator.detail()


async def test_the_next_batch_is_made_while_this_one_is_decided_on(engine_on: OpenEngine) -> None:
    async with curating(engine_on(rng_seed=1)) as curator:
        await curator.press("n")
        await curator.until(lambda: sum(isinstance(event, BatchCompleted) for event in curator.happened) == 2)
        assert "batch 1" in curator.shown("#status")
        first = list(curator.table.ids)
        await curator.press("n")
        assert "batch 2" in curator.shown("#status")
        assert curator.current().id > max(first)


async def test_an_endpoint_that_cannot_be_used_is_said_on_a_quiet_line_and_n_tries_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(401, error_body("wrong key"))
    async with curating(engine_on(base_url=server.url, model="m")) as curator:
        await curator.press("n")
        async with asyncio.timeout(90):
            while "wrong key" not in curator.shown("#message"):
                await curator.pilot.pause()
        await curator.until(lambda: "paused" in curator.shown("#status"))
        server.refuse = lambda body: None
        await curator.press("n")
        await curator.wait_for(BatchCompleted)
        await curator.pilot.pause()
        assert len(curator.table.ids) > 5


async def four_under_way(pilot: Pilot[None], server: ModelServer) -> None:
    """Ask for a batch, and wait until four requests have come to the server, which keeps its answers back."""
    server.gate.clear()
    await pilot.press("n")
    for _ in range(4):
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)


async def test_what_the_model_cannot_do_names_the_settings_of_the_screen_and_no_flags(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(404, error_body("nothing here"))
    alone = {"requests_per_batch": 1, "batches_ahead": 0}
    async with curating(engine_on(base_url=server.url, model="m", **alone)) as curator:
        await curator.press("n")
        await curator.until(lambda: "Check model, base_url" in curator.shown("#message"))
        assert "--" not in curator.shown("#message")
        await curator.press("5")
        await curator.until(lambda: "base_url" in screen_text(curator.app))
        assert "--" not in screen_text(curator.app)


async def test_q_in_the_middle_of_requests_stores_their_answers(
    engine_on: OpenEngine, workspace: Workspace, server: ModelServer
) -> None:
    app = CuratorApp(engine_on(base_url=server.url, model="m"))
    async with app.run_test() as pilot:
        await four_under_way(pilot, server)
        await pilot.press("q")
        await pilot.pause()
        server.gate.set()
        async with asyncio.timeout(90):
            while app.is_running:  # noqa: ASYNC110 - Textual offers no event for it
                await asyncio.sleep(0)
    counts = workspace.counts()
    assert counts.requests["answered"] == len(server.received) >= 4
    assert counts.requests["in_doubt"] == 0


async def test_a_second_q_leaves_at_once_and_what_was_under_way_is_in_doubt(
    engine_on: OpenEngine, workspace: Workspace, server: ModelServer
) -> None:
    app = CuratorApp(engine_on(base_url=server.url, model="m"))
    async with app.run_test() as pilot:
        await four_under_way(pilot, server)
        await pilot.press("q", "q")
    assert workspace.counts().requests["in_doubt"] == 4


async def test_going_on_later_shows_what_still_waits(workspace: Workspace, tmp_path: Path) -> None:
    async with curating(Engine(workspace, resolve({"rng_seed": 1}))) as curator:
        await curator.press("n")
        await curator.wait_for(BatchCompleted)
        await curator.pilot.pause()
        await curator.press("a", "r")
        decided = [t for t in curator.table.ids if curator.task(t).state != "pending"]
    async with curating(Engine(workspace, resolve({"rng_seed": 1}))) as curator:
        passing = [t for t in curator.table.ids if curator.task(t).verdict == "pass"]
        assert len(decided) == 2
        assert curator.current().state == "pending"
        assert set(passing) - set(decided)


async def test_one_comes_back_to_the_candidate_after_the_last_decision(workspace: Workspace) -> None:
    async with curating(Engine(workspace, resolve({"rng_seed": 1}))) as curator:
        await curator.press("n")
        await curator.wait_for(BatchCompleted)
        await curator.until(curator.table.has_waiting)
        await curator.press("a", "s", "r")
        left_at = curator.current().id
    async with curating(Engine(workspace, resolve({"rng_seed": 1}))) as curator:
        await curator.press("escape")
        assert curator.current().id == left_at


async def test_reopening_shows_the_batch_that_one_was_at_and_n_the_one_after(workspace: Workspace) -> None:
    async with curating(Engine(workspace, resolve({"rng_seed": 1}))) as curator:
        await curator.press("n")
        await curator.until(lambda: sum(isinstance(e, BatchCompleted) for e in curator.happened) == 2)
        await curator.press("a")
        shown = set(curator.table.ids)
    async with curating(Engine(workspace, resolve({"rng_seed": 1}))) as curator:
        assert "batch 1" in curator.shown("#status")
        assert set(curator.table.ids) == shown
        await curator.press("n")
        assert "batch 2" in curator.shown("#status")


async def test_what_another_program_does_shows_within_a_second(
    curator: Curator, workspace: Workspace
) -> None:
    task_id = curator.current().id
    with Workspace.open(workspace.path) as theirs:
        other = Engine(theirs, resolve({}, stored=theirs.settings.read()))
        other.decisions.accept(task_id)
        await curator.until(lambda: "pool 175 + 1" in curator.shown("#status"))
        row = curator.table.render_line(1 + list(curator.table.ids).index(task_id)).text
        assert "✓" in row
        await other.close()


async def test_a_batch_that_comes_in_does_not_close_the_filter(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with curating(engine_on(base_url=server.url, model="m")) as curator:
        server.gate.clear()
        await curator.press("n", "slash", *"origin:seed")
        server.gate.set()
        await curator.until(lambda: "is ready" in curator.shown("#message"))
        assert len(curator.table.ids) == 175


async def test_candidates_that_wait_in_later_batches_are_counted_and_not_pushed_in(curator: Curator) -> None:
    before = list(curator.table.ids)
    await curator.until(lambda: "new" in curator.shown("#status"))
    assert list(curator.table.ids) == before


async def test_a_limit_of_unattended_work_is_told_when_it_is_met_and_a_higher_one_goes_on(
    workspace: Workspace,
) -> None:
    limited = resolve({"max_requests": 1, "requests_per_batch": 1, "batches_ahead": 0})
    alone = Engine(workspace, limited)
    await alone.propose()
    await alone.close()
    async with curating(Engine(workspace, resolve({}, stored=workspace.settings.read()))) as curator:
        await curator.until(lambda: "paused" in curator.shown("#status"))
        assert curator.shown("#message") == (
            "This workspace has reached max_requests, 1. Raise or clear it in the settings (7) to continue."
        )
        await curator.app.session.apply(limited.model_copy(update={"max_requests": 50}))
        await curator.until(lambda: workspace.requests.count() > 1)
        assert curator.app.session.attended.paused is None


async def test_a_limit_is_not_told_before_a_request_is_wanted(workspace: Workspace) -> None:
    limited = resolve({"max_requests": 1, "requests_per_batch": 1})
    alone = Engine(workspace, limited)
    for task_id in await alone.propose():
        alone.decisions.reject(task_id)
    await alone.close()
    async with curating(Engine(workspace, limited)) as curator:
        await curator.wait_for(PoolRead)
        assert curator.app.session.attended.paused is None
        await curator.press("n")
        await curator.until(lambda: "paused" in curator.shown("#status"))


async def test_another_endpoint_says_what_is_given_up_and_t_asks_it_for_the_same(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    broken = Fault(500, error_body("broken"), {"retry-after": "100"})
    server.faults.extend([broken, broken, broken, Fault(401, error_body("wrong key"))])
    alone = {"batches_ahead": 0, "requests_per_batch": 4, "concurrency": 4}
    engine = engine_on(base_url=server.url, model="m", **alone)
    async with curating(engine) as curator:
        await curator.press("n")
        await curator.wait_for(GenerationPaused)
        await curator.app.session.apply(engine.settings.model_copy(update={"model": "another"}))
        await curator.until(lambda: "3 requests given up" in curator.shown("#message"))
        assert "t sends them to the current endpoint." in curator.shown("#message")
        await curator.until(lambda: "4 failed" in curator.shown("#status"))
        server.gate.clear()  # candidates would be told of in the place of what is waited for
        await curator.press("t")
        assert curator.shown("#message") == "Resending 4 requests."
        server.gate.set()
        await curator.until(lambda: len({t.propose_request_id for t in workspace.tasks.of_batch(1)}) == 4)


async def test_n_shows_a_batch_that_the_cost_limit_has_cut_short(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    alone = {"requests_per_batch": 2, "batches_ahead": 0, "concurrency": 1, "rng_seed": 1}
    prices = {"m": {"input": 10.0, "output": 10.0}}
    engine = engine_on(base_url=server.url, model="m", prices=prices, max_cost=5, **alone)
    async with curating(engine) as curator:
        await curator.press("n")
        await curator.until(lambda: len(curator.table.ids) > 5)
        first = max(curator.table.ids)
        cut_short(engine, server, batch=2)
        await curator.press("n")
        await curator.wait_for(LimitReached)
        await curator.press("n")
        assert "batch 2" in curator.shown("#status")
        assert max(curator.table.ids) > first


def one_answer_at_a_time(server: ModelServer) -> threading.Semaphore:
    """Let the server answer as many requests as the semaphore is released."""
    leave = threading.Semaphore(0)

    def wait_for_leave(_: object) -> None:
        leave.acquire()

    server.waits = wait_for_leave
    return leave


SLOWLY = {"requests_per_batch": 3, "batches_ahead": 0, "concurrency": 1, "rng_seed": 1}


async def test_rows_of_the_first_batch_are_shown_as_answers_come_and_can_be_decided_on(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    leave = one_answer_at_a_time(server)
    try:
        async with curating(engine_on(base_url=server.url, model="m", **SLOWLY)) as curator:
            await curator.press("n")
            leave.release()
            await curator.until(lambda: len(curator.table.ids) > 0)
            first = list(curator.table.ids)
            assert "1 of 3 requests" in screen_text(curator.app)
            assert f"{len(first)} candidates so far" in curator.shown("#message")
            await curator.press("a", "o")
            assert any(curator.task(task_id).state == "accepted" for task_id in first)
            sorted_, current = list(curator.table.ids), curator.table.current
            await release_until(curator, leave, lambda: len(curator.table.ids) > len(first))
            assert list(curator.table.ids)[: len(first)] == sorted_
            assert curator.table.current == current
            await release_until(curator, leave, lambda: BatchCompleted in map(type, curator.happened))
            await curator.until(lambda: "of 3 requests" not in screen_text(curator.app))
            assert set(curator.table.ids) == {t.id for t in curator.engine.workspace.tasks.of_batch(1)}
    finally:
        leave.release(1000)


async def test_labels_follow_what_is_accepted_before_the_whole_batch_is_there(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    """A request for candidates is held back while the label of another's candidate comes in."""
    leave = one_answer_at_a_time(server)
    try:
        async with curating(engine_on(base_url=server.url, model="m", **SLOWLY)) as curator:
            await curator.press("n")
            leave.release()
            await curator.until(lambda: len(curator.table.ids) > 0)
            task_id = curator.current().id
            await curator.press("a")
            leave.release(2)  # one may be for candidates; three of those make a batch
            await curator.wait_for(TaskClassified)
            label = curator.task(task_id).label
            assert label is not None
            curator.table.move_to(task_id)
            await curator.until(lambda: LABEL_WORDS[label] in screen_text(curator.app))
            assert "generating" in curator.shown("#status")
            assert BatchCompleted not in map(type, curator.happened)
    finally:
        leave.release(1000)


async def release_until(curator: Curator, leave: threading.Semaphore, condition: Callable[[], bool]) -> None:
    """Let one answer after the other through until something is so; labels are asked for between."""
    async with asyncio.timeout(90):
        while not condition():
            leave.release()
            await curator.pilot.pause()


async def test_p_pauses_generation_and_goes_on_with_it(engine_on: OpenEngine, server: ModelServer) -> None:
    leave = one_answer_at_a_time(server)
    try:
        async with curating(engine_on(base_url=server.url, model="m", **SLOWLY)) as curator:
            await curator.press("n")
            assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
            await curator.press("p")
            assert curator.shown("#message") == (
                "Generation is paused; 1 answer in flight will be stored. p resumes."
            )
            leave.release(1000)
            await curator.until(lambda: not curator.app.session.attended.under_way)
            await curator.until(lambda: "paused" in curator.shown("#status"))
            assert len(server.received) == 1
            titles = [one.title for one in curator.app.get_system_commands(curator.app.screen)]
            assert {"Generate: Pause", "Export: Training file", "Settings: Choose model"} <= set(titles)
            await curator.press("p")
            assert curator.shown("#message") == "Generation continues."
            await curator.wait_for(BatchCompleted)
    finally:
        leave.release(1000)


async def test_the_cause_of_a_failure_stays_on_the_screen_when_the_batch_brings_nothing(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(400, error_body("the flux is out of phase"))
    alone = {"requests_per_batch": 2, "batches_ahead": 0}
    async with curating(engine_on(base_url=server.url, model="m", **alone)) as curator:
        await curator.press("n")
        await curator.wait_for(GenerationPaused)
        said = curator.shown("#message")
        assert "produced no candidates" in said
        assert "the flux is out of phase" in said


async def test_while_a_request_waits_the_screen_says_why_and_until_when(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(Fault(503, error_body("overloaded"), {"retry-after": "100"}))
    alone = {"requests_per_batch": 1, "batches_ahead": 0}
    async with curating(engine_on(base_url=server.url, model="m", **alone)) as curator:
        await curator.press("n")
        await curator.until(lambda: "overloaded" in curator.shown("#message"))
        assert re.match(
            r"Request 1 is waiting, attempt 2 of \d+ at \d\d:\d\d:\d\d: ", curator.shown("#message")
        )


async def test_a_message_goes_by_itself_and_does_not_come_back_after_another_screen(
    curator: Curator, monkeypatch: pytest.MonkeyPatch
) -> None:
    await curator.press("a")
    assert "Accepted" in curator.shown("#message")
    await curator.press("slash", "escape", "escape")
    assert curator.app.at_hand is curator.app.curate
    assert curator.shown("#message") == ""
    monkeypatch.setattr("selfinstruct.tui.screens.base._NOTE_S", 0.01)
    await curator.press("s", "u")
    await curator.until(lambda: curator.shown("#message") == "")


async def test_what_pauses_generation_is_told_for_as_long_as_it_does(
    engine_on: OpenEngine, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selfinstruct.tui.screens.base._ERROR_S", 0.01)
    server.refuse = lambda body: Fault(401, error_body("wrong key"))
    async with curating(engine_on(base_url=server.url, model="m")) as curator:
        await curator.press("n")
        await curator.wait_for(GenerationPaused)
        await curator.press("2", "1")
        assert "wrong key" in curator.shown("#message")
