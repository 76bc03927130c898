"""The instances of accepted tasks: every key with what it does to the workspace, and its undo."""

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import RequestFailed, TaskInstantiated
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.screens.instances.pane import InstanceCard
from selfinstruct.tui.screens.instances.screen import InstancesScreen
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, error_body, instances_answer
from tests.tui.curating import curating, screen_text
from tests.tui.screens.instances_screen import COD, ELK, FIRST, WREN, Instances, accepted, with_three

pytestmark = pytest.mark.long


async def test_kept_and_dropped_are_shown_with_a_word_and_the_reason(at: Instances) -> None:
    shown = await at.shown()
    assert "Say what kind of animal it is." in shown
    assert "2 kept, 1 dropped" in shown
    assert "✓ kept" in shown
    assert "✗ dropped: The output is empty." in shown
    assert at.current() == COD


async def test_d_drops_and_the_cursor_stays_where_r_restores_and_u_brings_it_back(at: Instances) -> None:
    await at.press("d")
    assert at.stored() == [(*COD, "by_hand"), *FIRST[1:]]
    assert "dropped: By a person." in await at.shown()
    assert at.current() == COD
    await at.press("R")
    assert at.stored() == FIRST
    await at.press("u", "u")
    assert at.stored() == FIRST
    assert at.current() == COD
    assert "Undone: removal of an instance of 176" in at.message()
    await at.press("ctrl+r")
    assert at.stored() == [(*COD, "by_hand"), *FIRST[1:]]
    assert "Redone: removal of an instance of 176" in at.message()
    await at.press("u")
    assert "Undone: removal of an instance of 176" in at.message()


async def test_a_capital_r_restores_and_u_takes_that_back(at: Instances) -> None:
    await at.press("d", "R")
    assert at.stored() == FIRST
    await at.press("u")
    assert at.stored()[0] == (*COD, "by_hand")


async def test_what_cannot_be_decided_is_said(at: Instances) -> None:
    await at.press("R")
    assert "already kept" in at.message()
    await at.press("G", "R")
    assert "needs an output" in at.message()
    await at.press("d")
    assert "already dropped" in at.message()
    assert at.stored() == FIRST


async def test_m_asks_the_model_for_more(at: Instances, server: ModelServer) -> None:
    server.faults.append(instances_answer(COD, ("owl", "bird")))
    server.gate.clear()
    await at.press("m")
    assert "More instances of" in at.message()
    server.gate.set()
    await at.curator.until(lambda: len(at.stored()) == 5)
    assert at.stored() == [*FIRST, (*COD, "duplicate"), ("owl", "bird", "kept")]
    await at.curator.until(lambda: "model: 1 kept, 1 dropped." in at.message())
    await at.curator.until(lambda: "3 kept, 2 dropped" in screen_text(at.curator.app))


async def test_m_says_why_the_model_cannot_be_asked(at: Instances, server: ModelServer) -> None:
    server.gate.clear()
    await at.press("m", "m")
    assert "being asked for instances of task 176 already" in at.message()


async def test_y_copies_the_instance_or_the_instruction(at: Instances) -> None:
    at.engine.decisions.instances.edit(
        at.engine.workspace.instances.of_task(at.task_id)[0].id, "c\tod", "\x1b\u200d"
    )
    await at.press("y")
    assert at.curator.app.clipboard == "c\tod\n\n\x1b\u200d"
    await at.press("enter", "y")
    assert at.curator.app.clipboard == "Say what kind of animal it is."


async def test_c_switches_the_label_and_u_brings_the_instances_back(
    at: Instances, server: ModelServer
) -> None:
    server.gate.clear()
    await at.press("c")
    assert at.curator.task(at.task_id).label == "classification"
    assert at.stored() == []
    await at.press("u")
    assert at.stored() == FIRST


async def test_undo_goes_from_instances_to_tasks_in_the_order_of_the_steps(at: Instances) -> None:
    await at.press("d", "u", "u")
    assert at.curator.task(at.task_id).state == "pending"
    assert "Undone: acceptance of 176" in at.message()
    assert "no longer in the pool" in await at.shown()
    await at.press("ctrl+r", "ctrl+r")
    assert at.stored()[0] == (*COD, "by_hand")


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ("d", "removal of an instance of 176"),
        ("dR", "restoration of an instance of 176"),
        ("c", "relabelling of 176"),
        ("2r", "rejection of 176"),
    ],
)
async def test_undo_and_redo_name_the_decision_in_plain_english(
    at: Instances, server: ModelServer, keys: str, what: str
) -> None:
    server.gate.clear()  # instances for the new label would be told of in the place of what is waited for
    await at.press(*keys, "u")
    assert at.message().startswith(f"Undone: {what}")
    await at.press("ctrl+r")
    assert at.message().startswith(f"Redone: {what}")
    server.gate.set()


async def test_undo_on_the_home_screen_says_that_it_was_an_instance(at: Instances) -> None:
    await at.press("d", "1", "u")
    assert "Undone: removal of an instance of 176" in at.message()
    assert at.stored() == FIRST


async def test_j_k_g_and_capital_g_move_among_the_instances_or_the_tasks(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m")
    first = await with_three(engine, server)
    server.faults.append(instances_answer(("", "Ebro")))
    second = accepted(engine, "Name a long river of Spain.")
    await engine.instantiate([second])
    async with curating(engine) as curator:
        await curator.press("3")
        at = Instances(curator, first)
        assert list(at.table.ids) == [second, first]
        await at.press("j")
        assert at.table.current == first
        await at.press("enter", "j")
        assert at.current() == WREN
        await at.press("G")
        assert at.current() == ELK
        await at.press("g", "k")
        assert at.current() == COD
        await at.press("escape", "k")
        assert at.table.current == second
        assert "Ebro" in await at.shown()
        assert "cod" not in await at.shown()


async def test_a_click_puts_the_cursor_on_an_instance(at: Instances) -> None:
    await at.shown()
    await at.curator.pilot.click(list(at.pane.query(InstanceCard))[1])
    assert at.current() == WREN


async def test_tasks_accepted_meanwhile_wait_until_they_are_asked_for(at: Instances) -> None:
    later = accepted(at.engine, "Name a long river of Spain.")
    await at.curator.until(lambda: "+1 new" in str(at.table.border_title))
    assert list(at.table.ids) == [at.task_id]
    await at.press("enter", "g")
    assert list(at.table.ids) == [later, at.task_id]


async def test_a_task_without_instances_is_marked_with_a_word(at: Instances) -> None:
    await at.press("d", "j", "d")
    assert "✗ none" in screen_text(at.curator.app)


async def test_a_task_can_be_opened_here(at: Instances) -> None:
    later = accepted(at.engine, "Name a long river of Spain.")
    await at.screen.open_task(later)
    assert at.table.current == later
    await at.screen.open_task(1)
    assert at.curator.app.at_hand.NAME == "pool"


async def test_an_empty_pool_says_what_to_do_next(engine_on: OpenEngine) -> None:
    async with curating(engine_on()) as curator:
        await curator.press("3")
        at = Instances(curator, 0)
        assert "No task has been accepted yet." in await at.shown()
        await at.press("e", "d", "R", "i", "m", "c", "y")
        assert "No task has been accepted yet." in at.message()


async def test_a_task_without_a_clear_label_says_how_to_get_instances(engine_on: OpenEngine) -> None:
    engine = engine_on()
    task_id = accepted(engine)
    engine.decisions.relabel(task_id, "unknown")
    async with curating(engine) as curator:
        await curator.press("3")
        at = Instances(curator, task_id)
        assert "no clear label. c sets it" in await at.shown()
        await at.press("m")
        assert "label is not clear" in at.message()
        await at.press("c")
        assert "Instances are requested at your next key." in at.message()
        await at.press("down")
        await curator.wait_for(TaskInstantiated)
        assert at.stored()


async def test_a_request_that_failed_is_told_and_m_asks_again(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m")
    task_id = accepted(engine)
    server.faults.append(Fault(422, error_body("no such thing")))
    async with curating(engine) as curator:
        await curator.press("3")
        at = Instances(curator, task_id)
        await curator.wait_for(RequestFailed)
        await curator.until(lambda: "m asks again" in screen_text(curator.app))
        assert "no such thing" in await at.shown()
        server.faults.append(instances_answer(COD))
        await at.press("m")
        await curator.wait_for(TaskInstantiated)
        assert at.stored() == [(*COD, "kept")]


async def test_a_request_under_way_is_told(engine_on: OpenEngine, server: ModelServer) -> None:
    engine = engine_on(base_url=server.url, model="m")
    task_id = accepted(engine)
    server.gate.clear()
    async with curating(engine) as curator:
        await curator.press("3")
        at = Instances(curator, task_id)
        await curator.until(lambda: bool(server.received))
        await curator.until(lambda: "Request 1 for instances is in flight" in screen_text(curator.app))
        server.gate.set()
        await curator.wait_for(TaskInstantiated)
        assert at.stored()


async def test_another_programs_decisions_appear(at: Instances, workspace: Workspace) -> None:
    with Workspace.open(workspace.path) as other:
        other_engine = Engine(other, resolve({}))
        other_engine.decisions.instances.drop(other.instances.of_task(at.task_id)[1].id)
        await at.curator.until(lambda: "1 kept, 2 dropped" in screen_text(at.curator.app))


async def test_a_workspace_opened_read_only_shows_instances_and_changes_none(
    engine_on: OpenEngine, server: ModelServer, workspace: Workspace
) -> None:
    engine = engine_on(base_url=server.url, model="m")
    task_id = await with_three(engine, server)
    await engine.close()
    with Workspace.open(workspace.path, read_only=True) as looked_at:
        async with curating(Engine(looked_at, resolve({}))) as curator:
            await curator.press("3", "enter")
            at = Instances(curator, task_id)
            assert "2 kept, 1 dropped" in await at.shown()
            await at.press("d", "e", "R", "i", "m", "u", "c")
            assert curator.app.screen is at.screen
            assert at.stored() == FIRST
            assert "Drop" not in screen_text(curator.app)


async def test_a_filter_shows_the_accepted_tasks_that_match_it(engine_on: OpenEngine) -> None:
    engine = engine_on()
    animal, river = accepted(engine), accepted(engine, "Name the longest river of each continent.")
    async with curating(engine) as curator:
        await curator.press("3")
        screen = curator.app.at_hand
        assert isinstance(screen, InstancesScreen)
        assert list(screen.table.ids) == [river, animal]
        await curator.press("slash", *"animal")
        await curator.until(lambda: list(screen.table.ids) == [animal])
        assert "Showing 1 of 2 accepted" in screen_text(curator.app)
        await curator.press("enter")
        assert screen.table.has_focus
        await curator.press("escape")
        await curator.until(lambda: list(screen.table.ids) == [river, animal])
        await curator.press("slash", *"label:clf", "enter")
        await curator.until(lambda: not screen.table.ids)
        assert "No accepted task matches." in screen_text(curator.app)
        await curator.press("slash", *" colour:red")
        await curator.until(lambda: "colour" in curator.shown("#message"))
