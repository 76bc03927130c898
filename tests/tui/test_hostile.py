"""Hostile text of others on every screen, before the net: no widget is given anything that needs it."""

import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.text import Text
from textual.app import App
from textual.content import Content
from textual.filter import LineFilter
from textual.widget import Widget
from textual.widgets import Input, Static

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import SettingsError
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.keys.own_keys import check_keys
from selfinstruct.tui.text.safe_text import safe
from selfinstruct.tui.text.terminal_guard import TerminalGuard
from tests.conftest import OpenEngine
from tests.hostile import FILE_NAME, LONG, MODEL, TEXTS, groups, grow, hostile, strange_text
from tests.tui.curating import Curator, curating, screen_text

pytestmark = pytest.mark.long

SIZE = (160, 60)
HARMLESS = [name for name, text in TEXTS.items() if text == safe(text)]
"""Those that are shown as they are: what is in them would do something elsewhere than in a terminal."""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "w.db"
    grow(path, groups())
    return path


@pytest.fixture
async def curator(grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Curator]:
    """A curator over the hostile workspace, without its net."""
    monkeypatch.setattr(CuratorApp, "get_line_filters", App.get_line_filters)
    path = tmp_path / FILE_NAME
    shutil.copy(grown, path)
    with Workspace.open(path) as workspace:
        settings = resolve(
            {
                "model": MODEL,
                "base_url": "http://127.0.0.1:9/v1",
                "batches_ahead": 0,
                "filters": {"keywords": [hostile(name) for name in TEXTS], "openings": [hostile("c0")]},
            }
        )
        async with curating(Engine(workspace, settings), size=SIZE) as opened:
            await opened.until(lambda: opened.engine.assessor.is_ready)
            yield opened


def strange(curator: Curator) -> list[str]:
    """What is on the screen and should not be: characters, and links that would open or act."""
    strips = curator.app.screen._compositor.render_strips()
    styles = [segment.style for strip in strips for segment in strip if segment.style is not None]
    links = [style.link or style.meta.get("@click") for style in styles]
    return strange_text(screen_text(curator.app)) + [str(link) for link in links if link]


TOURS = [
    pytest.param(["1", "g", *"jjjjjj", "tab", "j", "ctrl+d", "G"], "Begin c0", id="curate"),
    pytest.param(["2", "g", *"jjjjjj", "tab", "j", "ctrl+d", "G"], "Begin c0", id="pool"),
    pytest.param(["3", *"jjj", "tab", *"jjj", "G"], "Begin c0", id="instances"),
    pytest.param(["4", *"jjj", "space", "tab", *"jjj", "G"], "keywords refused", id="preview"),
    pytest.param(["5", "G", *"kkkkkkkkkkkk", "tab", "ctrl+d", "G"], "Begin c0", id="requests"),
    pytest.param(["6", *"jjj", "G"], "First words", id="overview"),
    pytest.param(["7", *"jjj", "G", *"kkkkkk"], "Begin c0", id="settings"),
    pytest.param(["1", "g", "e", "!"], "Edit 176", id="edit"),
    pytest.param(["3", "tab", "e", "!"], "An instance of", id="edit an instance"),
    pytest.param(["1", "g", "a"], "A accepts it anyway", id="refused"),
    pytest.param(["1", "g", "r"], "Rejected 176", id="decided"),
    pytest.param(["7", "M", "down", "up"], "Which model do you want to use", id="choice of a model"),
]


@pytest.mark.parametrize(("keys", "shown"), TOURS)
async def test_no_widget_draws_what_a_terminal_would_obey(
    curator: Curator, keys: list[str], shown: str
) -> None:
    found: list[str] = []
    for key in keys:
        await curator.press(key)
        found += strange(curator)
    await curator.until(lambda: shown in screen_text(curator.app))
    assert found + strange(curator) == []


async def test_markup_templates_and_formats_are_shown_as_they_are_written(curator: Curator) -> None:
    details = ""
    await curator.press("2", "g")
    for _ in range(6):
        details += await curator.detail()
        await curator.press("j")
    assert len(HARMLESS) >= 10
    assert [name for name in HARMLESS if hostile(name) not in details] == []


async def test_what_is_copied_is_what_is_stored(curator: Curator) -> None:
    await curator.press("3", "tab", "y")
    await curator.until(lambda: "Sent the instance to the terminal's clipboard" in curator.shown("#message"))
    assert curator.app.clipboard == "\n\n".join([groups()[-1]] * 2)
    await curator.press("shift+tab", "y", "1", "y", "5", "G", "y", "Y")
    await curator.until(lambda: curator.app.clipboard == f"user:\n{groups()[0]}")


async def test_a_line_of_a_megabyte_keeps_nobody_waiting(engine_on: OpenEngine, workspace: Workspace) -> None:
    engine = engine_on(batches_ahead=0)
    workspace.tasks.add(LONG, origin="model", at="now", batch=0, held=True)
    async with curating(engine, size=SIZE) as curator:
        await curator.press("2")
        assert "Begin long yyy" in screen_text(curator.app)
        assert len(await curator.detail()) < 20_000
        assert "more characters" in await curator.detail()


class Raw(App[None]):
    """An application that draws texts as they are, with the net of the curator."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), TerminalGuard()]

    def compose(self) -> Iterator[Widget]:
        for name in TEXTS:
            yield Static(Content(hostile(name)))
            yield Static(Text(hostile(name), style="link https://evil.example"))
            yield Input(hostile(name).replace("\n", " ")[:150], compact=True)


async def test_what_comes_past_all_care_is_held_back_at_last() -> None:
    async with Raw().run_test(size=(160, 200)) as pilot:
        strips = pilot.app.screen._compositor.render_strips()
        drawn = "\n".join(strip.text for strip in strips)
        assert [name for name in TEXTS if drawn.count(f"Begin {name} ") < 3] == []
        assert strange_text(drawn) == []
        assert [strip.cell_length for strip in strips] == [cell_len(strip.text) for strip in strips]
        assert not any(segment.style and segment.style.link for strip in strips for segment in strip)


@pytest.mark.parametrize("key", ["\u202e", "\x1b", "\u200b", "ctrl+\x9b", "right_to_left_override"])
def test_a_key_that_cannot_be_seen_is_refused(key: str) -> None:
    with pytest.raises(SettingsError, match="is not a key"):
        check_keys({"accept": key})
