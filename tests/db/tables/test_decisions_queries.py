"""Decisions are found by step, by task and by what they take back."""

from selfinstruct.db.records import (
    REPARSE,
    AnyDecision,
    DecisionKind,
    InstanceStanding,
    NewInstance,
    PoolChange,
    Standing,
    State,
    Who,
)
from selfinstruct.db.workspace import Workspace

RIVER = "Name a river."


def task_of(workspace: Workspace) -> int:
    return workspace.tasks.add(RIVER, origin="model", at="now", label="generation")


def decide(
    workspace: Workspace,
    task_id: int,
    kind: DecisionKind,
    step: int,
    *,
    who: Who = "human",
    undoes: int | None = None,
    tag: str | None = None,
) -> int:
    states: dict[DecisionKind, State] = {"accept": "accepted", "reject": "rejected"}
    before = workspace.tasks.get(task_id).standing
    after = Standing(states.get(kind, "pending"), before.instruction, before.label)
    return workspace.decisions.add(
        task_id, kind, step=step, who=who, at="now", before=before, after=after, undoes=undoes, tag=tag
    )


def drop(workspace: Workspace, task_id: int, step: int) -> int:
    (instance_id,) = workspace.instances.add(
        task_id, RIVER, "generation", [NewInstance("", "The Rhine.")], request_id=None
    )
    instance = workspace.instances.get(instance_id)
    after = InstanceStanding(instance.input, instance.output, "dropped", None)
    return workspace.decisions.add_on_instance(instance, "drop", step=step, at="now", after=after)


def test_decisions_on_a_task_and_on_its_instances_are_told_apart(workspace: Workspace) -> None:
    first, second = task_of(workspace), task_of(workspace)
    on_first = [decide(workspace, first, "accept", 1), decide(workspace, first, "reject", 2)]
    on_second = decide(workspace, second, "accept", 3)
    on_instances = [drop(workspace, first, 4), drop(workspace, first, 5)]
    drop(workspace, second, 6)
    decisions = workspace.decisions
    assert [one.id for one in decisions.of_task(first)] == on_first
    assert [one.id for one in decisions.of_task(second)] == [on_second]
    assert [one.id for one in decisions.on_instances_of(first)] == on_instances
    assert decisions.last_id() == 6
    assert decisions.next_step() == 7


def test_a_decision_is_read_as_it_was_made(workspace: Workspace) -> None:
    task_of(workspace)
    task_id = task_of(workspace)
    workspace.decisions.person = "anna"
    decide(workspace, task_id, "accept", 11)
    decide(workspace, task_id, "undo", 12, who="auto", undoes=1, tag="again")
    drop(workspace, task_id, 13)
    (instance,) = workspace.instances.of_task(task_id)
    kept = InstanceStanding(instance.input, instance.output, "kept", None)
    workspace.decisions.add_on_instance(
        instance, "undo", step=14, at="then", after=kept, who="auto", undoes=3, tag="back"
    )
    read: list[AnyDecision] = [
        *workspace.decisions.of_task(task_id),
        *workspace.decisions.on_instances_of(task_id),
    ]
    made = [(one.id, one.step, one.task_id, one.kind, one.who, one.at, one.undoes, one.tag) for one in read]
    assert made == [
        (1, 11, task_id, "accept", "human", "now", None, None),
        (2, 12, task_id, "undo", "auto", "now", 1, "again"),
        (3, 13, task_id, "drop", "human", "now", None, None),
        (4, 14, task_id, "undo", "auto", "then", 3, "back"),
    ]
    assert [one.person for one in read] == ["anna", None, "anna", None]
    for one in workspace.decisions.on_instances_of(task_id):
        assert one.instance_id == instance.id
        assert {one.before.state, one.after.state} == {"kept", "dropped"}


def test_the_last_task_is_the_one_that_a_person_decided_on(workspace: Workspace) -> None:
    assert workspace.decisions.last_task() is None
    by_person, by_program = task_of(workspace), task_of(workspace)
    decide(workspace, by_program, "accept", 1)
    decide(workspace, by_person, "accept", 2)
    decide(workspace, by_program, "reject", 3, who="auto")
    drop(workspace, by_program, 4)
    assert workspace.decisions.last_task() == by_person


def test_changes_come_in_the_order_of_the_decisions_a_page_at_a_time(workspace: Workspace) -> None:
    tasks = [task_of(workspace) for _ in range(3)]
    made = [decide(workspace, task_id, "accept", step) for step, task_id in enumerate(reversed(tasks), 1)]
    drop(workspace, tasks[0], 4)
    made.append(decide(workspace, tasks[2], "reject", 5))

    def change(decision_id: int, task_id: int, state: State) -> PoolChange:
        return PoolChange(decision_id, task_id, "model", state, RIVER, "generation")

    expected = [
        change(made[0], tasks[2], "rejected"),
        change(made[1], tasks[1], "accepted"),
        change(made[2], tasks[0], "accepted"),
        change(made[3], tasks[2], "rejected"),
    ]
    assert workspace.decisions.changes_since(0) == expected
    assert workspace.decisions.changes_since(made[0]) == expected[1:]
    assert workspace.decisions.changes_since(made[0], most=2) == expected[1:3]
    assert workspace.decisions.changes_since(made[-1]) == []


def test_a_step_is_undone_and_redone_decision_by_decision(workspace: Workspace) -> None:
    decisions = workspace.decisions
    tasks = [task_of(workspace) for _ in range(3)]
    assert decisions.to_undo() is None
    assert decisions.to_redo() is None
    earlier = decide(workspace, tasks[0], "reject", 1)
    made = [decide(workspace, task_id, "accept", 2) for task_id in tasks]
    assert decisions.to_undo() == 2
    assert [one.id for one in decisions.standing(2, "undo", before=None, most=9)] == made[::-1]
    assert [one.id for one in decisions.standing(2, "undo", before=made[2], most=1)] == [made[1]]
    assert decisions.count_standing(2, "undo") == 3
    undone = [decide(workspace, tasks[n], "undo", 3, undoes=made[n]) for n in (2, 1)]
    assert decisions.count_standing(2, "undo") == 1
    assert decisions.to_undo() == 2
    undone.append(decide(workspace, tasks[0], "undo", 3, undoes=made[0]))
    assert decisions.to_undo() == 1
    assert decisions.to_redo() == 3
    assert [one.id for one in decisions.standing(3, "redo", before=None, most=9)] == undone[::-1]
    assert decisions.count_standing(3, "redo") == 3
    assert decisions.count_standing(3, "undo") == 0
    redone = decide(workspace, tasks[0], "redo", 4, undoes=undone[-1])
    assert decisions.count_standing(3, "redo") == 2
    of_task = decisions.of_task(tasks[0])
    assert [one.id for one in of_task] == [earlier, made[0], undone[-1], redone]
    assert [decisions.kind_of(one) for one in of_task] == ["reject", "accept", "accept", "accept"]
    decide(workspace, tasks[1], "reject", 5)
    assert decisions.to_redo() is None


def test_undo_takes_back_steps_of_people_and_of_reparsing_only(workspace: Workspace) -> None:
    task_id = task_of(workspace)
    decide(workspace, task_id, "accept", 1, who="auto")
    assert workspace.decisions.to_undo() is None
    decide(workspace, task_id, "reject", 2, who="auto", tag=REPARSE)
    assert workspace.decisions.to_undo() == 2
    decide(workspace, task_id, "accept", 3, who="auto", tag="another")
    assert workspace.decisions.to_undo() == 2


def test_what_another_program_decides_is_its_own_to_undo_until_it_has_ended(workspace: Workspace) -> None:
    workspace.start_run(at="now")
    task_id = task_of(workspace)
    mine = decide(workspace, task_id, "accept", 1)
    with Workspace.open(workspace.path) as other:
        other.start_run(at="now")
        decide(other, task_id, "reject", 2)
        assert workspace.decisions.to_undo() == 1
        assert other.decisions.to_undo() == 2
        undone = decide(workspace, task_id, "undo", 3, undoes=mine)
        decide(other, task_id, "accept", 4)
        assert workspace.decisions.to_redo() == 3
        assert workspace.decisions.standing(3, "redo", before=None, most=1)[0].id == undone
        other.end_run(at="later")
    assert workspace.decisions.to_undo() == 4
    assert workspace.decisions.to_redo() is None
