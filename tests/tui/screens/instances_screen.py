"""The Instances screen of a running curator, for tests."""

from textual.widgets import Static, TextArea

from selfinstruct.core.engine import Engine
from selfinstruct.tui.screens.instances.accepted import AcceptedTable
from selfinstruct.tui.screens.instances.editor import InstanceEditor
from selfinstruct.tui.screens.instances.pane import InstancePane
from selfinstruct.tui.screens.instances.screen import InstancesScreen
from tests.server import ModelServer, instances_answer
from tests.tui.curating import Curator

COD, WREN, ELK = ("cod", "fish"), ("wren", "bird"), ("elk", "")
FIRST = [(*COD, "kept"), (*WREN, "kept"), (*ELK, "empty_output")]


def accepted(engine: Engine, instruction: str = "Say what kind of animal it is.") -> int:
    tasks = engine.workspace.tasks
    task_id = tasks.add(instruction, origin="model", at="now", held=True, batch=1)
    tasks.set_label(task_id, "generation")
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    return task_id


class Instances:
    """The Instances screen of a running curator, as a test sees it."""

    def __init__(self, curator: Curator, task_id: int) -> None:
        self.curator, self.task_id = curator, task_id
        self.press = curator.press
        self.engine = curator.engine

    @property
    def screen(self) -> InstancesScreen:
        assert isinstance(self.curator.app.at_hand, InstancesScreen)
        return self.curator.app.at_hand

    @property
    def table(self) -> AcceptedTable:
        return self.screen.query_one(AcceptedTable)

    @property
    def pane(self) -> InstancePane:
        return self.screen.query_one(InstancePane)

    def stored(self) -> list[tuple[str, str, str]]:
        """Input, output, and `kept` or the code of the reason."""
        return [
            (one.input, one.output, one.reason.code if one.reason else one.state)
            for one in self.engine.workspace.instances.of_task(self.task_id)
        ]

    async def shown(self) -> str:
        """The right side, once it is drawn."""
        await self.curator.until(lambda: self.pane.is_settled)
        await self.curator.pilot.pause()
        return "\n".join(str(static.visual) for static in self.pane.query(Static) if static.display)

    def current(self) -> tuple[str, str]:
        assert self.pane.current is not None
        return self.pane.current.input, self.pane.current.output

    def message(self) -> str:
        return self.curator.shown("#message")

    async def type_into(self, selector: str, text: str) -> None:
        editor = self.curator.app.screen
        assert isinstance(editor, InstanceEditor)
        editor.query_one(selector, TextArea).text = text
        await self.curator.pilot.pause()


async def with_three(engine: Engine, server: ModelServer) -> int:
    """An accepted task whose instances the model has made: two kept, one dropped."""
    task_id = accepted(engine)
    server.faults.append(instances_answer(COD, WREN, ELK))
    await engine.instantiate([task_id])
    return task_id
