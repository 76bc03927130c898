"""The files that were published with the paper are read as what they are, raw answers by our own parser."""

from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.dataset_files.data_file import DataFile, open_data
from tests.core.dataset_files.files import line, one, refused, rows, rows_of, told

TASK = "Tell whether the animal is a fish or a bird."


def proposal(
    text: str, *, reason: str = "stop", prompt: str = "Come up with tasks:\n1. Sort words.\n2."
) -> Any:
    return {"prompt": prompt, "response": {"choices": [{"text": text, "finish_reason": reason}]}}


@pytest.mark.parametrize(
    ("raw", "label", "expected"),
    [
        (
            "Class label: fish\nInput: cod\nClass label: bird\nInput: wren",
            True,
            [("cod", "fish"), ("wren", "bird")],
        ),
        ("Class label: fish\nInput: cod", " Yes", [("cod", "fish")]),
        ("Class label: fish\nInput: cod", None, [("cod", "fish")]),
        ("Class label: fish", True, [("", "fish")]),
        (" fish\nInput: cod\nClass label: bird\nInput: wren", True, [("cod", "fish"), ("wren", "bird")]),
        ("Input: cod\nClass label: fish", True, [("cod", "fish")]),
        (
            "Example 1\nInput: cod\nOutput: fish\nExample 2\nInput: wren\nOutput: bird",
            False,
            [("cod", "fish"), ("wren", "bird")],
        ),
        ("Input: cod\nOutput: fish", " No", [("cod", "fish")]),
        ("Output: Dogs bark.", False, [("", "Dogs bark.")]),
        (" Output: Dogs bark.\n", None, [("", "Dogs bark.")]),
    ],
)
def test_raw_instances_are_read_as_the_label_says(
    tmp_path: Path, raw: str, label: Any, expected: list[tuple[str, str]]
) -> None:
    found, bad = rows(tmp_path / "a", {"instruction": TASK, "raw_instances": raw, "is_classification": label})
    assert [(row.input, row.output) for row in found] == expected
    assert bad == []


def test_the_last_instance_of_an_answer_that_was_cut_is_told(tmp_path: Path) -> None:
    fields = {
        "instruction": TASK,
        "raw_instances": "Input: cod\nOutput: fish\n\nInput: wren\nOutput: bi",
        "instance_metadata": proposal("", reason="length"),
        "is_classification": False,
    }
    found, bad = rows(tmp_path / "a", fields)
    assert [row.output for row in found] == ["fish"]
    ((_, reason),) = told(bad)
    assert reason.startswith("has an instance that is dropped: ")


@pytest.mark.parametrize("raw", ["", " \n", None])
def test_an_answer_that_says_nothing_is_told(tmp_path: Path, raw: object) -> None:
    assert refused(tmp_path, instruction=TASK, raw_instances=raw) == "has no instances"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            proposal(" Name a river.\n3. Sing a song.\n4. Count to ten."),
            ["Name a river.", "Sing a song.", "Count to ten."],
        ),
        (proposal(" Name a river.\n3. Sing a so", reason="length"), ["Name a river."]),
        ({"metadata": proposal(" Name a river."), "request_idx": 3}, ["Name a river."]),
        (
            {"metadata": proposal(" Name a river.", prompt="Tasks:\n 9 . "), "most_similar": {}},
            ["Name a river."],
        ),
    ],
)
def test_raw_proposals_are_read_into_tasks(
    tmp_path: Path, fields: dict[str, Any], expected: list[str]
) -> None:
    path = tmp_path / "a"
    found, bad = rows(path, fields)
    assert [(row.instruction, row.output) for row in found] == [(task, None) for task in expected]
    assert bad == []
    assert DataFile(path).recognized.shape == "raw-proposals"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (proposal(" \n"), "has no proposals"),
        ({"prompt": "Tasks:\n1.", "response": {"choices": []}}, "has a response without a choice"),
        ({"prompt": "Tasks:\n1.", "response": {}}, "has a response without a choice"),
        ({"prompt": "Name a river.", "response": {"choices": [{"text": "x"}]}}, "has no text in response"),
    ],
)
def test_a_request_without_proposals_is_told(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    assert refused(tmp_path, **fields) == reason


def test_the_instruction_counts_if_it_was_parsed_already(tmp_path: Path) -> None:
    fields = {
        "instruction": "Name a river.",
        "metadata": proposal(" Name a lake."),
        "avg_similarity_score": 0.1,
    }
    row = one(tmp_path, **fields)
    assert (row.instruction, row.output) == ("Name a river.", None)


@pytest.mark.parametrize(
    "fields",
    [
        {
            "id": "seed_task_0",
            "name": "river",
            "instruction": "Name it.",
            "instances": [{"input": "a", "output": "b"}],
            "is_classification": False,
        },
        {
            "id": "user_oriented_task_0",
            "motivation_app": "Maps",
            "instruction": "Name it.",
            "instances": [{"input": "a", "output": "b"}],
        },
        {"instruction": "Name it.", "input": "a", "output": "b"},
        {"prompt": "Name it.\n\nInput: a\n\nOutput:", "completion": " b<|endoftext|>"},
        {"prompt": "Task: Name it.\nInput: a\nOutput:", "completion": " b<|endoftext|>"},
        {
            "prompt": "Name it.\n\nInput: a\nOutput:",
            "instruction": "Name it.",
            "input": "a",
            "response": "b",
            "target": "c",
        },
    ],
)
def test_a_row_of_each_published_file_gives_its_parts(tmp_path: Path, fields: dict[str, Any]) -> None:
    row = one(tmp_path, **fields)
    assert (row.instruction, row.input, row.output) == ("Name it.", "a", "b")


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Name it.\n\nSee.\nInput: a\n\nOutput:", ("Name it.\n\nSee.\nInput: a", "")),
        ("Name it.\nInput: a\nInput: b\nOutput:", ("Name it.\nInput: a\nInput: b", "")),
        ("Name it.\n\n\nInput: a\n\nOutput:", ("Name it.\n\n\nInput: a", "")),
        ("Name it. Input: a Output:", ("Name it. Input: a", "")),
        ("Name it.\nInput: a Output:", ("Name it.\nInput: a", "")),
        ("Name it.\n\na\n\nOutput:", ("Name it.\n\na", "")),
        ("Name it.\na\n\n", ("Name it.\na", "")),
    ],
)
def test_a_prompt_whose_parts_cannot_be_told_apart_stays_whole(
    tmp_path: Path, prompt: str, expected: tuple[str, str]
) -> None:
    completion = " b<|endoftext|>" if prompt.endswith("Output:") else "b<|endoftext|>"
    row = one(tmp_path, prompt=prompt, completion=completion)
    assert ((row.instruction, row.input), row.output) == (expected, "b")


def test_labels_of_another_file_are_those_of_the_row_unless_it_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text(
        "".join(line(instruction=text, is_classification=" Yes\n") + "\n" for text in ("a", "b"))
    )
    (tmp_path / "rows").write_text(
        line(instruction="a", output="x")
        + "\n"
        + line(instruction="b", output="x", is_classification=False)
        + "\n"
        + line(instruction="c", output="x")
        + "\n"
    )
    files = open_data([tmp_path / "rows", tmp_path / "labels"])
    assert [row.label for row in rows_of(files[0])[0]] == ["classification", "generation", None]
