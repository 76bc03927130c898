"""`unsloth`: messages, the one shape that its detection finds, and a YAML file for `unsloth train`.

Its command trains with supervision only, and has no option for a file of rows to evaluate with.
"""

import shlex
from pathlib import Path

from selfinstruct.core.export.trainer_kinds import MODEL, TRAIN, Job, Trainer
from selfinstruct.core.export.trainers.shapes import messages


def _configs(_job: Job) -> dict[str, str]:
    return {
        "unsloth.yaml": f"""\
model: {MODEL}
data:
  local_dataset: [{TRAIN}]
  format_type: chatml
training:
  training_type: lora
  train_on_completions: true
  max_seq_length: 2048
  num_epochs: 3
  learning_rate: 0.0002
  batch_size: 2
  gradient_accumulation_steps: 4
  output_dir: ./model
lora:
  lora_r: 16
  lora_alpha: 16
"""
    }


def _command(_job: Job, folder: Path) -> str:
    return f"cd {shlex.quote(str(folder))} && unsloth train --config unsloth.yaml"


UNSLOTH = Trainer(
    "unsloth",
    "messages, and a YAML file; the loss covers the answers only",
    messages,
    _command,
    _configs,
)
