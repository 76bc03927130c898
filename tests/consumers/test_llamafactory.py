"""LLaMA-Factory's own code loads an export as it is meant; these tests run where it is installed."""

import json
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.export.files import write_export
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.export.preference_rows import PreferencePair, RatedRow
from selfinstruct.core.export.style import Style
from selfinstruct.core.export.trainer_kinds import TRAIN, Job, Objective
from selfinstruct.core.export.trainers.llamafactory import LLAMAFACTORY
from selfinstruct.db.records import TrainingRow
from selfinstruct.db.workspace import Workspace
from tests.consumers.conftest import CONSUMERS, ROWS, TALKS

pytestmark = CONSUMERS
pytest.importorskip("llamafactory")


def loaded(name: str) -> list[dict[str, Any]]:
    """The rows as LLaMA-Factory converts them, from the folder that this process is in."""
    from llamafactory.data.loader import _load_single_dataset
    from llamafactory.data.parser import get_dataset_list
    from llamafactory.hparams import DataArguments, ModelArguments
    from transformers import Seq2SeqTrainingArguments

    (described,) = get_dataset_list([name], ".")
    arguments = DataArguments(dataset_dir=".", dataset=name, template="qwen")
    return list(
        _load_single_dataset(described, ModelArguments("none"), arguments, Seq2SeqTrainingArguments("out"))
    )


def test_every_row_arrives_with_its_answer_its_turns_and_its_system_prompt(
    talks: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_export(talks, tmp_path / "out", ExportOptions(trainer="llamafactory"), at="now")
    monkeypatch.chdir(tmp_path / "out")
    rows = loaded("train")
    answers = [output for *_, output in ROWS] + [output for _, _, output, _ in TALKS]
    assert sorted(row["_response"][0]["content"] for row in rows) == sorted(answers)
    assert all([one["role"] for one in row["_response"]] == ["assistant"] for row in rows)
    assert sorted({row["_system"] for row in rows}) == ["", "Answer in one sentence.", "You are brief."]
    assert max(len(row["_prompt"]) for row in rows) == 3
    assert any(row["_prompt"][0]["content"] == "Name a river in the country.\nKenya" for row in rows)


ROW = TrainingRow(1, "model", "Name a tree.", "", "oak")


@pytest.mark.parametrize(("objective", "answers"), [("dpo", ["redwood", "moss"]), ("kto", ["", "oak"])])
def test_preferences_arrive_with_both_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objective: Objective, answers: list[str]
) -> None:

    monkeypatch.chdir(tmp_path)
    assert LLAMAFACTORY.configs is not None
    assert LLAMAFACTORY.encode_pair is not None
    assert LLAMAFACTORY.encode_rated is not None
    row = (
        LLAMAFACTORY.encode_pair(PreferencePair(ROW, *answers), Style())
        if objective == "dpo"
        else LLAMAFACTORY.encode_rated(RatedRow(ROW, label=False), Style())
    )
    Path("data").mkdir()
    Path(TRAIN).write_text(json.dumps(row) + "\n")
    for name, text in LLAMAFACTORY.configs(Job(objective)).items():
        Path(name).write_text(text)
    (found,) = loaded("train")
    assert [one["content"] for one in found["_prompt"]] == ["Name a tree."]
    assert [one["content"] for one in found["_response"]] == answers
