"""A stage that always fails is recognized, whatever other stages do in between."""

import re

import pytest

from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.requests.stage_failures import FAILURES_IN_A_ROW, StageFailures


def test_successes_of_other_stages_do_not_hide_a_stage_that_always_fails() -> None:
    failures = StageFailures()
    for _ in range(FAILURES_IN_A_ROW - 1):
        failures.useless("classify", "It is unclear.")
        failures.produced("propose")
        failures.produced("instantiate")
    with pytest.raises(EndpointUnusableError, match="No labels: 10 requests in a row.*It is unclear"):
        failures.useless("classify", "It is unclear.")


def test_failures_of_all_stages_in_turn_are_those_of_the_endpoint() -> None:
    failures = StageFailures()
    failures.produced("propose")
    with pytest.raises(EndpointUnusableError, match=r"^10 requests in a row produced nothing.*Status 400"):
        for number in range(FAILURES_IN_A_ROW):
            failures.failed("classify" if number % 2 else "instantiate", "Status 400.")


def test_a_model_that_is_often_unclear_is_not_one_that_always_is() -> None:
    failures = StageFailures()
    failures.produced("classify")
    for _ in range(2 * FAILURES_IN_A_ROW):
        failures.useless("classify", "It is unclear.")
    failures.produced("classify")
    assert failures.never_produced() is None


def test_a_stage_that_stops_working_is_recognized_too() -> None:
    failures = StageFailures()
    failures.produced("instantiate")
    with pytest.raises(EndpointUnusableError, match="No instances: 30 requests in a row"):
        for _ in range(100):
            failures.useless("instantiate", "It is empty.")


def test_a_stage_that_has_never_produced_anything_is_named_after_few_requests() -> None:
    failures = StageFailures()
    assert failures.never_produced() is None
    failures.produced("propose")
    failures.useless("classify", "It is unclear.")
    told = failures.never_produced()
    assert told is not None
    assert re.match("No labels: 1 request produced nothing. The last one: It is unclear.", told)
    failures.produced("classify")
    assert failures.never_produced() is None
