"""The curator's keys, each with what it does to the workspace at once."""

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Static, TextArea

from selfinstruct.core.method.parsing import clean_instruction
from selfinstruct.core.method.seeds import built_in
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.dialogs.edit_instruction import EditScreen
from selfinstruct.tui.dialogs.help_dialog import KeysScreen
from selfinstruct.tui.keys.actions import actions_in
from selfinstruct.tui.screens.tasks.detail_text import head
from selfinstruct.tui.text.safe_text import LABEL_WORDS
from tests.conftest import OpenEngine
from tests.core.reparsing.old_readings import Ledger
from tests.hostile import TEXTS
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


async def test_a_wording_that_is_refused_stays_in_the_editor(curator: Curator) -> None:
    task = curator.current()
    await curator.press("e", "!")
    curator.engine.decisions.edit(task.id, "Somebody else has reworded it.")
    await curator.press("enter")
    assert "Somebody else has edited task" in screen_text(curator.app)
    assert curator.app.screen.query_one(TextArea).text == f"{task.instruction}!"


async def test_question_mark_lists_every_action(engine_on: OpenEngine) -> None:
    async with curating(engine_on(), size=(120, 90)) as curator:
        await curator.press("question_mark")
        assert isinstance(curator.app.screen, KeysScreen)
        listed = screen_text(curator.app)
        missing = [a.name for a in actions_in("curate") if f"{a.label}: {a.help}" not in listed]
        assert missing == []
        await curator.press("escape")
        assert not isinstance(curator.app.screen, KeysScreen)


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


async def test_panes_stack_on_a_narrow_terminal(engine_on: OpenEngine) -> None:
    async with curating(engine_on(), size=(80, 24)) as curator:
        await curator.pilot.pause()
        table, pane = curator.table, curator.app.curate.query_one("#detail-pane")
        assert table.region.bottom <= pane.region.y
        await curator.pilot.resize_terminal(140, 40)
        await curator.pilot.pause()
        assert table.region.right <= pane.region.x


async def test_text_of_a_model_is_shown_and_never_obeyed(engine_on: OpenEngine, workspace: Workspace) -> None:
    hostile = "Say [/] [bold]x[/bold] [@click=app.exit]y[/] \x1b[2J \u202e \u200b and so on"
    engine = engine_on()
    task_id = workspace.tasks.add(hostile, origin="model", at="now", batch=0, held=True)
    engine.assess([task_id])
    async with curating(engine) as curator:
        detail = await curator.detail()
        assert "[/] [bold]x[/bold] [@click=app.exit]y[/]" in detail
        assert not {"\x1b", "\u202e", "\u200b"} & set(detail)
        line = "".join(segment.text for segment in curator.table.render_line(1))
        assert "[bold]x" in line
        assert not {"\x1b", "\u202e", "\u200b"} & set(line)


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


async def test_a_failure_of_the_program_itself_prints_no_variables(
    engine_on: OpenEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    app = CuratorApp(engine_on())

    def fail() -> None:
        key = "sk-canary"
        raise RuntimeError(f"broken, {len(key)}")

    with pytest.raises(RuntimeError):
        async with app.run_test() as pilot:
            app.call_later(fail)
            await pilot.pause()
    app._print_error_renderables()
    said = capsys.readouterr().err
    assert "What was stored is kept" in said.replace("\n", "")
    assert "sk-canary" not in said


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


@pytest.mark.parametrize(("key", "tag"), [("d", "duplicate"), ("u", "unsafe"), ("c", "unclear")])
async def test_a_tag_typed_in_one_burst_with_the_key_that_asks_for_it_is_the_tag(
    curator: Curator, key: str, tag: str
) -> None:
    task_id = curator.current().id
    for typed in ("x", key):
        curator.app.post_message(events.Key(typed, typed))
    await curator.until(lambda: curator.task(task_id).state == "rejected")
    assert curator.engine.workspace.decisions.of_task(task_id)[-1].tag == tag


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


async def test_an_edit_taken_back_brings_back_what_the_model_said_of_the_label(curator: Curator) -> None:
    task = curator.current()
    await curator.until(lambda: curator.task(task.id).label is not None)
    asked = curator.task(task.id).classify_request_id
    await curator.press("e", "!", "enter")
    assert curator.task(task.id).classify_request_id != asked
    await curator.press("u")
    assert curator.task(task.id).classify_request_id == asked
    assert "the model said" in await curator.detail()


async def test_a_label_set_by_a_person_stands_before_what_the_model_said(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.until(lambda: curator.task(task_id).label is not None)
    was = LABEL_WORDS[curator.task(task_id).label or ""]
    assert "set by a person" not in await curator.detail()
    await curator.press("c")
    is_ = LABEL_WORDS[curator.task(task_id).label or ""]
    told = await curator.detail()
    assert f'{is_}, set by a person  the model said "' in told
    assert f"label: {was} → {is_}" in told
    await curator.press("u")
    assert "set by a person" not in await curator.detail()
    assert f"label: {is_} → {was}" in await curator.detail()


def test_in_another_language_keywords_and_shared_words_are_marked_where_they_stand(
    engine_on: OpenEngine,
) -> None:
    engine = engine_on(language="ko")
    text = "새로 찍은 그림을 보고 학급 신문에 실을 짧은 기사를 써 주세요."
    for instruction in (text, "새로 들은 소식을 보고 학급 신문에 실을 긴 기사를 써 주세요."):
        engine.workspace.tasks.add(instruction, origin="model", at="now", held=True)
    near = engine.workspace.tasks.last_id()
    engine.decisions.accept(near)
    shown = head(engine, engine.workspace.tasks.get(near - 1), engine.assessor.neighbours(text, but=near - 1))
    marked = {(text[span.start : span.end], span.style) for span in shown.spans if span.end <= len(text)}
    assert ("그림을 보고", "reverse") in marked
    assert {"을 보고 학급 신문에 실을", "기사를 써 주세요"} <= {
        word for word, style in marked if style == "underline"
    }


async def test_from_the_last_row_the_cursor_goes_to_what_is_left_and_the_end_is_told(
    curator: Curator,
) -> None:
    waiting = curator.engine.workspace.tasks.waiting_among(curator.table.ids)
    await curator.press("s")
    curator.table.move_to(waiting[-1])
    await curator.press("a")
    assert curator.current().id == waiting[0]
    while curator.table.has_waiting():
        assert "That was the last one" not in curator.shown("#message")
        await curator.press("r")
    assert "n shows the next batch" in curator.shown("#message")


async def test_the_header_says_which_way_the_rows_are_sorted(curator: Curator) -> None:
    assert curator.table.sorted_sign == "▴"
    assert list(curator.table.ids) == sorted(curator.table.ids)
    await curator.press("2")
    assert curator.table.sorted_sign == "▾"
    assert list(curator.table.ids) == sorted(curator.table.ids, reverse=True)


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
    assert curator.engine.workspace.tasks.to_instantiate() == task_id
    await curator.press("s")
    await curator.until(lambda: curator.task(task_id).instantiate_request_id is not None)


async def test_what_reparsing_changed_is_in_the_history_and_one_u_takes_it_back(
    engine_on: OpenEngine,
) -> None:
    ledger = Ledger(engine_on(), of_tasks=lambda read: [f"Poem task: {one}" for one in read])
    ids = ledger.propose("Write a poem about the sea in winter.", "Name three rivers that flow south.")
    ledger.reparse()
    async with curating(ledger.engine) as curator:
        assert curator.current().instruction == "Write a poem about the sea in winter."
        assert "edit by reparse\n" in await curator.detail()
        await curator.press("u")
        assert "and 1 more" in curator.shown("#message")
        assert [curator.task(task_id).instruction[:10] for task_id in ids] == ["Poem task:"] * 2
        assert "undo by human, reparse\n" in await curator.detail()
