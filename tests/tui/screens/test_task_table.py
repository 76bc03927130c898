"""The table of tasks: moving, marking, filtering and sorting."""

import pytest

from tests.tui.curating import Curator, screen_text


async def test_keys_move_the_cursor_and_stop_at_both_ends(curator: Curator) -> None:
    ids = list(curator.table.ids)
    await curator.press("g")
    assert curator.table.current == ids[0]
    await curator.press("k", "j", "j")
    assert curator.table.current == ids[2]
    await curator.press("G", "j")
    assert curator.table.current == ids[-1]
    await curator.press("ctrl+u")
    assert curator.table.current == ids[-1 - curator.table.page]


async def test_a_click_puts_the_cursor_on_the_row(curator: Curator) -> None:
    await curator.press("g")
    await curator.pilot.click("#candidates", offset=(10, 5))
    assert curator.table.cursor == 3


async def test_marked_rows_are_decided_on_with_one_key_and_undone_with_one(curator: Curator) -> None:
    await curator.press("*")
    marked = list(curator.table.marked)
    assert len(marked) > 10
    assert {curator.task(task_id).verdict for task_id in marked} == {"pass"}
    await curator.press("r")
    assert {curator.task(task_id).state for task_id in marked} == {"rejected"}
    assert f"Rejected {len(marked)} of {len(marked)}" in curator.shown("#message")
    assert curator.table.marked == []
    await curator.press("u")
    assert {curator.task(task_id).state for task_id in marked} == {"pending"}


async def test_a_range_and_single_marks_add_up_and_escape_clears_them(curator: Curator) -> None:
    await curator.press("g", "v", "j", "j", "v", "j", "j", "space")
    ids = list(curator.table.ids)
    assert curator.table.marked == [*ids[:3], ids[4]]
    await curator.press("escape")
    assert curator.table.marked == []


async def test_accepting_marked_rows_says_which_were_not(curator: Curator) -> None:
    filtered = next(t for t in curator.table.ids if curator.task(t).verdict == "keyword")
    curator.table.move_to(filtered)
    await curator.press("space", "*")
    marked = list(curator.table.marked)
    await curator.press("a")
    assert curator.task(filtered).state == "pending"
    assert f" of {len(marked)}." in curator.shown("#message")
    assert "First refusal: " in curator.shown("#message")


async def test_slash_looks_through_everything_and_escape_goes_back(curator: Curator) -> None:
    before = list(curator.table.ids)
    await curator.press("r", "slash")
    assert len(curator.table.ids) >= 175 + len(before)
    await curator.press(*"state:rejected", "enter")
    (found,) = curator.table.ids
    assert curator.task(found).state == "rejected"
    await curator.press("R")
    assert curator.task(found).state == "pending"
    await curator.press("escape")
    assert len(curator.table.ids) >= 175 + len(before)
    await curator.press("escape")
    assert list(curator.table.ids) == before


@pytest.mark.parametrize("leaving", ["enter", "escape", "tab"])
async def test_how_to_filter_is_said_in_the_filter_line_and_nowhere_else(
    curator: Curator, leaving: str
) -> None:
    await curator.press("2")
    assert curator.shown("#message") == ""
    await curator.press("slash")
    assert "Enter goes to the rows" in curator.shown("#message")
    await curator.press(leaving)
    await curator.until(lambda: curator.shown("#message") == "")
    await curator.press("slash", *"label:x", leaving)
    assert "label: is one of" in curator.shown("#message"), "what is wrong stays wrong"


async def test_a_filter_that_cannot_be_understood_says_so_and_leaves_what_was_found(curator: Curator) -> None:
    await curator.press("slash", *"batch:1")  # which the next batches, made meanwhile, do not add to
    found = list(curator.table.ids)
    assert 0 < len(found) < 175
    await curator.press("space", *'"r')
    assert "A quote is not closed" in curator.shown("#message")
    assert list(curator.table.ids) == found
    assert "Still showing" in screen_text(curator.app)
    await curator.press("backspace", "backspace")
    assert "A quote is not closed" not in curator.shown("#message")
    assert "Still showing" not in screen_text(curator.app)


async def test_o_sorts_by_one_column_after_the_other_and_the_cursor_stays_on_its_task(
    curator: Curator,
) -> None:
    task_id = curator.current().id
    await curator.press("o", "o")
    scores = [curator.task(t).score or 0.0 for t in curator.table.ids]
    assert scores == sorted(scores, reverse=True)
    assert "ROUGE-L▾" in curator.table.render_line(0).text
    assert curator.table.current == task_id
    await curator.press("o", "o", "o", "o")
    assert list(curator.table.ids) == sorted(curator.table.ids)


async def test_marks_of_what_was_not_accepted_stay(curator: Curator) -> None:
    filtered = next(t for t in curator.table.ids if curator.task(t).verdict == "keyword")
    passing = curator.current().id
    await curator.press("space")
    curator.table.move_to(filtered)
    await curator.press("space", "a")
    assert curator.task(passing).state == "accepted"
    assert curator.table.marked == [filtered]
    await curator.press("A")
    assert curator.task(filtered).state == "accepted"
    assert curator.table.marked == []


async def test_how_many_rows_are_marked_is_always_shown(curator: Curator) -> None:
    filtered = [t for t in curator.table.ids if curator.task(t).verdict != "pass"][:2]
    await curator.press("space")
    assert "1 marked" in screen_text(curator.app)
    for task_id in filtered:
        curator.table.move_to(task_id)
        await curator.press("space")
    assert "3 marked" in screen_text(curator.app)
    await curator.press("a")
    assert curator.shown("#message").endswith("2 stay marked; Esc clears the marks.")
    assert "2 marked" in screen_text(curator.app)
    await curator.press("escape")
    assert "marked" not in screen_text(curator.app)
    await curator.press("v", "j", "j")
    assert "3 marked" in screen_text(curator.app)


@pytest.mark.parametrize("key", ["a", "A", "r"])
async def test_a_step_on_many_leaves_what_was_decided_before_as_it_is(curator: Curator, key: str) -> None:
    curator.table.move_home()
    accepted, rejected, *waiting = curator.table.ids[:5]
    for task_id, decision in ((accepted, "A"), (rejected, "r")):
        curator.table.move_to(task_id)
        await curator.press(decision)
    curator.table.move_home()
    await curator.press("v", *"jjjj", key)
    assert curator.task(accepted).state == "accepted"
    assert curator.task(rejected).state == "rejected"
    assert "2 were already decided." in curator.shown("#message")
    assert not {accepted, rejected} & set(curator.table.marked)
    if key != "a":
        assert {curator.task(task_id).state for task_id in waiting} == {
            "accepted" if key == "A" else "rejected"
        }


async def test_the_header_says_which_way_the_rows_are_sorted(curator: Curator) -> None:
    assert curator.table.sorted_sign == "▴"
    assert list(curator.table.ids) == sorted(curator.table.ids)
    await curator.press("2")
    assert curator.table.sorted_sign == "▾"
    assert list(curator.table.ids) == sorted(curator.table.ids, reverse=True)
