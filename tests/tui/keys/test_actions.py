"""The registry of actions and of screens: who is refused what, and no key that is not in it."""

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode
from textual.widgets import Input, OptionList, TextArea

import selfinstruct.tui
from selfinstruct.core.engine import Engine
from selfinstruct.core.events import BatchCompleted
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.background.bulk_progress import BulkProgress
from selfinstruct.tui.dialogs.base import Dialog
from selfinstruct.tui.dialogs.key_consent import KeyConsentScreen
from selfinstruct.tui.keys.actions import ACTION_OF, ACTIONS, actions_in
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.keys.screens import EVERY, SCREENS
from tests.conftest import OpenEngine
from tests.tui.curating import curating, screen_text

pytestmark = pytest.mark.long

DECISIONS = {
    *("accept", "accept_anyway", "reject", "reject_because", "restore", "edit", "edit_outside", "relabel"),
    *("edit_instance", "drop_instance", "restore_instance", "add_instance", "undo", "redo", "import_data"),
}
RULES = {"apply_settings", "apply"}
"""What decisions go by."""
REQUESTS = {"next_batch", "pause", "more_instances", "try_again", "send_again", "send_all_again"}
SETTINGS = {"test_connection", "choose_model", "edit_setting"}


async def test_a_workspace_opened_read_only_refuses_every_action_that_would_change_it(
    workspace: Workspace,
) -> None:
    await Engine(workspace, resolve({})).close()
    with Workspace.open(workspace.path, read_only=True) as looked_at:
        async with curating(Engine(looked_at, resolve({}))) as curator:
            refused = set()
            for name in EVERY:
                screen = await curator.app.go_to(name)
                await curator.pilot.pause()
                refused |= {action.name for action in actions_in(name) if not screen.allows(action)}
            assert refused == DECISIONS | RULES | REQUESTS | SETTINGS


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
async def test_a_step_on_many_tasks_holds_back_decisions_and_what_they_go_by(action: object) -> None:
    """Tried as the application does it, which looks the action up by what a key calls."""
    assert action.waits == (action.name in DECISIONS | RULES)  # type: ignore[attr-defined]


async def test_a_decision_waits_for_the_end_of_a_step_on_many_tasks(engine_on: OpenEngine) -> None:
    async with curating(engine_on(rng_seed=1)) as curator:
        await curator.press("n")
        await curator.until(lambda: len(curator.table.ids) > 0)
        task_id, said = curator.current().id, list[str]()
        before = curator.engine.workspace.decisions.last_id()
        for name in EVERY:
            screen = await curator.app.go_to(name)
            for action in [one for one in actions_in(name) if one.waits]:
                said.clear()
                curator.app.session.long_step = BulkProgress(
                    "Accepting", "Esc", tell=said.append, stop=lambda: None
                )
                await curator.app.run_action(action.run, screen)
                assert said, action.name
                assert f"{action.label} has to wait" in said[-1]
        curator.app.session.long_step = None
        assert curator.task(task_id).state == "pending"
        assert curator.engine.workspace.decisions.last_id() == before


def classes() -> Iterator[type[DOMNode]]:
    """Every screen, dialog and widget of this program, and the application."""
    for module in pkgutil.walk_packages(selfinstruct.tui.__path__, "selfinstruct.tui."):
        for _, made in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(made, DOMNode) and made.__module__ == module.name:
                yield made


def test_every_key_of_a_screen_a_dialog_and_a_widget_is_in_the_registry() -> None:
    outside = []
    for made in classes():
        # Its keys are fixed: those of a stranger's settings must not answer for the person.
        if made is not KeyConsentScreen:
            outside += [
                (made.__name__, one)
                for own in (made._merged_bindings or BindingsMap()).key_to_bindings.values()
                for one in own
                if one.id not in ACTION_OF and one not in of_textual(made)
            ]
    assert outside == []


def of_textual(made: type[DOMNode]) -> list[Binding]:
    """The keys of Textual's own texts and lists, which type or move within them."""
    merged = [base._merged_bindings for base in (Input, TextArea, OptionList) if issubclass(made, base)]
    return [one for each in merged if each for own in each.key_to_bindings.values() for one in own]


def test_no_code_compares_a_key_press_with_a_key_of_its_own() -> None:
    folder, found = Path(selfinstruct.tui.__path__[0]), set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            within = list(ast.walk(node)) if isinstance(node, ast.Compare | ast.Match) else []
            if any(isinstance(one, ast.Attribute) and one.attr == "key" for one in within):
                texts = (one.value for one in within if isinstance(one, ast.Constant))
                found |= {(path.name, text) for text in texts if isinstance(text, str)}
    # Typing is no action: deleting a character, and the line break that an instruction cannot have.
    assert found == {("type_ahead.py", "backspace"), ("edit_instruction.py", "enter")}


def test_every_dialog_has_its_place_in_the_registry_unless_its_keys_are_fixed() -> None:
    outside = set()
    for module in pkgutil.walk_packages(selfinstruct.tui.__path__, "selfinstruct.tui."):
        for _, made in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(made, Dialog) and "BINDINGS" in made.__dict__:
                place: str | None = made.PLACE
                if not actions_in(place or ""):
                    outside.add(made)
    assert outside == {KeyConsentScreen}


def test_a_binding_can_be_given_other_keys_by_the_name_of_its_action() -> None:
    places = dict.fromkeys(place for action in ACTIONS for place in action.where)
    for place in places:
        assert [one.id for one in bindings(place)] == [action.name for action in actions_in(place)]


async def test_keys_of_the_detail_are_the_persons_own(engine_on: OpenEngine) -> None:
    keys = {"down": "f6", "scroll_down": "f7", "open": "f8", "last": "f9"}
    async with curating(engine_on(rng_seed=1, keys=keys), size=(120, 20)) as curator:
        await curator.press("n")
        await curator.wait_for(BatchCompleted)
        detail, task_id = curator.app.curate.detail, curator.current().id
        await curator.press("tab")
        await curator.until(lambda: detail.max_scroll_y > 0)
        await curator.press("j", "down", "G")
        assert detail.scroll_y == 0
        await curator.press("f7")
        assert detail.scroll_y == 1
        await curator.press("f9")
        assert detail.scroll_y == detail.max_scroll_y
        assert curator.current().id == task_id
        await curator.press("f6", "f8")
        assert curator.app.at_hand.NAME == "pool"


async def test_keys_of_dialogs_are_the_persons_own_and_are_what_they_say(engine_on: OpenEngine) -> None:
    keys = {"tag_unsafe": "z", "cancel": "f5", "save": "f8", "next_value": "n"}
    async with curating(engine_on(rng_seed=1, keys=keys)) as curator:
        await curator.press("n")
        await curator.until(lambda: len(curator.table.ids) > 0)
        task_id = curator.current().id
        await curator.press("x")
        assert "z unsafe" in screen_text(curator.app)
        assert "F5 cancels" in screen_text(curator.app)
        await curator.press("escape", "f5")
        assert curator.app.screen is curator.app.curate
        await curator.press("x", "z")
        assert curator.task(task_id).state == "rejected"
        assert curator.engine.workspace.decisions.of_task(task_id)[-1].tag == "unsafe"


async def test_ctrl_z_takes_nothing_back(engine_on: OpenEngine) -> None:
    async with curating(engine_on(rng_seed=1)) as curator:
        await curator.press("n")
        await curator.until(lambda: len(curator.table.ids) > 0)
        task_id = curator.current().id
        await curator.press("a", "ctrl+z", "ctrl+z")
        assert curator.task(task_id).state == "accepted"
        assert ACTION_OF["undo"].keys == "u"


async def test_every_screen_of_the_registry_is_made_and_has_its_tab(engine_on: OpenEngine) -> None:
    async with curating(engine_on()) as curator:
        for entry in SCREENS:
            await curator.press(entry.key)
            assert entry.name == curator.app.at_hand.NAME
            assert f" {entry.key} {entry.label} " in screen_text(curator.app).splitlines()[0]
