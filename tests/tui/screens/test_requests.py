"""The Requests screen, the keys that try again, and the question at the cost limit."""

import asyncio
import json
from pathlib import Path

import pytest
from textual.content import Content
from textual.widgets import Input

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import BatchCompleted, GenerationPaused, LimitReached, RequestFailed
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.screens.requests.screen import RequestsScreen
from selfinstruct.tui.screens.requests.table import RequestTable
from tests.conftest import OpenEngine
from tests.core.runs.attending import costs_at_most
from tests.server import Fault, ModelServer, error_body
from tests.tui.curating import Curator, curating, screen_text

pytestmark = pytest.mark.long

REFUSED = Fault(400, error_body("not today"))
ILLEGIBLE = Fault(body=b"<html>busy</html>")
PRICED = {"m": {"input": 1.0, "output": 1.0}}


def table(curator: Curator) -> RequestTable:
    return curator.app.at_hand.query_one(RequestTable)


def title(curator: Curator) -> str:
    """The line above the table, without the marks of what is chosen."""
    return " ".join(Content.from_markup(str(table(curator).border_title)).plain.split())


def line(curator: Curator, request_id: int) -> str:
    """What the table shows of a request."""
    rows = table(curator)
    if request_id not in rows.ids:
        return ""
    return rows.render_line(1 + list(rows.ids).index(request_id) - round(rows.scroll_y)).text


async def shown(curator: Curator, *words: str) -> None:
    """Wait until all of these words are on the screen."""
    await curator.until(lambda: all(word in screen_text(curator.app) for word in words))


async def open_requests(curator: Curator, *keys: str) -> None:
    """Go to the requests, and press keys there once they are shown."""
    await curator.press("5")
    await curator.until(lambda: bool(curator.app.screen.query(RequestTable)) and len(table(curator).ids) > 0)
    await curator.press(*keys)


async def in_batch(curator: Curator, count: int = 1) -> None:
    await curator.press("n")
    await curator.until(lambda: told(curator, BatchCompleted) >= count)


def told(curator: Curator, kind: type) -> int:
    return sum(isinstance(event, kind) for event in curator.happened)


async def leave_in_doubt(engine_on: OpenEngine, server: ModelServer, **settings: object) -> None:
    """A program that goes away while requests 1 and 2 are under way."""
    server.gate.clear()
    engine = engine_on(base_url=server.url, model="m", requests_per_batch=2, **settings)
    running = asyncio.ensure_future(engine.propose())
    for _ in range(2):
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await engine.close()
    server.gate.set()


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


async def test_t_sends_the_failed_request_under_the_cursor_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(REFUSED)
    async with curating(
        engine_on(base_url=server.url, model="m", concurrency=1, requests_per_batch=2, batches_ahead=0)
    ) as curator:
        await in_batch(curator)
        await open_requests(curator, "f", "t")
        await curator.until(lambda: "✓ parsed" in line(curator, 1))
        assert "Resending request 1." in curator.shown("#message")
        await curator.until(lambda: "failed 0" in title(curator))


async def test_t_on_a_request_that_has_not_failed_says_so_and_sends_nothing(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, requests_per_batch=1)
    async with curating(engine) as curator:
        await in_batch(curator)
        await curator.until(lambda: not curator.app.session.attended.under_way)
        had = len(server.received)
        await open_requests(curator, "G", "t")
        assert "Request 1 has not failed." in curator.shown("#message")
        assert len(server.received) == had


async def test_a_request_whose_answer_cannot_be_read_is_asked_anew_and_says_so(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(ILLEGIBLE)
    async with curating(
        engine_on(base_url=server.url, model="m", concurrency=1, requests_per_batch=2, batches_ahead=0)
    ) as curator:
        await in_batch(curator)
        await open_requests(curator, "f")
        await shown(curator, "not JSON")
        await curator.press("t")
        await curator.until(lambda: "replaced by" in line(curator, 1))
        anew = curator.engine.workspace.requests.asked_anew(1)
        await shown(curator, f"Replaced by request {anew}.")
        await curator.press("t")
        assert f"was already resent, as request {anew}" in curator.shown("#message")


async def test_capital_t_asks_and_then_sends_all_that_failed_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults += [REFUSED, ILLEGIBLE, REFUSED]
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, concurrency=1)
    async with curating(engine) as curator:
        await in_batch(curator)
        await open_requests(curator, "T")
        await shown(curator, "Resend 3 failed requests?")
        await curator.press("escape")
        assert engine.workspace.request_log.counts()["failed"] == 3
        await curator.press("T", "enter")
        log = engine.workspace.request_log
        await curator.until(lambda: list(log.ids("failed")) == [2] and log.counts()["under_way"] == 0)
        await curator.press("T")
        assert "There is no failed request to resend." in curator.shown("#message")


@pytest.mark.parametrize("keys", [("G", "t"), ("f", "f", "T")], ids=["the one", "all"])
async def test_requests_in_doubt_are_sent_again_only_after_a_question(
    engine_on: OpenEngine, server: ModelServer, keys: tuple[str, ...]
) -> None:
    await leave_in_doubt(engine_on, server, prices=PRICED)
    engine = engine_on(base_url=server.url, model="m", prices=PRICED, batches_ahead=0)
    async with curating(engine) as curator:
        await shown(curator, "2 requests in doubt")
        await open_requests(curator, *keys)
        await shown(curator, "may already have been answered and billed")
        await curator.press("escape")
        assert engine.workspace.requests.in_doubt() == 2
        assert len(server.received) == 2
        await curator.press(keys[-1], "enter")
        await curator.until(lambda: engine.workspace.requests.in_doubt() == (1 if "t" in keys else 0))


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
    from selfinstruct.core.engine import Engine

    with Workspace.open(workspace.path, read_only=True) as looked_at:
        async with curating(Engine(looked_at, resolve({}, stored=looked_at.settings.read()))) as curator:
            await open_requests(curator, "t", "T")
            await shown(curator, "✗ failed")
            assert "Resend" not in screen_text(curator.app)
    assert len(server.received) == 1


# On Curate


async def test_an_error_stays_counted_and_t_on_curate_sends_again_what_failed(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.faults.append(REFUSED)
    server.refuse = lambda body: server.gate.clear()
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, concurrency=1)
    async with curating(engine) as curator:
        await curator.press("n")
        await curator.wait_for(RequestFailed)
        assert "not today. t resends it." in curator.shown("#message")
        server.refuse = lambda body: None
        server.gate.set()
        await curator.until(lambda: told(curator, BatchCompleted) == 1)
        await curator.until(lambda: "1 failed" in curator.shown("#status"))
        await curator.press("t")
        assert "Resending 1 request." in curator.shown("#message")
        await curator.until(lambda: curator.engine.workspace.requests.get(1).state == "parsed")
        await curator.until(lambda: "failed" not in curator.shown("#status"))
        await curator.press("t")
        assert "There is nothing to resend." in curator.shown("#message")


async def test_t_tries_an_endpoint_again_that_could_not_be_used(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(401, error_body("wrong key"))
    async with curating(engine_on(base_url=server.url, model="m")) as curator:
        await curator.press("n")
        await curator.wait_for(GenerationPaused)
        assert "t tries again." in curator.shown("#message")
        server.refuse = lambda body: None
        await curator.press("t")
        await curator.wait_for(BatchCompleted)
        await curator.until(lambda: len(curator.table.ids) > 5)


async def at_the_limit(curator: Curator) -> None:
    await curator.press("n")
    await curator.wait_for(LimitReached)
    assert "The cost limit of $0.005 leaves no room" in curator.shown("#message")
    assert "t asks for a higher one." in curator.shown("#message")


@pytest.mark.parametrize("key", ["t", "n"])
async def test_the_cost_limit_asks_and_a_higher_one_goes_on(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace, key: str
) -> None:
    engine = engine_on(
        base_url=server.url, model="m", prices=PRICED, max_cost=0.005, requests_per_batch=9, answers="text"
    )
    async with curating(engine) as curator:
        await at_the_limit(curator)
        charged = workspace.requests.charged_usd()
        assert charged <= 0.005
        assert len(curator.table.ids) > 0, "what has come of the batch so far is not kept back"
        await curator.press(key)
        await shown(curator, "The cost limit of $0.005 leaves no room for a request.", "New limit in USD:")
        await shown(curator, "The next request may cost up to $0.00", " is enough.")
        assert curator.app.screen.query_one(Input).value == "0.01"
        await curator.press(*"5", "escape")
        await shown(curator, "Esc again discards it.")
        await curator.press("enter")
        await curator.wait_for(BatchCompleted)
        assert resolve({}, stored=workspace.settings.read()).max_cost == 5
        await curator.until(lambda: "limit $5" in curator.shown("#status"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "max_cost = 0.005",
            "; selfinstruct.toml says $0.005, which applies again at the next start: change it there.",
        ),
        ("max_cost = 5", "."),
        ("concurrency = 2", "."),
        ("max_cost = ", "."),
    ],
)
async def test_a_file_that_takes_the_new_limit_back_at_the_next_start_is_told_at_once(
    engine_on: OpenEngine, server: ModelServer, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "selfinstruct.toml").write_text(text, encoding="utf-8")
    engine = engine_on(
        base_url=server.url, model="m", prices=PRICED, max_cost=0.005, requests_per_batch=9, answers="text"
    )
    async with curating(engine) as curator:
        await at_the_limit(curator)
        await curator.press("t")
        curator.app.screen.query_one(Input).value = "5"
        await curator.press("enter")
        await curator.until(lambda: curator.shown("#message") == f"The cost limit is now $5{told}")


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


async def test_a_limit_that_is_far_too_low_proposes_one_that_makes_room(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    engine = engine_on(base_url=server.url, model="m", prices=PRICED, max_cost=0.0001, batches_ahead=0)
    async with curating(engine) as curator:
        await curator.press("n")
        await curator.wait_for(LimitReached)
        await curator.press("t")
        field = curator.app.screen.query_one(Input)
        proposed = float(field.value)
        assert proposed > 0.0002
        field.value = "0.0002"
        await curator.press("enter")
        await shown(curator, f"Enter a number of at least {proposed:g}.")
        field.value = f"{proposed:g}"
        await curator.press("enter")
        await curator.until(lambda: len(server.received) > 0)
        assert workspace.requests.charged_usd() <= proposed


@pytest.mark.parametrize("typed", ["0.005", "-1", "much", "inf", "nan"])
async def test_a_limit_that_makes_no_room_is_refused_and_esc_leaves_it_as_it_was(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace, typed: str
) -> None:
    engine = engine_on(
        base_url=server.url, model="m", prices=PRICED, max_cost=0.005, requests_per_batch=9, answers="text"
    )
    async with curating(engine) as curator:
        await at_the_limit(curator)
        had = len(server.received)
        await curator.press("t")
        field = curator.app.screen.query_one(Input)
        field.value = typed
        await curator.press("enter")
        await shown(curator, "Enter a number of at least 0.0")
        await curator.press("escape", "escape")  # the first says that what is typed is discarded
        await curator.until(lambda: "stays at $0.005" in curator.shown("#message"))
        assert resolve({}, stored=workspace.settings.read()).max_cost == 0.005
        assert len(server.received) == had


async def test_a_limit_that_another_program_raises_goes_on_and_nothing_says_otherwise(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    engine = engine_on(
        base_url=server.url, model="m", prices=PRICED, max_cost=0.005, requests_per_batch=9, answers="text"
    )
    async with curating(engine) as curator:
        await at_the_limit(curator)
        await curator.press("t", "escape")
        await curator.until(lambda: "stays at $0.005" in curator.shown("#message"))
        with Workspace.open(workspace.path) as theirs:
            other = Engine(theirs, resolve({}, stored=theirs.settings.read()))
            other.limit_cost(5)
            await other.close()
        await curator.wait_for(BatchCompleted)
        await curator.until(lambda: "stays at" not in curator.shown("#message"))
        assert "paused" not in curator.shown("#status")


async def test_what_stopped_generation_is_not_said_any_more_when_other_settings_go_on(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(401, error_body("wrong key"))
    engine = engine_on(base_url=server.url, model="m")
    async with curating(engine) as curator:
        await curator.press("n")
        await curator.until(lambda: "t tries again." in curator.shown("#message"))
        server.refuse = lambda body: None
        await curator.app.session.apply(engine.settings.model_copy(update={"concurrency": 2}))
        await curator.wait_for(BatchCompleted)
        await curator.until(lambda: "wrong key" not in curator.shown("#message"))
