"""The five stages from Python, without the screen."""

import asyncio
from pathlib import Path

from selfinstruct.core.engine import Engine
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace


async def main() -> None:
    with Workspace.open(Path("example.db"), create=True) as workspace:
        async with Engine(workspace, resolve({"model": "offline", "rng_seed": 1})) as engine:
            proposed = await engine.propose()
            verdicts = engine.assess(proposed)
            passing = [task_id for task_id in proposed if verdicts[task_id] == "pass"]
            for task_id in passing[:5]:
                engine.decisions.accept(task_id)
            await engine.classify(passing[:5])
            await engine.instantiate(passing[:5])
            print(engine.export(Path("example.jsonl"), ExportOptions("messages"), force=True))


if __name__ == "__main__":
    asyncio.run(main())
