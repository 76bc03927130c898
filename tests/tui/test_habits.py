"""Habits that hold on every screen: keys, palette, themes, zoom, the clipboard, looking without changing."""

import os
import re
from pathlib import Path

import pytest
from textual import events
from textual.actions import parse

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import SettingsError
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.keys.actions import Action, actions_in
from selfinstruct.tui.keys.key_names import keys_shown
from selfinstruct.tui.keys.own_keys import check_keys
from selfinstruct.tui.keys.screens import EVERY
from selfinstruct.tui.screens.base import WorkScreen
from selfinstruct.tui.text.themes import CYCLE, check_theme
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating, screen_text

pytestmark = pytest.mark.long


def can_run(screen: WorkScreen, action: Action) -> bool:
    """Whether there is a method behind an action."""
    namespace, name, _ = parse(action.run)
    return hasattr(screen.app if namespace == "app" else screen, f"action_{name}")


@pytest.mark.parametrize("name", EVERY)
async def test_every_action_of_a_screen_has_its_method_and_is_in_the_palette(
    engine_on: OpenEngine, name: str
) -> None:
    async with curating(engine_on()) as curator:
        screen = await curator.app.go_to(name)
        actions = actions_in(screen.NAME)
        assert [action.name for action in actions if not can_run(screen, action)] == []
        titles = [command.title for command in curator.app.get_system_commands(curator.app.screen)]
        shown = [action for action in actions if screen.allows(action)]
        assert all(f"{action.group}: {action.label}" in titles for action in shown)
        assert [title for title in titles if "theme" in title.lower()] == ["Show: Theme"]


def test_no_two_actions_of_a_screen_have_the_same_key() -> None:
    check_keys({})


async def test_an_action_has_the_keys_that_a_person_has_chosen_and_no_others(
    engine_on: OpenEngine,
) -> None:
    async with curating(engine_on(rng_seed=1, keys={"accept": "f5", "next_batch": "m"})) as curator:
        await curator.press("m")
        await curator.until(lambda: len(curator.table.ids) > 0)
        task_id = curator.current().id
        await curator.press("a")
        assert curator.task(task_id).state == "pending"
        assert "F5 Accept" in screen_text(curator.app)
        await curator.press("f5")
        assert curator.task(task_id).state == "accepted"
        await curator.press("question_mark")
        assert "F5" in screen_text(curator.app)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"acept": "f5"}, "Did you mean 'accept'?"),
        ({"skpi": "f5"}, "Did you mean 'skip'?"),
        ({"approve": "f5"}, "docs/curating.md lists all actions."),
        ({"skip": "ctrl+p"}, "^p is assigned to both skip and palette. Give one of them another key."),
        ({"skip": "tab"}, "Tab is assigned to both skip and next_field."),
        ({"skip": "shift+tab"}, "⇧Tab is assigned to both skip and previous_field."),
        ({"skip": "ctrl+c"}, "^c is assigned to both skip and copy_selection."),
        ({"skip": "ctrl+q"}, "^q is assigned to both skip and leave."),
        ({"save_wording": "s"}, "save_wording needs a key that types nothing, such as f5"),
        ({"save_wording": "f6"}, "save_wording needs a key that text fields do not use for editing"),
        ({"submit": "backspace"}, "submit needs a key that text fields do not use for editing"),
        ({"submit": "left,x"}, "submit needs a key that text fields do not use for editing"),
        ({"cancel": "slash,é"}, "cancel needs a key that types nothing"),
        ({"accept": "hyper"}, "such as f5, ctrl+s, pagedown or escape."),
        ({"accept": "r"}, "r is assigned to both accept and reject"),
        ({"leave": "1"}, "1 is assigned to both curate and leave"),
    ],
)
def test_keys_that_cannot_be_are_refused_with_a_sentence(keys: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        check_keys(keys)


def test_keys_are_shown_as_people_write_them() -> None:
    redo = next(action for action in actions_in("curate") if action.name == "redo")
    assert keys_shown(redo, {}) == "^r  ^y"


async def test_the_theme_goes_round_and_is_remembered(workspace: Workspace) -> None:
    for theme in (*CYCLE[1:], CYCLE[0]):
        async with curating(Engine(workspace, resolve({}, stored=workspace.settings.read()))) as curator:
            await curator.press("f2")
            assert curator.app.theme == theme
        assert workspace.settings.read()["theme"] == theme


@pytest.mark.parametrize(("theme", "near"), [("dracul", "dracula"), ("textual-drak", "textual-dark")])
def test_a_theme_that_there_is_not_is_refused_with_the_nearest_one(theme: str, near: str) -> None:
    with pytest.raises(SettingsError, match=f"There is no theme '{theme}'. Did you mean '{near}'?"):
        check_theme(theme)
    check_theme(near)


def test_a_theme_like_none_is_refused_with_all_there_are() -> None:
    with pytest.raises(
        SettingsError, match="There is no theme 'blue'. The themes are textual-dark, textual-light, "
    ):
        check_theme("blue")


async def test_plus_gives_a_pane_all_the_room_and_escape_gives_it_back(curator: Curator) -> None:
    pane = curator.app.curate.detail
    before = pane.size.width
    await curator.press("tab", "plus")
    assert pane.size.width > before
    assert not curator.table.display
    await curator.press("escape")
    assert pane.size.width == before
    assert curator.table.has_focus


async def test_enter_opens_the_detail_and_there_neighbours_stand_side_by_side(curator: Curator) -> None:
    task = curator.current()
    await curator.press("enter")
    await curator.until(lambda: screen_text(curator.app).count(task.instruction[:20]) > 4)
    await curator.press("enter")
    assert curator.table.has_focus
    assert curator.table.display
    await curator.press("plus", "enter")
    assert not curator.table.display
    await curator.press("escape")
    assert curator.table.has_focus


async def test_without_colours_every_pane_can_still_be_drawn(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with curating(engine_on(rng_seed=1)) as curator:
        await curator.press("n")
        await curator.until(lambda: len(curator.table.ids) > 0)
        await curator.press("enter", "j", "j", "escape", "space", "question_mark", "escape")
        assert "●" in screen_text(curator.app)


async def test_enter_on_what_a_task_was_prompted_by_goes_there_and_escape_comes_back(
    curator: Curator,
) -> None:
    task = curator.current()
    assert task.propose_request_id is not None
    shown = curator.engine.workspace.requests.get(task.propose_request_id).in_context
    await curator.detail()
    await curator.press("tab", "k", "enter")
    assert curator.app.at_hand.NAME == "pool"
    assert curator.table.current == shown[-1]
    await curator.press("escape")
    assert curator.app.at_hand is curator.app.curate
    assert curator.current().id == task.id


async def test_y_copies_the_instruction(curator: Curator) -> None:
    await curator.press("y")
    assert curator.app.clipboard == curator.current().instruction


async def test_the_editor_of_the_environment_rewords_a_candidate(
    curator: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = curator.current()
    monkeypatch.setenv("EDITOR", "no-such-editor")
    await curator.press("E")
    assert "The program 'no-such-editor'" in curator.shown("#message")
    monkeypatch.delenv("EDITOR")
    await curator.press("E")
    assert "No editor is configured" in curator.shown("#message")
    assert curator.task(task.id).instruction == task.instruction


async def test_a_workspace_opened_read_only_can_be_looked_at_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        engine = Engine(workspace, resolve({}))
        task_id = workspace.tasks.add("Describe the smell of rain", origin="model", at="now", batch=1)
        engine.assess([task_id])
        await engine.close()
    before = path.read_bytes()
    with Workspace.open(path, read_only=True) as workspace:
        async with curating(Engine(workspace, resolve({}))) as curator:
            assert "read-only" in curator.shown("#status")
            assert "Describe the smell of rain" in await curator.detail()
            footer = screen_text(curator.app).splitlines()[-1]
            assert "Accept" not in footer
            assert "Filter" in footer
            await curator.press("question_mark")
            assert "Add the candidate to the pool" not in screen_text(curator.app)
            await curator.press("escape", "a", "r", "n", "e", "u", "2")
            assert curator.app.at_hand.NAME == "pool"
            assert len(curator.table.ids) == 176
            await curator.press("f2")
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["w.db"]  # noqa: PTH208 - nothing waits for this


@pytest.mark.parametrize(
    ("opens", "closes"),
    [("x", "d"), ("e", "enter"), ("question_mark", "escape"), ("ctrl+p", "enter"), ("ctrl+p", "escape")],
)
async def test_two_keys_of_one_burst_close_a_dialog_once(curator: Curator, opens: str, closes: str) -> None:
    await curator.press(opens)
    for _ in range(3):
        curator.app.post_message(events.Key(closes, closes if len(closes) == 1 else None))
    await curator.until(lambda: curator.app.screen is curator.app.at_hand)
    await curator.press("j")
    assert curator.app.at_hand is curator.app.curate


async def test_a_workspace_that_cannot_be_written_is_told_and_ends_nothing(
    engine_on: OpenEngine, workspace: Workspace
) -> None:
    async with curating(engine_on(rng_seed=1)) as curator:
        await curator.press("n")
        await curator.until(lambda: len(curator.table.ids) > 0)
        other = sqlite3.connect(workspace.path, isolation_level=None)
        workspace._db.execute("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE")
        await curator.press("f2")
        assert "The workspace cannot be written" in curator.shown("#message")
        other.execute("ROLLBACK")
        other.close()
        task_id = curator.current().id
        await curator.press("a")
        assert curator.task(task_id).state == "accepted"


async def test_a_theme_is_stored_beside_what_another_program_has_stored(
    engine_on: OpenEngine, workspace: Workspace
) -> None:
    async with curating(engine_on()) as curator:
        workspace.settings.change({"requests_per_batch": 9})
        await curator.press("f2")
    assert workspace.settings.read()["requests_per_batch"] == 9
    assert workspace.settings.read()["theme"] == CYCLE[1]


async def test_ctrl_c_says_how_to_quit_where_everything_else_is_said(engine_on: OpenEngine) -> None:
    async with curating(engine_on(keys={"leave": "f10"})) as curator:
        await curator.press("ctrl+c")
        assert "F10 quits; everything is kept." in curator.shown("#message")
        assert "Do you want to quit" not in screen_text(curator.app)
