"""Finish reasons, as servers write them."""

import pytest

from selfinstruct.core.endpoint.finish_reasons import ending, is_token_limit

# fmt: off
WHOLE = [
    "stop", "STOP", "Stop", "eos", "EOS", "eos_token", "end_turn", "END_TURN", "stop_sequence",
    "stop-sequence", "stopStringFound", "eosFound", "FinishReason.STOP", "REASON_STOP",
    "FINISH_REASON_STOP", "endoftext", "COMPLETE", "completed", "finished", "null",
]
CUT = [
    "length", "max_tokens", "MAX_TOKENS", "model_length", "maximum_tokens", "limit", "error",
    "abort", "cancelled", "tool_calls", "insufficient_system_resource", "load", "other", "unknown",
    "because", "maxPredictedTokensReached",
]
WITHHELD = [
    "content_filter", "SAFETY", "recitation", "PROHIBITED_CONTENT", "sensitive", "refusal",
]
# fmt: on


@pytest.mark.parametrize("reason", [None, "", *WHOLE])
def test_what_means_whole_is_a_list(reason: str | None) -> None:
    assert ending(reason) == "whole"


@pytest.mark.parametrize("reason", [*CUT, ["stop"], 1, {}, True])
def test_anything_else_was_cut(reason: object) -> None:
    assert ending(reason) == "cut"


@pytest.mark.parametrize("reason", WITHHELD)
def test_a_filter_withholds(reason: str) -> None:
    assert ending(reason) == "withheld"


def test_only_a_token_limit_is_one() -> None:
    assert [reason for reason in CUT if is_token_limit(reason)] == [
        *("length", "max_tokens", "MAX_TOKENS", "model_length", "maximum_tokens", "limit"),
        "maxPredictedTokensReached",
    ]
