"""`messages`: chat messages with role and content, for training chat models."""

from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.core.export.style import Style
from selfinstruct.db.records import TrainingRow


def _encode(row: TrainingRow, style: Style) -> Record:
    return {"messages": style.messages(row)}


MESSAGES = JsonFormat("messages", "chat messages", _encode, holds_conversations=True, joins=True)
