"""The preview as a person sees it: moving filters, seeing what flips, applying or not."""

from collections.abc import AsyncIterator

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.screens.preview.flips import FlipTable
from tests.conftest import OpenEngine
from tests.server import ModelServer
from tests.tui.curating import Curator, curating, screen_text

pytestmark = pytest.mark.long

RAIN = "Describe the smell of rain on warm stone."
NEAR = "Describe the smell of rain on cold glass."
MAP = "Draw a map of the old town."
PEAR = "Describe the taste of a ripe pear in verse."


def candidate(engine: Engine, instruction: str) -> int:
    task_id = engine.workspace.tasks.add(instruction, origin="model", label="generation", at="now", held=True)
    engine.assess([task_id])
    return task_id


class Ids:
    """The candidates of a test by what they are."""

    def __init__(self, engine: Engine) -> None:
        engine.decisions.accept(candidate(engine, RAIN))
        self.near, self.map, self.pear = (candidate(engine, text) for text in (NEAR, MAP, PEAR))


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on()


@pytest.fixture
def ids(engine: Engine) -> Ids:
    return Ids(engine)


@pytest.fixture
async def preview(engine: Engine, ids: Ids) -> AsyncIterator[Curator]:
    """The preview over three undecided candidates: one similar, one with a keyword, one that passes."""
    async with curating(engine) as opened:
        await opened.press("4")
        await looked(opened)
        yield opened


async def looked(curator: Curator) -> None:
    await curator.until(lambda: "scored" not in title(curator))


def table(curator: Curator) -> FlipTable:
    return curator.app.at_hand.query_one(FlipTable)


def title(curator: Curator) -> str:
    return str(table(curator).border_title)


def verdicts(engine: Engine) -> dict[int, str | None]:
    return {task.id: task.verdict for task in engine.workspace.tasks.undecided(0, 1000)}


async def test_nothing_flips_before_anything_is_moved(preview: Curator) -> None:
    assert title(preview) == "No verdict would change"
    assert list(table(preview).ids) == []
    assert "1 at or above 0.70" in screen_text(preview.app)


async def test_moving_the_threshold_shows_at_once_what_would_flip(preview: Curator, ids: Ids) -> None:
    await preview.press("L")
    assert title(preview) == "No verdict would change", "it scores 0.75, and less than that is wanted"
    await preview.press("right")
    assert title(preview) == "1 would newly pass, 0 newly fail"
    assert list(table(preview).ids) == [ids.near]
    seen = screen_text(preview.app)
    assert "0.76 ≠" in seen
    assert "▲ 0.76" in seen
    assert "similar" in seen
    assert "→ pass" in seen
    assert "then: it passes." in seen
    await preview.press("left")
    assert list(table(preview).ids) == []


async def test_a_stricter_threshold_shows_what_would_fall_and_why(preview: Curator, ids: Ids) -> None:
    for _ in range(10):
        await preview.press("H")
    assert "0 would newly pass, 1 newly fail" in title(preview)
    assert ids.pear in table(preview).ids
    assert "it must be below 0.2" in screen_text(preview.app)


async def test_switching_a_filter_off_and_on_again_changes_nothing(preview: Curator, ids: Ids) -> None:
    await preview.press("j", "j", "j", "space")
    assert list(table(preview).ids) == [ids.map]
    assert "keywords refused: off" in preview.shown("#message")
    await preview.press("space")
    assert list(table(preview).ids) == []
    assert "≠" not in screen_text(preview.app)


async def test_a_filter_that_was_off_from_the_start_can_be_switched_on(
    engine_on: OpenEngine,
) -> None:
    engine = engine_on(filters={"min_words": 0, "keywords": [], "punctuation": False})
    ids = Ids(engine)
    short = candidate(engine, "Sing loudly.")
    async with curating(engine) as opened:
        await opened.press("4")
        await looked(opened)
        assert "always on: no words" in screen_text(opened.app)
        await opened.press("j", "space")
        assert list(table(opened).ids) == [short]
        await opened.press("j", "j", "space")
        assert list(table(opened).ids) == [ids.map, short]
        assert "length at least: 4, keywords refused: rules" in opened.shown("#message")


async def test_a_threshold_has_no_switch(preview: Curator) -> None:
    await preview.press("space")
    assert "cannot be off" in preview.shown("#message")


async def test_nothing_is_written_before_it_is_applied_and_esc_leaves_all_as_it_was(
    preview: Curator, engine: Engine
) -> None:
    before = verdicts(engine), engine.workspace.settings.read()
    await preview.press("j", "j", "j", "space", "escape")
    assert preview.app.at_hand.NAME == "curate"
    assert (verdicts(engine), engine.workspace.settings.read()) == before
    assert engine.settings.filters == FilterSettings()
    await preview.press("4")
    assert "≠" not in screen_text(preview.app)


async def test_applying_judges_again_what_the_preview_said_and_says_how_to_go_back(
    preview: Curator, engine: Engine, ids: Ids
) -> None:
    before = verdicts(engine)
    await preview.press("L", "L", "j", "j", "j", "space")
    flips = set(table(preview).ids)
    await preview.press("ctrl+s")
    await preview.until(lambda: "Applied" in preview.shown("#message"))
    after = verdicts(engine)
    assert {task_id for task_id, verdict in after.items() if verdict != before[task_id]} == flips
    assert flips == {ids.near, ids.map}
    said = preview.shown("#message")
    assert "2 verdicts have changed" in said
    assert "ROUGE-L below: 0.70, keywords refused: rules" in said
    assert engine.settings.filters.rouge_l == 0.8
    assert engine.workspace.settings.read()["filters"]["keywords"] == []
    assert engine.assessor.assess(MAP).reasons == ()
    await preview.until(lambda: list(table(preview).ids) == [])


async def test_going_back_with_the_same_keys_brings_the_verdicts_back(
    preview: Curator, engine: Engine
) -> None:
    before = verdicts(engine)
    await preview.press("j", "j", "j", "space", "ctrl+s")
    await preview.until(lambda: "Applied" in preview.shown("#message"))
    assert verdicts(engine) != before
    await preview.press("space")
    assert "keywords refused: rules" in preview.shown("#message")
    await preview.press("ctrl+s")
    await preview.until(lambda: engine.settings.filters == FilterSettings())
    await preview.until(lambda: verdicts(engine) == before)


async def test_applying_what_is_not_changed_does_nothing(preview: Curator, engine: Engine) -> None:
    await preview.press("ctrl+s")
    assert "nothing to apply" in preview.shown("#message")


async def test_decisions_stand_whatever_is_applied(preview: Curator, engine: Engine, ids: Ids) -> None:
    engine.decisions.accept(ids.pear)
    for _ in range(12):
        await preview.press("H")
    await preview.press("ctrl+s")
    await preview.until(lambda: "Applied" in preview.shown("#message"))
    assert engine.workspace.tasks.get(ids.pear).state == "accepted"
    await preview.until(lambda: "of the 2 already decided" in str(table(preview).border_subtitle))


async def test_filters_applied_while_a_batch_is_on_its_way_judge_that_batch_too(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m")
    async with curating(engine) as curator:
        server.gate.clear()
        await curator.press("n", "4")
        await curator.until(lambda: curator.app.session.attended.under_way > 0)
        await looked(curator)
        await curator.press("L", "L", "L", "j", "j", "j", "space", "ctrl+s")
        await curator.until(lambda: "answers in flight" in curator.shown("#message"))
        server.gate.set()
        await curator.until(lambda: "Applied" in curator.shown("#message"))
        undecided = engine.workspace.tasks.undecided(0, 1000)
        assert len(undecided) > 5
        assert "keyword" not in {task.verdict for task in undecided}
        assert all(task.verdict == engine.assessor.assess(task.instruction).verdict for task in undecided)


async def test_a_candidate_that_comes_meanwhile_is_taken_in(preview: Curator, engine: Engine) -> None:
    await preview.press("j", "j", "j", "space")
    new = candidate(engine, "Draw a plan of the new town.")
    await preview.until(lambda: new in table(preview).ids)


async def test_the_cursor_moves_in_the_table_once_it_has_the_focus(preview: Curator, ids: Ids) -> None:
    await preview.press("L", "L", "j", "j", "j", "space", "tab")
    assert table(preview).has_focus
    await preview.press("j")
    assert table(preview).current == max(ids.near, ids.map)
    await preview.press("k")
    assert table(preview).current == min(ids.near, ids.map)


async def test_a_workspace_without_candidates_says_what_to_do(engine_on: OpenEngine) -> None:
    async with curating(engine_on()) as curator:
        await curator.press("4")
        await looked(curator)
        assert "no undecided candidates; to generate some, press 1 and then n" in title(curator)


async def test_in_a_workspace_only_looked_at_nothing_can_be_applied(engine: Engine, ids: Ids) -> None:
    await engine.close()
    with Workspace.open(engine.workspace.path, read_only=True) as workspace:
        app = CuratorApp(Engine(workspace, engine.settings))
        async with app.run_test(size=(120, 30)) as pilot:
            looking = Curator(app, pilot, app.engine)
            await looking.press("4")
            await looked(looking)
            await looking.press("j", "j", "j", "space")
            assert list(table(looking).ids) == [ids.map]
            await looking.press("ctrl+s")
            assert app.engine.settings.filters == FilterSettings()
            assert "Apply" not in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_it_fits_small_and_large_terminals(engine: Engine, ids: Ids, size: tuple[int, int]) -> None:
    async with curating(engine, size=size) as curator:
        await curator.press("4")
        await looked(curator)
        await curator.press("L", "L")
        seen = screen_text(curator.app)
        assert "other script refused" in seen
        assert "▲" in seen
        assert "→ pass" in seen
        assert "then: it passes." in seen


async def test_enter_opens_the_candidate_of_the_row_and_applies_nothing(preview: Curator, ids: Ids) -> None:
    await preview.press("j", "j", "j", "space")
    assert list(table(preview).ids) == [ids.map]
    await preview.press("enter", "enter")
    await preview.until(lambda: preview.app.at_hand.NAME == "pool" and preview.table.current == ids.map)
    assert preview.engine.settings.filters == FilterSettings()
