"""The curator's keys, each with what it does to the workspace at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static, TextArea

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import BatchCompleted, TaskInstantiated
from selfinstruct.core.settings import resolve
from selfinstruct.db.rows import Task
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.actions import ACTIONS
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.candidates import CandidateTable
from selfinstruct.tui.curate_screen import CurateScreen
from selfinstruct.tui.edit import EditScreen
from selfinstruct.tui.keys import KeysScreen
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, error_body


def screen_text(app: CuratorApp) -> str:
    """All that is on the screen, a line after the other."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


class Curator:
    """A running curator, as a test sees it."""

    def __init__(self, app: CuratorApp, pilot: Pilot[None], engine: Engine) -> None:
        self.app, self.pilot, self.engine = app, pilot, engine
        self.happened: list[object] = []
        listener = engine.listener

        def listen(event: object) -> None:
            listener(event)  # type: ignore[arg-type]
            self.happened.append(event)

        engine.listener = listen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def wait_for(self, kind: type) -> None:
        """Wait until the engine has told of something of this kind."""
        async with asyncio.timeout(20):
            while not any(isinstance(event, kind) for event in self.happened):
                await self.pilot.pause()
        await self.pilot.pause()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(20):
            while not condition():
                await self.pilot.pause()

    def shown(self, selector: str) -> str:
        return str(self.app.curate.query_one(selector, Static).visual)

    @property
    def table(self) -> CandidateTable:
        return self.app.curate.query_one("#candidates", CandidateTable)

    def current(self) -> Task:
        assert self.table.current is not None
        return self.engine.workspace.tasks.get(self.table.current)

    def task(self, task_id: int) -> Task:
        return self.engine.workspace.tasks.get(task_id)


@asynccontextmanager
async def curating(engine: Engine, size: tuple[int, int] = (120, 30)) -> AsyncIterator[Curator]:
    app = CuratorApp(engine)
    async with app.run_test(size=size) as pilot:
        yield Curator(app, pilot, engine)


@pytest.fixture
async def curator(engine_on: OpenEngine) -> AsyncIterator[Curator]:
    """A curator with its first batch on the screen."""
    async with curating(engine_on(rng_seed=1)) as opened:
        await opened.press("n")
        await opened.wait_for(BatchCompleted)
        await opened.pilot.pause()
        yield opened


async def test_an_empty_workspace_says_what_to_do_next(engine_on: OpenEngine) -> None:
    async with curating(engine_on()) as curator:
        assert "Press n" in curator.shown("#detail")
        assert "not a language model" in curator.shown("#message")
        assert "a grammar" in curator.shown("#status")
        await curator.press("a")
        assert "no candidate" in curator.shown("#message")


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


async def test_instances_are_made_in_the_background_for_what_was_accepted(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("a")
    await curator.wait_for(TaskInstantiated)
    assert curator.engine.workspace.instances.of_task(task_id)


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
    assert "A accepts it all the same" in curator.shown("#message")
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
    assert {before, after} <= {"classification", "generation", None}
    assert before != after


async def test_e_edits_and_the_judge_looks_on(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("e")
    screen = curator.app.screen
    assert isinstance(screen, EditScreen)
    screen.query_one(TextArea).text = "Draw"
    await curator.pilot.pause()
    said = str(screen.query_one("#edit-judgement", Static).visual)
    assert "1 word" in said
    assert '"draw"' in said
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


async def test_a_batch_that_comes_in_does_not_move_the_rows_under_a_persons_hands(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with curating(engine_on(base_url=server.url, model="m")) as curator:
        await curator.press("n")
        await curator.wait_for(BatchCompleted)
        await curator.until(lambda: len(curator.table.ids) > 5)
        await curator.until(lambda: sum(isinstance(e, BatchCompleted) for e in curator.happened) == 2)
        server.gate.clear()
        await curator.press("n")
        await curator.press("n")
        before = list(curator.table.ids), curator.table.current
        assert "on its way" in curator.shown("#message")
        server.gate.set()
        await curator.until(lambda: "is ready" in curator.shown("#message"))
        assert (list(curator.table.ids), curator.table.current) == before
        await curator.press("n")
        assert curator.table.current not in before[0]


async def test_escape_leaves_the_wording_as_it_was(curator: Curator) -> None:
    task = curator.current()
    await curator.press("e", "x", "y", "escape")
    assert curator.task(task.id).instruction == task.instruction
    assert not isinstance(curator.app.screen, EditScreen)


async def test_the_next_batch_is_made_while_this_one_is_decided_on(curator: Curator) -> None:
    async with asyncio.timeout(20):
        while sum(isinstance(event, BatchCompleted) for event in curator.happened) < 2:
            await curator.pilot.pause()
    assert "batch 1" in curator.shown("#status")
    first = list(curator.table.ids)
    await curator.press("n")
    assert "batch 2" in curator.shown("#status")
    assert curator.current().id > max(first)


async def test_question_mark_lists_every_action(engine_on: OpenEngine) -> None:
    async with curating(engine_on(), size=(120, 60)) as curator:
        await curator.press("question_mark")
        assert isinstance(curator.app.screen, KeysScreen)
        listed = screen_text(curator.app)
        assert [a.name for a in ACTIONS if f"{a.label}: {a.help}" not in listed] == []
        await curator.press("escape")
        assert not isinstance(curator.app.screen, KeysScreen)


def test_every_action_has_its_method_and_a_key_of_its_own() -> None:
    keys = [key for action in ACTIONS for key in action.keys.split(",")]
    assert len(keys) == len(set(keys))
    assert all(hasattr(CurateScreen, f"action_{action.name}") for action in ACTIONS)


async def test_the_palette_offers_every_action(curator: Curator) -> None:
    titles = [command.title for command in curator.app.get_system_commands(curator.app.screen)]
    assert all(f"{action.group}: {action.label}" in titles for action in ACTIONS)


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


async def test_an_endpoint_that_cannot_be_used_is_said_on_a_quiet_line_and_n_tries_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(401, error_body("wrong key"))
    async with curating(engine_on(base_url=server.url, model="m")) as curator:
        await curator.press("n")
        async with asyncio.timeout(20):
            while "wrong key" not in curator.shown("#message"):
                await curator.pilot.pause()
        await curator.until(lambda: "paused" in curator.shown("#status"))
        server.refuse = lambda body: None
        await curator.press("n")
        await curator.wait_for(BatchCompleted)
        await curator.pilot.pause()
        assert len(curator.table.ids) > 5


async def test_q_in_the_middle_of_requests_stores_their_answers(
    engine_on: OpenEngine, workspace: Workspace, server: ModelServer
) -> None:
    server.gate.clear()
    app = CuratorApp(engine_on(base_url=server.url, model="m"))
    async with app.run_test() as pilot:
        await pilot.press("n")
        for _ in range(4):
            assert await asyncio.to_thread(server.arrived.acquire, timeout=20)
        await pilot.press("q")
        await pilot.pause()
        server.gate.set()
        async with asyncio.timeout(20):
            while app.is_running:  # noqa: ASYNC110 - Textual offers no event for it
                await asyncio.sleep(0)
    counts = workspace.counts()
    assert counts.requests["answered"] == len(server.received) >= 4
    assert counts.requests["in_doubt"] == 0


async def test_a_second_q_leaves_at_once_and_what_was_under_way_is_in_doubt(
    engine_on: OpenEngine, workspace: Workspace, server: ModelServer
) -> None:
    server.gate.clear()
    app = CuratorApp(engine_on(base_url=server.url, model="m"))
    async with app.run_test() as pilot:
        await pilot.press("n")
        for _ in range(4):
            assert await asyncio.to_thread(server.arrived.acquire, timeout=20)
        await pilot.press("q", "q")
    assert workspace.counts().requests["in_doubt"] == 4


async def test_text_of_a_model_is_shown_and_never_obeyed(engine_on: OpenEngine, workspace: Workspace) -> None:
    hostile = "Say [/] [bold]x[/bold] [@click=app.exit]y[/] \x1b[2J \u202e \u200b and so on"
    engine = engine_on()
    task_id = workspace.tasks.add(hostile, origin="model", at="now", batch=0, held=True)
    engine.judge([task_id])
    async with curating(engine) as curator:
        detail = curator.shown("#detail")
        assert "[/] [bold]x[/bold] [@click=app.exit]y[/]" in detail
        assert not {"\x1b", "\u202e", "\u200b"} & set(detail)
        line = "".join(segment.text for segment in curator.table.render_line(1))
        assert "[bold]x" in line
        assert not {"\x1b", "\u202e", "\u200b"} & set(line)


async def test_going_on_later_shows_what_still_waits(workspace: Workspace, tmp_path: Path) -> None:
    async with curating(Engine(workspace, resolve({"rng_seed": 1}))) as curator:
        await curator.press("n")
        await curator.wait_for(BatchCompleted)
        await curator.pilot.pause()
        await curator.press("a", "r")
        decided = [t for t in curator.table.ids if curator.task(t).state != "pending"]
    async with curating(Engine(workspace, resolve({"rng_seed": 1}))) as curator:
        passing = [t for t in curator.table.ids if curator.task(t).verdict == "pass"]
        assert len(decided) == 2
        assert curator.current().state == "pending"
        assert set(passing) - set(decided)


async def test_reopening_shows_the_batch_that_one_was_at_and_n_the_one_after(workspace: Workspace) -> None:
    async with curating(Engine(workspace, resolve({"rng_seed": 1}))) as curator:
        await curator.press("n")
        await curator.until(lambda: sum(isinstance(e, BatchCompleted) for e in curator.happened) == 2)
        await curator.press("a")
        shown = set(curator.table.ids)
    async with curating(Engine(workspace, resolve({"rng_seed": 1}))) as curator:
        assert "batch 1" in curator.shown("#status")
        assert set(curator.table.ids) == shown
        await curator.press("n")
        assert "batch 2" in curator.shown("#status")


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
    assert "Everything decided is kept" in said
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
    assert f"of {len(marked)}. The first that was not" in curator.shown("#message")


async def test_a_rejection_can_say_why_with_one_more_key(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("x")
    await curator.press("d")
    assert curator.task(task_id).state == "rejected"
    assert curator.engine.workspace.decisions.of_task(task_id)[-1].tag == "duplicate"
    other = curator.current().id
    await curator.press("x")
    await curator.press("escape")
    assert curator.task(other).state == "pending"


async def test_skipping_leaves_the_candidate_undecided(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.press("s")
    assert curator.task(task_id).state == "pending"
    assert curator.current().id > task_id


async def test_what_another_program_does_shows_within_a_second(
    curator: Curator, workspace: Workspace
) -> None:
    task_id = curator.current().id
    with Workspace.open(workspace.path) as theirs:
        other = Engine(theirs, resolve({}, stored=theirs.settings.read()))
        other.decisions.accept(task_id)
        await curator.until(lambda: "pool 175 + 1" in curator.shown("#status"))
        row = curator.table.render_line(1 + list(curator.table.ids).index(task_id)).text
        assert "✓" in row
        await other.close()


async def test_a_batch_that_comes_in_does_not_close_the_filter(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    async with curating(engine_on(base_url=server.url, model="m")) as curator:
        server.gate.clear()
        await curator.press("n", "slash", *"origin:seed")
        server.gate.set()
        await curator.until(lambda: "is ready" in curator.shown("#message"))
        assert len(curator.table.ids) == 175


async def test_candidates_that_wait_in_later_batches_are_counted_and_not_pushed_in(curator: Curator) -> None:
    before = list(curator.table.ids)
    await curator.until(lambda: "new" in curator.shown("#status"))
    assert list(curator.table.ids) == before


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
    assert list(curator.table.ids) == before


async def test_o_sorts_by_one_column_after_the_other_and_the_cursor_stays_on_its_task(
    curator: Curator,
) -> None:
    task_id = curator.current().id
    await curator.press("o", "o")
    scores = [curator.task(t).score or 0.0 for t in curator.table.ids]
    assert scores == sorted(scores, reverse=True)
    assert "ROUGE-L▾" in curator.table.render_line(0).text
    assert curator.table.current == task_id
    await curator.press("o", "o", "o")
    assert list(curator.table.ids) == sorted(curator.table.ids)
