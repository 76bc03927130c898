"""What refusals of real servers and gateways teach about parameters."""

from typing import Any

import pytest

from selfinstruct.core.endpoint.error_bodies import ToldError, told_error
from selfinstruct.core.endpoint.refused_parameters import adapted, concerning, lessons, without_one

PROPOSE: dict[str, Any] = {"temperature": 0.7, "top_p": 0.5, "presence_penalty": 2, "max_tokens": 1024}
CLASSIFY: dict[str, Any] = {"temperature": 0, "max_tokens": 16}
INSTANTIATE: dict[str, Any] = {
    "temperature": 0,
    "presence_penalty": 1.5,
    "max_tokens": 4350,
    "stop": ["\nTask:"],
}
STREAM = {"+stream": "true", "+stream_options": '{"include_usage": true}'}


def taught(
    message: str, sent: dict[str, Any], learned: dict[str, str | None] | None = None, **fields: Any
) -> Any:
    error = told_error({"error": {"message": message, "type": "invalid_request_error", **fields}})
    assert error is not None
    return lessons(error, sent, learned or {})


@pytest.mark.parametrize(
    ("message", "sent", "lesson"),
    [
        ("Argument not supported on this model: presencePenalty", PROPOSE, {"presence_penalty": None}),
        ("Argument not supported on this model: stop", INSTANTIATE, {"stop": None}),
        ("Model m does not support parameter stop.", INSTANTIATE, {"stop": None}),
        ("'stop' should be a list of at most 4 texts", INSTANTIATE, {"stop": None}),
        ("Presence penalty is not enabled for this model", PROPOSE, {"presence_penalty": None}),
        (
            "Penalty is not enabled for models/gemini-2.5-flash",
            PROPOSE | {"frequency_penalty": 1},
            {"presence_penalty": None, "frequency_penalty": None},
        ),
        ("Stop sequences are not supported by this model", INSTANTIATE, {"stop": None}),
        ("Unexpected keyword argument 'presence_penalty'", PROPOSE, {"presence_penalty": None}),
        ('Unknown name "presencePenalty": Cannot find field.', PROPOSE, {"presence_penalty": None}),
        (
            "Unrecognized request arguments supplied: presence_penalty, top_p",
            PROPOSE,
            {"presence_penalty": None, "top_p": None},
        ),
        (
            "UnsupportedParamsError: m does not support parameters: {'presence_penalty': 2}",
            PROPOSE,
            {"presence_penalty": None},
        ),
        ("temperature and top_p cannot both be specified. Please use only one.", PROPOSE, {"top_p": None}),
        ("Only one of `top_p` and `temperature` may be specified", PROPOSE, {"top_p": None}),
        (
            "'temperature' does not support 0 with this model. Only the default (1) value is supported.",
            CLASSIFY,
            {"temperature": None},
        ),
        (
            "Use 'max_completion_tokens' instead of 'max_tokens'.",
            PROPOSE,
            {"max_tokens": "max_completion_tokens"},
        ),
        ("Stop is not permitted", INSTANTIATE, {"stop": None}),
        (
            "presence_penalty and stop are not supported with this model",
            INSTANTIATE,
            {"presence_penalty": None, "stop": None},
        ),
        ("temperature and stop are not supported", INSTANTIATE, {"temperature": None, "stop": None}),
        ("This model does not support stop", INSTANTIATE, {"stop": None}),
        ("It doesn't allow stop with this model.", INSTANTIATE, {"stop": None}),
        ("Bad request: stop cannot be used, since it is not supported", INSTANTIATE, {"stop": None}),
        ("The stop is no longer available", INSTANTIATE, {"stop": None}),
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
            " 'max_completion_tokens' instead.",
            PROPOSE,
            {"max_tokens": "max_completion_tokens"},
        ),
        (
            "max_tokens is deprecated in favor of max_completion_tokens",
            PROPOSE,
            {"max_tokens": "max_completion_tokens"},
        ),
        (
            "Unknown parameter max_tokens. Known are: temperature, max_new_tokens",
            PROPOSE,
            {"max_tokens": "max_new_tokens"},
        ),
        ("Unexpected argument. Did you mean maxOutputTokens?", PROPOSE, {"max_tokens": "max_output_tokens"}),
        (
            "Missing required parameter: 'max_completion_tokens'",
            PROPOSE,
            {"max_tokens": "max_completion_tokens"},
        ),
        (
            "max_tokens is not supported here, use max_completion_tokens to limit the length",
            PROPOSE,
            {"max_tokens": "max_completion_tokens"},
        ),
        ("不支持 max_tokens，请使用 max_completion_tokens", PROPOSE, {"max_tokens": "max_completion_tokens"}),
        ("This model only support stream mode, please enable the stream parameter", PROPOSE, STREAM),
        ("Streaming is required for long requests.", PROPOSE, STREAM),
        (
            "parameter.enable_thinking must be set to false for non-streaming calls",
            PROPOSE,
            {"+enable_thinking": "false"},
        ),
    ],
)
def test_a_refused_name_is_left_out_or_replaced(
    message: str, sent: dict[str, Any], lesson: dict[str, str | None]
) -> None:
    assert taught(message, sent) == lesson


@pytest.mark.parametrize(
    ("message", "sent", "lesson"),
    [
        ("`temperature` must be strictly positive", CLASSIFY, {"temperature>=": "0.01"}),
        ("temperature 0 is not allowed", CLASSIFY, {"temperature>=": "0.01"}),
        ("temperature: range: 0.01..1", CLASSIFY, {"temperature>=": "0.01"}),
        ("invalid params, temperature must in (0,1]", CLASSIFY, {"temperature>=": "0.01"}),
        ("presence_penalty should be between -1.5 and 1.5", PROPOSE, {"presence_penalty<=": "1.5"}),
        ("2 is greater than the maximum of 1 - 'presence_penalty'", PROPOSE, {"presence_penalty<=": "1"}),
        ("Range of max_tokens should be [1, 2048]", INSTANTIATE, {"max_tokens<=": "2048"}),
        (
            "max_tokens is too large: 4350. This model supports at most 4096 completion tokens",
            INSTANTIATE,
            {"max_tokens<=": "4096"},
        ),
        (
            "max_tokens: 4350 > 4096, which is the maximum allowed number of output tokens",
            INSTANTIATE,
            {"max_tokens<=": "4096"},
        ),
        ("max_tokens (4350) must be less than or equal to 4,096", INSTANTIATE, {"max_tokens<=": "4096"}),
    ],
)
def test_a_refused_value_is_moved_to_the_nearest_allowed_one(
    message: str, sent: dict[str, Any], lesson: dict[str, str | None]
) -> None:
    assert taught(message, sent) == lesson


def test_a_value_that_is_refused_within_its_bounds_is_left_out_and_others_are_sent() -> None:
    learned = taught("temperature 0.01 is not allowed", {"temperature": 0.01}, {"temperature>=": "0.01"})
    assert learned == {"temperature=0.01": None}
    learned |= {"temperature>=": "0.01"}
    assert adapted({"temperature": 0}, learned) == {}
    assert adapted({"temperature": 0.7}, learned) == {"temperature": 0.7}


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", 0.7), ("top_p", 0.5), ("top_p", 0), ("presence_penalty", 0)]
)
def test_a_value_that_is_refused_without_a_bound_is_left_out_and_only_a_temperature_of_0_is_raised(
    name: str, value: float
) -> None:
    assert taught(f"{name} {value} is not allowed", {name: value}) == {f"{name}={value}": None}


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens is too large: context length is 2048 tokens and the prompt has 900",
        "'max_tokens' or 'max_completion_tokens' is too large: 5024. This model's maximum context length is"
        " 2048 tokens and your request has 900 input tokens (5024 > 2048 - 900).",
        "Your prompt speaks of temperature, top_p and presence_penalty.",
        "Please stop; only words are allowed.",
        "There is a penalty for late payment.",
        "max_tokens must be at least 2000",
        "The answer would be too long: prompt length and max_completion_tokens are over the limit",
        "Please try again with higher max_completion_tokens.",
        "The length of messages is above the limit of max_output_tokens",
        "Your request has 900 tokens; max_new_tokens is limited by length",
        "max_tokens larger than max_output_tokens is not supported",
        "Unsupported parameter 'max_completion_tokens', use 'max_tokens' instead",
        "'max_tokens' and 'max_completion_tokens' cannot both be set",
        "Use a lower max_completion_tokens",
        "Use max_completion_tokens below 100",
        "Stop sending unsupported parameters",
        "The request will stop and is not repeated",
        "To stop is not allowed.",
        "Requests will stop. They are not supported.",
        "The bus stop is not available",
        "nonsense",
    ],
)
def test_the_mention_of_a_name_teaches_nothing(message: str) -> None:
    assert taught(message, PROPOSE | {"stop": ["x"]}) == {}


def test_a_renamed_parameter_is_bounded_by_our_name() -> None:
    learned: dict[str, str | None] = {"max_tokens": "max_completion_tokens"}
    sent = adapted(INSTANTIATE, learned)
    learned |= taught("max_completion_tokens must be at most 2048", sent, learned)
    assert adapted(INSTANTIATE, learned)["max_completion_tokens"] == 2048


def test_what_is_learned_already_is_not_learned_again() -> None:
    assert taught("top_p is not supported", PROPOSE, {"top_p": None}) == {}


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        (("top_p",), ("top_p",)),
        (("body.top_p",), ("body.top_p",)),
        (("validation_error",), ()),
        (("body",), ()),
        (("messages",), ()),
        (("body", "top_p"), ("top_p",)),
    ],
)
def test_a_field_that_names_nothing_that_was_sent_says_nothing(
    params: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    assert concerning(ToldError("no", params=params), PROPOSE) == ToldError("no", params=kept)


def test_the_parameter_that_matters_least_is_left_out_first_and_the_token_limit_never() -> None:
    learned: dict[str, str | None] = {"top_p": "topP"}
    left_out: list[str] = []
    while lesson := without_one(adapted(PROPOSE, learned), learned):
        left_out += lesson
        learned |= lesson
    assert left_out == ["presence_penalty", "top_p", "temperature"]
    assert adapted(PROPOSE, learned) == {"max_tokens": 1024}
