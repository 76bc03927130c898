"""Exports with a part for testing, and exports of what people decided."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.files import write_export
from selfinstruct.core.export.options import ExportOptions, Preference
from selfinstruct.core.export.trainers.registry import TRAINERS
from selfinstruct.db.records import NewInstance
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.export.rows import PLAIN, put
from tests.core.export.test_preference import accepted, stored

THINGS = ("a river", "the moon", "one kind of bread", "your favourite tool", "an old coin", "some wild bird")
ROWS = [
    replace(
        PLAIN, task_id=number, instruction=f"Describe {thing} in {number} words.", output=f"{number} {one}"
    )
    for number, thing in enumerate(THINGS * 5)
    for one in ("first", "second")
]

DIFFERENT = (
    "Describe the moon as a sailor sees it.",
    "Which tools does a carpenter need?",
    "Turn this recipe into a shopping list.",
    "Explain compound interest to a child.",
    "Suggest names for a bakery by the harbour.",
    "How do bees find their way home?",
    "Reply to a guest whose flight was cancelled.",
    "Compare two novels that you like.",
    "Say in one sentence why bread rises.",
    "Plan a quiet weekend for an old couple.",
    "What should a beginner know about chess openings?",
    "Rewrite the notice so that it sounds friendlier.",
)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_split_is_two_files_and_no_task_is_in_both(workspace: Workspace, tmp_path: Path) -> None:
    put(workspace, *ROWS)
    done = write_export(workspace, tmp_path / "t.jsonl", ExportOptions("alpaca", split=0.75), at="now")
    assert [(file.path.name, file.part) for file in done.files] == [
        ("t.jsonl", "train"),
        ("t.test.jsonl", "test"),
    ]
    train, test = (lines(file.path) for file in done.files)
    assert len(train) + len(test) == done.rows == len(ROWS)
    assert len(test) > 0
    assert {row["instruction"] for row in train} & {row["instruction"] for row in test} == set()


@pytest.mark.parametrize("one", [one for one in TRAINERS if one.is_folder], ids=lambda one: one.name)
def test_rows_for_testing_lie_beside_those_for_training(
    workspace: Workspace, tmp_path: Path, one: Any
) -> None:
    put(workspace, *ROWS)
    done = write_export(workspace, tmp_path / "out", ExportOptions(trainer=one.name, split=0.75), at="now")
    assert [file.path.name for file in done.files] == ["train.jsonl", "test.jsonl"]
    assert all(file.path.parent == tmp_path / "out" / "data" and lines(file.path) for file in done.files)


def test_a_file_for_testing_that_is_there_is_not_replaced(workspace: Workspace, tmp_path: Path) -> None:
    put(workspace, *ROWS)
    (tmp_path / "t.test.jsonl").write_text("precious")
    with pytest.raises(ExportError, match=r"t\.test\.jsonl already exists"):
        write_export(workspace, tmp_path / "t.jsonl", ExportOptions(split=0.75), at="now")
    assert not (tmp_path / "t.jsonl").exists()


@pytest.mark.parametrize("one", TRAINERS, ids=lambda one: one.name)
async def test_what_a_person_edited_or_dropped_is_exported_as_each_trainer_reads_it(
    engine_on: OpenEngine, tmp_path: Path, one: Any
) -> None:
    engine = engine_on()
    for instruction in DIFFERENT:
        task_id = accepted(engine, instruction)
        first, second = stored(engine, task_id, NewInstance("", "dull"), NewInstance("now", "wrong"))
        engine.decisions.instances.edit(first, "", "vivid")
        engine.decisions.instances.drop(second)
    for preference in ("dpo", "kto"):
        out = tmp_path / f"{preference}{'' if one.is_folder else '.jsonl'}"
        options = ExportOptions(trainer=one.name, preference=preference)
        if (one.encode_pair if preference == "dpo" else one.encode_rated) is None:
            with pytest.raises(ExportError, match=f"{one.name} does not train by {preference.upper()}"):
                write_export(engine.workspace, out, options, at="now")
            continue
        done = write_export(engine.workspace, out, options, at="now")
        rows = lines(done.files[0].path)
        text = json.dumps(rows)
        assert len(rows) == len(DIFFERENT) * (1 if preference == "dpo" else 2)
        assert ("vivid" in text, "dull" in text, "wrong" in text) == (
            True,
            preference == "dpo",
            preference == "kto",
        )
        beside = "".join(path.read_text() for path in done.beside)
        assert not one.is_folder or preference in f"{beside}{done.command}"


@pytest.mark.parametrize("preference", ["dpo", "kto"])
def test_where_nobody_decided_on_outputs_that_is_said(
    workspace: Workspace, tmp_path: Path, preference: Preference
) -> None:
    put(workspace, *ROWS)
    with pytest.raises(ExportError, match=r"^There are no (pairs|rated rows): nobody has edited"):
        write_export(
            workspace, tmp_path / "out", ExportOptions(trainer="trl", preference=preference), at="now"
        )
    assert not (tmp_path / "out").exists()
