"""The first start: which model is to answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.message import Message
from textual.widgets import Input, OptionList, Static

from selfinstruct.core.engine import Engine
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.dialogs.help_dialog import KeysScreen
from selfinstruct.tui.screens.settings.choose_model import OFFERS, FirstRunScreen
from selfinstruct.tui.screens.settings.rows import SettingRow
from tests.conftest import OpenEngine
from tests.server import ModelServer
from tests.tui.curating import Curator, screen_text
from tests.tui.test_failing_workspace import full

pytestmark = pytest.mark.long

OLLAMA, LOCAL, OPENAI, OTHER = 1, 2, 3, 4


@asynccontextmanager
async def first_run(engine: Engine, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Curator]:
    app = CuratorApp(engine, first_run=True)
    async with app.run_test(size=size) as pilot:
        curator = Curator(app, pilot, engine)
        await curator.until(lambda: isinstance(app.screen, FirstRunScreen))
        await pilot.pause()
        yield curator


def row(curator: Curator, name: str) -> SettingRow:
    return next(row for row in curator.app.screen.query(SettingRow) if row.field.name == name)


def outcome(curator: Curator) -> str:
    return str(curator.app.screen.query_one("#first-run-outcome", Static).visual)


async def fill_in(curator: Curator, name: str, text: str) -> None:
    """Put a text into a field, with the cursor there."""
    editor = row(curator, name).editor
    assert isinstance(editor, Input)
    curator.app.screen.set_focus(editor)
    editor.value = text
    await curator.pilot.pause()


def chosen(curator: Curator) -> bool:
    return not isinstance(curator.app.screen, FirstRunScreen)


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_a_key_lists_the_keys_and_escape_closes_the_list_and_not_the_choice(
    engine_on: OpenEngine, key: str
) -> None:
    async with first_run(engine_on()) as curator:
        assert "? Keys" in screen_text(curator.app)
        await curator.press(key)
        assert isinstance(curator.app.screen, KeysScreen)
        assert "Enter" in screen_text(curator.app)
        await curator.press("escape")
        assert not chosen(curator), "the model is still to be chosen"


@pytest.mark.parametrize("is_offline", [True, False])
async def test_the_list_of_keys_says_what_escape_does_here(
    engine_on: OpenEngine, server: ModelServer, is_offline: bool
) -> None:
    engine = engine_on() if is_offline else engine_on(model="m", base_url=server.url, batches_ahead=0)
    async with first_run(engine, (120, 40)) as curator:
        await curator.press("question_mark")
        text = screen_text(curator.app)
        assert "Keys of this dialog" in text
        assert ("Take the built-in model: Close without changing it." in text) == is_offline
        assert ("Cancel: Close without a change." in text) != is_offline


async def test_every_kind_of_endpoint_is_offered_and_enter_takes_the_built_in_one(
    engine_on: OpenEngine, workspace: Workspace
) -> None:
    async with first_run(engine_on()) as curator:
        text = screen_text(curator.app)
        assert all(offer.title in text for offer in OFFERS)
        assert "A grammar, not a language model" in text
        await curator.press("enter")
        assert chosen(curator)
        assert curator.engine.settings.is_offline
        assert "a grammar, not a language model" in curator.shown("#message")
        await curator.press("n")
        await curator.until(lambda: len(curator.table.ids) > 0)


async def test_escape_takes_the_built_in_model(engine_on: OpenEngine) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press("down", "escape")
        assert chosen(curator)
        assert curator.engine.settings.is_offline


@pytest.mark.parametrize(
    ("place", "address", "model", "key"),
    [
        (OLLAMA, "http://localhost:11434/v1", "llama3.1", ""),
        (LOCAL, "http://localhost:8000/v1", "", ""),
        (OPENAI, "", "gpt-4o-mini", "OPENAI_API_KEY"),
        (OTHER, "", "", ""),
    ],
)
async def test_choosing_one_fills_in_what_is_known_of_it(
    engine_on: OpenEngine, place: int, address: str, model: str, key: str
) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * place)
        assert row(curator, "base_url").text == address
        assert row(curator, "model").text == model
        assert row(curator, "api_key_env").text == key


async def test_whether_the_key_is_set_is_said_and_never_its_value(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * OPENAI)
        assert "! OPENAI_API_KEY is not set" in screen_text(curator.app)
        monkeypatch.setenv("OPENAI_API_KEY", "secret-value")
        await curator.press("up", "down")
        assert "✓ OPENAI_API_KEY is set" in screen_text(curator.app)
        assert "secret-value" not in screen_text(curator.app)


async def test_a_connection_is_tested_and_its_settings_are_stored(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * OTHER)
        await fill_in(curator, "base_url", server.url)
        await fill_in(curator, "model", "m")
        await curator.press("ctrl+t")
        await curator.until(lambda: outcome(curator).startswith("✓ It works"))
        await curator.press("enter")
        await curator.until(lambda: not curator.engine.settings.is_offline)
        await curator.press("n")
        await curator.until(lambda: len(curator.table.ids) > 0)
    assert workspace.settings.read() == {"base_url": server.url, "model": "m"}


async def test_a_test_without_the_name_of_a_model_asks_no_model_and_offers_what_there_is(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.models = ["llama-3.1-8b", "mistral-7b"]
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * LOCAL)
        await fill_in(curator, "base_url", server.url)
        await curator.press("ctrl+t")
        await curator.until(lambda: "The model's name is missing." in outcome(curator))
        assert "The server has llama-3.1-8b, mistral-7b" in outcome(curator)
        assert server.received == []
        await curator.press("m")
        await curator.pilot.pause()
        await curator.press("right")
        assert row(curator, "model").text == "mistral-7b"
        await curator.press("ctrl+t")
        await curator.until(lambda: outcome(curator).startswith("✓ It works"))


async def test_the_only_model_of_a_server_is_filled_in(engine_on: OpenEngine, server: ModelServer) -> None:
    server.models = ["llama-3.1-8b"]
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * LOCAL)
        await fill_in(curator, "base_url", server.url)
        await curator.press("ctrl+t")
        await curator.until(lambda: "llama-3.1-8b, the only model there" in outcome(curator))
        assert row(curator, "model").text == "llama-3.1-8b"


async def test_a_server_without_a_list_is_told_and_one_that_is_not_there_too(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with first_run(engine_on(), (120, 40)) as curator:
        await curator.press(*["down"] * LOCAL)
        await fill_in(curator, "base_url", server.url)
        await curator.press("ctrl+t")
        await curator.until(lambda: "does not list its models" in outcome(curator))
        await fill_in(curator, "base_url", "http://127.0.0.1:9/v1")
        await curator.press("ctrl+t")
        await curator.until(lambda: "http://127.0.0.1:9/v1 cannot be reached" in outcome(curator))


async def test_escape_asks_before_it_gives_up_what_is_typed(engine_on: OpenEngine) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * OTHER)
        await fill_in(curator, "base_url", "http://127.0.0.1:9/v1")
        await curator.press("escape")
        assert not chosen(curator)
        assert "What you typed is not applied yet." in outcome(curator)
        assert row(curator, "base_url").text == "http://127.0.0.1:9/v1"
        await curator.press("escape")
        assert chosen(curator)
        assert curator.engine.settings.is_offline


async def test_what_is_typed_for_one_kind_is_there_when_one_comes_back_to_it(engine_on: OpenEngine) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * LOCAL)
        await fill_in(curator, "model", "m")
        await curator.press("shift+tab", "shift+tab", "down", "up")
        assert row(curator, "model").text == "m"


async def test_what_is_wrong_with_the_connection_is_said_with_what_to_do(engine_on: OpenEngine) -> None:
    async with first_run(engine_on(), (120, 40)) as curator:
        await curator.press(*["down"] * OLLAMA)
        await fill_in(curator, "base_url", "http://127.0.0.1:9/v1")
        await curator.pilot.click("#test")
        await curator.until(lambda: outcome(curator).startswith("✗"))
        assert "http://127.0.0.1:9/v1 cannot be reached" in outcome(curator)
        assert "Check that the server is running and that base_url is its address" in outcome(curator)


async def test_escape_stops_a_test_first(engine_on: OpenEngine, server: ModelServer) -> None:
    server.gate.clear()
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * OTHER)
        await fill_in(curator, "base_url", server.url)
        await fill_in(curator, "model", "m")
        await curator.press("ctrl+t")
        await asyncio.to_thread(server.arrived.acquire)
        await curator.press("escape")
        assert outcome(curator).startswith("Stopped.")
        assert not chosen(curator)


async def test_enter_goes_to_what_is_missing(engine_on: OpenEngine) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * LOCAL, "enter")
        assert not chosen(curator)
        assert curator.app.focused is row(curator, "model").editor
        assert "Enter the model's name" in outcome(curator)
        await curator.press(*"m", "enter")
        assert chosen(curator)
        await curator.until(lambda: curator.engine.settings.model == "m")


async def test_an_address_that_is_none_is_said_as_one_types(engine_on: OpenEngine) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * OTHER)
        assert "Enter the address of the endpoint." in screen_text(curator.app)
        await fill_in(curator, "base_url", "localhost")
        assert "is not a web address" in screen_text(curator.app)


async def test_it_can_be_reached_again_from_the_settings(engine_on: OpenEngine, server: ModelServer) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press("escape", "7", "M")
        assert not chosen(curator)
        await curator.press(*["down"] * OTHER)
        await fill_in(curator, "base_url", server.url)
        await fill_in(curator, "model", "m")
        await curator.press("enter")
        assert curator.app.at_hand.NAME == "settings"
        assert curator.engine.settings.is_offline
        await curator.press("ctrl+s")
        await curator.until(lambda: curator.engine.settings.model == "m")
        await curator.press("M")
        assert row(curator, "base_url").text == server.url


async def test_quitting_asks_before_it_gives_up_what_is_typed(engine_on: OpenEngine) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * OTHER)
        await fill_in(curator, "base_url", "http://127.0.0.1:9/v1")
        curator.app.screen.query_one(OptionList).focus()
        await curator.press("q")
        assert "again quits without it" in outcome(curator)
        assert row(curator, "base_url").text == "http://127.0.0.1:9/v1"
        await curator.press("q")
        await curator.until(lambda: not curator.app.is_running)


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_q_quits(engine_on: OpenEngine, key: str) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(key)
        await curator.until(lambda: not curator.app.is_running)


async def test_the_footer_says_what_escape_does_as_the_border_does(engine_on: OpenEngine) -> None:
    async with first_run(engine_on()) as curator:
        assert "Esc takes the built-in model" in screen_text(curator.app)
        assert "Esc Take the built-in model" in screen_text(curator.app).splitlines()[-1]
    async with first_run(engine_on(model="m", base_url="http://127.0.0.1:9/v1")) as curator:
        assert "built-in model" not in screen_text(curator.app).splitlines()[-1]
        assert "Esc Cancel" in screen_text(curator.app).splitlines()[-1]


async def test_keys_pressed_before_the_choice_is_open_do_nothing(engine_on: OpenEngine) -> None:
    app = CuratorApp(engine_on(), first_run=True)
    handled: list[str] = []

    def impatient(message: Message) -> None:
        if isinstance(message, events.Mount) and not handled:
            handled.append("mounted")
            for key in ("7", "X", "n"):
                app.post_message(events.Key(key, key))

    async with app.run_test(size=(80, 24), message_hook=impatient) as pilot:
        curator = Curator(app, pilot, app.engine)
        await curator.until(lambda: isinstance(app.screen, FirstRunScreen))
        await pilot.pause()
        await curator.press("enter")
        assert app.screen is app.curate, "nothing is open behind the choice"


async def test_an_endpoint_that_could_not_be_stored_is_still_in_its_fields(
    engine_on: OpenEngine, workspace: Workspace
) -> None:
    async with first_run(engine_on()) as curator:
        await curator.press(*["down"] * OTHER)
        await fill_in(curator, "base_url", "http://127.0.0.1:9/v1")
        await fill_in(curator, "model", "my-model")
        with full(workspace):
            await curator.press("enter")
            await curator.until(lambda: "disk is full" in screen_text(curator.app))
        assert row(curator, "base_url").text == "http://127.0.0.1:9/v1"
        assert row(curator, "model").text == "my-model"
        await curator.press("enter")
        await curator.until(lambda: curator.engine.settings.model == "my-model")
        assert chosen(curator)
