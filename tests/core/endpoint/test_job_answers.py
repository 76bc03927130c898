"""What a Batch API tells, in the forms of OpenAI and of others, and what is none of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.endpoint.job_answers import read_job, read_line, read_page

JOB: dict[str, Any] = {"id": "batch_1", "object": "batch", "status": "in_progress"}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_a_job_of_openai_is_read() -> None:
    job = read_job(
        JOB
        | {
            "input_file_id": "file-1",
            "output_file_id": "file-2",
            "error_file_id": None,
            "request_counts": {"total": 3, "completed": 2, "failed": 1},
            "expires_at": 1764640800,
            "metadata": {"selfinstruct": "token"},
        }
    )
    assert job is not None
    assert (job.id, job.status, job.is_over, job.files) == ("batch_1", "in_progress", False, ("file-2",))
    assert (job.completed, job.failed, job.token) == (2, 1, "token")
    assert job.expires_at == "2025-12-02T02:00:00+00:00"


@pytest.mark.parametrize("status", ["completed", "failed", "expired", "cancelled", "COMPLETED"])
def test_a_job_that_is_over_is_known(status: str) -> None:
    job = read_job(JOB | {"status": status})
    assert job is not None
    assert job.is_over


def test_a_job_in_an_envelope_is_read() -> None:
    job = read_job({"job": JOB, "warning": ""})
    assert job is not None
    assert job.id == "batch_1"


def test_why_a_job_has_failed_is_told_with_the_line() -> None:
    errors = {"object": "list", "data": [{"code": "x", "message": "No model.", "line": 3}, {"code": "other"}]}
    job = read_job(JOB | {"status": "failed", "errors": errors})
    assert job is not None
    assert job.errors == "line 3: No model. other"


@pytest.mark.parametrize("told", [None, [], "batch", {}, {"id": "x"}, {"id": 3, "status": "failed"}])
def test_what_is_no_job_is_none(told: Any) -> None:
    assert read_job(told) is None


@given(
    st.dictionaries(
        st.sampled_from([*JOB, "errors", "metadata", "request_counts", "expires_at", "job"]), _JSON
    )
)
def test_whatever_a_server_says_of_a_job_is_read_or_is_none(told: dict[str, Any]) -> None:
    read_job(told)


def test_a_page_of_a_list_is_read() -> None:
    assert read_page(b'{"data": [{"id": "a"}, 3], "has_more": true}') == ([{"id": "a"}], True)
    assert read_page(b'[{"id": "a"}]') == ([{"id": "a"}], False)
    assert read_page(b'{"error": {}}') is None
    assert read_page(b"<html>") is None


def test_the_body_of_a_line_has_the_very_bytes_of_the_line() -> None:
    body = b'{"choices" :[ ],"usage": {"n": 1.50e1}, "text": "\\u00e9\xc3\xa9 \\"response\\": {"}'
    line = (
        b' {"custom_id":"t-1" , "x": [1, {"body": 2}], "response": {"status_code": 200, "body" : %s} } '
        % body
    )
    answer = read_line(line)
    assert answer is not None
    assert (answer.custom_id, answer.status, answer.body) == ("t-1", 200, body)


def test_an_error_in_place_of_a_response_is_read() -> None:
    answer = read_line(
        b'{"custom_id": "t-1", "response": null, "error": {"code": "batch_expired", "message": "Late."}}'
    )
    assert answer is not None
    assert (answer.status, answer.code, answer.message) == (None, "batch_expired", "Late.")
    assert json.loads(answer.body) == {"code": "batch_expired", "message": "Late."}


def test_an_error_beside_a_status_without_a_body_is_the_body() -> None:
    """As vLLM writes it."""
    response = b'{"status_code": 400, "request_id": "r", "body": null}'
    answer = read_line(b'{"custom_id": "t-1", "response": %s, "error": {"message": "No."}}' % response)
    assert answer is not None
    assert (answer.status, answer.body) == (400, b'{"message": "No."}')


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"custom_id": 7, "response": null}',
        b'{"custom_id": "t-1", "response": {"status_code": 200, "body": {"choices": [',
        b'\xff{"custom_id": "t-1", "response": null}',
        b'{"custom_id": "t-1", "response": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"[" * 200_001,
    ],
    ids=lambda line: str(line[:40]),
)
def test_what_is_no_line_of_a_job_is_none(line: bytes) -> None:
    assert read_line(line) is None


@given(st.dictionaries(st.sampled_from(["custom_id", "response", "error", "id"]), _JSON), st.booleans())
def test_whatever_a_line_holds_is_read_or_is_none(told: dict[str, Any], is_compact: bool) -> None:
    text = json.dumps(told, separators=(",", ":") if is_compact else None, ensure_ascii=is_compact)
    read_line(text.encode("utf-8", "backslashreplace"))


@given(_JSON, st.integers(100, 599), st.sampled_from([None, 0, 2]))
def test_a_body_is_found_in_any_layout(body: Any, status: int, indent: int | None) -> None:
    response = {"before": body, "body": body, "status_code": status, "after": body}
    line = json.dumps({"error": None, "response": response, "custom_id": "t-1"}, indent=indent)
    answer = read_line(line.encode("utf-8", "backslashreplace"))
    assert answer is not None
    assert answer.status == status
    if body is not None:
        assert json.loads(answer.body) == body
