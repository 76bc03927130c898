"""`alpaca`: instruction, input and output, as in Stanford Alpaca."""

from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.core.export.style import Style
from selfinstruct.db.records import TrainingRow


def _encode(row: TrainingRow, _style: Style) -> Record:
    return {"instruction": row.instruction, "input": row.input, "output": row.output}


ALPACA = JsonFormat("alpaca", "instruction, input, output", _encode)
