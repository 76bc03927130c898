"""`fireworks`: messages, to be uploaded. Fireworks trains on the answers only."""

import re
import shlex
from pathlib import Path

from selfinstruct.core.export.trainer_kinds import Job, Rules, Trainer
from selfinstruct.core.export.trainers.shapes import input_and_outputs, messages

_MODEL = "accounts/fireworks/models/qwen3-8b"
_JOBS = {"sft": "supervised-fine-tuning-job", "dpo": "dpo-job"}


def _command(job: Job, path: Path) -> str:
    # The names of its data sets have lower-case letters, digits and hyphens only.
    name = re.sub("[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "rows"
    return (
        f"firectl dataset create {name} {shlex.quote(str(path))}\n"
        f"firectl {_JOBS[job.objective]} create --base-model {_MODEL} --dataset {name}"
        f" --output-model {name}-model"
    )


FIREWORKS = Trainer(
    "fireworks",
    "messages, to be uploaded",
    messages,
    _command,
    encode_pair=input_and_outputs,
    rules=Rules(min_rows=3, max_rows=3_000_000),
)
