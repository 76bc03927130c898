"""Candidates, for tests of decisions."""

from selfinstruct.core.engine import Engine


def candidate(engine: Engine, instruction: str) -> int:
    task_id = engine.workspace.tasks.add(instruction, origin="model", at="now", held=True)
    engine.assess([task_id])
    return task_id
