"""What is read of a context from the sentences of real servers, and what a smaller request asks for."""

from typing import Any

import pytest

from selfinstruct.core.endpoint.context_limit import (
    ContextLimit,
    asked_for,
    context_limit,
    is_too_long,
    smaller,
)
from selfinstruct.core.endpoint.error_bodies import ToldError
from selfinstruct.db.records import Stage

VLLM = (
    "This model's maximum context length is 4096 tokens. However, you requested 350 output tokens and your"
    " prompt contains at least 3747 input tokens, for a total of at least 4097 tokens. Please reduce the"
    " length of the input prompt or the number of requested output tokens."
)


@pytest.mark.parametrize(
    ("message", "context", "prompt"),
    [
        (VLLM, 4096, None),
        (
            "This model's maximum context length is 4,096 tokens and your request has 3,747 input tokens",
            4096,
            3747,
        ),
        ("`max_tokens` exceed context limit: 199000 + 8192 > 200000, decrease input length", 200000, 199000),
        ("prompt is too long: 210000 tokens > 200000 maximum", 200000, 210000),
        ("Requested tokens (3000) exceed context window of 2048", 2048, None),
        (
            "maximum context length is 1024 tokens. However, you requested 1324 tokens (300 in the messages,"
            " 1024 in the completion)",
            1024,
            300,
        ),
        ("Prompt tokens (3000) plus max_tokens (1024) exceed 4096", 4096, 3000),
        ("The sum of prompt tokens (3000) and max_tokens (1024) exceeds the limit of 4096", 4096, 3000),
        (
            "The sum of prompt length (3000.0), query length (0) should not exceed max_num_tokens (2048)",
            2048,
            3000,
        ),
        ("Prompt length (5000) exceeds maximum input length (4096)", 4096, 5000),
        ("Prompt length 5000 is greater than max_seq_len 4096", 4096, 5000),
        ("prompt (3000) + completion (1024) > 4096", 4096, 3000),
        ("prompt tokens plus max_tokens must be at most 4096", 4096, None),
        ("Total number of tokens (4024) is greater than the maximum of 4000", 4000, None),
        (
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            1048576,
            1200000,
        ),
        ("The input (5000 tokens) is longer than the model's context length (4096 tokens).", 4096, 5000),
        ("The decoder prompt (length 5000) is longer than the maximum model length of 4096.", 4096, 5000),
        ("Your request exceeded model token limit: 8192", 8192, None),
        ("This request needs 4024 tokens, but only 2048 are available", 2048, None),
        ("Messages have 3000 tokens, which exceeds the 2048 of this model", 2048, None),
        ("`inputs` must have less than 1024 tokens. Given: 3000", 1024, 3000),
        (
            "Please reduce the length of the messages or completion. Current length is 9000 while limit is"
            " 8192",
            8192,
            9000,
        ),
        ("Request body too large for m. Max size: 8000 tokens.", 8000, None),
        ("The answer would be too long: prompt length and max_tokens are over the limit", None, None),
        ("The length of messages is above the limit of max_output_tokens", None, None),
        ("输入长度超过限制", None, None),
    ],
)
def test_the_context_and_the_prompt_are_told_apart_from_a_lower_bound_and_a_sum(
    message: str, context: int | None, prompt: int | None
) -> None:
    error = ToldError(message)
    assert is_too_long(400, error)
    assert context_limit(error) == ContextLimit(context, prompt)


@pytest.mark.parametrize(
    ("asked", "limit", "stage", "fewer"),
    [
        (1024, ContextLimit(4097, 3000), "propose", 1024),
        (1024, ContextLimit(4097, 3500), "propose", 589),
        (1024, ContextLimit(4097, 3833), "propose", 256),
        (1024, ContextLimit(4097, 3834), "propose", None),
        (1024, ContextLimit(4097, 4060), "propose", None),
        (1024, ContextLimit(4097, None), "propose", 512),
        (350, ContextLimit(None, None), "instantiate", 175),
        (200, ContextLimit(1000, 929), "instantiate", None),
        (120, ContextLimit(None, None), "instantiate", None),
        (32, ContextLimit(None, None), "classify", 16),
        (16, ContextLimit(None, None), "classify", None),
    ],
)
def test_a_smaller_request_still_holds_a_whole_answer(
    asked: int, limit: ContextLimit, stage: Stage, fewer: int | None
) -> None:
    made = smaller({"max_tokens": asked, "top_p": 1}, limit, stage=stage)
    assert made == (None if fewer in {None, asked} else {"max_tokens": fewer, "top_p": 1})


@pytest.mark.parametrize("sent", [{}, {"top_p": 1}, {"max_tokens": "auto"}, {"max_completion_tokens": None}])
def test_a_request_without_a_number_of_tokens_has_no_smaller_one(sent: Any) -> None:
    assert smaller(sent, ContextLimit(4096, 1000), stage="propose") is None
    assert asked_for(sent) is None


def test_thoughts_are_no_part_of_the_answer_that_has_to_fit() -> None:
    limit = ContextLimit(1200, 300)
    assert smaller({"max_tokens": 5024}, limit, stage="propose", thinking_tokens=4000) == {"max_tokens": 892}
    assert smaller({"max_tokens": 5024}, limit, stage="propose") is None


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Your message is too long"),
        (500, "the prompt is too long"),
        (500, "Requested tokens (3000) exceed context window of 2048"),
        (413, ""),
        (429, "Request too large on tokens per min (TPM): Limit: 30,000, Requested: 31,000."),
    ],
)
def test_a_request_that_is_too_long_is_recognized(status: int, message: str) -> None:
    assert is_too_long(status, ToldError(message))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "The request took too long to process."),
        (500, "The request took too long to process."),
        (500, "Your request is taking too long"),
        (400, "The request took longer than 60 seconds"),
        (400, "max_tokens exceeds the limit of 512 output tokens"),
        (400, "The requested max_tokens exceeds the model's limit of 512 output tokens"),
        (400, "body.max_tokens: Input should be less than or equal to 512"),
        (400, "prompt tokens must be greater than 0"),
        (400, "stop must have at most 4 sequences of tokens"),
        (400, "Please try again with higher max_completion_tokens."),
        (500, "message too long"),
        (429, "Rate limit reached on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000."),
        (429, "tokens per minute"),
        (503, "the prompt is too long"),
    ],
)
def test_what_only_sounds_like_it_is_not(status: int, message: str) -> None:
    assert not is_too_long(status, ToldError(message))
