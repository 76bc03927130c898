"""Preference data comes from what people decided on outputs, as it stands now, and from nothing else."""

from collections.abc import Callable

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.export.preference import preference_pairs, rated_rows
from selfinstruct.db.records import NewInstance, Reason
from tests.conftest import OpenEngine

INSTRUCTION = "Name a river in Europe."


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on()


@pytest.fixture
def task_id(engine: Engine) -> int:
    return accepted(engine, INSTRUCTION)


def accepted(engine: Engine, instruction: str) -> int:
    task_id = engine.workspace.tasks.add(instruction, origin="model", at="now", label="generation")
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    return task_id


def stored(engine: Engine, task_id: int, *made: NewInstance) -> list[int]:
    wording = engine.workspace.tasks.get(task_id).instruction
    return engine.workspace.instances.add(task_id, wording, "generation", made, request_id=None)


def pairs(engine: Engine) -> list[tuple[str, str, str]]:
    rows = engine.workspace.instances.training_rows(include_seeds=False)
    found = preference_pairs(rows, engine.workspace.preferences)
    return [(one.row.input, one.chosen, one.rejected) for one in found]


def rated(engine: Engine, *, by_filters: bool = False) -> list[tuple[str, bool]]:
    workspace = engine.workspace
    rows = workspace.instances.training_rows(include_seeds=False)
    found = rated_rows(rows, workspace.preferences.dropped(), workspace.preferences, by_filters=by_filters)
    return [(one.row.output, one.label) for one in found]


Steps = Callable[[Engine, int], object]


def edit(given: str, output: str) -> Steps:
    return lambda engine, one: engine.decisions.instances.edit(one, given, output)


def undo(engine: Engine, _: int) -> None:
    engine.decisions.undo()


def redo(engine: Engine, _: int) -> None:
    engine.decisions.redo()


def drop(engine: Engine, one: int) -> None:
    engine.decisions.instances.drop(one)


def restore(engine: Engine, one: int) -> None:
    engine.decisions.instances.restore(one)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], None),
        ([edit("q", "B")], ("q", "B", "A")),
        ([edit("q", "B"), edit("q", "C")], ("q", "C", "A")),
        ([edit("q", "B"), edit("q", "C"), undo], ("q", "B", "A")),
        ([edit("q", "B"), undo], None),
        ([edit("q", "B"), undo, redo], ("q", "B", "A")),
        ([edit("q", "B"), undo, redo, undo], None),
        ([edit("q", "B"), undo, edit("q", "C")], ("q", "C", "A")),
        ([edit("q", "B"), edit("q", "A")], None),
        ([edit("q", " A")], None),
        ([edit("r", "A")], None),
        ([edit("r", "B")], None),
        ([edit("r", "A"), edit("r", "B")], ("r", "B", "A")),
        ([edit("q", "B"), edit("r", "B")], ("r", "B", "A")),
        ([edit("q", "B"), edit("r", "C")], None),
        ([edit("q", "B"), edit("r", "C"), edit("r", "D")], ("r", "D", "C")),
        ([drop], None),
        ([edit("q", "B"), drop], None),
        ([edit("q", "B"), drop, restore], ("q", "B", "A")),
        ([drop, restore], None),
        ([drop, edit("q", "B")], ("q", "B", "A")),
    ],
)
def test_the_first_output_is_rejected_and_the_present_one_chosen(
    engine: Engine, task_id: int, steps: list[Steps], expected: tuple[str, str, str] | None
) -> None:
    (one,) = stored(engine, task_id, NewInstance("q", "A"))
    for step in steps:
        step(engine, one)
    assert pairs(engine) == ([expected] if expected else [])


def test_an_empty_output_is_not_what_anybody_would_learn_to_avoid(engine: Engine, task_id: int) -> None:
    reason = Reason("empty_output", "The output is empty.")
    (one,) = stored(engine, task_id, NewInstance("q", "", "dropped", reason))
    engine.decisions.instances.edit(one, "q", "B")
    assert pairs(engine) == []


def test_edited_instances_of_tasks_that_left_the_pool_or_were_reworded_give_nothing(engine: Engine) -> None:
    names = ["List three prime numbers.", "Explain how rain forms.", "Suggest a name for a cat."]
    ids = [accepted(engine, name) for name in names]
    for task_id in ids:
        one, other = stored(engine, task_id, NewInstance("", "A"), NewInstance("", f"C{task_id}"))
        engine.decisions.instances.edit(one, "", f"B{task_id}")
        engine.decisions.instances.drop(other)
    engine.decisions.reject(ids[0])
    engine.decisions.edit(ids[1], "Explain in detail how clouds come about.")
    assert pairs(engine) == [("", f"B{ids[2]}", "A")]
    assert rated(engine) == [(f"B{ids[2]}", True), (f"C{ids[2]}", False)]


def test_an_edit_that_reparsing_made_is_no_preference(engine: Engine, task_id: int) -> None:
    workspace = engine.workspace
    (one,) = stored(engine, task_id, NewInstance("", "A"))
    before = workspace.instances.get(one)
    after = type(before.standing)("", "B", "kept", None)
    workspace.decisions.add_on_instance(
        before, "edit", step=99, at="n", after=after, who="auto", tag="reparse"
    )
    assert pairs(engine) == []
    assert rated(engine) == []


def test_an_undo_that_was_not_possible_any_more_takes_nothing_back(engine: Engine, task_id: int) -> None:
    workspace = engine.workspace
    (one,) = stored(engine, task_id, NewInstance("", "A"))
    engine.decisions.instances.edit(one, "", "B")
    first = workspace.decisions.last_id()
    engine.decisions.instances.edit(one, "", "C")
    now = workspace.instances.get(one)
    workspace.decisions.add_on_instance(now, "undo", step=first, at="n", after=now.standing, undoes=first)
    assert pairs(engine) == [("", "C", "A")]


def test_what_a_person_edited_added_or_restored_is_desirable_and_what_they_dropped_is_not(
    engine: Engine, task_id: int
) -> None:
    cut = Reason("cut", "Cut off.")
    made = [NewInstance(str(number), f"out {number}") for number in range(5)]
    ids = stored(engine, task_id, *made, NewInstance("9", "cut o", "dropped", cut))
    decide = engine.decisions.instances
    decide.edit(ids[1], "1", "edited")
    decide.drop(ids[2])
    decide.drop(ids[3])
    decide.restore(ids[3])
    decide.drop(ids[4])
    engine.decisions.undo()
    decide.add(task_id, "5", "added")
    assert rated(engine) == [("edited", True), ("out 3", True), ("added", True), ("out 2", False)]


def test_an_accepted_task_says_nothing_about_outputs_that_nobody_touched(
    engine: Engine, task_id: int
) -> None:
    stored(engine, task_id, NewInstance("", "The Rhine."))
    assert rated(engine) == []


def test_what_rules_dropped_counts_only_when_asked_for_and_only_for_its_text(
    engine: Engine, task_id: int
) -> None:
    codes = ["cut", "same_as_input", "ends_with_colon", "placeholder", "refusal"]
    spared = [
        "empty_output",
        "duplicate",
        "contradiction",
        "too_many",
        "empty_input",
        "unreadable",
        "reparsed",
    ]
    for code in [*codes, *spared]:
        output = "" if code == "empty_output" else code
        stored(engine, task_id, NewInstance("", output, "dropped", Reason(code, "It fell.")))
    assert rated(engine) == []
    assert rated(engine, by_filters=True) == [(code, False) for code in codes]


def test_a_text_that_a_person_kept_elsewhere_is_not_undesirable(engine: Engine, task_id: int) -> None:
    first, second = stored(engine, task_id, NewInstance("", "A"), NewInstance("", "B"))
    engine.decisions.instances.drop(first)
    engine.decisions.instances.edit(second, "", "A")
    assert rated(engine) == [("A", True)]


def test_many_rows_are_read_in_blocks_and_keep_their_order(engine: Engine, task_id: int) -> None:
    with engine.workspace.transaction():
        ids = stored(engine, task_id, *(NewInstance(str(number), "A") for number in range(620)))
        for number in range(0, 620, 31):
            engine.decisions.instances.edit(ids[number], str(number), "B")
    assert pairs(engine) == [(str(number), "B", "A") for number in range(0, 620, 31)]
