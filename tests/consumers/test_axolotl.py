"""axolotl's own code takes an export, and trains on the answers; these tests run where it is installed."""

from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.export.files import write_export
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.export.trainer_kinds import TEST, TRAIN, Job, Objective
from selfinstruct.core.export.trainers.axolotl import AXOLOTL
from selfinstruct.db.workspace import Workspace
from tests.consumers.conftest import CONSUMERS, ROWS, TALKS

pytestmark = CONSUMERS
pytest.importorskip("axolotl")


def validated(text: str) -> Any:
    """The configuration, as axolotl validates it on a machine with one accelerator."""
    import yaml
    from axolotl.utils.config import validate_config
    from axolotl.utils.dict import DictDefault

    machine = {"bf16": True, "n_gpu": 1, "compute_capability": "sm_80", "n_node": 1}
    return validate_config(DictDefault(yaml.safe_load(text)), machine, {"torch_version": "2.8.0"})


@pytest.mark.parametrize("objective", ["sft", "dpo", "kto"])
@pytest.mark.parametrize("has_test", [False, True])
def test_axolotl_takes_every_configuration(objective: Objective, has_test: bool) -> None:
    assert AXOLOTL.configs is not None
    known = validated(AXOLOTL.configs(Job(objective, has_test))["axolotl.yaml"])
    assert [one.path for one in known.datasets] == [TRAIN]
    assert [one.path for one in known.test_datasets or []] == ([TEST] if has_test else [])
    assert known.rl == (None if objective == "sft" else objective)


def test_every_token_of_the_answers_is_trained_on_and_none_of_the_questions(
    talks: Workspace, tmp_path: Path, tokenizer: Any
) -> None:
    from axolotl.prompt_strategies import load
    from datasets import load_dataset

    write_export(talks, tmp_path / "out", ExportOptions(trainer="axolotl"), at="now")
    known = validated((tmp_path / "out" / "axolotl.yaml").read_text())
    strategy = load("chat_template", tokenizer, known, known.datasets[0])
    rows = load_dataset("json", data_files=str(tmp_path / "out" / TRAIN), split="train")
    trained = []
    for row in rows:
        labels = strategy.tokenize_prompt(row)["labels"]
        trained.append(tokenizer.decode([token for token in labels if token != -100]))
    answers = [f"{output}<|end|>" for *_, output in ROWS]
    answers += [
        "".join(f"{turn.content}<|end|>" for turn in talk.turns if turn.role == "assistant")
        + f"{output}<|end|>"
        for _, _, output, talk in TALKS
    ]
    assert sorted(trained) == sorted(answers)
