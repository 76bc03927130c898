"""What attempts have cost and may still cost is what one gets by going through them one by one."""

from dataclasses import dataclass
from random import Random

import pytest

from selfinstruct.db.records import NewInstance, Origin, Standing, State, Who
from selfinstruct.db.workspace import Workspace
from tests.db.test_workspace import REQUEST

_STATES = ("planned", "sent", "answered", "parsed", "failed", "in_doubt")


@dataclass(frozen=True)
class Attempt:
    ended: bool
    reserved: float | None
    cost: float | None

    @property
    def may_have_cost(self) -> bool:
        return self.cost is None and (self.ended or self.reserved != 0)


def stored(workspace: Workspace, state: str, reserved: float | None, attempts: list[Attempt]) -> None:
    request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
    workspace._db.execute(
        "UPDATE requests SET state = ?, reserved_usd = ? WHERE id = ?", [state, reserved, request_id]
    )
    for one in attempts:
        workspace._db.execute(
            """INSERT INTO attempts (request_id, parameters, sent_at, ended_at, reserved_usd, cost_usd)
            VALUES (?, '{}', 'now', ?, ?, ?)""",
            [request_id, "then" if one.ended else None, one.reserved, one.cost],
        )


@pytest.mark.parametrize("seed", range(30))
def test_each_attempt_counts_as_known_as_in_doubt_or_as_still_to_come(
    workspace: Workspace, seed: int
) -> None:
    chance = Random(seed)
    workspace.start_run(at="now")
    known: list[float] = []
    unknown, reserved, unsettled = 0, 0.0, 0.0
    for _ in range(chance.randint(1, 12)):
        state, of_request = chance.choice(_STATES), chance.choice([None, 0.0, 0.5])
        attempts = [
            Attempt(
                ended=chance.random() < 0.6,
                reserved=chance.choice([None, 0.0, 1.0, 2.0]),
                cost=chance.choice([None, None, 0.0, 0.25]),
            )
            for _ in range(chance.randint(0, 3))
        ]
        # Nothing has a cost before its end.
        attempts = [
            one if one.ended else Attempt(ended=False, reserved=one.reserved, cost=None) for one in attempts
        ]
        if state == "sent":
            attempts.append(Attempt(ended=False, reserved=chance.choice([None, 0.0, 1.0]), cost=None))
        stored(workspace, state, of_request, attempts)
        waiting: list[Attempt] = []
        if state == "planned":
            unsettled += of_request or 0.0
        elif state == "answered":
            waiting = [one for one in attempts if one.ended and one.cost is None]
        elif state == "sent":
            waiting = [one for one in attempts if not one.ended][-1:]
        rest = [one for one in attempts if not any(one is other for other in waiting)]
        known += [one.cost for one in rest if one.cost is not None]
        unknown += sum(one.may_have_cost for one in rest)
        reserved += sum(one.reserved or 0.0 for one in rest if one.cost is None)
        unsettled += sum(one.reserved or 0.0 for one in waiting)
    counts, spending = workspace.counts(), workspace.spending()
    assert counts.cost_usd == spending.cost_usd == (pytest.approx(sum(known)) if known else None)
    assert counts.attempts_of_unknown_cost == spending.attempts_of_unknown_cost == unknown
    assert counts.reserved_usd == spending.reserved_usd == pytest.approx(reserved)
    assert counts.unsettled_usd == pytest.approx(unsettled)


@pytest.mark.parametrize(
    ("error", "cost", "untouched"),
    [("Busy.", 0.0, True), ("Busy.", None, False), ("Busy.", 0.1, False), (None, 0.0, False)],
)
def test_an_attempt_that_may_have_cost_or_was_answered_touches_a_workspace(
    workspace: Workspace, error: str | None, cost: float | None, untouched: bool
) -> None:
    workspace.start_run(at="now")
    stored(workspace, "failed", None, [Attempt(ended=True, reserved=None, cost=cost)])
    workspace._db.execute("UPDATE attempts SET error = ?", [error])
    assert workspace.is_untouched() == untouched


@pytest.mark.parametrize(("who", "untouched"), [("auto", True), ("human", False)])
def test_a_decision_of_a_person_touches_a_workspace(workspace: Workspace, who: Who, untouched: bool) -> None:
    task_id = workspace.tasks.add("Name a river.", origin="seed", at="now")
    decide(workspace, task_id, "accepted", who=who)
    assert workspace.is_untouched() == untouched


def decide(workspace: Workspace, task_id: int, state: State, *, who: Who = "human") -> None:
    before = workspace.tasks.get(task_id).standing
    after = Standing(state, before.instruction, before.label)
    step = workspace.decisions.next_step()
    workspace.decisions.add(task_id, "accept", step=step, who=who, at="now", before=before, after=after)


def test_rows_of_a_training_file_and_what_it_leaves_out_are_counted_without_seeds(
    workspace: Workspace,
) -> None:
    def with_rows(origin: Origin, state: State, *outputs: str, wording: str = "Name a river.") -> None:
        task_id = workspace.tasks.add("Name a river.", origin=origin, at="now", label="generation")
        if state != "pending":
            decide(workspace, task_id, state)
        made = [NewInstance("", output) for output in outputs]
        workspace.instances.add(task_id, wording, "generation", made, request_id=None)
        dropped = [NewInstance("", "No.", "dropped")]
        workspace.instances.add(task_id, wording, "generation", dropped, request_id=None)

    with_rows("seed", "accepted", "Po", "Ebro")
    with_rows("seed", "pending", "Po")
    with_rows("model", "accepted", "Po", "Ebro", "Don")
    with_rows("human", "accepted", "Po", "Ob")
    with_rows("model", "accepted", "Po", "Nil", wording="Name a lake.")
    with_rows("model", "pending", "Po", "Elbe", "Amur", "Lena")
    with_rows("model", "rejected", "Po")
    training = workspace.training()
    assert training.rows == 4
    assert training.duplicates == 1
    assert training.of_other_wordings == 2
    assert training.of_tasks_outside_the_pool == 5


def test_a_workspace_in_which_nothing_has_happened_counts_nothing(workspace: Workspace) -> None:
    counts = workspace.counts()
    named = (
        counts.pool,
        counts.candidates,
        counts.labels,
        counts.instances,
        counts.requests,
        counts.failures,
    )
    for numbers in named:
        assert numbers
        assert set(numbers.values()) == {0}
    assert counts.verdicts == {}
    assert set(counts.rowless) == {0}
    assert (counts.cost_usd, counts.attempts_of_unknown_cost, counts.reserved_usd) == (None, 0, 0.0)
    assert counts.unsettled_usd == 0.0
