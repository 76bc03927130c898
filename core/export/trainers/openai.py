"""`openai`: messages, to be uploaded. OpenAI trains on the answers only."""

import shlex
from pathlib import Path

from selfinstruct.core.export.trainer_kinds import Job, Rules, Trainer
from selfinstruct.core.export.trainers.shapes import input_and_outputs, messages

_API = "https://api.openai.com/v1"
_KEY = '-H "Authorization: Bearer $OPENAI_API_KEY"'
_MODEL = "gpt-4.1-nano-2025-04-14"
_MAX_BYTES = 512 * 10**6
"""The largest file that one request uploads."""
_METHODS = {"sft": "", "dpo": ', "method": {"type": "dpo"}'}


def _command(job: Job, path: Path) -> str:
    what = f'{{"training_file": "FILE_ID", "model": "{_MODEL}"{_METHODS[job.objective]}}}'
    return (
        f"curl {_API}/files {_KEY} -F purpose=fine-tune -F {shlex.quote(f'file=@{path}')}\n"
        f"curl {_API}/fine_tuning/jobs {_KEY} -H 'Content-Type: application/json' -d {shlex.quote(what)}"
    )


OPENAI = Trainer(
    "openai",
    "messages, to be uploaded",
    messages,
    _command,
    encode_pair=input_and_outputs,
    rules=Rules(min_rows=10, max_bytes=_MAX_BYTES),
)
