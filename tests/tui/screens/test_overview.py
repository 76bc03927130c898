"""The overview as a person sees it."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.containers import VerticalScroll

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import BatchCompleted
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import PASS
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating, screen_text

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def one_batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one batch: accepted, rejected, labelled, with instances."""
    path: Path = tmp_path_factory.mktemp("overview") / "w.db"
    with Workspace.open(path, create=True) as workspace:
        asyncio.run(_grow(Engine(workspace, resolve({"rng_seed": 1, "requests_per_batch": 3}))))
    return path


async def _grow(engine: Engine) -> None:
    verdicts = engine.assess(await engine.propose())
    passing = [task_id for task_id, verdict in verdicts.items() if verdict == PASS]
    engine.decisions.accept_all(passing)
    engine.decisions.reject_all(set(verdicts) - set(passing))
    await engine.classify(passing)
    await engine.instantiate(passing)
    await engine.close()


@pytest.fixture
def engine(one_batch: Path, tmp_path: Path) -> Iterator[Engine]:
    """An engine over a copy of that workspace."""
    shutil.copy(one_batch, tmp_path / "w.db")
    with Workspace.open(tmp_path / "w.db") as workspace:
        yield Engine(workspace, resolve({}))


async def overview(curator: Curator) -> str:
    """Go to the overview, and read it once it is counted."""
    await curator.press("6")
    await curator.until(lambda: "Counting" not in screen_text(curator.app))
    await curator.until(lambda: "Scoring: " not in screen_text(curator.app))
    return screen_text(curator.app)


async def test_a_new_workspace_says_what_to_do(engine_on: OpenEngine) -> None:
    async with curating(engine_on()) as curator:
        seen = await overview(curator)
        assert "Nothing has been proposed yet." in seen
        assert "press n" in seen


async def test_every_panel_shows_its_numbers(engine: Engine) -> None:
    counts = engine.workspace.counts()
    async with curating(engine, size=(160, 60)) as curator:
        seen = await overview(curator)
    lines = [line for line in seen.splitlines() if "│" in line]

    def line_with(words: str) -> str:
        return next(line for line in lines if words in line)

    assert str(counts.candidates["accepted"]) in line_with("accepted  ")
    assert str(counts.verdicts[PASS]) in line_with("pass the filters")
    assert str(counts.labels["classification"]) in line_with("classification")
    assert "similar" in seen
    assert "Acceptance over time" in seen
    assert "batch 1" in seen
    assert "0.9–1.0" in seen
    assert "cost per accepted task    $0.00" in seen
    assert "Instructions  median" in seen


async def test_it_fills_as_the_workspace_does(engine_on: OpenEngine) -> None:
    engine = engine_on(rng_seed=1)
    async with curating(engine, size=(120, 50)) as curator:
        await overview(curator)
        await curator.press("1", "n")
        await curator.wait_for(BatchCompleted)
        seen = await overview(curator)
        assert "From request to export" in seen
        assert "No task has been accepted yet." in seen
        first = next(iter(engine.workspace.tasks.undecided(0, 1000)), None)
        assert first is not None
        engine.decisions.accept(first.id)
        await curator.until(lambda: "No task has been accepted yet." not in screen_text(curator.app))


@pytest.mark.parametrize(("size", "side_by_side"), [((80, 24), False), ((160, 50), True)])
async def test_the_columns_stand_below_each_other_where_it_is_narrow(
    engine: Engine, size: tuple[int, int], side_by_side: bool
) -> None:
    async with curating(engine, size=size) as curator:
        seen = await overview(curator)
        top = next(line for line in seen.splitlines() if "From request to export" in line)
        assert ("Filter verdicts" in top) == side_by_side


async def test_the_keys_scroll(engine: Engine) -> None:
    async with curating(engine, size=(80, 24)) as curator:
        await overview(curator)
        pane = curator.app.at_hand.query_one("#overview", VerticalScroll)
        await curator.press("j", "j", "k")
        assert pane.scroll_y == 1
        await curator.press("ctrl+d")
        assert pane.scroll_y > 10
        await curator.press("G")
        assert pane.scroll_y == pane.max_scroll_y
        await curator.press("g")
        assert pane.scroll_y == 0


@pytest.mark.parametrize("size", [(100, 30), (131, 36), (132, 36)])
async def test_the_charts_end_where_the_screen_ends(engine: Engine, size: tuple[int, int]) -> None:
    async with curating(engine, size=size) as curator:
        await overview(curator)
        await curator.press("G")
        lines = screen_text(curator.app).splitlines()
        assert any("╰" in line for line in lines[-4:])


async def test_it_can_be_left_while_it_is_counted_and_come_back_to(engine: Engine) -> None:
    async with curating(engine) as curator:
        await curator.press("6", "1", "6", "escape")
        assert curator.app.at_hand.NAME == "curate"
        assert "answers with new tasks" in await overview(curator)


async def test_lengths_are_in_what_the_language_counts(engine_on: OpenEngine) -> None:
    engine = engine_on(language="ko", rng_seed=1, requests_per_batch=1)
    await _grow(engine)
    async with curating(engine, size=(160, 60)) as curator:
        seen = await overview(curator)
        assert "Lengths in syllables" in seen
