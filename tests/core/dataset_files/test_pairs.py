"""Questions and answers keep all that belongs to them, under whatever names; what has no place is told."""

from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.dataset_files.data_file import DataFile
from tests.core.dataset_files.files import (
    AGAIN,
    BOT,
    BYE,
    LONG,
    SYSTEM,
    TALK,
    USER,
    one,
    refused,
    said,
    sharegpt,
)

KIND = ("system", "Be kind.")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"system_prompt": "Be kind.", "question": "Hello", "response": "Hi!"}, [KIND, *TALK]),
        ({"system_prompt": "", "question": "Hello", "response": "Hi!"}, TALK),
        ({"system": None, "system_prompt": "Be kind.", "query": "Hello", "answer": "Hi!"}, [KIND, *TALK]),
        (
            {"system": "Be kind.", "system_prompt": "Be kind.", "query": "Hello", "answer": "Hi!"},
            [KIND, *TALK],
        ),
        ({"system": "Be kind.", "prompt": "Hello", "completion": "Hi!"}, [KIND, *TALK]),
        ({"system": "Be kind.", "prompt": [USER], "completion": [BOT]}, [KIND, *TALK]),
        ({"system": "Be kind.", "question": "Hello", "chosen": "Hi!", "rejected": "No."}, [KIND, *TALK]),
        ({"system_prompt": "Be kind.", "messages": [USER, BOT]}, [KIND, *TALK]),
        ({"system": "Be kind.", "messages": [{**SYSTEM, "content": ""}, USER, BOT]}, [KIND, *TALK]),
        ({"prompt": "Hello", "chosen": [USER, BOT], "rejected": [USER, BYE]}, TALK),
        ({"prompt": "Hello", "chosen": [SYSTEM, USER, BOT], "rejected": [USER, BYE]}, [KIND, *TALK]),
        ({"prompt": [SYSTEM, USER], "chosen": [USER, BOT], "rejected": []}, [KIND, *TALK]),
        ({"prompt": [SYSTEM, USER], "chosen": [SYSTEM, USER, BOT], "rejected": []}, [KIND, *TALK]),
        ({"prompt": [SYSTEM, USER, BOT, AGAIN], "chosen": [BYE], "rejected": [BOT]}, LONG),
        ({"prompt": [SYSTEM, USER, BOT, AGAIN], "chosen": BYE, "rejected": BOT}, LONG),
        ({"prompt": [SYSTEM, USER, BOT, AGAIN], "chosen": "See you.", "rejected": "Hi!"}, LONG),
        ({"messages": [SYSTEM, USER, BOT, AGAIN], "chosen": BYE, "rejected": BOT}, LONG),
        ({"messages": [SYSTEM, USER, BOT, AGAIN, BYE], "rejected_response": "Hi!"}, LONG),
        (
            {"conversations": sharegpt(USER), "chosen": sharegpt(BOT)[0], "rejected": sharegpt(BYE)[0]},
            TALK,
        ),
        (
            {"input": {"messages": [USER]}, "preferred_output": [BOT], "non_preferred_output": [BYE]},
            TALK,
        ),
        ({"instruction": "Hello", "input": "", "chosen": "Hi!", "rejected": "No."}, TALK),
        ({"instruction": "Hello", "input": "you", "output": [BOT]}, [("user", "Hello\nyou"), TALK[1]]),
        ({"messages": [USER, BOT], "label": True}, TALK),
        ({"prompt": "Hello", "completion": "Hi!", "label": True}, TALK),
        ({"prompt": "Hello", "completion": "Hi!", "label": 0}, TALK),
    ],
)
def test_all_that_belongs_to_an_answer_is_kept(
    tmp_path: Path, fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert said(one(tmp_path, **fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"instruction": "Answer.", "question": "1 + 1?", "answer": "2"}, ("Answer.", "1 + 1?", "2")),
        (
            {"instruction": "Answer.", "query": "1 + 1?", "input": "", "answer": "2"},
            ("Answer.", "1 + 1?", "2"),
        ),
        ({"instruction": "Add.", "input": "1", "context": "1", "output": "2"}, ("Add.", "1", "2")),
        ({"instruction": "", "question": "1 + 1?", "answer": "2"}, ("1 + 1?", "", "2")),
        ({"instruction": None, "prompt": "1 + 1?", "answer": "2"}, ("1 + 1?", "", "2")),
        ({"instruction": "Add.", "output": None, "response": "2"}, ("Add.", "", "2")),
        ({"instruction": "Add.", "output": " ", "answer": "2"}, ("Add.", "", "2")),
        ({"instruction": "Add.", "output": 0, "answer": "2"}, ("Add.", "", "0")),
        ({"instruction": "Add.", "output": "2", "target": "3"}, ("Add.", "", "2")),
        (
            {
                "prompt": "Task: Add.\nOutput:",
                "instruction": "Add.",
                "input": "1",
                "response": " 2",
                "target": "2",
            },
            ("Add.", "1", " 2"),
        ),
        (
            {
                "prompt": "Add.\n",
                "completion": "2<|endoftext|>",
                "instruction": "Add.",
                "input": "",
                "output": "2",
            },
            ("Add.", "", "2"),
        ),
        ({"instruction": "Add.", "input": "1", "chosen": "2", "rejected": "3"}, ("Add.", "1", "2")),
        ({"instruction": "Add.", "input": " ", "output": "2"}, ("Add.", " ", "2")),
        ({"instruction": "Add.", "input": True, "output": 2}, ("Add.", "true", "2")),
        ({"question": "Ä?\r\n", "context": "\tB", "answer": "\r\n C"}, ("Ä?\r\n", "\tB", "\r\n C")),
    ],
)
def test_the_field_that_has_a_value_is_read(
    tmp_path: Path, fields: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    row = one(tmp_path, **fields)
    assert (row.instruction, row.input, row.output) == expected


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        ({"instruction": "Hello", "output": "Hi!", "messages": None}, "alpaca"),
        ({"instruction": "Hello", "output": "Hi!", "conversations": None, "history": None}, "alpaca"),
        ({"prompt": "Hello", "completion": "Hi!", "chosen": None, "rejected": None}, "prompt-completion"),
        ({"messages": [USER, BOT], "conversations": None, "chosen": None, "rejected": None}, "messages"),
        ({"messages": None, "conversations": sharegpt(USER, BOT)}, "sharegpt"),
        ({"conversations": None, "conversation": [USER, BOT]}, "sharegpt"),
        ({"messages": None, "prompt": "Hello", "chosen": "Hi!", "rejected": None}, "preference"),
    ],
)
def test_columns_that_are_null_in_a_row_do_not_decide_about_its_shape(
    tmp_path: Path, fields: dict[str, Any], shape: str
) -> None:
    assert said(one(tmp_path, **fields)) == TALK
    assert DataFile(tmp_path / "rows.jsonl").recognized.shape == shape


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"system": "a", "system_prompt": "b", "question": "x", "answer": "y"},
            "has two system prompts (system and system_prompt)",
        ),
        (
            {"instruction": "x", "input": "a", "context": "b", "output": "y"},
            "has two inputs (input and context)",
        ),
        (
            {"instruction": "x", "input": "a", "question": "b", "output": "y"},
            "has two inputs (input and question)",
        ),
        ({"instruction": "x", "context": ["a"], "output": "y"}, "has no text in context"),
        ({"instruction": "x", "input": {"a": 1}, "output": "y"}, "has no text in input"),
        ({"instruction": ["x"], "output": "y"}, "has no text in instruction"),
        ({"instruction": "x", "output": ["y"]}, "has no text in output"),
        ({"instruction": {}, "output": "y"}, "has no text in instruction"),
        ({"instruction": "x", "output": {}}, "has no text in output"),
        ({"instruction": "x", "output": {"text": "y"}}, "has no text in output"),
        ({"question": "x", "answer": None}, "has no answer"),
        ({"question": " ", "answer": "y"}, "has no question"),
        ({"instruction": "x", "output": "y", "history": "z"}, "has no list in history"),
        ({"instruction": "x", "output": [BOT], "history": [["a", "b"]]}, "has a history beside its messages"),
        (
            {"instruction": "x", "output": "y", "history": [["a", "b\0"]]},
            "has a character in history that cannot be stored (NUL or an unpaired surrogate)",
        ),
        ({"instruction": "x", "output": "y", "system": ["z"]}, "has no text in system"),
        ({"chosen": "y", "rejected": "z"}, "has no prompt"),
        ({"chosen": None, "rejected": "z", "prompt": "x"}, "has no chosen"),
        (
            {"prompt": "x", "chosen": [USER, BOT], "rejected": []},
            "has an answer that begins with another question",
        ),
        (
            {"prompt": [USER, BOT, AGAIN], "chosen": [USER, BOT], "rejected": []},
            "has an answer that begins with another question",
        ),
        ({"input": "x", "preferred_output": [BOT], "non_preferred_output": []}, "has no messages in input"),
        ({"prompt": "x", "completion": "y", "label": False}, "is rated as an answer that is not wanted"),
        ({"messages": [USER, BOT], "label": False}, "is rated as an answer that is not wanted"),
        (
            {"conversations": sharegpt(USER, BOT), "kto_tag": False},
            "is rated as an answer that is not wanted",
        ),
    ],
)
def test_what_has_no_place_in_a_row_is_told(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    assert refused(tmp_path, **fields) == reason


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"is_classification": "yes"}, "classification"),
        ({"is_classification": 0}, "generation"),
        ({"is_classification": " Yes, it is."}, "classification"),
        ({"is_classification": "No\n\nTask: Sort the words."}, "generation"),
        ({"is_classification": ""}, None),
        ({"is_classification": "", "label": "classification"}, "classification"),
        ({"label": "generation"}, "generation"),
        ({"label": "fish"}, None),
        ({"label": 1}, None),
    ],
)
def test_a_label_is_read_like_the_answer_of_a_model(
    tmp_path: Path, fields: dict[str, Any], label: str | None
) -> None:
    assert one(tmp_path, instruction="Which?", output="a", **fields).label == label
