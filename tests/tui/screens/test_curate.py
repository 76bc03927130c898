"""The curator's keys, each with what it does to the workspace at once."""

from pathlib import Path

import pytest
from textual import events

from selfinstruct.core.method.seeds import built_in
from selfinstruct.tui.dialogs.help_dialog import KeysScreen
from selfinstruct.tui.keys.actions import actions_in
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating, screen_text


async def test_an_empty_workspace_says_what_to_do_next(engine_on: OpenEngine) -> None:
    async with curating(engine_on()) as curator:
        assert "Press n" in await curator.detail()
        assert "not a language model" in curator.shown("#message")
        assert "a grammar" in curator.shown("#status")
        await curator.press("a")
        assert "no candidate" in curator.shown("#message")


async def test_seed_tasks_in_another_language_are_warned_of(engine_on: OpenEngine, tmp_path: Path) -> None:
    seeds = tmp_path / "mine.jsonl"
    seeds.write_text(built_in("es").read_text(encoding="utf-8"), encoding="utf-8")
    async with curating(engine_on(seeds=seeds)) as curator:
        assert curator.shown("#message").startswith(
            "The seed tasks are in Spanish (español), but the filters"
        )
        assert "Start a new workspace with language es." in curator.shown("#message")


async def test_n_shows_a_batch_with_the_cursor_on_the_first_candidate_that_passes(curator: Curator) -> None:
    assert len(curator.table.ids) > 20
    assert curator.current().verdict == "pass"
    assert "batch 1" in curator.shown("#status")


async def test_a_accepts_at_once_and_moves_on(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("a")
    assert curator.task(task_id).state == "accepted"
    assert curator.current().id > task_id
    assert "pool 175 + 1" in curator.shown("#status")


async def test_r_rejects_at_once_and_moves_on(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("r")
    assert curator.task(task_id).state == "rejected"
    assert curator.current().id > task_id


async def test_what_a_filter_objects_to_takes_a_capital_a(curator: Curator) -> None:
    filtered = next(t for t in curator.table.ids if curator.task(t).verdict == "keyword")
    curator.table.move_to(filtered)
    await curator.press("a")
    assert curator.task(filtered).state == "pending"
    assert "A accepts it anyway" in curator.shown("#message")
    await curator.press("A")
    assert curator.task(filtered).state == "accepted"


async def test_a_burst_of_a_never_accepts_what_has_become_similar(curator: Curator) -> None:
    """The a that was meant for the next row does not overrule a verdict that has just flipped."""
    first = curator.current()
    twin = curator.table.ids[curator.table.cursor + 1]
    curator.engine.decisions.edit(twin, f"{first.instruction} Quickly")
    curator.table.reread()
    await curator.press("a", "a", "a", "a")
    assert curator.task(first.id).state == "accepted"
    assert curator.task(twin).state == "pending"


async def test_u_undoes_and_goes_back_to_the_task(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("a")
    await curator.press("u")
    assert curator.task(task_id).state == "pending"
    assert curator.current().id == task_id
    await curator.press("u")
    assert "nothing to undo" in curator.shown("#message")


async def test_c_switches_the_label(curator: Curator) -> None:
    task_id = curator.current().id
    before = curator.task(task_id).label
    await curator.press("c")
    after = curator.task(task_id).label
    assert curator.shown("#message").startswith(f"Relabelled {task_id} as {after}: ")
    assert {before, after} <= {"classification", "generation", None}
    assert before != after


async def test_question_mark_lists_every_action(engine_on: OpenEngine) -> None:
    async with curating(engine_on(), size=(120, 90)) as curator:
        await curator.press("question_mark")
        assert isinstance(curator.app.screen, KeysScreen)
        listed = screen_text(curator.app)
        missing = [a.name for a in actions_in("curate") if f"{a.label}: {a.help}" not in listed]
        assert missing == []
        await curator.press("escape")
        assert not isinstance(curator.app.screen, KeysScreen)


async def test_panes_stack_on_a_narrow_terminal(engine_on: OpenEngine) -> None:
    async with curating(engine_on(), size=(80, 24)) as curator:
        await curator.pilot.pause()
        table, pane = curator.table, curator.app.curate.query_one("#detail-pane")
        assert table.region.bottom <= pane.region.y
        await curator.pilot.resize_terminal(140, 40)
        await curator.pilot.pause()
        assert table.region.right <= pane.region.x


async def test_redo_takes_back_an_undo(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("a", "u", "ctrl+r")
    assert curator.task(task_id).state == "accepted"
    assert "Redone" in curator.shown("#message")


async def test_a_rejected_candidate_can_be_restored(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("r")
    curator.table.move_to(task_id)
    await curator.press("R")
    assert curator.task(task_id).state == "pending"


async def test_a_rejection_can_say_why_with_one_more_key(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("x")
    await curator.press("d")
    assert curator.task(task_id).state == "rejected"
    assert curator.engine.workspace.decisions.of_task(task_id)[-1].tag == "duplicate"
    assert curator.shown("#message").startswith(f"Rejected {task_id} as duplicate: ")
    other = curator.current().id
    await curator.press("x")
    await curator.press("escape")
    assert curator.task(other).state == "pending"


async def test_skipping_leaves_the_candidate_undecided(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("s")
    assert curator.task(task_id).state == "pending"
    assert curator.current().id > task_id


@pytest.mark.parametrize(("key", "tag"), [("d", "duplicate"), ("u", "unsafe"), ("c", "unclear")])
async def test_a_tag_typed_in_one_burst_with_the_key_that_asks_for_it_is_the_tag(
    curator: Curator, key: str, tag: str
) -> None:
    task_id = curator.current().id
    for typed in ("x", key):
        curator.app.post_message(events.Key(typed, typed))
    await curator.until(lambda: curator.task(task_id).state == "rejected")
    assert curator.engine.workspace.decisions.of_task(task_id)[-1].tag == tag


async def test_one_key_still_overturns_the_decision_on_one_row(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("a")
    curator.table.move_to(task_id)
    await curator.press("r")
    assert curator.task(task_id).state == "rejected"


async def test_labelling_and_restoring_leave_the_cursor_where_it_is(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("c", "c")
    assert curator.current().id == task_id
    await curator.press("r")
    curator.table.move_to(task_id)
    await curator.press("R")
    assert curator.current().id == task_id
    assert curator.task(task_id).state == "pending"


async def test_from_the_last_row_the_cursor_goes_to_what_is_left_and_the_end_is_told(
    curator: Curator,
) -> None:
    waiting = curator.engine.workspace.tasks.waiting_among(curator.table.ids)
    await curator.press("s")
    curator.table.move_to(waiting[-1])
    await curator.press("a")
    assert curator.current().id == waiting[0]
    while curator.table.has_waiting():
        assert "Last candidate" not in curator.shown("#message")
        await curator.press("r")
    assert "n shows the next batch" in curator.shown("#message")


async def test_c_tries_generation_first_and_asks_nothing_before_the_person_goes_on(curator: Curator) -> None:
    task_id = curator.current().id
    curator.engine.decisions.relabel(task_id, "unknown")
    await curator.press("a")
    assert "Its label is unclear: c sets it" in curator.shown("#message")
    curator.table.move_to(task_id)
    for label in ("generation", "classification", "generation"):
        await curator.press("c")
        assert curator.task(task_id).label == label
    await curator.until(lambda: not curator.app.session.attended.under_way)
    assert curator.task(task_id).instantiate_request_id is None
    assert curator.engine.workspace.backlog.to_instantiate() == task_id
    await curator.press("s")
    await curator.until(lambda: curator.task(task_id).instantiate_request_id is not None)
