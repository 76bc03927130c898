"""Suggestions change nothing, and are open until somebody has decided."""

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.headless.deciding import Outcome
from selfinstruct.core.headless.decision_lines import DecisionLine
from selfinstruct.core.headless.suggesting import suggest
from selfinstruct.core.task_query import parse_filter
from selfinstruct.db.check.check import check
from tests.core.decisions.candidates import candidate

RAIN = "Describe the smell of rain on warm stone."


def suggested(engine: Engine, line: DecisionLine, person: str = "bot") -> Outcome:
    return suggest(engine.workspace, line, person=person, at="now")


def found(engine: Engine, line: str) -> list[int]:
    return list(engine.workspace.tasks.search(parse_filter(f"origin:model {line}")))


def test_a_suggestion_is_stored_and_decides_on_nothing(engine: Engine) -> None:
    task_id = candidate(engine, RAIN)
    before, last = engine.workspace.tasks.get(task_id), engine.workspace.decisions.last_id()
    line = DecisionLine(task_id, "edit", instruction="  describe rain. ", reason="shorter")
    assert suggested(engine, line) == Outcome("proposed", "Left to a person.")
    assert engine.workspace.tasks.get(task_id) == before
    assert engine.workspace.decisions.last_id() == last
    (one,) = engine.workspace.suggestions.of_task(task_id)
    stored = one.decision, one.instruction, one.reason, one.person, one.at
    assert stored == ("edit", "Describe rain.", "shorter", "bot", "now")
    assert check(engine.workspace.path).is_well


def test_the_filter_line_finds_what_is_open_and_with_a_state_what_was(engine: Engine) -> None:
    rain, fish, bird = (
        candidate(engine, text) for text in (RAIN, "Name four fish of the sea.", "Name five birds of prey.")
    )
    suggested(engine, DecisionLine(rain, "accept"))
    suggested(engine, DecisionLine(fish, "reject"))
    assert found(engine, "suggested:accept") == [rain]
    assert found(engine, "suggested:reject") == [fish]
    assert found(engine, "suggested:edit") == []
    assert found(engine, "suggested:yes") == [fish, rain]
    assert found(engine, "suggested:no") == [bird]
    engine.decisions.reject(rain)
    assert found(engine, "suggested:accept") == []
    assert found(engine, "suggested:yes") == [fish]
    assert found(engine, "suggested:accept state:rejected") == [rain]
    engine.decisions.undo()
    assert found(engine, "suggested:accept") == [rain]


def test_a_new_suggestion_of_the_same_name_replaces_the_earlier_one(engine: Engine) -> None:
    task_id = candidate(engine, RAIN)
    suggested(engine, DecisionLine(task_id, "accept"))
    suggested(engine, DecisionLine(task_id, "accept"), person="other")
    suggested(engine, DecisionLine(task_id, "reject", reason="dull"))
    assert found(engine, "suggested:reject") == [task_id]
    assert found(engine, "suggested:accept") == [task_id]
    suggested(engine, DecisionLine(task_id, "reject"), person="other")
    assert found(engine, "suggested:accept") == []
    assert len(engine.workspace.suggestions.of_task(task_id)) == 4


def test_the_same_suggestion_twice_is_one(engine: Engine) -> None:
    task_id = candidate(engine, RAIN)
    line = DecisionLine(task_id, "reject", reason="dull")
    assert [suggested(engine, line).result for _ in range(2)] == ["proposed", "unchanged"]
    assert suggested(engine, line, person="other").result == "proposed"
    assert len(engine.workspace.suggestions.of_task(task_id)) == 2


def test_what_needs_no_decision_needs_no_suggestion(engine: Engine) -> None:
    task_id, done = candidate(engine, RAIN), candidate(engine, "Name four fish of the sea.")
    engine.decisions.accept(done)
    for line, sentence in [
        (DecisionLine(9999, "accept"), "There is no task 9999."),
        (DecisionLine(1, "accept"), "Task 1 is a seed; seeds stay as they are."),
        (DecisionLine(done, "reject"), f"Task {done} is already accepted."),
        (DecisionLine(task_id, "edit", instruction=" \n"), "An instruction cannot be empty."),
        (DecisionLine(task_id, "edit", instruction=RAIN), f"Task {task_id} already has this wording."),
    ]:
        assert suggested(engine, line) == Outcome("refused", sentence)
    assert engine.workspace.suggestions.of_tasks([task_id, done, 1]) == {}


@pytest.mark.parametrize("name", ["anna", "ANNA", '"anna"'])
def test_what_somebody_has_decided_is_found_by_the_name(engine: Engine, name: str) -> None:
    mine, other = candidate(engine, RAIN), candidate(engine, "Name four fish of the sea.")
    suggested(engine, DecisionLine(other, "accept"), person="anna")
    engine.workspace.decisions.person = "Anna"
    engine.decisions.accept(mine)
    engine.workspace.decisions.person = None
    engine.decisions.accept(other)
    assert found(engine, f"by:{name}") == [mine]
    assert found(engine, f"by:{name} state:rejected") == []
