"""How many propose requests a round of jobs holds."""

from dataclasses import replace

from selfinstruct.core.runs.yields import Yield
from selfinstruct.db.records import Request

PROPOSED = Request(
    stage="propose",
    batch=1,
    task_id=None,
    model="m",
    base_url="",
    prompt="",
    parameters={},
    in_context=(),
    instruction=None,
    label=None,
    reserved_usd=None,
    held=False,
    id=1,
    state="parsed",
    error=None,
    instead_of=None,
)


def enough(so_far: Yield) -> int:
    return next(out for out in range(10_000) if so_far.is_enough(out))


def test_the_first_round_expects_six_tasks_of_a_request_and_plans_a_quarter_more() -> None:
    assert enough(Yield(0, 48)) == 10
    assert enough(Yield(0, 49)) == 11
    assert enough(Yield(20, 68)) == 10


def test_later_rounds_expect_what_the_last_ones_brought() -> None:
    so_far = Yield(5, 29)
    for reached in (9, 9, 9, 13):
        so_far.note(PROPOSED, reached)
    so_far.note(replace(PROPOSED, stage="classify"), 13)
    assert enough(so_far) == 10
    so_far = Yield(5, 129)
    for reached in (9, *range(14, 114)):
        so_far.note(PROPOSED, reached)
    assert enough(so_far) == 20


def test_tasks_that_are_accepted_later_than_their_answer_came_count() -> None:
    """Their vectors were missing."""
    so_far = Yield(0, 20)
    so_far.note(PROPOSED, 0)
    so_far.note(replace(PROPOSED, stage="embed"), 4)
    assert enough(so_far) == 5


def test_requests_that_failed_say_nothing() -> None:
    so_far = Yield(0, 48)
    so_far.note(replace(PROPOSED, state="failed"), 0)
    assert enough(so_far) == 10


def test_after_a_round_of_duplicates_the_next_is_not_huge() -> None:
    so_far = Yield(0, 48)
    so_far.note(PROPOSED, 0)
    assert enough(so_far) == 120


def test_without_a_target_no_number_is_enough() -> None:
    assert not Yield(0, None).is_enough(1_000_000)
