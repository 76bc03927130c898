"""Lines that are drawn once look as the style sheet would draw them each time."""

from collections.abc import Iterable, Sequence

import pytest
from rich.segment import Segment
from textual.geometry import Region
from textual.scroll_view import ScrollView

from selfinstruct.tui.widgets.block_view import BlockView
from selfinstruct.tui.widgets.cached_lines import LineView
from selfinstruct.tui.widgets.window_table import WindowTable
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating

pytestmark = pytest.mark.long


def cells(segments: Iterable[Segment]) -> list[tuple[str, str]]:
    """Every character with its style."""
    return [(letter, str(style)) for text, style, _ in segments for letter in text]


def draw_anew(view: LineView) -> None:
    """Let a view forget all that it has drawn."""
    view._styles_cache.clear()
    if isinstance(view, WindowTable):
        view._drawn.clear()
        view._styles_of.clear()
    if isinstance(view, BlockView):
        view._wrapped.clear()
        view._lay_out()


def differences(curator: Curator) -> list[tuple[str, int, str, str]]:
    """The lines of all views on the screen that the style sheet would draw in another way."""
    found = []
    for view in curator.app.screen.query(LineView):
        whole = Region(0, 0, *view.outer_size)
        drawn = view.render_lines(whole)
        draw_anew(view)
        for y, (ours, theirs) in enumerate(zip(drawn, ScrollView.render_lines(view, whole), strict=True)):
            if cells(ours) != cells(theirs):
                found.append((str(view.id), y, ours.text, theirs.text))
    return found


_KEYS = ("jjjkGk", "vjj*", "araau")
_NAMED_KEYS = (("f2", "j", "f2"), ("tab", "j", "j", "G"), ("enter", "j"))


@pytest.mark.parametrize("keys", [*_KEYS, *_NAMED_KEYS])
async def test_every_line_is_as_the_style_sheet_draws_it(curator: Curator, keys: Sequence[str]) -> None:
    for key in keys:
        await curator.press(key)
        assert differences(curator) == []


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (30, 8)])
async def test_so_it_is_in_every_size(engine_on: OpenEngine, size: tuple[int, int]) -> None:
    async with curating(engine_on(rng_seed=1), size=(120, 30)) as curator:
        await curator.pilot.resize_terminal(*size)
        await curator.pilot.pause()
        assert differences(curator) == []


@pytest.mark.parametrize("screen", ["2", "3", "4", "5"])
async def test_so_it_is_on_every_screen(curator: Curator, screen: str) -> None:
    await curator.press("a", "a", screen)
    assert differences(curator) == []


async def test_so_it_is_without_colours(engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    async with curating(engine_on(rng_seed=1)) as curator:
        await curator.press("n", "j")
        assert differences(curator) == []
