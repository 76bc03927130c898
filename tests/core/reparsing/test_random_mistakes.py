"""Whatever an older reader got wrong, reparsing leaves what the present reader would have read."""

import random
from dataclasses import replace

import pytest

from selfinstruct.db.check.check import check
from selfinstruct.db.records import InstanceState, Label, NewInstance
from tests.conftest import OpenEngine
from tests.core.reparsing.old_readings import (
    RAIN,
    SEA,
    TOWN,
    Ledger,
    nothing_is_left,
    rows_of,
    task_of,
    tasks_in,
    with_heads,
)

pytestmark = pytest.mark.long


class Mistakes:
    """Mistakes at random, such as older readers made."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def of_tasks(self, read: list[str]) -> list[str]:
        made: list[str] = []
        for one in read:
            kind = self._rng.choice(("right", "right", "missed", "titled", "glued", "junk"))
            made += {
                "right": [one],
                "missed": [],
                "titled": [f"**Title:** {one}"],
                "glued": [f"{one} Output: {one[::-1]} {one[::-1]}"],
                "junk": [one, f"Note {self._rng.random()}"],
            }[kind]
        return made

    def of_label(self, label: Label) -> Label:
        return self._rng.choice((label, "classification", "generation", "unknown"))

    def of_instances(self, read: list[NewInstance]) -> list[NewInstance]:
        made: list[NewInstance] = []
        for one in read:
            kind = self._rng.choice(("right", "missed", "head", "swapped", "flipped", "twice"))
            other: InstanceState = "dropped" if one.state == "kept" else "kept"
            made += {
                "right": [one],
                "missed": [],
                "head": with_heads([one]),
                "swapped": [replace(one, input=one.output, output=one.input)],
                "flipped": [replace(one, state=other, reason=None)],
                "twice": [one, one],
            }[kind]
        self._rng.shuffle(made)
        return made


_PROPOSED = (SEA, RAIN, TOWN, "Name three rivers that flow into a cold sea.", "Count to ten in old Latin.")
_PAIRS = (("the sea", "Waves."), ("the ice", "Ice and silence."), ("", "Nothing at all."), ("the sky", ""))


@pytest.mark.parametrize("seed", range(20))
def test_afterwards_it_is_as_if_the_present_reader_had_read_it(engine_on: OpenEngine, seed: int) -> None:
    rng = random.Random(seed)
    mistakes = Mistakes(rng)
    ledger = Ledger(
        engine_on(),
        of_tasks=mistakes.of_tasks,
        of_label=mistakes.of_label,
        of_instances=mistakes.of_instances,
    )
    task_ids = [task_id for _ in range(3) for task_id in ledger.propose(*_PROPOSED)]
    asked: dict[int, tuple[str, list[tuple[str, str]]]] = {}
    for task_id in task_ids:
        answer = rng.choice(("Yes", "No", "That depends."))
        pairs = rng.sample(_PAIRS, rng.randint(1, len(_PAIRS)))
        ledger.label(task_id, answer)
        if task_of(ledger, task_id).label != "unknown":
            ledger.instances(task_id, *pairs)
            asked[task_id] = answer, pairs
    wordings = {task_id: task_of(ledger, task_id).instruction for task_id in task_ids}
    labels = {task_id: task_of(ledger, task_id).label for task_id in task_ids}
    ledger.reparse()

    there = [row for row in tasks_in(ledger.workspace) if row[1] != "rejected"]
    assert sorted(row[2] for row in there) == sorted([*_PROPOSED] * 3)
    for task_id, (answer, pairs) in asked.items():
        task = task_of(ledger, task_id)
        if task.state == "rejected":
            continue
        if task.instruction != wordings[task_id]:
            assert task.label is None, "it is requested again"
            continue
        right = {"Yes": "classification", "No": "generation"}.get(answer, "unknown")
        assert task.label == right
        if right == labels[task_id]:
            kept = [(given, output) for given, output in pairs if output]
            assert sorted(rows_of(ledger.workspace, task_id)) == sorted(kept)
    assert nothing_is_left(ledger)
    assert check(ledger.workspace.path).is_well
    before = tasks_in(ledger.workspace)
    ledger.engine.decisions.undo()
    ledger.engine.decisions.redo()
    assert tasks_in(ledger.workspace) == before
