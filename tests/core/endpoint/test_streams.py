"""Streams of events, put together as the answers that they are."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.endpoint.responses import AnswerError, error_in_answer, read_answer, read_told


def stream(*events: object, end: str = "data: [DONE]\n\n", line: str = "\n") -> bytes:
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + end
    return text.replace("\n", line).encode()


def delta(content: object, **choice: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content}, **choice}]}


@given(st.lists(st.text(), min_size=1), st.sampled_from(["\n", "\r\n", "\r"]))
def test_the_pieces_of_a_stream_are_one_text(pieces: list[str], line: str) -> None:
    body = stream(*map(delta, pieces), delta(None, finish_reason="stop"), line=line)
    answer = read_answer(body, "chat")
    assert (answer.text, answer.cut) == ("".join(pieces).replace("\0", "\ufffd"), False)


@pytest.mark.parametrize(
    ("events", "end", "cut"),
    [
        ([delta("9. Sing."), delta("", finish_reason="stop")], "", False),
        ([delta("9. Sing."), delta("", finish_reason="length")], "data: [DONE]\n\n", True),
        ([delta("9. Sing.")], "data: [DONE]", False),
        ([delta("9. Sing.")], "", True),
        ([delta("9. Sing.")], 'data: {"choices": [{"del', True),
    ],
)
def test_a_stream_that_breaks_off_is_cut(events: list[object], end: str, cut: bool) -> None:
    answer = read_answer(stream(*events, end=end), "chat")
    assert (answer.text, answer.cut) == ("9. Sing.", cut)


def test_the_pieces_of_a_legacy_completion_are_one_text() -> None:
    body = stream({"choices": [{"text": " Si"}]}, {"choices": [{"text": "ng.", "finish_reason": "stop"}]})
    assert read_answer(body, "completions").text == " Sing."


def test_a_whole_answer_in_one_event_is_read() -> None:
    body = stream({"choices": [{"message": {"content": "9. Sing."}, "finish_reason": "stop"}]})
    assert read_answer(body, "chat").text == "9. Sing."


def test_content_in_parts_is_joined_without_its_thoughts() -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "9. Sing."}]
    assert read_answer(stream(delta(parts), delta(None, finish_reason="stop")), "chat").text == "9. Sing."


def test_model_and_usage_are_those_of_the_stream() -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 9}
    told = read_told(stream(delta("x") | {"model": "m"}, {"choices": [], "usage": usage}))
    assert (told.model, told.prompt_tokens, told.completion_tokens) == ("m", 7, 9)


def test_an_error_inside_a_stream_is_the_answer() -> None:
    body = stream(delta("9. Si"), {"error": {"code": 502, "message": "lost"}}, end="")
    error = error_in_answer(body)
    assert error is not None
    assert (error.status, error.message) == (502, "lost")
    with pytest.raises(AnswerError, match="lost"):
        read_answer(body, "chat")


@given(st.binary(max_size=200))
def test_any_stream_gives_a_text_or_a_sentence(noise: bytes) -> None:
    with suppress(AnswerError):
        read_answer(b"data: " + noise, "chat")


def test_usage_beside_the_last_text_counts_unless_the_stream_tells_its_own() -> None:
    usage, own = {"prompt_tokens": 7, "completion_tokens": 9}, {"prompt_tokens": 7, "completion_tokens": 11}
    for events, tokens in (
        ([delta("x", usage=usage)], 9),
        ([delta("x", usage=usage), {"choices": [], "usage": own}], 11),
        ([{"choices": [], "usage": own}, delta("x", usage=usage)], 11),
        ([delta("x", usage=None)], None),
    ):
        assert read_told(stream(*events)).completion_tokens == tokens
