"""Two exports are compared row by row, with the texts that each had."""

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.export.history import Difference, difference, exported_row
from selfinstruct.db.records import Conversation, ExportedRow, NewInstance, TrainingRow
from tests.conftest import OpenEngine


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on()


@pytest.fixture
def task_id(engine: Engine) -> int:
    """An accepted task with three rows."""
    task_id = engine.workspace.tasks.add(
        "Name a river in Europe.", origin="model", at="now", label="generation"
    )
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    made = [NewInstance("", name) for name in ("The Rhine.", "The Po.", "The Inn.")]
    engine.workspace.instances.add(task_id, "Name a river in Europe.", "generation", made, request_id=None)
    return task_id


def rows_now(engine: Engine) -> list[ExportedRow]:
    return [exported_row(row) for row in engine.workspace.instances.training_rows(include_seeds=False)]


def outputs(found: Difference) -> tuple[list[str], list[str], list[tuple[str, str]], int]:
    changed = []
    for one in found.changed:
        assert one.before is not None
        assert one.after is not None
        changed.append((one.before.output, one.after.output))
    return [one.output for one in found.came], [one.output for one in found.went], changed, found.same


def test_without_decisions_in_between_nothing_differs(engine: Engine, task_id: int) -> None:
    rows = rows_now(engine)
    assert outputs(difference(engine.workspace, rows, list(reversed(rows)))) == ([], [], [], 3)


def test_rows_that_came_went_and_changed_are_shown_as_they_were(engine: Engine, task_id: int) -> None:
    before = rows_now(engine)
    rhine, po, _ = (row.instance_id for row in before)
    decide = engine.decisions.instances
    decide.edit(rhine, "", "The Rhône.")
    decide.drop(po)
    decide.add(task_id, "", "The Ems.")
    after = rows_now(engine)
    changed = [("The Rhine.", "The Rhône.")]
    assert outputs(difference(engine.workspace, before, after)) == (["The Ems."], ["The Po."], changed, 1)
    turned = [(new, old) for old, new in changed]
    assert outputs(difference(engine.workspace, after, before)) == (["The Po."], ["The Ems."], turned, 1)


def test_an_edit_after_both_exports_changes_neither(engine: Engine, task_id: int) -> None:
    first = rows_now(engine)
    rhine = first[0].instance_id
    engine.decisions.instances.edit(rhine, "", "The Rhône.")
    second = rows_now(engine)
    engine.decisions.instances.edit(rhine, "", "The Seine.")
    assert outputs(difference(engine.workspace, first, second))[2] == [("The Rhine.", "The Rhône.")]


def test_a_reworded_task_without_its_rows_took_them_out(engine: Engine, task_id: int) -> None:
    before = rows_now(engine)
    engine.decisions.edit(task_id, "Name a river in Asia.")
    found = difference(engine.workspace, before, rows_now(engine))
    assert [one.instruction for one in found.went] == ["Name a river in Europe."] * 3
    assert found.came == ()


def test_a_system_prompt_tells_rows_apart() -> None:
    plain = TrainingRow(1, "imported", "Name a river in Europe.", "", "The Rhine.", 7)
    brief = TrainingRow(
        1, "imported", "Name a river in Europe.", "", "The Rhine.", 7, None, Conversation("Be brief.")
    )
    assert exported_row(plain).digest != exported_row(brief).digest


def test_a_row_that_is_not_stored_is_no_row_of_an_export() -> None:
    with pytest.raises(ValueError, match="only stored rows"):
        exported_row(TrainingRow(1, "model", "Name a river in Europe.", "", "The Rhine."))
