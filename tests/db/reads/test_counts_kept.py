"""What is counted beside the rows follows every decision on tasks and instances."""

from collections import Counter
from dataclasses import astuple, replace
from pathlib import Path
from random import Random

from selfinstruct.db.check.check import check
from selfinstruct.db.reads.counts import Training
from selfinstruct.db.records import InstanceState, NewInstance, State
from selfinstruct.db.workspace import Workspace

_STATES: tuple[State, ...] = ("accepted", "accepted", "pending", "rejected")
_INSTANCE_STATES: tuple[InstanceState, ...] = ("kept", "dropped", "withdrawn")


def test_rows_and_duplicates_are_those_of_a_file_that_is_exported(tmp_path: Path) -> None:
    path, chance = tmp_path / "w.db", Random(3)
    seen: list[Training] = []
    with Workspace.open(path, create=True) as workspace:
        for number in range(12):
            workspace.tasks.add(
                f"Name {number % 4} rivers.",
                origin="seed" if number < 2 else "model",
                at="now",
                label="generation",
            )
        for step in range(600):
            _do_something(workspace, chance, step)
            if step % 20 == 0:
                seen.append(_counted_one_by_one(workspace))
                assert workspace.training() == seen[-1]
        for column in zip(*map(astuple, seen), strict=True):
            assert max(column) > 0
        counted = _counted_one_by_one(workspace)
        assert workspace.status() == (workspace.counts(), counted)
        everything = [workspace.instances.get(number) for number in range(1, _instances(workspace) + 1)]
        own = Counter(one.state for one in everything if workspace.tasks.get(one.task_id).origin != "seed")
        assert workspace.counts().instances == {"kept": own["kept"], "dropped": own["dropped"]}
    sums = next(part for part in check(path).parts if part.name == "sums")
    assert not sums.wrong


def _instances(workspace: Workspace) -> int:
    (number,) = workspace._db.execute("SELECT count(*) FROM instances").fetchone()
    return int(number)


def _do_something(workspace: Workspace, chance: Random, step: int) -> None:
    """Add an instance, or decide on a task or an instance."""
    task = workspace.tasks.get(chance.randrange(1, 13))
    number = _instances(workspace)
    if chance.random() < 0.5 or not number:
        wording = chance.choice([task.instruction, "Name 9 rivers."])
        made = NewInstance("", chance.choice(["The Rhine.", "The Elbe."]), chance.choice(_INSTANCE_STATES))
        workspace.instances.add(task.id, wording, task.label or "generation", [made], request_id=None)
    elif chance.random() < 0.5:
        before = task.standing
        after = replace(
            before,
            state=chance.choice(_STATES),
            instruction=chance.choice([task.instruction, f"Name {chance.randrange(4)} rivers."]),
            label=chance.choice(["generation", "generation", "classification", None]),
        )
        workspace.decisions.add(task.id, "edit", step=step, who="human", at="now", before=before, after=after)
    else:
        instance = workspace.instances.get(chance.randrange(1, number + 1))
        changed = replace(instance.standing, state=chance.choice(_INSTANCE_STATES))
        workspace.decisions.add_on_instance(instance, "restore", step=step, at="now", after=changed)


def _counted_one_by_one(workspace: Workspace) -> Training:
    """The same, from each instance and its task."""
    rows = [
        (row.instruction, row.input, row.output)
        for row in workspace.instances.training_rows(include_seeds=False)
    ]
    instances = [workspace.instances.get(number) for number in range(1, _instances(workspace) + 1)]
    kept = [workspace.tasks.get(one.task_id) for one in instances if one.state == "kept"]
    own = [task for task in kept if task.origin != "seed"]
    of_pool = [task for task in own if task.state == "accepted"]
    different = len(set(rows))
    return Training(different, len(own) - len(of_pool), len(of_pool) - len(rows), len(rows) - different)
