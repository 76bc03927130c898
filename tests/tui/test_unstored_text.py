"""What a person types is not lost, whatever keeps it from being stored: it comes back in its editor."""

from collections.abc import AsyncIterator

import pytest
from textual.screen import Screen
from textual.widgets import TextArea

from selfinstruct.core.engine import Engine
from selfinstruct.tui.dialogs.edit_instruction import EditScreen
from selfinstruct.tui.screens.base import WorkScreen
from selfinstruct.tui.screens.instances.editor import InstanceEditor
from tests.conftest import OpenEngine
from tests.server import ModelServer
from tests.tui.curating import Curator, curating, screen_text
from tests.tui.screens.instances_screen import COD, WREN, with_three
from tests.tui.test_another_program import held
from tests.tui.test_failing_workspace import full

pytestmark = pytest.mark.long


@pytest.fixture
async def instances(engine_on: OpenEngine, server: ModelServer) -> AsyncIterator[Curator]:
    """A curator at the first instance of a task."""
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0)
    await with_three(engine, server)
    async with curating(engine) as curator:
        await curator.press("3", "enter")
        yield curator


def texts(curator: Curator) -> list[str]:
    """What is in the open editor."""
    return [area.text for area in curator.app.screen.query(TextArea)]


async def reopened(curator: Curator, kind: type[Screen[None]]) -> str:
    """Wait for an editor to come back; what is on the screen then, in one line."""
    await curator.until(lambda: isinstance(curator.app.screen, kind) and bool(texts(curator)))
    await curator.pilot.pause()
    return " ".join(screen_text(curator.app).split())


def stored(engine: Engine) -> list[tuple[str, str]]:
    (task_id,) = engine.workspace.tasks.accepted()
    return [(one.input, one.output) for one in engine.workspace.instances.of_task(task_id)]


async def type_instance(curator: Curator, *texts: str) -> None:
    """Fill the open editor, and save."""
    for area, text in zip(curator.app.screen.query(TextArea), texts, strict=True):
        area.text = text
    await curator.press("ctrl+s")


async def test_an_edited_instance_that_waited_and_is_refused_comes_back_with_the_reason(
    instances: Curator,
) -> None:
    with held(instances.engine.workspace):
        await instances.press("e")
        await type_instance(instances, "elm", "tree")
        await instances.press("j", "e")
        await type_instance(instances, "elm", "tree")
        assert isinstance(instances.app.screen, WorkScreen)
    assert "already has an identical instance" in await reopened(instances, InstanceEditor)
    assert texts(instances) == ["elm", "tree"]
    await type_instance(instances, "oak", "tree")
    assert stored(instances.engine)[:2] == [("elm", "tree"), ("oak", "tree")]


async def test_an_added_instance_that_waited_and_is_refused_comes_back_with_the_reason(
    instances: Curator,
) -> None:
    with held(instances.engine.workspace):
        for _ in range(2):
            await instances.press("i")
            await type_instance(instances, "elm", "tree")
    assert "already has an identical instance" in await reopened(instances, InstanceEditor)
    assert texts(instances) == ["elm", "tree"]
    await instances.press("escape")
    assert texts(instances) == ["elm", "tree"], "Esc asks before it discards"
    await type_instance(instances, "oak", "tree")
    assert stored(instances.engine)[-2:] == [("elm", "tree"), ("oak", "tree")]


async def test_texts_that_waited_and_find_no_room_come_back_one_after_the_other(instances: Curator) -> None:
    with full(instances.engine.workspace):
        with held(instances.engine.workspace):
            await instances.press("e")
            await type_instance(instances, "elm", "tree")
            await instances.press("i")
            await type_instance(instances, "ant", "insect")
        assert "disk is full" in await reopened(instances, InstanceEditor)
        await instances.until(lambda: not instances.app.session.put_off)
    assert texts(instances) == ["elm", "tree"]
    await instances.press("ctrl+s")
    await reopened(instances, InstanceEditor)
    assert texts(instances) == ["ant", "insect"]
    await instances.press("ctrl+s")
    assert stored(instances.engine)[:2] == [("elm", "tree"), WREN]
    assert stored(instances.engine)[-1] == ("ant", "insect")


async def test_a_text_that_comes_back_waits_for_the_editor_that_is_open(instances: Curator) -> None:
    with full(instances.engine.workspace):
        with held(instances.engine.workspace):
            await instances.press("e")
            await type_instance(instances, "elm", "tree")
            await instances.press("i", *"mine")
        await instances.until(lambda: not instances.app.session.put_off)
        assert texts(instances) == ["mine", ""]
        await instances.press("!", "escape", "escape")
    await reopened(instances, InstanceEditor)
    assert texts(instances) == ["elm", "tree"]


async def test_a_wording_that_waited_and_finds_no_room_comes_back(curator: Curator) -> None:
    task_id = curator.current().id
    with full(curator.engine.workspace):
        with held(curator.engine.workspace):
            await curator.press("e", "end", "!", "ctrl+s")
            assert isinstance(curator.app.screen, WorkScreen)
        assert "disk is full" in await reopened(curator, EditScreen)
    assert texts(curator)[0].endswith("!")
    await curator.press("enter")
    assert curator.task(task_id).instruction.endswith("!")


async def test_a_decision_that_waited_and_finds_no_room_is_told(curator: Curator) -> None:
    with full(curator.engine.workspace):
        with held(curator.engine.workspace):
            await curator.press("a")
        await curator.until(lambda: "disk is full" in curator.shown("#message"))
    assert isinstance(curator.app.screen, WorkScreen)


async def test_quitting_waits_for_a_text_that_came_back(instances: Curator) -> None:
    with full(instances.engine.workspace):
        with held(instances.engine.workspace):
            await instances.press("e")
            await type_instance(instances, "elm", "tree")
            await instances.press("q")
        await reopened(instances, InstanceEditor)
        await instances.until(lambda: not instances.app.session.put_off)
        assert not instances.app._exit
    await instances.press("ctrl+s")
    assert stored(instances.engine)[0] == ("elm", "tree")
    await instances.until(lambda: instances.app._exit)


async def test_quitting_waits_for_an_editor_that_is_open_when_the_last_answer_is_stored(
    instances: Curator, server: ModelServer
) -> None:
    server.gate.clear()
    await instances.press("m")
    await instances.until(lambda: bool(instances.app.session.attended.under_way))
    await instances.press("q", "e")
    await instances.until(lambda: bool(texts(instances)))
    await instances.press("s")
    server.gate.set()
    await instances.until(lambda: not instances.app.session.attended.under_way)
    await instances.pilot.pause()
    assert not instances.app._exit
    assert texts(instances)[0] == f"{COD[0]}s"
    await instances.press("ctrl+s")
    assert stored(instances.engine)[0] == ("cods", "fish")
    await instances.until(lambda: instances.app._exit)
