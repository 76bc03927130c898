"""`ms-swift`: messages, and a YAML file with the options of `swift sft` or `swift rlhf`."""

import shlex
from pathlib import Path

from selfinstruct.core.export.format_kinds import Record
from selfinstruct.core.export.preference_rows import PreferencePair
from selfinstruct.core.export.style import Style, answer
from selfinstruct.core.export.trainer_kinds import MODEL, TEST, TRAIN, Job, Trainer
from selfinstruct.core.export.trainers.shapes import messages, messages_and_label

_LEARNING_RATES = {"sft": "1e-4", "dpo": "5e-6", "kto": "5e-6"}


def _encode_pair(pair: PreferencePair, style: Style) -> Record:
    return {
        "messages": [*style.prompt(pair.row), answer(pair.chosen)],
        "rejected_response": pair.rejected,
    }


def _configs(job: Job) -> dict[str, str]:
    preference = "" if job.objective == "sft" else f"rlhf_type: {job.objective}\n"
    test = f"val_dataset: {TEST}\neval_strategy: epoch\n" if job.has_test else ""
    return {
        f"{job.objective}.yaml": f"""\
model: {MODEL}
use_hf: true
{preference}dataset: {TRAIN}
{test}tuner_type: lora
lora_rank: 8
lora_alpha: 32
target_modules: all-linear
loss_scale: default
max_length: 2048
num_train_epochs: 3
per_device_train_batch_size: 1
gradient_accumulation_steps: 16
learning_rate: {_LEARNING_RATES[job.objective]}
warmup_ratio: 0.05
logging_steps: 5
output_dir: ./model
"""
    }


def _command(job: Job, folder: Path) -> str:
    what = "sft" if job.objective == "sft" else "rlhf"
    return f"cd {shlex.quote(str(folder))} && swift {what} {job.objective}.yaml"


MS_SWIFT = Trainer(
    "ms-swift",
    "messages, and a YAML file; the loss covers the answers only",
    messages,
    _command,
    _configs,
    _encode_pair,
    messages_and_label,
    join="line-break",
)
