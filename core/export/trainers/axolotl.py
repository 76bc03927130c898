"""`axolotl`: messages, and a YAML file that trains on the answers by the chat template of the model."""

import shlex
from pathlib import Path

from selfinstruct.core.export.format_kinds import Record
from selfinstruct.core.export.preference_rows import RatedRow
from selfinstruct.core.export.style import Style
from selfinstruct.core.export.trainer_kinds import MODEL, TEST, TRAIN, Job, Rules, Trainer
from selfinstruct.core.export.trainers.shapes import messages, messages_and_answers

_TYPES = {
    "sft": """\
    type: chat_template
    field_messages: messages
    roles_to_train: [assistant]
    train_on_eos: turn
""",
    "dpo": """\
    type: chat_template.default
    field_messages: messages
    field_chosen: chosen
    field_rejected: rejected
""",
    "kto": """\
    type: chatml.ultra
""",
}
_LEARNING_RATES = {"sft": "0.0002", "dpo": "0.000005", "kto": "0.000005"}


def _encode_rated(rated: RatedRow, style: Style) -> Record:
    # Its chat templates for KTO take one question; `chatml` is the template of the model.
    conversation = rated.row.conversation
    return {
        "system": "" if conversation is None else conversation.system,
        "prompt": style.question(rated.row),
        "completion": rated.row.output,
        "label": rated.label,
    }


def _dataset(path: str, job: Job) -> str:
    return f"  - path: {path}\n    ds_type: json\n    split: train\n{_TYPES[job.objective]}"


def _configs(job: Job) -> dict[str, str]:
    preference = "" if job.objective == "sft" else f"rl: {job.objective}\n"
    unused = "remove_unused_columns: false\n" if job.objective == "kto" else ""
    # A share to evaluate with, and a file of such rows, exclude each other.
    test = f"test_datasets:\n{_dataset(TEST, job)}" if job.has_test else "val_set_size: 0.0\n"
    return {
        "axolotl.yaml": f"""\
base_model: {MODEL}
chat_template: tokenizer_default
{preference}datasets:
{_dataset(TRAIN, job)}{test}{unused}dataset_prepared_path: ./prepared
sequence_len: 2048
adapter: lora
lora_r: 16
lora_alpha: 32
lora_dropout: 0.05
lora_target_linear: true
micro_batch_size: 2
gradient_accumulation_steps: 4
num_epochs: 3
optimizer: adamw_torch
lr_scheduler: cosine
learning_rate: {_LEARNING_RATES[job.objective]}
warmup_ratio: 0.1
bf16: auto
gradient_checkpointing: true
logging_steps: 10
output_dir: ./model
"""
    }


def _command(_job: Job, folder: Path) -> str:
    return f"cd {shlex.quote(str(folder))} && axolotl train axolotl.yaml"


AXOLOTL = Trainer(
    "axolotl",
    "messages, and a YAML file; the loss covers the answers only",
    messages,
    _command,
    _configs,
    messages_and_answers,
    _encode_rated,
    rules=Rules(one_turn=frozenset({"kto"})),
)
