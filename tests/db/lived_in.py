"""A workspace with decisions of every kind on tasks and instances, small enough to damage page by page."""

from pathlib import Path
from typing import Any

from selfinstruct.core.engine import Engine
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.tui.grown import at_noon, grow, open_engine


def live_in(path: Path) -> None:
    """Make it: what `tests.tui.grown` grows, and a person's decisions on top of that."""
    grow(path)
    with Workspace.open(path) as workspace:
        engine = open_engine(workspace)
        engine.assessor.catch_up()
        _decide(engine)
        # A program stores it in the end when the pool is larger.
        with engine.assessor.step():
            engine.assessor._pool.keep()
        workspace.end_run(at=at_noon())


def _decide(engine: Engine) -> None:
    workspace, decisions = engine.workspace, engine.decisions
    accepted = [task_id for task_id in workspace.tasks.accepted() if workspace.instances.of_task(task_id)]
    first, *_ = workspace.instances.of_task(accepted[-1])
    decisions.instances.edit(first.id, first.input, first.output + " Indeed.")
    decisions.instances.drop(first.id)
    decisions.undo()
    decisions.undo()
    decisions.redo()
    decisions.instances.add(accepted[-1], "", "Added by hand.")
    decisions.instances.add(accepted[-1], "", "Added by hand, and taken back.")
    decisions.undo()
    pending = [task.id for task in workspace.tasks.of_batch(2) if task.state == "pending"]
    decisions.relabel(pending[0], "classification")
    decisions.edit(pending[0], "Say in one sentence what the smell of rain is like.")
    decisions.reject(pending[1], tag="unclear")
    decisions.restore_all([pending[1]])
    decisions.undo()


def rows(path: Path, sql: str) -> list[Any]:
    """What a query gives."""
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def decisions_of(path: Path) -> list[Any]:
    """Every decision, in full."""
    return rows(path, "SELECT * FROM decisions ORDER BY id")
