"""A workspace with tasks of every kind and requests about them, and what is known of each."""

from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Literal, get_args

from selfinstruct.db.records import PASS, DecisionKind, Label, NewInstance, Origin, Stage, Standing, State
from selfinstruct.db.workspace import Workspace
from tests.db.test_workspace import REQUEST

Asked = Literal["not", "planned", "failed", "failed answer", "parsed"]
Made = Literal["none", "kept", "dropped"]
_STATES: tuple[State, ...] = ("accepted", "pending", "rejected")
_ORIGINS: tuple[Origin, ...] = ("model", "human", "seed")
_LABELS: tuple[Label | None, ...] = (None, "generation", "classification", "unknown")
_TASKS = 700


@dataclass(frozen=True)
class Known:
    """A task as it was stored, and what became of its requests."""

    id: int
    text: str
    state: State
    origin: Origin
    label: Label | None
    passes: bool
    held: bool
    classify: Asked
    instantiate: Asked
    instance: Made

    @property
    def is_clear(self) -> bool:
        return self.label in {"generation", "classification"}

    @property
    def is_of_pool(self) -> bool:
        return self.state == "accepted" and self.origin != "seed"

    @property
    def to_classify(self) -> bool:
        wanted = self.state == "accepted" or (self.state == "pending" and self.passes and self.held)
        return self.label is None and self.classify == "not" and wanted

    @property
    def to_instantiate(self) -> bool:
        return self.is_of_pool and self.is_clear and self.instantiate == "not"

    @property
    def needed(self) -> int:
        """Requests for its label and its instances that are still to come."""
        number = int(self.to_instantiate)
        if self.is_of_pool and self.label is None:
            number += {"not": 2, "planned": 1, "parsed": 1, "failed": 2, "failed answer": 0}[self.classify]
        number += self.to_classify and self.state == "pending"
        return number + (self.state == "accepted" and self.instantiate == "failed")


def ask(workspace: Workspace, task_id: int, stage: Stage, asked: Asked) -> None:
    if asked == "not":
        return
    request = replace(REQUEST, stage=stage, task_id=task_id)
    request_id = workspace.requests.plan(request, run_id=workspace.run_id, at="now")
    workspace.tasks.assign(task_id, stage=stage, request_id=request_id)
    if asked == "planned":
        return
    attempt = workspace.requests.begin_attempt(request_id, {}, run_id=workspace.run_id, at="now")
    assert attempt is not None
    if asked == "failed":
        workspace.requests.store_failure(
            attempt, http_status=500, body=b"", error="Busy.", free=True, at="then"
        )
    else:
        workspace.requests.store_answer(attempt, http_status=200, body=b"{}", at="then")
    if asked == "parsed":
        workspace.requests.parsed(request_id)
    else:
        workspace.requests.fail(request_id, "No.")


def fill(workspace: Workspace) -> list[Known]:
    """Tasks of every kind, in no order."""
    kinds = list(
        product(_STATES, _ORIGINS, _LABELS, (True, False), (True, False), get_args(Asked), get_args(Asked))
    )
    chance = Random(3)
    known = []
    workspace.start_run(at="now")
    with workspace.transaction():
        for number, kind in enumerate(chance.sample(kinds, _TASKS), start=1):
            state, origin, label, passes, held, classify, instantiate = kind
            text = f'Name {number} "wide" rivers of Öland.'
            task_id = workspace.tasks.add(text, origin=origin, at="now", label=label, held=held)
            workspace.tasks.assess(task_id, PASS if passes else "short", [], None)
            if state != "pending":
                done: DecisionKind = "accept" if state == "accepted" else "reject"
                before, after = Standing("pending", text, label), Standing(state, text, label)
                step = workspace.decisions.next_step()
                workspace.decisions.add(
                    task_id, done, step=step, who="human", at="now", before=before, after=after
                )
            ask(workspace, task_id, "classify", classify)
            ask(workspace, task_id, "instantiate", instantiate)
            instance: Made = chance.choice(get_args(Made)) if label is not None else "none"
            if label is not None and instance != "none":
                made = [NewInstance("", "The Rhine.", instance)]
                workspace.instances.add(task_id, text, label, made, request_id=None)
            known.append(
                Known(task_id, text, state, origin, label, passes, held, classify, instantiate, instance)
            )
    return known
