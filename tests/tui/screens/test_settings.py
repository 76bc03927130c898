"""The settings: checked as one types, applied when asked, and nothing before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, TextArea

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.screens.settings.rows import SettingRow
from selfinstruct.tui.screens.settings.screen import SettingsScreen
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, error_body
from tests.tui.curating import Curator, curating, screen_text

pytestmark = pytest.mark.long


class Form:
    """The settings screen of a curator, as a test sees it."""

    def __init__(self, curator: Curator) -> None:
        self.curator = curator
        assert isinstance(curator.app.at_hand, SettingsScreen)
        self.screen = curator.app.at_hand

    def row(self, name: str) -> SettingRow:
        return self.screen.rows[name]

    async def type(self, name: str, text: str) -> None:
        """Put a text in the place of the one in a field, with the cursor there."""
        editor = self.row(name).editor
        self.screen.set_focus(editor)
        if isinstance(editor, TextArea):
            editor.text = text
        else:
            assert isinstance(editor, Input)
            editor.value = text
            editor.cursor_position = len(text)
        await self.curator.pilot.pause()

    async def apply(self) -> None:
        await self.curator.press("ctrl+s")
        await self.curator.until(lambda: "Waiting" not in self.said())
        await self.curator.pilot.pause()

    def said(self) -> str:
        return self.curator.shown("#message")

    def note(self, name: str) -> str:
        return self.row(name).noted


@asynccontextmanager
async def filling_in(engine: Engine, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Form]:
    async with curating(engine, size) as curator:
        await curator.press("7")
        yield Form(curator)


async def test_nothing_is_in_force_before_it_is_applied_and_then_it_stays(
    workspace: Workspace, engine_on: OpenEngine
) -> None:
    async with filling_in(engine_on()) as form:
        await form.type("concurrency", "9")
        await form.type("max_requests", "50")
        assert workspace.settings.read() == {}
        assert "2 not applied" in screen_text(form.curator.app)
        await form.apply()
        assert form.said() == "Applied: max_requests, concurrency."
        assert form.curator.engine.settings.concurrency == 9
        assert form.screen.changed == {}
    assert workspace.settings.read() == {"concurrency": 9, "max_requests": 50}


async def test_what_is_wrong_is_said_under_the_field_while_it_is_wrong(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on()) as form:
        await form.type("filters.rouge_l", "1.5")
        assert form.note("filters.rouge_l") == "✗ It must be at most 1."
        await form.curator.press("ctrl+s")
        assert "rouge_l: It must be at most 1." in form.said()
        assert form.curator.engine.settings.filters.rouge_l == 0.7
        await form.type("filters.rouge_l", "0.5")
        assert form.note("filters.rouge_l") == ""


async def test_escape_leaves_the_field_then_takes_back_then_goes_home(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on()) as form:
        await form.type("rng_seed", "77")
        await form.curator.press("escape")
        assert form.row("rng_seed").text == "77"
        await form.curator.press("escape")
        assert "1 not applied" in form.said()
        assert "again discards" in form.said()
        assert form.row("rng_seed").text == "77"
        await form.curator.press("escape")
        assert form.row("rng_seed").text == "0"
        await form.curator.press("escape")
        assert form.curator.app.at_hand.NAME == "curate"


async def test_the_keyboard_reaches_every_setting_and_switches_what_has_few_values(
    engine_on: OpenEngine,
) -> None:
    async with filling_in(engine_on(), (80, 24)) as form:
        await form.curator.press("down", "down", "down", "enter")
        assert form.curator.app.focused is form.row("api").editor
        await form.curator.press("space")
        assert form.row("api").text == "completions"
        await form.curator.press("left", "up")
        assert form.row("api").text == "chat"
        assert form.row("api_key_env").is_at
        await form.curator.press("j", "j", "j", "enter", "1", "enter", "2", "escape")
        assert form.row("timeout_s").text == "1201"
        assert form.row("thinking_tokens").text == "02"
        await form.curator.press("G", "enter")
        assert form.curator.app.focused is form.row("keys").editor


async def test_enter_goes_into_a_field_at_its_end_so_that_it_can_be_cleared(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on(base_url="http://127.0.0.1:9/v1", model="org/model:tag")) as form:
        await form.curator.press("enter", "x")
        assert form.row("model").text == "org/model:tagx"
        await form.curator.press("ctrl+u")
        assert form.row("model").text == ""
        await form.curator.press("down", "ctrl+u")
        assert form.row("base_url").text == ""


async def test_an_address_in_the_place_of_a_models_name_is_refused(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on()) as form:
        await form.type("model", "http://127.0.0.1:9/v1")
        assert "put it into base_url" in form.note("model")
        await form.type("model", "org/model:tag")
        assert "base_url" not in form.note("model")
        await form.type("embeddings", "HTTPS://h.example")
        assert "put it into embeddings_url" in form.note("embeddings")


async def test_letters_move_from_setting_to_setting_and_change_none(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on(), (100, 30)) as form:

        def at() -> str:
            return next(name for name, row in form.screen.rows.items() if row.is_at)

        assert at() == "model"
        for keys, name in (
            (("j", "j", "k"), "base_url"),
            (("G",), "keys"),
            (("k", "j", "j"), "keys"),
            (("g",), "model"),
        ):
            await form.curator.press(*keys)
            assert at() == name
        await form.curator.press("ctrl+d")
        assert at() not in {"model", "base_url"}
        await form.curator.press("ctrl+u", "ctrl+u")
        assert at() == "model"
        assert form.screen.changed == {}
        await form.curator.press("enter", "x", "escape", "j")
        assert form.row("model").text.endswith("x")
        assert at() == "base_url"


async def test_the_mouse_applies_too(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on()) as form:
        row = form.row("clf_only").editor
        row.scroll_visible(animate=False)
        await form.curator.pilot.pause()
        await form.curator.pilot.click(row, offset=(5, 0))
        await form.curator.pilot.click("#apply")
        await form.curator.until(lambda: form.curator.engine.settings.clf_only)


async def test_what_differs_from_the_default_is_marked_with_a_sign(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on(concurrency=8)) as form:
        text = screen_text(form.curator.app)
        assert "* concurrency" in text
        assert "Default: 4." in text
        assert "* rng_seed" not in text


async def test_other_filters_judge_again_what_is_undecided(engine_on: OpenEngine) -> None:
    engine = engine_on()
    add = engine.workspace.tasks.add
    ids = [add(f"Describe the {thing} of rain", origin="model", at="now") for thing in ("smell", "sound")]
    engine.assess(ids)
    async with filling_in(engine) as form:
        await form.type("filters.keywords", "smell")
        await form.apply()
        await form.curator.until(lambda: "1 verdict" in form.said())
        assert [engine.workspace.tasks.get(task_id).verdict for task_id in ids] == ["keyword", "pass"]


async def test_answers_under_way_are_stored_before_settings_change(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.gate.clear()
    engine = engine_on(model="m", base_url=server.url, concurrency=1, requests_per_batch=1)
    async with curating(engine) as curator:
        await curator.press("n")
        await asyncio.to_thread(server.arrived.acquire)
        await curator.press("7")
        form = Form(curator)
        await form.type("concurrency", "2")
        await curator.press("ctrl+s")
        assert "Waiting for 1 answer in flight" in form.said()
        assert engine.settings.concurrency == 1
        server.gate.set()
        await curator.until(lambda: engine.settings.concurrency == 2)
        await curator.until(lambda: engine.workspace.requests.count() > 1)
        assert engine.workspace.counts().requests["in_doubt"] == 0


async def test_settings_that_do_not_fit_the_workspace_change_nothing(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on()) as form:
        await form.type("model", "m")
        await form.type("max_cost", "3")
        await form.apply()
        assert "The price of 'm' is not known" in form.said()
        assert form.curator.engine.settings.is_offline
        await form.type("price.input", "1")
        await form.type("price.output", "2")
        await form.apply()
        assert form.curator.engine.settings.max_cost == 3
        assert form.curator.engine.settings.prices["m"].output == 2


async def test_a_price_goes_with_its_model(engine_on: OpenEngine) -> None:
    prices = {"m": {"input": 1, "output": 2}}
    async with filling_in(engine_on(model="m", prices=prices)) as form:
        await form.type("model", "k")
        assert form.row("price.input").text == ""
        await form.type("model", "m")
        assert form.row("price.input").text == "1"


async def test_keys_and_colours_change_at_once_and_stop_nothing(
    workspace: Workspace, engine_on: OpenEngine
) -> None:
    async with filling_in(engine_on(), (120, 50)) as form:
        attended = form.screen.session.attended
        await form.type("keys", 'next_batch = "f5"')
        form.row("theme").editor.focus()
        await form.curator.press("right")
        await form.apply()
        assert form.screen.session.attended is attended
        assert form.curator.app.theme == "textual-light"
        await form.curator.press("escape", "1")
        assert "F5 Next" in screen_text(form.curator.app)
        await form.curator.press("f5")
        await form.curator.until(lambda: len(form.curator.table.ids) > 0)
    assert workspace.settings.read() == {"theme": "textual-light", "keys": {"next_batch": "f5"}}


async def test_a_theme_chosen_with_its_key_shows_in_the_settings(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on()) as form:
        await form.curator.press("f2")
        await form.curator.until(lambda: form.row("theme").text == "textual-light")


async def test_whether_a_key_is_set_is_said_and_never_its_value(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", "secret-value")
    async with filling_in(engine_on()) as form:
        await form.type("api_key_env", "EXAMPLE_KE")
        assert "EXAMPLE_KE is not set" in form.note("api_key_env")
        await form.curator.press("Y")
        assert "✓ EXAMPLE_KEY is set" in form.note("api_key_env")
        assert "secret-value" not in screen_text(form.curator.app)
        await form.type("api_key_env", "sk-1")
        assert "never the key itself" in form.note("api_key_env")


async def test_the_connection_is_tried_with_what_is_typed_and_nothing_is_applied(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with filling_in(engine_on()) as form:
        await form.type("model", "m")
        await form.type("base_url", server.url)
        await form.curator.press("ctrl+t")
        await form.curator.until(lambda: "It works" in form.said())
        assert form.said().startswith("✓")
        assert form.curator.engine.settings.is_offline
        server.models = ["mistral"]
        server.faults.append(Fault(404, error_body("no m")))
        await form.curator.press("escape", "t")
        await form.curator.until(lambda: form.said().startswith("✗"))
        assert "Its models are: mistral." in form.said()


async def test_escape_stops_a_try(engine_on: OpenEngine, server: ModelServer) -> None:
    server.gate.clear()
    async with filling_in(engine_on(model="m", base_url=server.url)) as form:
        await form.curator.press("t")
        await asyncio.to_thread(server.arrived.acquire)
        await form.curator.press("escape")
        assert form.said().startswith("Stopped.")
        assert form.curator.app.at_hand is form.screen


async def test_what_cannot_change_is_shown_with_the_reason(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on()) as form:
        seeds = form.row("seeds")
        assert not seeds.editor.focusable
        assert "Fixed when the workspace was created." in " ".join(str(seeds.render()).split())


async def test_a_workspace_opened_read_only_shows_its_settings(tmp_path: Any) -> None:
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        await Engine(workspace, resolve({"concurrency": 7})).close()
    with Workspace.open(path, read_only=True) as workspace:
        engine = Engine(workspace, resolve({}, stored=workspace.settings.read()))
        async with filling_in(engine) as form:
            assert form.row("concurrency").text == "7"
            await form.curator.press("down", "5", "ctrl+s")
            assert form.row("concurrency").text == "7"
            assert "Apply" not in screen_text(form.curator.app)


async def test_quitting_says_first_what_is_not_applied(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on()) as form:
        await form.type("rng_seed", "5")
        await form.curator.press("escape", "q")
        assert "1 not applied" in form.said()
        assert form.curator.app.is_running
        await form.curator.press("q")
        await form.curator.until(lambda: not form.curator.app.is_running)


async def test_quitting_on_another_screen_says_first_what_is_not_applied(engine_on: OpenEngine) -> None:
    async with filling_in(engine_on()) as form:
        await form.type("rng_seed", "5")
        await form.curator.press("escape", "1", "q")
        assert "Not applied: 1 changed setting. 7 shows them; q again quits." in form.said()
        assert not form.curator.app._exit
        await form.curator.press("7")
        assert form.row("rng_seed").text == "5"
        await form.apply()
        await form.curator.press("1", "q")
        await form.curator.until(lambda: form.curator.app._exit)


async def test_the_names_of_the_screens_carry_the_keys_that_a_person_has_chosen(
    engine_on: OpenEngine,
) -> None:
    async with filling_in(engine_on(), (80, 24)) as form:
        await form.type("keys", 'pool = "f9"')
        await form.apply()
        tabs = screen_text(form.curator.app).splitlines()[0]
        assert "F9 Pool" in tabs
        await form.curator.pilot.click("#tabs", offset=(tabs.index("Pool"), 0))
        assert form.curator.app.at_hand.NAME == "pool"
        assert "F9 Pool" in screen_text(form.curator.app)


async def test_a_batch_that_is_wanted_while_settings_are_applied_still_comes(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.gate.clear()
    engine = engine_on(model="m", base_url=server.url, requests_per_batch=1)
    async with curating(engine) as curator:
        await curator.press("n")
        await asyncio.to_thread(server.arrived.acquire)
        await curator.press("7")
        form = Form(curator)
        await form.type("requests_per_batch", "2")
        await curator.press("ctrl+s", "escape", "1", "n")
        server.gate.set()
        await curator.until(lambda: engine.settings.requests_per_batch == 2)
        await curator.until(lambda: len(curator.table.ids) > 0)


async def test_headers_not_sent_to_the_endpoint_cause_a_warning_when_it_is_chosen_and_at_the_start(
    engine_on: OpenEngine, server: ModelServer, tmp_path: Path
) -> None:
    told = (
        "The headers in selfinstruct.toml are for https://api.openai.com/v1, since it has no base_url, so"
        f" they are not sent to {server.url}"
    )
    (tmp_path / "selfinstruct.toml").write_text('[request]\nheaders = { x-key = "canary-1" }\n')
    engine = engine_on(model="m", base_url="http://127.0.0.1:9/v1", batches_ahead=0)
    async with filling_in(engine) as form:
        await form.type("base_url", server.url)
        await form.apply()
        assert told in form.said()
    async with curating(engine_on(model="m", base_url=server.url)) as curator:
        assert told in curator.shown("#message")
