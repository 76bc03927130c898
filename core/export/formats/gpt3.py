"""`gpt3`: prompt and completion, in the paper's mix of layouts (section 2.3)."""

import random

from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.db.records import TrainingRow


def _encode(row: TrainingRow, rng: random.Random) -> Record:
    """Encode a row in a random layout, so that the model does not overfit to a single one.

    Layouts differ in "Task:", "Input:" and "Output:" prefixes, and in one or two line breaks between parts.
    """
    gap = rng.choice(["\n", "\n\n"])
    parts = [rng.choice(["Task: ", ""]) + row.instruction]
    if row.input:
        parts.append(rng.choice(["Input: ", ""]) + row.input)
    if rng.random() < 0.5:
        return {"prompt": gap.join([*parts, "Output:"]), "completion": f" {row.output}"}
    return {"prompt": gap.join(parts) + gap, "completion": row.output}


GPT3 = JsonFormat("gpt3", "prompt and completion in the paper's mix of layouts", _encode)
