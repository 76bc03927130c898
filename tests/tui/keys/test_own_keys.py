"""Sentences name the keys that the person has chosen, and never others."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets._footer import FooterKey

import selfinstruct.tui
from selfinstruct.core.engine import Engine
from selfinstruct.core.events import BatchCompleted
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import PASS
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.dialogs.cost_limit import CostLimitScreen
from selfinstruct.tui.dialogs.edit_instruction import EditScreen
from selfinstruct.tui.keys.actions import actions_in
from selfinstruct.tui.keys.key_names import with_keys
from selfinstruct.tui.screens.instances.editor import InstanceEditor
from tests.conftest import OpenEngine
from tests.tui.curating import curating, screen_text

pytestmark = pytest.mark.long

KEYS = {
    "next_batch": "f5",
    "accept": "f6,f7",
    "accept_anyway": "f8",
    "reject": "f9",
    "undo": "f10",
    "curate": "f3",
    "requests": "f4",
    "keys": "f12",
    "view": "f11",
    "relabel": "ctrl+l",
    "back": "backspace",
    "more": "ctrl+o",
}


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on(rng_seed=1, keys=KEYS, batches_ahead=0)


def test_a_sentence_has_the_first_key_of_each_action() -> None:
    sentence = "{accept} accepts, {undo} undoes, {skip} skips."
    assert with_keys(sentence, KEYS) == "F6 accepts, F10 undoes, s skips."


async def test_empty_screens_say_the_persons_own_keys(engine: Engine) -> None:
    async with curating(engine) as curator:
        assert "Press F5" in screen_text(curator.app)
        await curator.press("2", "slash", *"qqqqq", "enter")
        assert "backspace clears the filter" in screen_text(curator.app)
        for screen, sentence in (
            ("3", "F3 goes to the candidates: F6"),
            ("f4", "Press F3"),
            ("6", "press F5"),
        ):
            await curator.press(screen)
            await curator.until(lambda said=sentence: said in " ".join(screen_text(curator.app).split()))  # type: ignore[misc]
        await curator.press("f4", "f11")
        assert "F11 shows others" in screen_text(curator.app)


async def test_answers_to_keys_name_the_persons_own_keys(engine: Engine) -> None:
    async with curating(engine) as curator:
        await curator.press("f5")
        await curator.wait_for(BatchCompleted)
        filtered = next(t for t in curator.table.ids if curator.task(t).verdict != PASS)
        curator.table.move_to(filtered)
        await curator.press("f6")
        assert "F8 accepts it anyway." in curator.shown("#message")
        await curator.press("asterisk")
        assert "backspace clears the marks." in curator.shown("#message")
        curator.app.curate.happened(BatchCompleted(1, 1))
        await curator.press("4", "ctrl+s")
        await curator.until(lambda: "← and ^o change a filter." in curator.shown("#message"))


async def test_the_footer_keeps_its_order(engine: Engine) -> None:
    async with curating(engine) as curator:
        shown = [key.description for key in curator.app.screen.query(FooterKey)]
        expected = [action.label for action in actions_in("curate") if action.footer]
        assert shown[: len(expected)] == expected


VERBS = (
    "accepts|adds|again|applies|asks|cancels|changes|clears|closes|discards|edits|goes|in the|keeps|lists"
    "|opens|quits|raises|replaces|resends|resumes|saves|sends|sets|shows|starts|stops|switches|takes|tries|undoes"
)
WRITTEN = re.compile(
    r"(?:^|[\s.:;,(])(?:"
    r"[b-zB-HJ-Z] [a-z]+\b"  # a letter that is no word of its own
    r"|(?:[aA?/*+]|Enter) (?:again|in the|[a-z]*[^\Wsu]s)\b"
    rf"|[0-9] (?:{VERBS})\b)"
    r"|\b[Pp]ress (?:[A-Za-z0-9?/*+]|Enter)\b|\b(?:Esc|Tab|Space|F\d+)\b|\^[a-z]\b"
    r"|\b(?:[Kk]eys?|[Ww]ith|[Bb]y|and|or) (?:[b-zB-Z?/*+]|Enter)(?:[\s,;:)]|\.?$|\. )"
)


def sentences() -> Iterator[tuple[str, str]]:
    """Every text of the screens and commands that is no docstring, with its module."""
    folder = Path(selfinstruct.tui.__path__[0])
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                yield path.relative_to(folder).as_posix(), node.value


@pytest.mark.parametrize(
    "sentence",
    [
        "What you have typed is not saved. Esc again discards it.",
        "Or in the curator: c sets a label, and on the Instances screen m asks for more.",
        "Applied: u in the curator takes it back.",
        "Enter raises it   ",
        "  ^p",
        "Next pane; ⇧Tab goes back.",
        "Press n.",
        "; u brings them back",
        "a adds it, ? lists them.",
        "Undo it with u.",
        "By z, what was done is undone.",
    ],
)
def test_a_key_written_into_a_sentence_is_found(sentence: str) -> None:
    assert WRITTEN.search(sentence)


NO_KEYS = {
    ("screens/filtered.py", "/ words, label:clf, state:rejected, verdict:similar, origin:model, score>0.6"),
    (
        "commands/selfinstruct_tui.py",
        "The curator needs a terminal. Give --auto --target N to work without one.",
    ),
}
"""A line that shows what may be typed, and the value of an option."""


def test_no_sentence_has_a_key_written_into_it() -> None:
    """An action may have another key; only the question about an API key keeps its own."""
    fixed = {"keys/key_names.py", "dialogs/key_consent.py"}
    found = [
        (path, sentence) for path, sentence in sentences() if path not in fixed and WRITTEN.search(sentence)
    ]
    assert [one for one in found if one not in NO_KEYS] == []


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("f10", "F10"),
        ("ctrl+f5", "^F5"),
        ("shift+left", "⇧←"),
        ("shift+f2", "⇧F2"),
        ("super+c", "⌘c"),
        ("alt+x", "alt+x"),
        ("exclamation_mark", "!"),
        ("!", "!"),
        ("plus", "+"),
        ("ctrl+underscore", "^_"),
        ("backspace", "backspace"),
        ("escape", "Esc"),
    ],
)
async def test_a_key_has_one_name_in_the_footer_and_in_sentences(
    engine_on: OpenEngine, key: str, shown: str
) -> None:
    assert with_keys("{undo} undoes.", {"undo": key}) == f"{shown} undoes."
    others = {"back": "f9", "copy_selection": "f8", "zoom": "f7"}
    async with curating(engine_on(keys={"undo": key, **others})) as curator:
        assert f" {shown} Undo " in screen_text(curator.app)


async def test_a_remapped_palette_opens_with_its_key_and_the_footer_says_so(engine_on: OpenEngine) -> None:
    async with curating(engine_on(keys={"palette": "f9", "skip": "ctrl+p"})) as curator:
        assert "F9 palette" in screen_text(curator.app)
        await curator.press("ctrl+p")
        assert curator.app.screen is curator.app.curate
        await curator.press("slash", "f9")
        assert isinstance(curator.app.screen, CommandPalette)


async def test_going_from_pane_to_pane_has_the_persons_own_keys(engine_on: OpenEngine) -> None:
    keys = {"next_field": "f8", "previous_field": "f9", "skip": "tab"}
    async with curating(engine_on(keys=keys)) as curator:
        first = curator.app.screen.focused
        await curator.press("tab")
        assert curator.app.screen.focused is first
        await curator.press("f8")
        assert curator.app.screen.focused is not first
        await curator.press("f9")
        assert curator.app.screen.focused is first


async def test_the_list_of_keys_scrolls_by_the_persons_own_keys(engine_on: OpenEngine) -> None:
    async with curating(engine_on(keys={"down": "f6"}), size=(80, 24)) as curator:
        await curator.press("f1", "down")
        pane = curator.app.screen.query_one("#keys-box")
        assert pane.scroll_y == 0
        await curator.press("f6")
        assert pane.scroll_y == 1


async def test_quitting_with_another_key_leaves_ctrl_q_without_effect(engine_on: OpenEngine) -> None:
    async with curating(engine_on(keys={"leave": "f10"})) as curator:
        await curator.press("ctrl+q", "slash", "ctrl+q")
        assert not curator.app._exit
        await curator.press("f10")
        assert curator.app._exit


async def test_ctrl_c_says_how_to_quit_unless_it_is_given_away(engine_on: OpenEngine) -> None:
    async with curating(engine_on(keys={"leave": "f10"})) as curator:
        await curator.press("ctrl+c")
        assert curator.shown("#message") == "F10 quits; everything is kept."


@pytest.fixture
def edited(workspace: Workspace) -> Callable[..., Engine]:
    """Open an engine with one undecided candidate."""

    def open_engine(**keys: str) -> Engine:
        engine = Engine(workspace, resolve({"keys": keys, "rng_seed": 1, "batches_ahead": 0}))
        task_id = workspace.tasks.add(FISH, origin="model", at="now", batch=0, held=True)
        engine.assess([task_id])
        return engine

    return open_engine


FISH = "Name a fish that swims upstream in spring."


async def test_the_wording_is_saved_by_the_persons_own_key_and_not_by_enter(
    edited: Callable[..., Engine],
) -> None:
    async with curating(edited(save_wording="f8", cancel="f5")) as curator:
        await curator.press("2", "g", "e", "!", "f5")
        assert "F5 again discards it." in screen_text(curator.app)
        await curator.press("enter", "?")
        assert isinstance(curator.app.screen, EditScreen)
        assert curator.current().instruction == FISH
        await curator.press("f8")
        assert curator.current().instruction == f"{FISH}!?"


async def test_a_line_is_entered_with_the_persons_own_key_and_not_with_enter(
    engine_on: OpenEngine,
) -> None:
    async with curating(engine_on(keys={"submit": "f8"})) as curator:
        await curator.press("2", "slash")
        line = curator.app.screen.focused
        assert "F8 goes to the rows" in curator.shown("#message")
        await curator.press("enter")
        assert curator.app.screen.focused is line
        await curator.press("f8")
        assert curator.app.screen.focused is curator.table
        entered: list[float | None] = []
        curator.app.push_screen(CostLimitScreen(2, None), entered.append)
        await curator.pilot.pause()
        assert "F8 raises it" in screen_text(curator.app)
        await curator.press("enter")
        assert entered == []
        await curator.press("f8")
        assert entered == [4]


async def test_input_and_output_are_switched_by_the_persons_own_key_only(engine_on: OpenEngine) -> None:
    async with curating(engine_on(keys={"switch_text": "f8"})) as curator:
        editor = InstanceEditor("Edit", "Name a fish.", ("in", "out"), lambda *_: None)
        curator.app.push_screen(editor)
        await curator.pilot.pause()
        first = editor.focused
        await curator.press("tab", "shift+tab")
        assert editor.focused is first
        await curator.press("f8")
        assert editor.focused is not first
