"""`trl`: prompt and completion as messages, so that the loss covers the completion only, and a YAML file.

A conversation in one list would be trained on from its first token.
"""

import shlex
from pathlib import Path

from selfinstruct.core.export.format_kinds import Record
from selfinstruct.core.export.formats.prompt_completion import prompt_and_completion
from selfinstruct.core.export.preference_rows import PreferencePair, RatedRow
from selfinstruct.core.export.style import Style, answer
from selfinstruct.core.export.trainer_kinds import MODEL, Job, Trainer

_LEARNING_RATES = {"sft": "2.0e-5", "dpo": "1.0e-6", "kto": "1.0e-6"}


def _encode_pair(pair: PreferencePair, style: Style) -> Record:
    return {
        "prompt": style.prompt(pair.row),
        "chosen": [answer(pair.chosen)],
        "rejected": [answer(pair.rejected)],
    }


def _encode_rated(rated: RatedRow, style: Style) -> Record:
    return {**prompt_and_completion(rated.row, style), "label": rated.label}


def _configs(job: Job) -> dict[str, str]:
    loss = "completion_only_loss: true\n" if job.objective == "sft" else ""
    evaluation = "eval_strategy: epoch\n" if job.has_test else ""
    return {
        f"{job.objective}.yaml": f"""\
model_name_or_path: {MODEL}
dataset_name: ./data
{loss}max_length: 2048
num_train_epochs: 3
learning_rate: {_LEARNING_RATES[job.objective]}
per_device_train_batch_size: 4
gradient_accumulation_steps: 4
{evaluation}report_to: none
output_dir: ./model
"""
    }


def _command(job: Job, folder: Path) -> str:
    return f"cd {shlex.quote(str(folder))} && trl {job.objective} --config {job.objective}.yaml"


TRL = Trainer(
    "trl",
    "prompt and completion as messages, and a YAML file; the loss covers the completion only",
    prompt_and_completion,
    _command,
    _configs,
    _encode_pair,
    _encode_rated,
)
