"""`messages`: a user turn and an assistant turn, for training chat models."""

import random

from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.db.records import TrainingRow


def _encode(row: TrainingRow, _rng: random.Random) -> Record:
    asked = f"{row.instruction}\n\n{row.input}" if row.input else row.instruction
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": row.output}]}


MESSAGES = JsonFormat("messages", "chat turns", _encode)
