"""`llamafactory`: messages, a dataset_info.json that says how to read them, and a YAML file.

Rows in which user and assistant do not take turns would be skipped without a word but in its log.
"""

import json
import shlex
from pathlib import Path
from typing import Any

from selfinstruct.core.export.trainer_kinds import MODEL, TEST, TRAIN, Job, Rules, Trainer
from selfinstruct.core.export.trainers.shapes import messages, messages_and_answers, messages_and_label

# Once `columns` or `tags` is there, each one that is not listed is None.
_COLUMNS: dict[str, dict[str, str]] = {
    "sft": {"messages": "messages"},
    "dpo": {"messages": "messages", "chosen": "chosen", "rejected": "rejected"},
    "kto": {"messages": "messages", "kto_tag": "label"},
}
_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
_LEARNING_RATES = {"sft": "1.0e-4", "dpo": "5.0e-6", "kto": "5.0e-6"}
_NAMES = {"train": TRAIN, "test": TEST}


def _entry(file: str, job: Job) -> dict[str, Any]:
    ranking = {"ranking": True} if job.objective == "dpo" else {}
    return {
        "file_name": file,
        "formatting": "sharegpt",
        **ranking,
        "columns": _COLUMNS[job.objective],
        "tags": _TAGS,
    }


def _configs(job: Job) -> dict[str, str]:
    files = {name: file for name, file in _NAMES.items() if name == "train" or job.has_test}
    info = {name: _entry(file, job) for name, file in files.items()}
    beta = "" if job.objective == "sft" else "pref_beta: 0.1\n"
    test = "eval_dataset: test\neval_strategy: epoch\n" if job.has_test else ""
    return {
        "dataset_info.json": json.dumps(info, indent=2) + "\n",
        f"{job.objective}.yaml": f"""\
model_name_or_path: {MODEL}
template: qwen
stage: {job.objective}
do_train: true
finetuning_type: lora
lora_rank: 8
lora_target: all
{beta}dataset_dir: .
dataset: train
{test}cutoff_len: 2048
output_dir: ./model
overwrite_output_dir: true
per_device_train_batch_size: 1
gradient_accumulation_steps: 8
learning_rate: {_LEARNING_RATES[job.objective]}
num_train_epochs: 3.0
lr_scheduler_type: cosine
warmup_ratio: 0.1
bf16: true
logging_steps: 10
report_to: none
""",
    }


def _command(job: Job, folder: Path) -> str:
    return f"cd {shlex.quote(str(folder))} && llamafactory-cli train {job.objective}.yaml"


LLAMAFACTORY = Trainer(
    "llamafactory",
    "messages, dataset_info.json and a YAML file; the loss covers the answers only",
    messages,
    _command,
    _configs,
    messages_and_answers,
    messages_and_label,
    join="line-break",
    rules=Rules(alternates=True),
)
