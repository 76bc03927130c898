"""Tasks are read in pages: all that match, in their order, with what belongs to each."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import cast, get_args

import pytest

from selfinstruct.db.reads import task_details
from selfinstruct.db.records import (
    Conversation,
    DecisionKind,
    NewInstance,
    Order,
    Reason,
    Standing,
    State,
    SuggestedKind,
    TaskQuery,
    Turn,
)
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.workspace import Workspace

_TASKS, _PAGE = 300, 7
_WORDS = ("river", "lake", "Sea", "in", "Ö", 'say "no"')


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Tasks in every state, some decided on by people with names, some with suggestions, one id missing."""
    chance = Random(4)
    path: Path = tmp_path_factory.mktemp("filled") / "w.db"
    with Workspace.open(path, create=True) as workspace:
        with workspace.transaction():
            for _ in range(_TASKS):
                text = " ".join(chance.choices(_WORDS, k=4))
                task_id = workspace.tasks.add(text, origin="model", at="now")
                workspace.tasks.assess(task_id, "pass", [], (1, chance.random()))
                decided: DecisionKind | None = chance.choice(["accept", "reject", None])
                if decided is not None:
                    workspace.decisions.person = chance.choice(["anna", "bot", None])
                    state: State = "accepted" if decided == "accept" else "rejected"
                    before, after = Standing("pending", text, None), Standing(state, text, None)
                    step = workspace.decisions.next_step()
                    workspace.decisions.add(
                        task_id, decided, step=step, who="human", at="now", before=before, after=after
                    )
                for _ in range(chance.choice([0, 0, 1, 2])):
                    suggested = chance.choice(get_args(SuggestedKind))
                    workspace.suggestions.add(task_id, suggested, person=chance.choice("ab"), at="now")
        yield workspace


QUERIES = [
    TaskQuery(),
    TaskQuery(state="pending"),
    TaskQuery(words=("river",)),
    TaskQuery(words=("river", "lake"), state="accepted", more_than=0.3),
    TaskQuery(words=("in", "Ö")),
    TaskQuery(words=('say "no"', "ea"), less_than=0.9),
    TaskQuery(by="ANNA"),
    TaskQuery(by="bot", words=("sea",)),
    TaskQuery(suggested="yes"),
    TaskQuery(suggested="no", state="pending"),
    TaskQuery(suggested="edit"),
    TaskQuery(suggested="accept", by="anna", words=("lake",)),
    TaskQuery(words=("nowhere",)),
    TaskQuery(id=12),
]


@pytest.mark.parametrize("wanted", QUERIES, ids=str)
@pytest.mark.parametrize("order", get_args(Order))
def test_all_pages_together_are_what_a_search_finds(
    filled: Workspace, wanted: TaskQuery, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_details, "_PAGE", _PAGE)
    found = list(filled.tasks.search(wanted, order))
    pages = list(filled.details.matching(wanted, order))
    assert [one.task.id for page in pages for one in page] == found
    assert all(0 < len(page) <= _PAGE for page in pages)
    for most in (1, _PAGE, _PAGE + 1):
        few = filled.details.matching(wanted, order, most=most)
        assert [one.task.id for page in few for one in page] == found[:most]


@pytest.mark.parametrize("wanted", [one for one in QUERIES if one.suggested or one.by], ids=str)
def test_what_was_suggested_and_by_whom_is_found_as_a_scan_finds_it(
    filled: Workspace, wanted: TaskQuery
) -> None:
    plain = replace(wanted, suggested=None, by=None)
    expected = []
    for task_id in filled.tasks.search(plain):
        latest = {one.person: one.decision for one in filled.suggestions.of_task(task_id)}
        people = {one.person for one in filled.decisions.of_task(task_id)}
        fits = {None: True, "yes": bool(latest), "no": not latest}
        if fits.get(wanted.suggested, wanted.suggested in latest.values()) and (
            wanted.by is None or wanted.by.lower() in people
        ):
            expected.append(task_id)
    assert list(filled.tasks.search(wanted)) == expected


def test_tasks_that_change_between_two_pages_come_once(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_details, "_PAGE", _PAGE)
    seen = []
    for page in filled.details.matching(TaskQuery(state="pending")):
        seen += [one.task.id for one in page]
        filled.tasks.add("A candidate that comes meanwhile.", origin="model", at="now")
    assert all(earlier > later for earlier, later in pairwise(seen))


def test_between_two_pages_nothing_is_locked(filled: Workspace) -> None:
    pages = filled.details.matching(TaskQuery())
    next(pages)
    db: Connection = filled._db
    assert not db.in_transaction
    with Workspace.open(filled.path) as other:
        other.tasks.add("Written while a reader has paused.", origin="model", at="now")
    cast("Generator[object]", pages).close()


def test_a_task_comes_with_all_that_belongs_to_it(workspace: Workspace) -> None:
    near = workspace.tasks.add("Describe rain.", origin="seed", at="now")
    task_id = workspace.tasks.add("Describe snow.", origin="model", at="now", label="generation")
    reason = Reason("too_similar", "It is like another.")
    workspace.tasks.assess(task_id, "too_similar", [reason], (near, 0.8))
    talk = Conversation("Be brief.", (Turn("assistant", "Which?"), Turn("user", "That.")))
    kept = NewInstance("", "White.", conversation=talk, thoughts="Hm.")
    made = [kept, NewInstance("", "Gone.", "withdrawn"), NewInstance("", "", "dropped", reason)]
    workspace.instances.add(task_id, "Describe snow.", "generation", made, request_id=None)
    workspace.instances.add(task_id, "Describe ice.", "generation", [kept], request_id=None)
    workspace.suggestions.add(task_id, "reject", person="bot", at="now")
    bare, detail = workspace.details.get_many([near, task_id, 99])
    assert (bare.task.id, bare.nearest, list(bare.instances), list(bare.decided_by)) == (near, None, [], [])
    assert detail.task == workspace.tasks.get(task_id)
    assert detail.reasons == [reason]
    assert detail.nearest == "Describe rain."
    assert detail.instances == workspace.instances.of_task(task_id)
    assert detail.instances[0].conversation == talk
    assert len(detail.instances) == 2
    assert detail.suggestions == workspace.suggestions.of_task(task_id)
