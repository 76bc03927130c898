"""Hostile text of others on every screen, before the net: no widget is given anything that needs it."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input, Static, TextArea

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.display import safe
from selfinstruct.tui.net import Net
from tests.hostile import LONG, MODEL, TEXTS, groups, grow, hostile, strange_text
from tests.tui.curating import Curator, curating, screen_text

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
    name = f"w{hostile('bidi')[:40]}\x1b]0;x\x07.db".replace("/", "")
    path = tmp_path / name
    path.write_bytes(grown.read_bytes())
    with Workspace.open(path) as workspace:
        settings = resolve(
            {
                "model": MODEL,
                "base_url": "http://127.0.0.1:9/v1",
                "batches_ahead": 0,
                "filters": {"keywords": [hostile(name) for name in TEXTS], "openings": [hostile("c0")]},
                "theme": hostile("markup"),
            }
        )
        async with curating(Engine(workspace, settings), size=SIZE) as opened:
            await opened.until(lambda: opened.engine.judging.is_ready)
            yield opened


def strange(curator: Curator) -> list[str]:
    """What is on the screen and should not be: characters, and links that would open or act."""
    strips = curator.app.screen._compositor.render_strips()
    styles = [segment.style for strip in strips for segment in strip if segment.style is not None]
    links = [style.link or style.meta.get("@click") for style in styles]
    return strange_text(screen_text(curator.app)) + [str(link) for link in links if link]


@pytest.mark.parametrize(
    ("screen", "rows"),
    [("1", 6), ("2", 6), ("3", 4), ("4", 3), ("5", 12), ("6", 3), ("7", 12)],
)
async def test_no_screen_draws_what_a_terminal_would_obey(curator: Curator, screen: str, rows: int) -> None:
    await curator.press(screen, "G")
    found = strange(curator)
    for _ in range(rows):
        await curator.press("k")
        found += strange(curator)
    await curator.press("tab", "j", "pagedown", "enter")
    found += strange(curator)
    await curator.press("G")
    found += strange(curator)
    assert found == []
