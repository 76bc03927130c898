"""`alpaca`: instruction, input and output, as in Stanford Alpaca."""

import random

from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.db.records import TrainingRow


def _encode(row: TrainingRow, _rng: random.Random) -> Record:
    return {"instruction": row.instruction, "input": row.input, "output": row.output}


ALPACA = JsonFormat("alpaca", "instruction, input, output", _encode)
