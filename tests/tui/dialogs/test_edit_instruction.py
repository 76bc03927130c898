"""Editing an instruction: assessed as one types, nothing else changed, nothing lost when refused."""

import pytest
from textual import events
from textual.widgets import Static, TextArea

from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.tui.dialogs.edit_instruction import EditScreen
from tests.hostile import TEXTS
from tests.tui.curating import Curator, screen_text


async def test_an_edit_is_assessed_as_it_is_typed(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("e")
    screen = curator.app.screen
    assert isinstance(screen, EditScreen)
    screen.query_one(TextArea).text = "Draw a cat"
    await curator.pilot.pause()
    said = str(screen.query_one("#edit-verdict", Static).visual)
    assert "3 words" in said
    assert '"draw a cat"' in said
    screen.query_one(TextArea).text = "explain the SQL keyword HAVING to a colleague"
    await curator.press("enter")
    assert curator.task(task_id).instruction == "Explain the SQL keyword HAVING to a colleague"
    assert curator.task(task_id).verdict == "pass"


async def test_an_edit_belongs_to_its_task_whatever_happens_behind_the_dialog(curator: Curator) -> None:
    task = curator.current()
    await curator.press("e")
    curator.table.move_by(3)
    await curator.press("!", "enter")
    assert curator.task(task.id).instruction == f"{task.instruction}!"
    assert not curator.current().instruction.endswith("!!")


async def test_backspace_deletes_in_the_editor(curator: Curator) -> None:
    await curator.press("e", "x", "y", "backspace", "z")
    assert curator.app.screen.query_one(TextArea).text.endswith("xz")


async def test_escape_leaves_the_wording_as_it_was(curator: Curator) -> None:
    task = curator.current()
    await curator.press("e", "x", "y", "escape")
    assert "Esc again discards it" in screen_text(curator.app)
    await curator.press("escape")
    assert curator.task(task.id).instruction == task.instruction
    assert not isinstance(curator.app.screen, EditScreen)
    await curator.press("e", "escape")
    assert not isinstance(curator.app.screen, EditScreen)


@pytest.mark.parametrize("name", ["c1", "bidi", "zero width", "selectors", "flood", "emoji"])
async def test_one_letter_typed_changes_nothing_else_in_the_wording(curator: Curator, name: str) -> None:
    task_id, wording = curator.current().id, clean_instruction(f"Say {TEXTS[name]} and no more")
    curator.engine.decisions.edit(task_id, wording)
    await curator.press("e", "!", "enter")
    assert curator.task(task_id).instruction == f"{wording}!"


async def test_lines_pasted_into_a_wording_become_one(curator: Curator) -> None:
    task = curator.current()
    await curator.press("e")
    curator.app.post_message(events.Paste(" In one word.\rOr two.\r\n"))
    await curator.press("enter")
    assert curator.task(task.id).instruction == f"{task.instruction} In one word. Or two."


async def test_the_message_shows_the_wording_as_it_is_stored(curator: Curator) -> None:
    task = curator.current()
    await curator.press("e")
    curator.app.screen.query_one(TextArea).text = "Write two\n\n  lines   about cats."
    await curator.press("enter")
    assert f"Edited {task.id}: Write two lines about cats." in curator.shown("#message")


async def test_a_wording_that_is_refused_stays_in_the_editor(curator: Curator) -> None:
    task = curator.current()
    await curator.press("e", "!")
    curator.engine.decisions.edit(task.id, "Somebody else has reworded it.")
    await curator.press("enter")
    assert "Somebody else has edited task" in screen_text(curator.app)
    assert curator.app.screen.query_one(TextArea).text == f"{task.instruction}!"


async def test_a_task_of_the_pool_is_reworded_where_it_is_and_one_key_takes_that_back(
    curator: Curator,
) -> None:
    task = curator.current()
    await curator.press("a")
    curator.table.move_to(task.id)
    await curator.press("e", *" today", "enter")
    reworded = curator.task(task.id)
    assert reworded.state == "accepted"
    assert reworded.instruction.endswith("today")
    assert "instances will be generated again" in curator.shown("#message")
    await curator.press("u")
    assert (curator.task(task.id).state, curator.task(task.id).instruction) == ("accepted", task.instruction)


async def test_the_instances_that_a_new_wording_sets_aside_are_counted(curator: Curator) -> None:
    task = curator.current()
    await curator.press("a")
    for output in ("cod", "eel"):
        curator.engine.decisions.instances.add(task.id, "", output)
    curator.table.move_to(task.id)
    curator.app.session.remember(keys={"undo": "f10"})
    await curator.press("e", *" today", "enter")
    assert "in place of 2 instances; F10 brings them back" in curator.shown("#message")


async def test_a_task_of_the_pool_cannot_be_saved_with_a_wording_that_the_filters_object_to(
    curator: Curator,
) -> None:
    task = curator.current()
    await curator.press("a")
    curator.table.move_to(task.id)
    await curator.press("e", *" of the image below", "enter")
    said = curator.app.screen.query_one("#edit-verdict", Static)
    await curator.until(lambda: "its wording must pass" in str(said.visual))
    await curator.press("escape")
    assert curator.task(task.id).instruction == task.instruction
