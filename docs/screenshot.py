"""Makes docs/curator.svg from the real program: run it with the built-in model in a folder of its own."""

import asyncio
import re
import tempfile
from pathlib import Path

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import BatchCompleted, Event, TaskInstantiated
from selfinstruct.core.settings import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.app import CuratorApp


async def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Workspace.open(Path(folder) / "garden.db", create=True) as workspace,
    ):
        engine = Engine(workspace, resolve({"rng_seed": 4}))
        app = CuratorApp(engine)
        happened: list[Event] = []
        listener = engine.listener

        def listen(event: Event) -> None:
            listener(event)
            happened.append(event)

        engine.listener = listen
        async with app.run_test(size=(132, 36)) as pilot:

            async def wait_for(kind: type, number: int) -> None:
                while sum(isinstance(event, kind) for event in happened) < number:
                    await pilot.pause()

            await pilot.press("n")
            await wait_for(BatchCompleted, 2)
            await pilot.press("a", "a", "r", "a")
            await wait_for(TaskInstantiated, 3)
            await pilot.press("g", "j")
            await pilot.pause()
            svg = app.export_screenshot(title="selfinstruct-tui")
    # No page that shows the picture shall fetch fonts for it.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    (Path(__file__).parent / "curator.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
