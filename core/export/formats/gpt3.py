"""`gpt3`: prompt and completion, in the mix of layouts of the paper (section 2.3)."""

import random

from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.db.records import TrainingRow


def _encode(row: TrainingRow, rng: random.Random) -> Record:
    """A prompt in one of several layouts, so that a model does not come to rely on one.

    With and without "Task:", "Input:" and "Output:", with one or two line breaks between the parts.
    """
    gap = rng.choice(["\n", "\n\n"])
    parts = [rng.choice(["Task: ", ""]) + row.instruction]
    if row.input:
        parts.append(rng.choice(["Input: ", ""]) + row.input)
    if rng.random() < 0.5:
        return {"prompt": gap.join([*parts, "Output:"]), "completion": f" {row.output}"}
    return {"prompt": gap.join(parts) + gap, "completion": row.output}


GPT3 = JsonFormat("gpt3", "prompt and completion in the paper's mix of layouts", _encode)
