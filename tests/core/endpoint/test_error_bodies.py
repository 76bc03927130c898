"""Errors as servers and gateways write them."""

import json
from typing import Any

import pytest

from selfinstruct.core.endpoint.error_bodies import ToldError, error_beside, told_error

VALIDATION = [
    {"type": "literal_error", "loc": ("body", "response_format", "type"), "msg": "Input should be 'text'"}
]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"error": {"message": "no", "code": "x"}}, "no"),
        ({"error": "no", "error_type": "validation"}, "no"),
        ({"error": ["no", "never"]}, "no"),
        ({"errors": [{"code": 7000, "message": "no"}]}, "no"),
        ([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], "no"),
        ({"detail": "no"}, "no"),
        ({"object": "error", "message": "no", "code": 400}, "no"),
        ({"base_resp": {"status_code": 1002, "status_msg": "no"}}, "no"),
        ({"error_code": 18, "error_msg": "no"}, "no"),
        ({"error": {"message": json.dumps({"error": {"message": "no"}})}}, "no"),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "no"}}},
            "Provider returned error: no",
        ),
        ({"detail": [{"loc": ["body", "top_p"], "msg": "no", "type": "x"}]}, "top_p: no"),
        ({"error": {"message": repr(VALIDATION)}}, "response_format.type: Input should be 'text'"),
    ],
)
def test_the_message_is_found_wherever_it_is(document: object, message: str) -> None:
    error = told_error(document)
    assert error is not None
    assert error.message == message


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 429}, 429),
        ({"code": "429"}, 429),
        ({"code": 400}, 400),
        ({"code": 599}, 599),
        ({"code": "599"}, 599),
        ({"code": 399}, None),
        ({"code": 600}, None),
        ({"code": "600"}, None),
        ({"status": 503}, 503),
        ({"status": "RESOURCE_EXHAUSTED"}, 429),
        ({"type": "rate_limit_error"}, 429),
        ({"type": "RateLimitError"}, 429),
        ({"type": "overloaded_error"}, 529),
        ({"code": "invalid_api_key"}, 401),
        ({"code": 1302}, None),
        ({"code": 200}, None),
        ({"code": True}, None),
        ({"code": "42"}, None),
        ("busy", None),
    ],
)
def test_the_status_is_a_number_or_a_known_word(error: Any, status: int | None) -> None:
    found = error_beside(
        {"error": {"message": "no", **error} if isinstance(error, dict) else error}, has_content=False
    )
    assert found is not None
    assert found.status == status


@pytest.mark.parametrize(
    "error", [None, False, 0, "", [], {}, [{}], {"message": ""}, {"code": 0, "message": "", "type": None}]
)
def test_an_error_without_content_is_none(error: object) -> None:
    assert error_beside({"error": error}, has_content=True) is None
    assert error_beside({"error": error}, has_content=False) is None


def test_a_type_alone_is_an_error_only_without_an_answer() -> None:
    document = {"error": {"message": "", "type": "upstream_error"}}
    assert error_beside(document, has_content=True) is None
    assert error_beside(document, has_content=False) == ToldError("upstream_error", 502, ("upstream_error",))
