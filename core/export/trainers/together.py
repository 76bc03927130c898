"""`together`: messages, the one shape that a file may fit; its command uploads the file as well."""

import shlex
from pathlib import Path

from selfinstruct.core.export.trainer_kinds import Job, Rules, Trainer
from selfinstruct.core.export.trainers.shapes import input_and_outputs, messages

_MAX_BYTES = 50 * 10**9
_METHODS = {"sft": "--train-on-inputs false", "dpo": "--training-method dpo"}


def _command(job: Job, path: Path) -> str:
    file = shlex.quote(str(path))
    method = _METHODS[job.objective]
    return f"together fine-tuning create --training-file {file} -M Qwen/Qwen3-8B --lora {method}"


TOGETHER = Trainer(
    "together",
    "messages, to be uploaded; the loss covers the answers only",
    messages,
    _command,
    encode_pair=input_and_outputs,
    rules=Rules(max_bytes=_MAX_BYTES, alternates=True),
)
