"""A decision that is not as it was written ends in the sentence about damage, wherever it is read."""

import json
from contextlib import closing

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.db.errors import DamagedError
from selfinstruct.db.records import NewInstance
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine

MISSHAPEN = ["", "{", "[]", "null", "7", '"kept"', "{}", json.dumps({"state": "kept"}), json.dumps({"a": 1})]


def spoil(workspace: Workspace, decision_id: int, text: str) -> None:
    """Write something else into the file than this program does."""
    with closing(sqlite3.connect(workspace.path)) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE decisions SET before = ?, after = ? WHERE id = ?", [text, text, decision_id])


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on()


@pytest.mark.parametrize("text", MISSHAPEN)
def test_a_misshapen_decision_on_a_task_is_damage(engine: Engine, workspace: Workspace, text: str) -> None:
    task_id = workspace.tasks.add("Describe the smell of rain.", origin="model", at="now", held=True)
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    decision_id = workspace.decisions.last_id()
    spoil(workspace, decision_id, text)
    with pytest.raises(DamagedError, match=f"decision {decision_id}"):
        workspace.decisions.of_task(task_id)
    with pytest.raises(DamagedError, match="selfinstruct check"):
        engine.decisions.undo()


@pytest.mark.parametrize("text", [*MISSHAPEN, json.dumps({"state": "kept", "input": "", "output": "a"})])
def test_a_misshapen_decision_on_an_instance_is_damage(
    engine: Engine, workspace: Workspace, text: str
) -> None:
    instruction = "Describe the smell of rain."
    task_id = workspace.tasks.add(instruction, origin="model", at="now", held=True)
    workspace.tasks.set_label(task_id, "generation")
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    workspace.instances.add(
        task_id, instruction, "generation", [NewInstance("rain", "wet stone")], request_id=None
    )
    engine.decisions.instances.drop(workspace.instances.of_task(task_id)[0].id)
    decision_id = workspace.decisions.last_id()
    spoil(workspace, decision_id, text)
    with pytest.raises(DamagedError, match=f"decision {decision_id}"):
        engine.decisions.undo()
