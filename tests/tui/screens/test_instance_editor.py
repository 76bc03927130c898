"""The editor of instances: what is typed or pasted is what is stored, and nothing else changes."""

import pytest
from textual import events

from tests.hostile import TEXTS, strange_text
from tests.tui.curating import screen_text
from tests.tui.screens.instances_screen import FIRST, Instances

pytestmark = pytest.mark.long


async def test_e_edits_input_and_output_and_u_brings_both_back(at: Instances) -> None:
    await at.press("e", "s", "tab", "backspace", *"es", "enter", "x", "ctrl+s")
    assert at.stored()[0] == ("cods", "fises\nx", "kept")
    assert "cods" in await at.shown()
    await at.press("u")
    assert at.stored() == FIRST
    await at.press("ctrl+r")
    assert at.stored()[0] == ("cods", "fises\nx", "kept")


async def test_editing_a_dropped_instance_keeps_it(at: Instances) -> None:
    await at.press("G", "e", "tab", *"mammal", "ctrl+s")
    assert at.stored()[2] == ("elk", "mammal", "kept")
    assert at.current() == ("elk", "mammal")


async def test_escape_leaves_an_instance_as_it_was(at: Instances) -> None:
    await at.press("e", "x", "escape")
    assert "Esc again discards it" in screen_text(at.curator.app)
    await at.press("y", "escape")
    assert "codxy" in screen_text(at.curator.app)
    await at.press("escape")
    assert at.stored() == FIRST
    assert at.curator.app.screen is at.screen
    await at.press("e", "escape")
    assert at.curator.app.screen is at.screen
    await at.press("e", "ctrl+s")
    assert "The instance is unchanged." in at.message()
    assert at.engine.decisions.undo()[0].kind == "accept"


async def test_a_text_that_is_refused_stays_in_the_editor(at: Instances) -> None:
    await at.press("j", "e")
    await at.type_into("#instance-output", " ")
    await at.press("ctrl+s")
    assert "needs an output" in screen_text(at.curator.app)
    await at.type_into("#instance-input", "cod")
    await at.type_into("#instance-output", "fish")
    await at.press("ctrl+s")
    assert "already has an identical instance" in screen_text(at.curator.app)
    await at.type_into("#instance-output", "food")
    await at.press("ctrl+s")
    assert at.stored()[1] == ("cod", "food", "kept")


async def test_what_is_typed_in_one_burst_with_e_reaches_the_text_it_was_meant_for(at: Instances) -> None:
    for key in ("e", "x", "tab", "y", "tab", "z", "ctrl+s"):
        at.curator.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await at.curator.until(lambda: at.stored() != FIRST)
    assert at.stored()[0] == ("codxz", "fishy", "kept")


@pytest.mark.parametrize(
    "name", ["c0", "c1", "line ends", "bidi", "zero width", "selectors", "flood", "emoji", "tabs"]
)
async def test_one_letter_typed_changes_nothing_else_however_the_text_is_drawn(
    at: Instances, name: str
) -> None:
    text = f"\tif x:\r\n\t\treturn {TEXTS.get(name, 'a' + chr(9) + 'b')} end"
    instance = at.engine.workspace.instances.of_task(at.task_id)[0]
    at.engine.decisions.instances.edit(instance.id, text, text)
    await at.press("e", "!", "tab", "left", "left", "x")
    assert strange_text(screen_text(at.curator.app)) == []
    await at.press("ctrl+s")
    assert at.stored()[0] == (f"{text}!", f"{text[:-2]}x{text[-2:]}", "kept")


async def test_a_paste_keeps_its_lines_and_tabs(at: Instances) -> None:
    await at.press("e")
    at.curator.app.post_message(events.Paste("\rone\r\n\ttwo \u200c\x1b[0m\nthree"))
    await at.press("ctrl+s")
    assert at.stored()[0] == ("cod\none\n\ttwo \u200c\x1b[0m\nthree", "fish", "kept")


async def test_a_paste_in_one_burst_with_tab_reaches_the_text_it_was_meant_for(at: Instances) -> None:
    await at.press("e")
    for event in (
        events.Paste("\rone"),
        events.Key("tab", None),
        events.Paste("\rtwo"),
        events.Key("x", "x"),
        events.Key("ctrl+s", None),
    ):
        at.curator.app.post_message(event)
    await at.curator.until(lambda: at.stored() != FIRST)
    assert at.stored()[0] == ("cod\none", "fish\ntwox", "kept")


async def test_joiners_are_typed_like_other_characters(at: Instances) -> None:
    for key in ("e", "\u200c", "\u200d", "\u200f", "ctrl+s"):
        at.curator.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await at.curator.until(lambda: at.stored() != FIRST)
    assert at.stored()[0] == ("cod\u200c\u200d\u200f", "fish", "kept")


async def test_i_adds_an_instance_by_hand_and_u_takes_it_away(at: Instances) -> None:
    await at.press("i", *"eel", "tab", *"fish", "ctrl+s")
    assert at.stored() == [*FIRST, ("eel", "fish", "kept")]
    assert "added by a person" in await at.shown()
    assert at.current() == ("eel", "fish")
    await at.press("u")
    assert at.stored() == FIRST
    assert "added by a person" not in await at.shown()
    await at.press("ctrl+r")
    assert at.stored() == [*FIRST, ("eel", "fish", "kept")]
    assert at.current() == ("eel", "fish")


@pytest.mark.parametrize(("key", "what"), [("e", "edit"), ("i", "addition")])
async def test_undo_names_the_text_that_was_typed(at: Instances, key: str, what: str) -> None:
    await at.press(key)
    await at.type_into("#instance-output", "new")
    await at.press("ctrl+s", "u")
    assert at.message() == f"Undone: {what} of an instance of 176."
