"""Which text of a row is compared."""

import json

import pytest

from selfinstruct.core.dedupe.row_text import BadRowError, row_text


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"instruction": "a", "prompt": "b", "text": "c"}, "a"),
        ({"instruction": None, "prompt": "b", "text": "c"}, "b"),
        ({"text": "c", "messages": [{"role": "user", "content": "d"}]}, "c"),
        ({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "d"}]}, "d"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "d"}, {"type": "image"}]}]},
            "d",
        ),
        ({"instruction": ""}, ""),
        ({"conversations": [{"from": "human", "value": "e"}, {"from": "gpt", "value": "f"}]}, "e"),
        (
            {
                "prompt": [{"role": "user", "content": "e"}],
                "completion": [{"role": "assistant", "content": "f"}],
            },
            "e",
        ),
        ({"question": "e", "answer": "f"}, "e"),
        ({"query": "e", "response": "f"}, "e"),
        ({"question": "a", "answer": "b"}, "a"),
        ({"query": "a", "response": None}, "a"),
        ({"system_prompt": "s", "question": "a", "response": "b"}, "a"),
        ({"conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "a"}]}, "a"),
        ({"conversation": [{"role": "user", "content": "a"}]}, "a"),
        ({"messages": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}, "a"),
        ({"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "tool"}]}, "a"),
        ({"prompt": [{"role": "user", "content": "a"}], "chosen": [], "rejected": []}, "a"),
        ({"chosen": [{"role": "user", "content": "a"}, {}], "rejected": []}, "a"),
        ({"messages": [{"role": "user", "content": "a"}], "chosen": {}, "rejected": {}}, "a"),
        (
            {
                "input": {"messages": [{"role": "user", "content": "a"}]},
                "preferred_output": [],
                "non_preferred_output": [],
            },
            "a",
        ),
        (
            {
                "prompt": None,
                "metadata": {
                    "prompt": "Tasks:\n1.",
                    "response": {"choices": [{"text": " Sort the words.\n2. Name a river."}]},
                },
            },
            "Sort the words.",
        ),
        ({"instruction": 3}, "3"),
        ({"instruction": "a", "instances": 3, "raw_instances": 3}, "a"),
    ],
)
def test_the_instruction_is_found_in_every_shape(row: object, text: str) -> None:
    assert row_text(json.dumps(row).encode()) == text


def test_several_fields_are_taken_together() -> None:
    row = b'{"instruction": "Translate.", "input": "cat", "output": "Katze"}'
    assert row_text(row, ["instruction", "input"]) == "Translate.\ncat"
    with pytest.raises(BadRowError, match="input"):
        row_text(b'{"instruction": "a"}', ["instruction", "input"])


def test_a_field_of_ones_own_is_taken_alone() -> None:
    assert row_text(b'{"instruction": "a", "question": "q"}', ["question"]) == "q"
    with pytest.raises(BadRowError, match="question"):
        row_text(b'{"instruction": "a"}', ["question"])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", r"not JSON \(expecting property name enclosed in double quotes at column 2\)"),
        (b'{"text": "a', r"not JSON \(unterminated string at column 10\)"),
        (b'"text"', "not a JSON object"),
        (b"\xff", "UTF-8"),
        (b'{"a": ' + b"[" * 100_000, "nested too deep"),
        (b'{"instruction": 1' + b"0" * 5000 + b"}", "not JSON"),
        (b'{"instruction": [3]}', "no text"),
        (b'{"messages": [{"role": "user"}, 3]}', "no text"),
        (b'{"messages": {"role": "user"}}', "no text"),
        (b'{"q": "a", "a": "b"}', r"no text to compare; its fields are q, a \(--field names one\)"),
        (b"{}", "no text to compare; its fields are none"),
        (b'{"chosen": "a", "rejected": "b"}', "no text"),
    ],
)
def test_what_is_no_row_is_said(line: bytes, why: str) -> None:
    with pytest.raises(BadRowError, match=why):
        row_text(line)
