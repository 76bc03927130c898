"""Every query of vectors gives what going through all tasks gives, whatever their states and vectors."""

from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Literal, get_args

import pytest

from selfinstruct.db.records import PASS, Standing, State
from selfinstruct.db.tables.vectors import NewVector, Unembedded
from selfinstruct.db.workspace import Workspace
from tests.db.test_workspace import REQUEST

Has = Literal["none", "vector", "refusal", "another model's", "another address's", "one of the old wording"]
OURS = ("m", "https://one.example/v1")
ANOTHERS: dict[Has, tuple[str, str]] = {
    "another model's": ("other", OURS[1]),
    "another address's": (OURS[0], "https://two.example/v1"),
}


@dataclass(frozen=True)
class Known:
    """A task, and what is stored of its vector."""

    id: int
    text: str
    batch: int
    response: int | None
    state: State
    passes: bool
    has: Has
    asked: int | None

    @property
    def is_pool(self) -> bool:
        return self.state == "accepted"

    @property
    def is_candidate(self) -> bool:
        return self.state == "pending" and self.passes

    @property
    def is_answered(self) -> bool:
        """Whether our model has said something about it, be it a refusal."""
        return self.has in {"vector", "refusal"}


@pytest.fixture
def requests(workspace: Workspace) -> list[int]:
    workspace.start_run(at="now")
    return [workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now") for _ in range(4)]


@pytest.fixture
def known(workspace: Workspace, requests: list[int]) -> list[Known]:
    """Tasks of every kind, in no order."""
    states: tuple[State, ...] = ("accepted", "pending", "rejected")
    kinds = list(product(states, (True, False), get_args(Has), (None, *requests[:2]), requests[2:]))
    found = []
    workspace.vectors.use(*OURS)
    workspace.vectors.look(*OURS)
    for number, (state, passes, has, asked, response) in enumerate(Random(7).sample(kinds, len(kinds))):
        text = f"Name {number} ríos."
        task_id = workspace.tasks.add(
            text, origin="model", at="now", batch=1 + number % 3, request_id=response
        )
        workspace.tasks.assess(task_id, PASS if passes else "short", [], None)
        before, step = Standing("pending", text, None), workspace.decisions.next_step()
        if has != "none":
            model, address = ANOTHERS.get(has, OURS)
            new = NewVector(task_id, text, b"" if has == "refusal" else number.to_bytes(4, "little"))
            workspace.vectors.store([new], model=model, base_url=address, request_id=requests[number % 2])
        if has == "one of the old wording":
            after = replace(before, instruction=f"{text} Now.")
            workspace.decisions.add(
                task_id, "edit", step=step, who="human", at="now", before=before, after=after
            )
            before = after
        if state != "pending":
            workspace.decisions.add(
                task_id,
                "accept" if state == "accepted" else "reject",
                step=step,
                who="human",
                at="now",
                before=before,
                after=replace(before, state=state),
            )
        with workspace.transaction():
            workspace._db.execute("UPDATE tasks SET embed_request_id = ? WHERE id = ?", [asked, task_id])
        found.append(Known(task_id, before.instruction, 1 + number % 3, response, state, passes, has, asked))
    return found


def test_tasks_of_the_pool_are_embedded_first_in_their_order(
    workspace: Workspace, known: list[Known]
) -> None:
    wanted = [one for one in known if one.is_pool and one.asked is None]
    for most in (1, 5, 1000):
        assert workspace.vectors.unembedded(most) == [
            Unembedded(one.id, one.text, 0) for one in wanted[:most]
        ]
    assert workspace.vectors.unembedded_of_pool() == (
        len(wanted),
        sum(len(one.text.encode()) for one in wanted),
    )


def test_candidates_are_embedded_by_response_once_the_pool_is(
    workspace: Workspace, requests: list[int], known: list[Known]
) -> None:
    workspace.vectors.assign([one.id for one in known if one.is_pool], requests[0])
    wanted = [one for one in known if one.is_candidate and one.asked is None]
    assert workspace.vectors.unembedded_candidates() == (len(wanted), 2)
    first = [one for one in wanted if one.response == wanted[0].response]
    for most in (1, 1000):
        assert workspace.vectors.unembedded(most) == [
            Unembedded(one.id, one.text, one.batch) for one in first[:most]
        ]
    workspace.vectors.assign([one.id for one in wanted], requests[0])
    assert workspace.vectors.unembedded(1000) == []
    assert workspace.vectors.unembedded_candidates() == (0, 0)


def test_a_request_asks_for_the_vectors_that_it_was_given_alone(
    workspace: Workspace, requests: list[int], known: list[Known]
) -> None:
    for one in known:
        for request in requests[:2]:
            assert workspace.vectors.is_asked_by(one.id, request) == (one.asked == request)
    some = known[::2]
    assert workspace.vectors.lacking([one.id for one in some], requests[0]) == [
        one.id for one in some if one.asked in {None, requests[0]} and one.has != "vector"
    ]


def test_what_a_request_did_not_return_can_be_requested_again_but_not_what_the_model_refused(
    workspace: Workspace, requests: list[int], known: list[Known]
) -> None:
    some = known[::2]
    workspace.vectors.release([one.id for one in some], requests[0])
    for one in known:
        released = one in some and one.asked == requests[0] and not one.is_answered
        expected = None if released else one.asked
        assert [workspace.vectors.is_asked_by(one.id, request) for request in requests[:2]] == [
            expected == request for request in requests[:2]
        ]


def test_only_the_refusal_that_is_taken_back_is_gone(
    workspace: Workspace, requests: list[int], known: list[Known]
) -> None:
    refused = [one for one in known if one.has == "refusal"]
    by = {one.id: workspace.vectors.refusal(one.id) for one in known}
    assert [task_id for task_id, request in by.items() if request is not None] == [one.id for one in refused]
    assert set(by.values()) == {None, *requests[:2]}
    taken = refused[len(refused) // 2].id
    vectors = [one.id for one in workspace.vectors.since(0, most=1000)]
    for other in known:
        if by[other.id] is None:
            workspace.vectors.take_back_refusal(other.id, requests[0])
    (wrong,) = {*requests[:2]} - {by[taken]}
    workspace.vectors.take_back_refusal(taken, wrong)
    assert {one.id: workspace.vectors.refusal(one.id) for one in known} == by
    workspace.vectors.take_back_refusal(taken, by[taken] or 0)
    assert {one.id: workspace.vectors.refusal(one.id) for one in known} == {**by, taken: None}
    assert [one.id for one in workspace.vectors.since(0, most=1000)] == vectors


def test_refusals_are_counted_of_the_pool_and_of_the_model_in_use(
    workspace: Workspace, known: list[Known]
) -> None:
    refused = [one for one in known if one.is_pool and one.has == "refusal"]
    assert workspace.vectors.refused_in_pool() == len(refused)
    for elsewhere in ANOTHERS.values():
        workspace.vectors.look(*elsewhere)
        assert workspace.vectors.refused_in_pool() == 0
        assert {workspace.vectors.refusal(one.id) for one in known} == {None}


def test_vectors_are_read_of_the_model_in_use_and_of_the_present_wording(
    workspace: Workspace, known: list[Known]
) -> None:
    stored = [one for one in known if one.has == "vector"]
    read = workspace.vectors.since(0, most=1000)
    assert [(one.task_id, one.state, one.is_current) for one in read] == [
        (one.id, one.state, True) for one in stored
    ]
    assert [int.from_bytes(one.vector, "little") for one in read] == [known.index(one) for one in stored]
    assert workspace.vectors.since(read[4].id, most=3) == read[5:8]
    some = [one.id for one in known[::2]]
    assert sorted(workspace.vectors.of_tasks(some)) == sorted(
        one.id for one in known[::2] if one.has == "vector"
    )


@pytest.mark.parametrize("answered", [True, False])
def test_a_batch_awaits_vectors_while_a_passing_candidate_has_none(
    workspace: Workspace, requests: list[int], known: list[Known], answered: bool
) -> None:
    missing = [one for one in known if one.is_candidate and not one.is_answered]
    *others, last = [one for one in missing if one.batch == 2]
    for one in others + ([last] if answered else []):
        new = NewVector(one.id, one.text, bytes(4))
        workspace.vectors.store([new], model=OURS[0], base_url=OURS[1], request_id=requests[0])
    assert [workspace.vectors.are_lacking(batch) for batch in (1, 2, 3, 4)] == [
        True,
        not answered,
        True,
        False,
    ]


def test_a_cosine_is_that_of_the_task_and_of_the_model_in_use(
    workspace: Workspace, known: list[Known]
) -> None:
    stored = [one for one in known if one.has == "vector"]
    workspace.vectors.assessed(stored[3].id, (stored[0].id, 0.25))
    workspace.vectors.assessed(stored[5].id, (stored[0].id, 0.5))
    workspace.vectors.assessed(stored[5].id, None)
    assert {one.id: cosine for one in known if (cosine := workspace.vectors.cosine(one.id)) is not None} == {
        stored[3].id: 0.25
    }
    workspace.vectors.look(*ANOTHERS["another model's"])
    assert workspace.vectors.cosine(stored[3].id) is None


def test_a_model_that_is_taken_into_use_again_has_the_vectors_that_it_had(
    workspace: Workspace, requests: list[int], known: list[Known]
) -> None:
    workspace.vectors.use(*ANOTHERS["another model's"])
    assert not workspace.vectors.is_in_use
    for one in known:
        asked = any(workspace.vectors.is_asked_by(one.id, request) for request in requests)
        assert asked == (one.has == "another model's")
    workspace.vectors.use(*OURS)
    assert workspace.vectors.is_in_use
    for one in known:
        assert any(workspace.vectors.is_asked_by(one.id, request) for request in requests) == one.is_answered
