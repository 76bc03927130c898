"""Rows of every usual shape are read whole, or told with the reason why they cannot be kept."""

from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.dataset_files.data_file import DataFile, open_data
from selfinstruct.core.errors import ImportDataError
from tests.core.dataset_files.files import (
    AGAIN,
    BOT,
    BYE,
    LONG,
    SYSTEM,
    TALK,
    USER,
    line,
    one,
    refused,
    rows,
    rows_of,
    said,
    sharegpt,
    told,
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"instruction": "Add.", "input": "1 + 1", "output": "2"}, ("Add.", "1 + 1", "2")),
        ({"instruction": "Add.", "output": "2"}, ("Add.", "", "2")),
        ({"instruction": "Add.", "input": None, "output": "2"}, ("Add.", "", "2")),
        ({"instruction": "Add.", "input": "", "output": 2}, ("Add.", "", "2")),
        ({"instruction": "Add.", "input": 3, "output": 2.5}, ("Add.", "3", "2.5")),
        ({"instruction": "True?", "output": False}, ("True?", "", "false")),
        ({"instruction": "Add.", "context": "1 + 1", "response": "2"}, ("Add.", "1 + 1", "2")),
        ({"instruction": "Add.", "context": "", "input": "1 + 1", "output": "2"}, ("Add.", "1 + 1", "2")),
        ({"question": "1 + 1?", "answer": "2"}, ("1 + 1?", "", "2")),
        (
            {"question": "How far?", "context": "The moon.", "answer": "Far."},
            ("How far?", "The moon.", "Far."),
        ),
        ({"query": "1 + 1?", "response": "2"}, ("1 + 1?", "", "2")),
        ({"prompt": "1 + 1?", "response": "2"}, ("1 + 1?", "", "2")),
        ({"prompt": "1 + 1?", "completion": " 2"}, ("1 + 1?", "", " 2")),
        ({"instruction": " Add. \n", "output": "\n2\n"}, (" Add. \n", "", "\n2\n")),
        ({"prompt": "1 + 1?", "chosen": "2", "rejected": "3"}, ("1 + 1?", "", "2")),
        ({"instruction": "Add.", "output": "2", "extra": {"deep": [1]}}, ("Add.", "", "2")),
    ],
)
def test_questions_and_answers_by_any_usual_name(
    tmp_path: Path, fields: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    row = one(tmp_path, **fields)
    assert (row.instruction, row.input, row.output) == expected
    assert row.conversation is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"messages": [USER, BOT]}, TALK),
        ({"messages": [SYSTEM, USER, BOT, AGAIN, BYE]}, LONG),
        ({"messages": [{**SYSTEM, "role": "developer"}, USER, BOT, AGAIN, BYE]}, LONG),
        ({"messages": [USER, BOT, AGAIN, BYE], "system": "Be kind."}, LONG),
        ({"messages": [USER, USER, BOT]}, [("user", "Hello"), *TALK]),
        ({"messages": [USER, {**BOT, "weight": 1}], "tools": []}, TALK),
        ({"messages": [{**USER, "name": "anna"}, {**BOT, "tool_calls": None}]}, TALK),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}, BOT]}, TALK),
        ({"messages": sharegpt(USER, BOT)}, TALK),
        ({"conversations": sharegpt(USER, BOT)}, TALK),
        ({"conversations": sharegpt(SYSTEM, USER, BOT, AGAIN, BYE)}, LONG),
        ({"conversations": sharegpt(USER, BOT, AGAIN, BYE), "system": "Be kind."}, LONG),
        ({"conversations": sharegpt(USER, BOT, user="User", assistant="ChatGPT")}, TALK),
        ({"conversation": [USER, BOT]}, TALK),
        ({"prompt": [SYSTEM, USER, BOT, AGAIN], "completion": [BYE]}, LONG),
        ({"prompt": [USER], "completion": "Hi!"}, TALK),
        ({"prompt": "Hello", "completion": [BOT]}, TALK),
        ({"prompt": [USER], "chosen": [BOT], "rejected": [BYE]}, TALK),
        ({"chosen": [USER, BOT], "rejected": [USER, BYE]}, TALK),
        ({"instruction": "Hello", "output": "Hi!", "system": "Be kind."}, [("system", "Be kind."), *TALK]),
        (
            {
                "instruction": "Bye",
                "input": "",
                "output": "See you.",
                "history": [["Hello", "Hi!"]],
                "system": "Be kind.",
            },
            LONG,
        ),
        ({"instruction": "Hello", "output": "Hi!", "history": []}, TALK),
    ],
)
def test_conversations_are_kept_whole(
    tmp_path: Path, fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert said(one(tmp_path, **fields)) == expected


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"messages": []}, "has no messages"),
        ({"messages": None}, "has no messages"),
        ({"messages": "Hello"}, "has no messages"),
        ({"messages": [USER]}, "does not end with a message of the assistant"),
        ({"messages": [USER, BOT, AGAIN]}, "does not end with a message of the assistant"),
        ({"messages": [BOT]}, "does not begin with a message of the user"),
        ({"messages": [BOT, USER, BOT]}, "does not begin with a message of the user"),
        ({"messages": [SYSTEM]}, "does not begin with a message of the user"),
        ({"messages": [USER, SYSTEM, BOT]}, "has a system prompt after its first message"),
        ({"messages": [SYSTEM, SYSTEM, USER, BOT]}, "has a system prompt after its first message"),
        ({"messages": [SYSTEM, USER, BOT], "system": "Be brief."}, "has two system prompts"),
        (
            {"messages": [USER, {"role": "tool", "content": "3"}, BOT]},
            "has a message of the role 'tool', which cannot be kept",
        ),
        ({"messages": [USER, {"content": "Hi!"}]}, "has a message without a role"),
        ({"messages": [USER, {**BOT, "tool_calls": [{}]}]}, "has a call of a tool, which cannot be kept"),
        (
            {"messages": [USER, {**BOT, "weight": 0}, AGAIN, BYE]},
            "has a message with the weight 0, which cannot be kept",
        ),
        ({"messages": [USER, BOT], "tools": [{}]}, "has tools, which cannot be kept"),
        ({"messages": [USER, "Hi!"]}, "has a message that is not an object"),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, "has no output"),
        ({"messages": [USER, {"role": "assistant", "content": " "}]}, "has no output"),
        ({"messages": [{"role": "user", "content": ""}, BOT]}, "has an empty message"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, BOT]},
            "has a part of a message that is not text, which cannot be kept",
        ),
        ({"messages": [{"role": "user", "content": {"a": 1}}, BOT]}, "has no text in content"),
        ({"conversations": sharegpt(USER)}, "does not end with a message of the assistant"),
        (
            {"conversations": [*sharegpt(USER), {"from": "observation", "value": "3"}]},
            "has a message of the role 'observation', which cannot be kept",
        ),
        ({"prompt": [USER], "completion": []}, "does not end with a message of the assistant"),
        (
            {"instruction": "Hello", "output": "Hi!", "history": [["Hello"]]},
            "has a part of its history that is not a pair of texts",
        ),
    ],
)
def test_a_conversation_that_cannot_be_kept_whole_is_refused_with_the_reason(
    tmp_path: Path, fields: dict[str, Any], reason: str
) -> None:
    assert refused(tmp_path, **fields) == reason


@pytest.mark.parametrize(
    ("fields", "thoughts", "output"),
    [
        ({"output": "<think>Hm.</think>Two."}, "Hm.", "Two."),
        ({"output": "<think>\nHm.\n</think>\n\nTwo.\n"}, "Hm.", "Two.\n"),
        ({"output": "\n<thinking>a\n\nb</thinking> Two."}, "a\n\nb", "Two."),
        ({"output": "<think>\n\n</think>\n\nTwo."}, "", "Two."),
        ({"output": "Two.", "reasoning_content": "Hm."}, "Hm.", "Two."),
        ({"output": "Two.", "thinking": None}, "", "Two."),
        ({"output": "<think></think>Two.", "reasoning": "Hm."}, "Hm.", "Two."),
        ({"output": "What does <think> do?"}, "", "What does <think> do?"),
        ({"output": "Two. <think>Hm.</think>"}, "", "Two. <think>Hm.</think>"),
    ],
)
def test_thoughts_come_apart_from_the_output(
    tmp_path: Path, fields: dict[str, Any], thoughts: str, output: str
) -> None:
    row = one(tmp_path, instruction="1 + 1?", **fields)
    assert (row.thoughts, row.output) == (thoughts, output)
    answer = {"role": "assistant", "content": fields["output"]} | {
        k: v for k, v in fields.items() if k != "output"
    }
    row = one(tmp_path, messages=[{"role": "user", "content": "1 + 1?"}, answer])
    assert (row.thoughts, row.output) == (thoughts, output)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"output": "<think>Hm."}, "begins its output with thoughts that do not end"),
        ({"output": "<think>Hm.</think>"}, "has no output"),
        (
            {"output": "<think>Hm.</think>Two.", "reasoning": "Oh."},
            "has thoughts both in its output and in reasoning",
        ),
    ],
)
def test_thoughts_without_an_answer_are_no_row(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    assert refused(tmp_path, instruction="1 + 1?", **fields) == reason


def test_a_seed_task_gives_a_row_for_each_instance(tmp_path: Path) -> None:
    instances = [{"input": "cod", "output": "fish"}, {"input": "", "output": "bird"}, {"output": 3}]
    task = {"id": "seed_1", "instruction": "Which animal?", "instances": instances, "is_classification": True}
    found, _ = rows(tmp_path / "a.jsonl", task)
    assert [(row.input, row.output) for row in found] == [("cod", "fish"), ("", "bird"), ("", "3")]
    assert {(row.line, row.label, row.name) for row in found} == {(1, "classification", "seed_1")}


def test_a_task_whose_instances_cannot_all_be_read_gives_no_row_at_all(tmp_path: Path) -> None:
    for instance in ({"input": "wren", "output": " "}, "wren", {"input": [1], "output": "bird"}):
        bad = {"instruction": "Which animal?", "instances": [{"input": "cod", "output": "fish"}, instance]}
        assert refused(tmp_path, **bad).startswith("has ")


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (True, "classification"),
        (False, "generation"),
        (" Yes", "classification"),
        (" No\n", "generation"),
        (None, None),
    ],
)
def test_labels_come_with_the_rows(tmp_path: Path, value: object, label: str | None) -> None:
    assert one(tmp_path, instruction="Which?", output="a", is_classification=value).label == label


def test_a_label_that_is_neither_is_refused(tmp_path: Path) -> None:
    fields = {"instruction": "Which?", "output": "a", "is_classification": "maybe"}
    assert refused(tmp_path, **fields) == "has neither true nor false in is_classification"


@pytest.mark.parametrize(
    ("prompt", "completion", "expected"),
    [
        ("Add.\nInput: 1 + 1\nOutput:", " 2<|endoftext|>", ("Add.", "1 + 1", "2")),
        ("Add.\n\nInput: 1 + 1\n\nOutput:", " 2<|endoftext|>", ("Add.", "1 + 1", "2")),
        ("Task: Add.\nInput: 1 + 1\nOutput:", " 2<|endoftext|>", ("Add.", "1 + 1", "2")),
        ("Add. Output:", " 2<|endoftext|>", ("Add.", "", "2")),
        ("Add.\nOutput:", " 2<|endoftext|>", ("Add.", "", "2")),
        ("Add.\n\nOutput:", " 2<|endoftext|>", ("Add.", "", "2")),
        ("Task: Add.\n\n", "2<|endoftext|>", ("Add.", "", "2")),
        ("Add.\n", "2<|endoftext|>", ("Add.", "", "2")),
        ("Add.\n\n1 + 1\n\n", "2<|endoftext|>", ("Add.\n\n1 + 1", "", "2")),
        ("Add.\nOutput:", " 2", ("Add.\nOutput:", "", " 2")),
    ],
)
def test_the_papers_layouts_are_read_back_where_their_parts_have_names(
    tmp_path: Path, prompt: str, completion: str, expected: tuple[str, str, str]
) -> None:
    row = one(tmp_path, prompt=prompt, completion=completion)
    assert (row.instruction, row.input, row.output) == expected


def test_the_published_files_are_taken_together(tmp_path: Path) -> None:
    tasks = ["Sort the animal.", "Write a haiku."]
    files_there: dict[str, list[dict[str, object]]] = {
        "machine_generated_instructions.jsonl": [{"instruction": task, "request_idx": 1} for task in tasks],
        "is_clf_or_not.jsonl": [
            {"instruction": task, "is_classification": answer}
            for task, answer in zip(tasks, (" Yes", " No"), strict=True)
        ],
        "machine_generated_instances.jsonl": [
            {
                "instruction": tasks[0],
                "raw_instances": " fish\nInput: cod\n\nClass label: bird\nInput: wren\n\n"
                "Class label: bird\nInput:",
            },
            {"instruction": tasks[1], "raw_instances": " Output: An old silent pond"},
        ],
    }
    for name, fields in files_there.items():
        (tmp_path / name).write_text("".join(line(**one) + "\n" for one in fields))
    files = open_data(sorted(tmp_path.iterdir()))
    assert [data.recognized.shape for data in files] == ["instructions", "raw-instances", "instructions"]
    found, bad = rows_of(files[1])
    ((place, reason),) = told(bad)
    assert place == 1
    assert reason.startswith("has an instance that is dropped: The input of this label is empty")
    assert [(row.instruction, row.input, row.output, row.label) for row in found] == [
        (tasks[0], "cod", "fish", "classification"),
        (tasks[0], "wren", "bird", "classification"),
        (tasks[1], "", "An old silent pond", "generation"),
    ]
    assert [row.label for row in rows_of(files[2])[0]] == ["classification", "generation"]


@pytest.mark.parametrize(
    ("mapping", "fields", "expected"),
    [
        ({"instruction": "q", "output": "a"}, {"q": "x?", "a": "y"}, ("x?", "", "y")),
        (
            {"instruction": "q.text", "output": "a.0.text"},
            {"q": {"text": "x?"}, "a": [{"text": "y"}]},
            ("x?", "", "y"),
        ),
        ({"instruction": "q.text", "output": "a"}, {"q.text": "x?", "a": "y"}, ("x?", "", "y")),
        (
            {"instruction": "q", "input": "c", "output": "a"},
            {"q": "x?", "c": "z", "a": "y"},
            ("x?", "z", "y"),
        ),
        (
            {"instruction": "output", "output": "instruction"},
            {"output": "x?", "instruction": "y"},
            ("x?", "", "y"),
        ),
        ({"instruction": "q"}, {"q": "x?", "output": "not asked for"}, ("x?", "", None)),
    ],
)
def test_fields_by_other_names_are_found(
    tmp_path: Path, mapping: dict[str, str], fields: dict[str, Any], expected: tuple[str, str, str | None]
) -> None:
    (row,), _ = rows(tmp_path / "a.jsonl", fields, mapping=mapping)
    assert (row.instruction, row.input, row.output) == expected


def test_a_system_prompt_and_thoughts_can_be_mapped(tmp_path: Path) -> None:
    mapping = {"instruction": "q", "output": "a", "system": "s", "thoughts": "t"}
    (row,), _ = rows(
        tmp_path / "a.jsonl", {"q": "x?", "a": "y", "s": "Be kind.", "t": "Hm."}, mapping=mapping
    )
    assert said(row) == [("system", "Be kind."), ("user", "x?"), ("assistant", "y")]
    assert row.thoughts == "Hm."


def test_a_row_that_lacks_a_mapped_field_is_told(tmp_path: Path) -> None:
    mapping = {"instruction": "q", "output": "a"}
    found, bad = rows(tmp_path / "a.jsonl", {"q": "x?", "a": "y"}, {"q": "x?"}, {"a": "y"}, mapping=mapping)
    assert len(found) == 1
    assert told(bad) == [(2, "has no field a"), (3, "has no field q")]


def test_a_mapping_that_no_row_has_names_the_fields_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        ImportDataError, match=r"has the field quest; their fields are question, a\. Did you mean question"
    ):
        rows(
            tmp_path / "a.jsonl",
            {"question": "x?", "a": "y"},
            mapping={"instruction": "quest", "output": "a"},
        )


def test_a_mixed_file_is_read_row_by_row_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    found, _ = rows(
        path, {"messages": [USER, BOT]}, {"messages": [USER, BYE]}, {"question": "x?", "answer": "y"}
    )
    assert [row.output for row in found] == ["Hi!", "See you.", "y"]
    assert DataFile(path).recognized.sentence == (
        "JSON Lines of chat messages, by the fields messages; of the first 3 rows some are alpaca (1)."
    )
