"""A workspace that cannot be read or written: it is told, nothing ends, and it can be tried again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from textual.widgets import Input

from selfinstruct.core.events import BatchCompleted
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import PASS
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.screens.base import Tabs, WorkScreen
from selfinstruct.tui.screens.settings.screen import SettingsScreen
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating
from tests.unreadable import unreadable

pytestmark = pytest.mark.long

_NOT_READ, _FULL = "The query was interrupted", "disk is full"


@contextmanager
def full(workspace: Workspace) -> Iterator[None]:
    """Within, the file can grow no further, and there is no room left in it."""
    db = workspace._db
    db.execute("CREATE TABLE filler (x)")
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
    refuse = "BEGIN INSERT INTO filler VALUES (zeroblob(10000000)); END"
    for table in ("decisions", "settings", "runs", "reasons", "requests"):
        db.execute(f"CREATE TEMP TRIGGER no_room_{table} BEFORE INSERT ON main.{table} {refuse}")
        db.execute(f"CREATE TEMP TRIGGER no_room_to_change_{table} BEFORE UPDATE ON main.{table} {refuse}")
    try:
        yield
    finally:
        for table in ("decisions", "settings", "runs", "reasons", "requests"):
            db.execute(f"DROP TRIGGER no_room_{table}")
            db.execute(f"DROP TRIGGER no_room_to_change_{table}")
        db.execute("PRAGMA max_page_count = 1000000")
        db.execute("DROP TABLE filler")


@pytest.mark.parametrize("key", ["2", "3", "4", "5", "6", "7"])
async def test_a_screen_that_cannot_be_read_says_so_and_is_there_when_it_can(
    curator: Curator, key: str
) -> None:
    workspace = curator.engine.workspace
    with unreadable(workspace):
        await curator.press(key)
        screen = curator.app.at_hand
        await curator.until(lambda: _NOT_READ in curator.shown("#message"))
    await curator.press("1", key)
    assert curator.app.at_hand is screen
    await curator.until(lambda: screen.is_up and curator.app.is_running)
    curator.app.session.attended.resume()  # generation may have met the same error
    screen.say("")
    screen.refresh_all()
    await curator.pilot.pause()
    assert curator.shown("#status")
    assert not curator.shown("#message")


async def test_rows_that_cannot_be_read_end_nothing(curator: Curator) -> None:
    with unreadable(curator.engine.workspace):
        await curator.press("j", "a", "s", "u", "j")
        assert _NOT_READ in curator.shown("#message")
    table = curator.table
    task_id = next(one for one in table.ids if curator.task(one).verdict == PASS)
    table.move_to(task_id)
    before = table.cursor
    await curator.press("a")
    assert curator.task(task_id).state == "accepted"
    assert table.cursor != before


async def test_what_changes_while_nothing_can_be_read_ends_nothing(curator: Curator) -> None:
    workspace = curator.engine.workspace
    with unreadable(workspace):
        curator.engine.emit(BatchCompleted(1, 1))
        curator.app.call_later(curator.app._poll)
        await curator.until(lambda: _NOT_READ in curator.shown("#message"))
    assert curator.app.is_running


async def test_a_decision_that_finds_no_room_is_told_and_can_be_taken_again(curator: Curator) -> None:
    task_id = curator.current().id
    with full(curator.engine.workspace):
        await curator.press("a")
        assert _FULL in curator.shown("#message")
        assert curator.task(task_id).state == "pending"
    await curator.press("a")
    assert curator.task(task_id).state == "accepted"


async def test_settings_and_what_follows_from_them_find_no_room(curator: Curator) -> None:
    workspace = curator.engine.workspace
    await curator.press("7")
    screen = curator.app.at_hand
    assert isinstance(screen, SettingsScreen)

    async def type_in(text: str) -> None:
        editor = screen.rows["filters.rouge_l"].editor
        assert isinstance(editor, Input)
        editor.value = text
        await curator.pilot.pause()

    await type_in("0.2")
    with full(workspace):
        await curator.press("ctrl+s")
        await curator.until(lambda: _FULL in curator.shown("#message"))
        assert curator.engine.settings.filters.rouge_l == 0.7
    await curator.press("ctrl+s")
    await curator.until(lambda: "changed among" in curator.shown("#message"))
    assert curator.engine.settings.filters.rouge_l == 0.2


async def test_candidates_that_could_not_be_judged_again_are_so_when_asked_for(curator: Curator) -> None:
    workspace = curator.engine.workspace
    verdicts = {task.id: task.verdict for task in workspace.tasks.of_batch(1)}
    await curator.press("7")
    screen = curator.app.at_hand
    assert isinstance(screen, SettingsScreen)
    editor = screen.rows["filters.rouge_l"].editor
    assert isinstance(editor, Input)
    editor.value = "0.1"
    await curator.pilot.pause()
    workspace._db.execute(
        "CREATE TEMP TRIGGER broken BEFORE UPDATE OF verdict ON main.tasks"
        " BEGIN SELECT raise(ABORT, 'no room'); END"
    )
    await curator.press("ctrl+s")
    await curator.until(lambda: "no room" in curator.shown("#message"))
    assert {task.id: task.verdict for task in workspace.tasks.of_batch(1)} == verdicts
    workspace._db.execute("DROP TRIGGER broken")
    await curator.press("ctrl+s")
    await curator.until(lambda: "changed among" in curator.shown("#message"))
    assert {task.id: task.verdict for task in workspace.tasks.of_batch(1)} != verdicts
    await curator.press("ctrl+s")
    assert "Nothing has changed" in curator.shown("#message")


async def test_a_cost_limit_that_cannot_be_stored_is_told(
    engine_on: OpenEngine, workspace: Workspace
) -> None:
    prices = {"m": {"input": 1.0, "output": 1.0}}
    engine = engine_on(base_url="http://127.0.0.1:9/v1", model="m", prices=prices, max_cost=0.000001)
    async with curating(engine) as curator:
        await curator.press("n")
        await curator.until(lambda: curator.app.session.attended.at_cost_limit)
        await curator.press("n")
        await curator.until(lambda: not isinstance(curator.app.screen, WorkScreen))
        with full(workspace):
            await curator.press("enter")
            await curator.until(lambda: _FULL in curator.shown("#message"))
        assert engine.cost_limit() == 0.000001


async def test_a_batch_is_shown_though_there_is_no_room_to_remember_that(curator: Curator) -> None:
    workspace = curator.engine.workspace
    await curator.until(lambda: curator.app.session.attended.is_ready)
    shown = curator.app.session.attended.shown
    with full(workspace):
        await curator.press("n")
        await curator.until(lambda: _FULL in curator.shown("#message"))
        assert curator.app.session.attended.shown == shown + 1
    assert curator.app.is_running


async def test_a_view_is_up_when_all_of_its_widgets_are(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh may fall due at any moment while a screen opens."""
    refreshed: list[bool] = []

    def as_refresh_does(tabs: Tabs) -> None:
        assert isinstance(tabs.app, CuratorApp)
        at_hand = tabs.app.at_hand
        refreshed.append(at_hand.is_up)
        if at_hand.is_up:
            at_hand.refresh_all()

    monkeypatch.setattr(Tabs, "on_mount", as_refresh_does, raising=False)
    async with curating(engine_on()) as curator:
        for key in ("2", "3", "4", "5", "6", "7"):
            await curator.press(key)
            assert curator.app.at_hand.is_up
    assert len(refreshed) == 7
    assert not any(refreshed)


async def test_settings_that_are_read_stay_what_they_are_when_a_theme_cannot_be_stored(
    engine_on: OpenEngine, workspace: Workspace
) -> None:
    async with curating(engine_on()) as curator:
        with full(workspace):
            await curator.press("f2")
            assert _FULL in curator.shown("#message")
    assert "theme" not in workspace.settings.read()
    assert resolve({}, stored=workspace.settings.read()).theme is None
