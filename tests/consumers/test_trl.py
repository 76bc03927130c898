"""TRL trains on an export: on the tokens of the completion, and on no others."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.export.files import write_export
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.export.preference_rows import PreferencePair, RatedRow
from selfinstruct.core.export.style import Style
from selfinstruct.core.export.trainer_kinds import MODEL, Job
from selfinstruct.core.export.trainers.trl import TRL
from selfinstruct.db.records import TrainingRow
from selfinstruct.db.workspace import Workspace
from tests.consumers.conftest import CONSUMERS, ROWS, TALKS

pytestmark = CONSUMERS

ONE_STEP = {"max_steps": 1, "per_device_train_batch_size": 4, "report_to": "none", "use_cpu": True}


def parsed(path: Path, *kinds: Any) -> tuple[Any, ...]:
    """The configuration, as `trl` reads it."""
    from trl import DatasetMixtureConfig, ModelConfig, ScriptArguments, TrlParser

    parser = TrlParser((ScriptArguments, *kinds, ModelConfig, DatasetMixtureConfig))
    return tuple(
        parser.parse_args_and_config(["--config", str(path), "--bf16", "false", "--use_cpu", "true"])
    )


def test_every_token_of_the_completion_is_trained_on_and_no_other(
    talks: Workspace, tmp_path: Path, model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import load_dataset
    from trl import SFTConfig, SFTTrainer

    write_export(talks, tmp_path / "out", ExportOptions(trainer="trl"), at="now")
    monkeypatch.chdir(tmp_path / "out")
    script, settings, chosen, _ = parsed(tmp_path / "out" / "sft.yaml", SFTConfig)
    assert chosen.model_name_or_path == MODEL
    assert (settings.completion_only_loss, settings.max_length) == (True, 2048)
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(str(tmp_path / "model"), max_length=settings.max_length, **ONE_STEP),
        train_dataset=load_dataset(script.dataset_name)[script.dataset_train_split],
        processing_class=tokenizer,
    )
    batch = trainer.data_collator([trainer.train_dataset[number] for number in range(len(ROWS) + len(TALKS))])
    trained = [
        tokenizer.decode([token for token in labels.tolist() if token != -100]) for labels in batch["labels"]
    ]
    answers = [output for *_, output in ROWS] + [output for _, _, output, _ in TALKS]
    assert sorted(trained) == sorted(f"{answer}<|end|>" for answer in answers)
    assert trainer.train().training_loss > 0


ROW = TrainingRow(1, "model", "Name a tree.", "a tall one", "oak")


def test_dpo_takes_a_step_on_pairs(tmp_path: Path, model: Any, tokenizer: Any) -> None:
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    assert TRL.encode_pair is not None
    pair = TRL.encode_pair(PreferencePair(ROW, "redwood", "moss"), Style())
    trainer = DPOTrainer(
        model=model,
        ref_model=deepcopy(model),
        args=DPOConfig(str(tmp_path / "model"), **ONE_STEP),
        train_dataset=Dataset.from_list([dict(pair)] * 4),
        processing_class=tokenizer,
    )
    assert trainer.train().training_loss > 0


def test_kto_takes_a_step_on_rated_answers(tmp_path: Path, model: Any, tokenizer: Any) -> None:
    from datasets import Dataset
    from trl import KTOConfig, KTOTrainer

    assert TRL.encode_rated is not None
    rows = [dict(TRL.encode_rated(RatedRow(ROW, label=one), Style())) for one in (True, False)]
    trainer = KTOTrainer(
        model=model,
        ref_model=deepcopy(model),
        args=KTOConfig(str(tmp_path / "model"), **ONE_STEP),
        train_dataset=Dataset.from_list(rows * 4),
        processing_class=tokenizer,
    )
    assert trainer.train().training_loss > 0


@pytest.mark.parametrize("objective", ["dpo", "kto"])
def test_trl_reads_the_configuration_for_preferences(tmp_path: Path, objective: Any) -> None:
    import trl

    assert TRL.configs is not None
    path = tmp_path / f"{objective}.yaml"
    path.write_text(TRL.configs(Job(objective, has_test=True))[path.name])
    script, settings, *_ = parsed(path, getattr(trl, f"{objective.upper()}Config"))
    assert script.dataset_name == "./data"
    assert settings.eval_strategy == "epoch"
