"""The question at the cost limit: a limit that makes room resumes the work, any other is refused."""

from pathlib import Path

import pytest
from textual.widgets import Input

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import BatchCompleted, LimitReached
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.server import ModelServer
from tests.tui.curating import PRICED, Curator, curating, shown

pytestmark = pytest.mark.long


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
