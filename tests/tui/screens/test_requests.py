"""The Requests screen: what it shows of each request, and where its keys lead."""

import json

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import LimitReached
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.screens.requests.screen import RequestsScreen
from tests.conftest import OpenEngine
from tests.core.runs.attending import costs_at_most
from tests.server import Fault, ModelServer, error_body
from tests.tui.curating import PRICED, curating, screen_text, shown
from tests.tui.screens.requests_screen import REFUSED, in_batch, line, open_requests, table, title

pytestmark = pytest.mark.long


async def test_a_new_workspace_has_no_requests_and_says_how_to_make_some(engine_on: OpenEngine) -> None:
    async with curating(engine_on()) as curator:
        await curator.press("5")
        await shown(curator, "No request has been made yet", "Press 1 for the candidates, and n there")
        assert title(curator) == "all 0 · failed 0 · in doubt 0 · in flight 0"
        await curator.press("t", "T", "enter", "y", "Y", "G")
        assert isinstance(curator.app.at_hand, RequestsScreen)


async def test_a_request_shows_its_state_time_tokens_cost_and_answer(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    message = {"role": "assistant", "content": "9. Name a long river in Asia\n10. Sing"}
    usage = {"prompt_tokens": 1234, "completion_tokens": 56}
    answer = {"choices": [{"message": message}], "usage": usage, "model": "m-2"}
    server.faults.append(Fault(body=json.dumps(answer).encode()))
    engine = engine_on(base_url=server.url, model="m", prices=PRICED, requests_per_batch=1, batches_ahead=0)
    async with curating(engine, size=(160, 50)) as curator:
        await in_batch(curator)
        await open_requests(curator, "G")
        cells = line(curator, 1)
        assert all(word in cells for word in ("✓ parsed", "propose", "1,234 / 56", "$0.0013", "9. Name a"))
        await shown(curator, "Answer", "10. Sing", "Proposed tasks", "m-2", "temperature 0.7", "Prompt")
        assert server.received[0].body["messages"][-1]["content"][:40] in screen_text(curator.app)


async def test_rows_change_their_state_while_requests_run(engine_on: OpenEngine, server: ModelServer) -> None:
    server.gate.clear()
    async with curating(engine_on(base_url=server.url, model="m", batches_ahead=0)) as curator:
        await curator.press("5", "1", "n", "5")
        await curator.until(lambda: len(table(curator).ids) >= 4 and "sent" in line(curator, 1))
        assert "↑ sent" in line(curator, 1)
        await shown(curator, "in flight 4", "Waiting for the answer.")
        server.gate.set()
        await curator.until(lambda: "✓ parsed" in line(curator, 1))
        await curator.until(lambda: "in flight 0" in title(curator))


async def test_f_shows_all_then_those_that_failed_in_doubt_planned_and_under_way(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(REFUSED)
    async with curating(
        engine_on(base_url=server.url, model="m", concurrency=1, requests_per_batch=2, batches_ahead=0)
    ) as curator:
        await in_batch(curator)
        await curator.until(lambda: not curator.app.session.attended.under_way)
        await open_requests(curator, "f")
        assert list(table(curator).ids) == [1]
        assert "[reverse] failed 1 " in str(table(curator).border_title)
        assert "✗ failed" in line(curator, 1)
        await shown(curator, "not today")
        await curator.press("f")
        await shown(curator, "No request is in doubt.")
        await curator.press("f")
        await shown(curator, "No request is waiting to be sent.", "planned 0")
        await curator.press("f", "f")
        assert len(table(curator).ids) == curator.engine.workspace.requests.count()
        await curator.press("f", "escape")
        assert len(table(curator).ids) == curator.engine.workspace.requests.count()


async def test_enter_goes_to_the_task_that_a_request_is_about(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, requests_per_batch=1)
    async with curating(engine) as curator:
        await in_batch(curator)
        await open_requests(curator, "G", "enter")
        await curator.until(lambda: curator.app.at_hand.NAME == "pool")
        assert curator.current().propose_request_id == 1


async def test_y_copies_the_answer_and_capital_y_the_prompt(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, requests_per_batch=1)
    async with curating(engine) as curator:
        await in_batch(curator)
        await open_requests(curator, "G", "Y")
        assert server.received[0].body["messages"][-1]["content"] in curator.app.clipboard
        await curator.press("y")
        proposed = curator.engine.workspace.tasks.of_batch(1)[0].instruction
        assert proposed[1:] in curator.app.clipboard


async def test_what_a_server_says_reaches_the_terminal_only_as_text(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(Fault(400, error_body("[red]\x1b]52;c;eA==\x07 stop")))
    engine = engine_on(base_url=server.url, model="m", concurrency=1, requests_per_batch=2, batches_ahead=0)
    async with curating(engine, size=(160, 50)) as curator:
        await in_batch(curator)
        await open_requests(curator, "f")
        await shown(curator, "[red]", "Raw bytes")
        assert "\x1b" not in screen_text(curator.app)


async def test_rows_do_not_move_under_a_person_who_has_gone_down(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0)
    async with curating(engine, size=(80, 24)) as curator:
        await in_batch(curator)
        await curator.until(lambda: not curator.app.session.attended.under_way)
        await open_requests(curator, "G")
        before = list(table(curator).ids)
        curator.app.session.attended.next_batch()
        curator.app.session.attended.next_batch()
        await curator.until(lambda: "new, g shows them" in title(curator))
        assert (list(table(curator).ids), table(curator).current) == (before, 1)
        await curator.until(lambda: not curator.app.session.attended.under_way)
        await curator.press("g")
        assert table(curator).current == engine.workspace.requests.count()


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (200, 60)])
async def test_the_screen_fits(engine_on: OpenEngine, server: ModelServer, size: tuple[int, int]) -> None:
    server.faults.append(REFUSED)
    async with curating(
        engine_on(base_url=server.url, model="m", concurrency=1, requests_per_batch=2), size=size
    ) as curator:
        await in_batch(curator)
        await open_requests(curator, "f")
        await shown(curator, "✗ failed", "propose", "not today", "t Resend")
        assert all(len(text) <= size[0] for text in screen_text(curator.app).splitlines())


async def test_a_workspace_that_is_only_looked_at_shows_its_requests_and_sends_none(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    server.faults.append(REFUSED)
    engine = engine_on(base_url=server.url, model="m", requests_per_batch=1)
    await engine.propose()
    await engine.close()

    with Workspace.open(workspace.path, read_only=True) as looked_at:
        async with curating(Engine(looked_at, resolve({}, stored=looked_at.settings.read()))) as curator:
            await open_requests(curator, "t", "T")
            await shown(curator, "✗ failed")
            assert "Resend" not in screen_text(curator.app)
    assert len(server.received) == 1


async def test_a_request_that_waits_for_money_is_planned_and_not_under_way(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    # A first attempt that may have been paid leaves no room for a second one.
    server.faults.append(Fault(500, headers={"retry-after": "0"}))
    engine = engine_on(base_url=server.url, model="m", prices=PRICED, max_cost=5, batches_ahead=0)
    engine.limit_cost(1.5 * costs_at_most(engine, lambda: engine.planner.propose(1)))
    async with curating(engine) as curator:
        await curator.press("n")
        await curator.wait_for(LimitReached)
        await open_requests(curator, "f", "f", "f")
        await shown(curator, "◌ planned", "planned 1", "in flight 0", "Waiting to be resent: for its turn")
        assert "paused" in curator.shown("#status")
        await curator.press("f")
        await shown(curator, "No request is in flight.")
