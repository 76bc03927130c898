"""`datasets.load_dataset` reads every export as it is meant."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.export.files import write_export
from selfinstruct.core.export.format_kinds import JsonFormat
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.export.registry import FORMATS
from selfinstruct.core.export.trainers.registry import TRAINERS
from selfinstruct.db.workspace import Workspace
from tests.consumers.conftest import CONSUMERS, ROWS, TALKS

pytestmark = CONSUMERS

JSON_FORMATS = [one for one in FORMATS if isinstance(one, JsonFormat)]
ANSWER: dict[str, Callable[[dict[str, Any]], str]] = {
    "messages": lambda row: str(row["messages"][-1]["content"]),
    "alpaca": lambda row: str(row["output"]),
    "sharegpt": lambda row: str(row["conversations"][-1]["value"]),
    "prompt-completion": lambda row: str(row["completion"][-1]["content"]),
    "gpt3": lambda row: str(row["completion"]).strip().removesuffix("<|endoftext|>"),
}
ANSWERS = sorted([output for *_, output in ROWS] + [output for _, _, output, _ in TALKS])


def load(*words: Any, **more: Any) -> list[dict[str, Any]]:
    from datasets import load_dataset

    return list(load_dataset(*words, split="train", **more))


@pytest.mark.parametrize("ending", ["jsonl", "json"])
@pytest.mark.parametrize("one", JSON_FORMATS, ids=lambda one: one.name)
def test_every_json_format_loads_with_every_answer(
    talks: Workspace, tmp_path: Path, one: JsonFormat, ending: str
) -> None:
    path = tmp_path / f"t.{ending}"
    write_export(talks, path, ExportOptions(one.name), at="now")
    rows = load("json", data_files=str(path))
    expected = ANSWERS if one.holds_conversations else sorted(output for *_, output in ROWS)
    if one.name == "gpt3":
        expected = [answer.strip() for answer in expected]
    assert sorted(map(ANSWER[one.name], rows)) == sorted(expected)
    assert len({tuple(row) for row in rows}) == 1, "the same columns in every row"


def test_prompts_and_completions_are_strings_where_no_row_is_a_conversation(
    questions: Workspace, tmp_path: Path
) -> None:
    write_export(questions, tmp_path / "t.jsonl", ExportOptions("prompt-completion"), at="now")
    rows = load("json", data_files=str(tmp_path / "t.jsonl"))
    assert sorted(row["completion"] for row in rows) == sorted(output for *_, output in ROWS)


def test_a_parquet_file_and_a_folder_for_the_hub_load_with_the_same_messages(
    talks: Workspace, tmp_path: Path
) -> None:
    for name, export_format in (("t.jsonl", "messages"), ("t.parquet", "parquet"), ("hub", "hub")):
        write_export(talks, tmp_path / name, ExportOptions(export_format), at="now")
    expected = load("json", data_files=str(tmp_path / "t.jsonl"))
    assert load("parquet", data_files=str(tmp_path / "t.parquet")) == expected
    assert load(str(tmp_path / "hub")) == expected


@pytest.mark.parametrize("trainer", TRAINERS, ids=lambda one: one.name)
def test_what_is_written_for_a_trainer_loads_with_every_answer(
    talks: Workspace, tmp_path: Path, trainer: Any
) -> None:
    path = tmp_path / ("out" if trainer.is_folder else "out.jsonl")
    exported = write_export(talks, path, ExportOptions(trainer=trainer.name), at="now")
    rows = load("json", data_files=str(exported.files[0].path))
    ending = "prompt-completion" if trainer.name == "trl" else "messages"
    assert sorted(map(ANSWER[ending], rows)) == ANSWERS
