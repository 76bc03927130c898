"""The thoughts that came with an answer are found wherever servers put them, and once."""

import json
from typing import Any

import pytest

from selfinstruct.core.endpoint.reasoning_fields import holds_reasoning
from selfinstruct.core.endpoint.responses import AnswerError, read_thoughts

THOUGHT = "Weigh it."


def body(message: dict[str, Any], **choice: Any) -> bytes:
    return json.dumps({"choices": [{"message": {"content": "Sing.", **message}, **choice}]}).encode()


TEXT = {"type": "text", "text": "Sing."}


@pytest.mark.parametrize(
    "message",
    [
        {"reasoning_content": THOUGHT},
        {"reasoning": f"\n{THOUGHT}\n"},
        {"reasoning": THOUGHT, "reasoning_content": THOUGHT},
        {"reasoning": "", "reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}]},
        {"reasoning": THOUGHT, "reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": THOUGHT}]},
        {"reasoning_details": [{"text": "Weigh"}, {"text": " it."}]},
        {"content": [{"type": "thinking", "thinking": THOUGHT}, TEXT]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}, TEXT]},
        {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": THOUGHT}]}, TEXT]},
        {"content": f"<think>\n{THOUGHT}\n</think>\n\nSing."},
        {"content": f"{THOUGHT}</think>Sing."},
        {"content": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|channel|>final<|message|>Sing."},
    ],
)  # fmt: skip
def test_thoughts_are_found_where_servers_put_them(message: dict[str, Any]) -> None:
    assert read_thoughts(body(message), "chat") == THOUGHT


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"reasoning": None},
        {"reasoning": "  ", "reasoning_details": []},
        {"reasoning": 7, "reasoning_content": [3, None, {}]},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "Z2g="}]},
        {"content": "<think>\n\n</think>\n\nSing."},
        {"content": "", "reasoning_content": '{"instructions": ["Sing."]}'},
    ],
)
def test_without_thoughts_there_are_none(message: dict[str, Any]) -> None:
    assert read_thoughts(body(message, finish_reason="stop"), "chat") == ""


@pytest.mark.parametrize(
    ("held", "holds"), [(7, False), ({"a": 1}, False), ([], False), ([1], True), ("x", True)]
)
def test_only_texts_and_lists_count_as_thoughts(held: object, holds: bool) -> None:
    assert holds_reasoning({"message": {"reasoning": held}}) == holds


def test_thoughts_beside_a_text_come_before_those_in_it() -> None:
    sent = body({"reasoning": "One.", "content": "<think>Two.</think>Sing."}, finish_reason="stop")
    assert read_thoughts(sent, "chat") == "One.\n\nTwo."


def test_thoughts_of_a_stream_and_of_a_legacy_completion_are_found() -> None:
    deltas = [{"reasoning_content": "Weigh"}, {"reasoning_content": " it."}, {"content": "Sing."}]
    events = "".join(f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n" for delta in deltas)
    assert read_thoughts(f"{events}data: [DONE]\n\n".encode(), "chat") == THOUGHT
    completion = json.dumps({"choices": [{"text": f"<think>{THOUGHT}</think>Sing."}]}).encode()
    assert read_thoughts(completion, "completions") == THOUGHT
    beside = json.dumps({"choices": [{"text": "Sing.", "reasoning": THOUGHT}]}).encode()
    assert read_thoughts(beside, "completions") == THOUGHT


def test_a_list_nested_without_end_is_no_thought() -> None:
    nested: list[Any] = [THOUGHT]
    for _ in range(50):
        nested = [nested]
    assert read_thoughts(body({"reasoning_details": nested}), "chat") == ""


def test_what_cannot_be_stored_is_replaced() -> None:
    assert read_thoughts(body({"reasoning": "a\0b\ud800"}), "chat") == "a�b�"


def test_an_answer_that_cannot_be_read_says_why() -> None:
    with pytest.raises(AnswerError):
        read_thoughts(b"{}", "chat")
