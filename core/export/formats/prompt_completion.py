"""`prompt-completion`: what the model is given, and what it is to answer.

Strings if every row is one question with one answer, else lists of messages in every row: files with both
load nowhere.
"""

from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.core.export.style import Style, answer
from selfinstruct.db.records import TrainingRow


def prompt_and_completion(row: TrainingRow, style: Style) -> Record:
    """Encode a row as two lists of messages."""
    return {"prompt": style.prompt(row), "completion": [answer(row.output)]}


def _encode(row: TrainingRow, style: Style) -> Record:
    if style.has_conversations:
        return prompt_and_completion(row, style)
    return {"prompt": style.question(row), "completion": row.output}


PROMPT_COMPLETION = JsonFormat(
    "prompt-completion",
    "prompt and completion, as strings, or as messages if a row has several turns or a system prompt",
    _encode,
    holds_conversations=True,
    joins=True,
    depends_on_conversations=True,
)
