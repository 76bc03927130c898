"""The files of jobs: the names of requests, and how many fit into one."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.requests.job_files import custom_id, in_files, new_token, request_id_of, request_line


@given(st.integers(1, 2**63 - 1))
def test_a_custom_id_names_its_request_in_its_job_only(request_id: int) -> None:
    token = new_token()
    name = custom_id(token, request_id)
    assert len(name) <= 64
    assert request_id_of(name, token) == request_id
    assert request_id_of(name, new_token()) is None


@pytest.mark.parametrize(
    "told", ["", "-", "t", "t-", "t-x", "t-1-1", "t--1", "t-+1", "t-1_0", "t- 1", "t-١", "t-" + "9" * 30]
)
def test_another_custom_id_names_none(told: str) -> None:
    assert request_id_of(told, "t") is None


def test_text_that_is_no_valid_unicode_is_valid_json_in_a_line() -> None:
    line = request_line("t-1", "chat", {"messages": [{"content": "a\ud800b\nc é"}]})
    assert line.count(b"\n") == 1
    assert json.loads(line)["body"]["messages"][0]["content"] == "a\ud800b\nc é"


@given(st.lists(st.binary(max_size=30)), st.integers(1, 5), st.integers(1, 60))
def test_requests_are_distributed_in_order_within_the_limits(
    lines: list[bytes], most_requests: int, most_bytes: int
) -> None:
    files = in_files(enumerate(lines), most_requests=most_requests, most_bytes=most_bytes)
    assert [request for one in files for request in one] == list(range(len(lines)))
    for one in files:
        assert 1 <= len(one) <= most_requests
        assert len(one) == 1 or sum(len(lines[request]) for request in one) <= most_bytes
    for one, following in pairwise(files):
        is_full = len(one) == most_requests
        assert is_full or sum(len(lines[request]) for request in [*one, following[0]]) > most_bytes
