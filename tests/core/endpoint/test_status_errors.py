"""What follows from each status of an endpoint: another try, a stop, what it costs, how long to wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from selfinstruct.core.endpoint.error_bodies import ToldError
from selfinstruct.core.endpoint.route import Route
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.endpoint.status_errors import StatusErrors, ended
from selfinstruct.core.settings.sources import resolve

ROUTE = Route("models.example", is_encrypted=True)
PASSING = {408, 409, 425, 429}
NOTHING_SAID = ToldError()


def error_of(
    status: int, error: ToldError = NOTHING_SAID, *, has_key: bool = True, **headers: str
) -> SendError:
    settings = resolve({"model": "m", "base_url": "https://models.example/v1"})
    names = ("--model", "--base-url", "--api-key-env")
    errors = StatusErrors(settings, names, has_key, lambda status, told: f"Nothing there: {status}{told}")
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return errors.error(status, told, b"", error, ROUTE)


def test_every_status_is_tried_again_or_stops_the_run_or_fails_its_request_alone() -> None:
    failed = {status: error_of(status) for status in range(200, 600)}
    stops = {*range(300, 400), 401, 402, 403, 404, 405, 410, 501}
    assert {status for status, one in failed.items() if one.unusable} == stops
    again = (PASSING | set(range(500, 600))) - {501}
    assert {status for status, one in failed.items() if one.transient} == again
    assert {status for status, one in failed.items() if one.free} == set(range(300, 500))
    assert {status for status, one in failed.items() if one.too_long} == {413}
    for status in {*failed} - {*range(300, 400)}:
        assert failed[status].http_status == status
        assert f"{status}" in failed[status].sentence


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("0", 0.0),
        ("1.5", 1.5),
        ("120", 120.0),
        ("-0.5", None),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_the_wait_that_an_endpoint_asks_for_is_a_number_of_seconds_from_0_or_a_date(
    told: str, seconds: float | None
) -> None:
    assert error_of(429, retry_after=told).retry_after_s == seconds
    assert error_of(503, retry_after=told).retry_after_s == seconds
    assert not error_of(429, retry_after=told).unusable


@pytest.mark.parametrize("zone", ["GMT", "-0000"])
def test_a_date_to_wait_for_is_in_utc(zone: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True).replace("GMT", zone)
    assert error_of(429, retry_after=date).retry_after_s == pytest.approx(90, abs=20)


def test_a_wait_of_more_than_two_minutes_stops_the_run() -> None:
    assert not error_of(429, retry_after="120").unusable
    failed = error_of(429, retry_after="121")
    assert failed.unusable
    assert failed.sentence.endswith(" It asks to wait for 121 seconds; start again then.")


def test_only_what_passes_is_waited_for() -> None:
    assert error_of(400, retry_after="5").retry_after_s is None
    assert error_of(404, retry_after="500").retry_after_s is None


@pytest.mark.parametrize(
    ("message", "is_bad"),
    [
        ("API key not valid. Please pass a valid API key.", True),
        ("Incorrect API key provided", True),
        ("invalid access token", True),
        ("The key of this object is not valid", False),
        ("Invalid value for top_p", False),
    ],
)
def test_a_bad_key_stops_the_run_also_with_status_400(message: str, is_bad: bool) -> None:
    failed = error_of(400, ToldError(message))
    assert failed.unusable == is_bad
    assert ("rejects the key (status 400)" in failed.sentence) == is_bad
    assert not error_of(422, ToldError(message)).unusable


def test_a_401_tells_whether_a_key_was_sent() -> None:
    assert "rejects the key (status 401)" in error_of(401).sentence
    assert "requires a key (status 401)" in error_of(401, has_key=False).sentence


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_a_quota_that_is_used_up_is_not_waited_for(code: str) -> None:
    failed = error_of(429, ToldError("No more.", codes=("x", code)))
    assert failed.unusable
    assert not failed.transient
    assert failed.sentence == "The quota of this key is used up: No more. Add credit, or use another key."


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("https://other.example/v1/chat/completions", "redirects to https://other.example/v1."),
        ("/v2/chat/completions", "redirects to https://models.example/v2."),
        ("https://me:secret@other.example/v1", "redirects to https://other.example/v1."),
        ("", "redirects elsewhere."),
        ("https://[broken/v1", "redirects elsewhere."),
        (f"https://other.example/{'v' * 200}", "redirects elsewhere."),
    ],
)
def test_a_redirect_is_told_with_the_address_to_set_where_it_is_one(location: str, said: str) -> None:
    failed = error_of(307, location=location)
    assert said in failed.sentence
    assert "--base-url" in failed.sentence
    assert failed.unusable


@pytest.mark.parametrize("said", ["Why?", "No!", "Done."])
def test_a_sentence_that_a_server_has_ended_is_not_ended_again(said: str) -> None:
    assert ended(said) == said
    assert ended(said[:-1]) == f"{said[:-1]}."
