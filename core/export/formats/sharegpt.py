"""`sharegpt`: conversations of human and gpt, as ShareGPT has them."""

from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.core.export.style import Style
from selfinstruct.db.records import TrainingRow

_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}


def _encode(row: TrainingRow, style: Style) -> Record:
    return {
        "conversations": [
            {"from": _SPEAKERS[message["role"]], "value": message["content"]}
            for message in style.messages(row)
        ]
    }


SHAREGPT = JsonFormat(
    "sharegpt", "conversations of human and gpt", _encode, holds_conversations=True, joins=True
)
